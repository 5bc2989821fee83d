"""The nouns: what can and cannot be said with them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.model import (
    CONTENT_TYPES,
    UNREAD,
    Absent,
    Born,
    Contact,
    Content,
    ItemType,
    Kind,
    Link,
    LinkState,
    Marker,
    Observation,
    OutlookFacts,
    Pair,
    PersonName,
    Present,
    Private,
    Side,
    Task,
    TaskDates,
    When,
    X3Facts,
    field_names,
    type_of,
)
from tests.strategies import NOW, WINDOW, all_day, contents, timed

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_each_side_has_another() -> None:
    assert {side: side.other for side in Side} == {Side.X3: Side.OUTLOOK, Side.OUTLOOK: Side.X3}


def test_x3s_object_codes() -> None:
    assert {t.code: t.kind for t in ItemType} == {
        "COR": Kind.CONTACT,
        "TSK": Kind.TASK,
        "CLL": Kind.EVENT,
        "BAP": Kind.EVENT,
    }
    assert all(ItemType.of_code(item_type.code) is item_type for item_type in ItemType)
    with pytest.raises(ValueError, match="CMG"):
        ItemType.of_code("CMG")


@given(st.sampled_from(ItemType).flatmap(lambda t: st.sampled_from(Side).flatmap(lambda s: contents(t, s))))
def test_a_content_knows_its_type_and_is_frozen(content: Content) -> None:
    item_type = type_of(content)
    assert isinstance(content, CONTENT_TYPES[item_type])
    assert replace(content) == content
    assert hash(replace(content)) == hash(content)
    with pytest.raises(FrozenInstanceError):
        setattr(content, field_names(item_type)[0], None)


def test_what_must_change_together_is_one_field_c2() -> None:
    assert "when" in field_names(ItemType.APPOINTMENT)
    assert not {"start", "end", "all_day"} & set(field_names(ItemType.APPOINTMENT))
    assert {"name", "work_address", "home_address"} <= set(field_names(ItemType.CONTACT))
    assert {"dates", "relation"} <= set(field_names(ItemType.TASK))


def test_type_of_refuses_what_is_no_content() -> None:
    with pytest.raises(TypeError):
        type_of(WINDOW)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------- when


def test_a_time_is_timed_or_all_day_never_both_a9() -> None:
    assert not When(start=NOW, end=NOW + HOUR).all_day
    assert When(first=date(2026, 3, 29), last=date(2026, 3, 29)).all_day
    broken_forms: list[dict[str, Any]] = [
        {},
        {"start": NOW},
        {"first": WINDOW.first},
        {"start": NOW, "end": NOW, "first": WINDOW.first, "last": WINDOW.last},
        {"start": NOW, "last": WINDOW.last},
    ]
    for broken in broken_forms:
        with pytest.raises(ValueError, match="either"):
            When(**broken)


def test_a_time_ends_after_it_starts() -> None:
    assert When(start=NOW, end=NOW).end == NOW
    with pytest.raises(ValueError, match="ends before"):
        When(start=NOW, end=NOW - HOUR)
    with pytest.raises(ValueError, match="ends before"):
        When(first=WINDOW.last, last=WINDOW.first)


def test_instants_are_in_utc_a9() -> None:
    with pytest.raises(ValueError, match="UTC"):
        When(start=NOW.replace(tzinfo=None), end=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="UTC"):
        When(start=NOW.astimezone(timezone(HOUR)), end=NOW)


# ------------------------------------------------------------------------------------------------ window


@given(st.one_of(timed(), all_day()))
def test_what_lies_in_the_window_overlaps_it_u5(when: When) -> None:
    assert WINDOW.overlaps(when)


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        (When(start=WINDOW.start - HOUR, end=WINDOW.start), False),
        (When(start=WINDOW.start - HOUR, end=WINDOW.start + HOUR), True),
        (When(start=WINDOW.start, end=WINDOW.start), True),
        (When(start=WINDOW.end - HOUR, end=WINDOW.end + HOUR), True),
        (When(start=WINDOW.end, end=WINDOW.end + HOUR), False),
        (When(start=WINDOW.start - DAY, end=WINDOW.end + DAY), True),
        (When(first=WINDOW.first - DAY, last=WINDOW.first - DAY), False),
        (When(first=WINDOW.first - DAY, last=WINDOW.first), True),
        (When(first=WINDOW.last, last=WINDOW.last + DAY), True),
        (When(first=WINDOW.last + DAY, last=WINDOW.last + DAY), False),
    ],
)
def test_the_edges_of_the_window_u5(when: When, inside: bool) -> None:
    assert WINDOW.overlaps(when) is inside


@pytest.mark.parametrize(
    ("done", "due", "inside"),
    [
        (False, None, True),
        (False, WINDOW.first - DAY, True),
        (True, WINDOW.first - DAY, False),
        (True, WINDOW.first, True),
        (True, WINDOW.last, True),
        (True, WINDOW.last + DAY, False),
    ],
)
def test_an_open_task_is_always_in_the_window_u5(done: bool, due: date | None, inside: bool) -> None:
    assert WINDOW.holds_task(Task(subject="t", done=done, dates=TaskDates(due=due))) is inside


# ------------------------------------------------------------------------------------------------ marker

PART = st.text(st.characters(codec="utf-8", exclude_characters="|"), max_size=20)


@given(PART, PART, st.sampled_from(ItemType), PART, st.sampled_from(Born))
def test_a_marker_is_read_as_it_was_written_m2(fp: str, mailbox: str, item_type: ItemType, key: str, born: Born) -> None:
    marker = Marker(fp=fp, mailbox=mailbox, type=item_type, x3_key=key, born=born)
    assert Marker.parse(marker.encode()) == marker


@pytest.mark.parametrize(
    "text",
    ["", "v1", "v2|fp|m|task|K|c", "v1|fp|m|task|K", "v1|fp|m|task|K|c|more", "v1|fp|m|note|K|c", "v1|fp|m|task|K|x"],
)
def test_what_is_no_marker_of_ours_is_not_read_m2(text: str) -> None:
    assert Marker.parse(text) is None


# ------------------------------------------------------------------------------- observations and pairs


def present(key: str) -> Present:
    facts = X3Facts(type=ItemType.CONTACT, auuid="0" * 32)
    content = Contact(name=PersonName(surname="Müller", given="Zoë"))
    return Present(key=key, version="1", modified_at=datetime(2026, 1, 1, tzinfo=UTC), content=content, facts=facts)


def test_unread_is_not_absent_s8() -> None:
    observations: list[Observation] = [UNREAD, Absent(key="")]
    assert [isinstance(observation, Absent) for observation in observations] == [False, True]
    assert observations[0] != observations[1]


def test_a_private_item_has_nowhere_to_keep_content_s4() -> None:
    assert Private.__slots__ == ("key", "marker", "ical_uid")
    assert "uid" not in repr(Private(key="o1", ical_uid="uid"))


def test_facts_are_of_one_side() -> None:
    assert present("COR1").x3.auuid == "0" * 32
    with pytest.raises(AssertionError):
        _ = present("COR1").outlook
    event = replace(present("A"), facts=OutlookFacts(kind=Kind.CONTACT, folder="f"))
    assert event.outlook.folder == "f"
    with pytest.raises(AssertionError):
        _ = event.x3


def test_a_pair_knows_its_keys_even_when_unread() -> None:
    link = Link(type=ItemType.CONTACT, state=LinkState.LINKED, x3_key="COR1", auuid="0" * 32, outlook_key="AAMk1")
    pair = Pair(type=ItemType.CONTACT, link=link, x3=present("COR1"), outlook=UNREAD)
    assert [pair.key(side) for side in Side] == ["COR1", "AAMk1"]
    assert [pair.on(side) for side in Side] == [present("COR1"), UNREAD]
    assert Pair(type=ItemType.CONTACT, link=None, x3=present("COR1"), outlook=UNREAD).key(Side.OUTLOOK) == ""


def test_a_name_is_read_given_name_first() -> None:
    assert PersonName(surname="Müller", given="Zoë").full == "Zoë Müller"
    assert PersonName(surname="Müller").full == "Müller"
