"""Content as JSON text and back: exactly, whatever it holds."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.model import CONTENT_TYPES, Content, ItemType, PersonName, Priority, Task, TaskDates, When, type_of
from worker.state import codec

INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound without a zone


def any_when() -> st.SearchStrategy[When]:
    """Both forms, to the microsecond."""
    timed = st.tuples(INSTANTS, INSTANTS).map(sorted).map(lambda two: When(start=two[0], end=two[1]))
    return timed | st.tuples(st.dates(), st.dates()).map(sorted).map(lambda two: When(first=two[0], last=two[1]))


def anything(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Any value of a type of the model, wilder than the sides would send: control characters, any plane, any number."""
    if kind is When:
        return any_when()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return st.builds(kind, **{name: anything(hint) for name, hint in typing.get_type_hints(kind).items()})
    if isinstance(kind, types.UnionType):
        return st.one_of([anything(option) for option in typing.get_args(kind)])
    if typing.get_origin(kind) is tuple:
        return st.lists(anything(typing.get_args(kind)[0]), max_size=3).map(tuple)
    if kind is int:
        return st.integers(-(2**53), 2**53)
    return st.from_type(kind)


@given(st.sampled_from(list(ItemType)).flatmap(lambda item_type: anything(CONTENT_TYPES[item_type])))
def test_every_content_comes_back_as_it_went(content: Content) -> None:
    text = codec.encode(content)
    assert text is not None
    assert codec.decode(type_of(content), text) == content
    assert codec.encode(codec.decode(type_of(content), text)) == text
    assert "\x00" not in text  # PostgreSQL would refuse it
    assert codec.from_builtins(type_of(content), json.loads(json.dumps(codec.builtins(content)))) == content


def test_nothing_known_is_nothing_stored() -> None:
    assert codec.encode(None) is None
    assert codec.decode(ItemType.TASK, None) is None


def test_g3_a_fingerprint_tells_versions_apart() -> None:
    one, other = Task(subject="one"), Task(subject="other")
    assert codec.fingerprint(one) == codec.fingerprint(Task(subject="one"))
    assert (
        len({codec.fingerprint(one), codec.fingerprint(other), codec.fingerprint(None), codec.fingerprint(one, "x")}) == 4
    )


def test_an_older_row_is_read_by_a_newer_model() -> None:
    assert codec.decode(ItemType.TASK, '{"subject":"kept","since_removed":1}') == Task(subject="kept")


def test_another_type_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.decode(ItemType.CALL, codec.encode(Task(subject="no when")))


@pytest.mark.parametrize(
    ("item_type", "field", "text", "value"),
    [
        (ItemType.TASK, "subject", "[urgent] {1}", "[urgent] {1}"),
        (ItemType.CALL, "phone", "0123", "0123"),
        (ItemType.TASK, "done", "true", True),
        (ItemType.TASK, "priority", "high", Priority.HIGH),
        (ItemType.APPOINTMENT, "category", "2", 2),
        (ItemType.CONTACT, "birthday", "1970-02-03", date(1970, 2, 3)),
        (ItemType.TASK, "dates", '{"due":"2026-01-02"}', TaskDates(due=date(2026, 1, 2))),
        (ItemType.CONTACT, "name", '{"surname":"Ö"}', PersonName(surname="Ö")),
    ],
)
def test_r4_a_typed_value_becomes_the_fields_value(item_type: ItemType, field: str, text: str, value: object) -> None:
    assert codec.field_value(item_type, field, text) == value


def test_r4_a_typed_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.field_value(ItemType.TASK, "done", "perhaps")
    with pytest.raises(KeyError):
        codec.field_value(ItemType.TASK, "nothing", "")
