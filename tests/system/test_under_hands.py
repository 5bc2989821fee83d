"""What people change while a pass writes the same item: nobody has heard of it, and the next pass carries it (C1, C3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.system import steps
from tests.system.outlook import Outlook, day, stop
from tests.system.test_identity import ALL, X3_KEY, X3_NAME, Item, kinds
from tests.system.world import World, at, on, ymd

# A second field of each kind: how it is changed on each side, and how it is read.
OUTLOOK_CHANGE: dict[str, dict[str, Any]] = {
    "contact": {"mobilePhone": "0612345678"},
    "task": {"dueDateTime": day(on(5))},
    "call": {"start": stop(at(5)), "end": stop(at(5, 10))},
    "appointment": {"start": stop(at(5)), "end": stop(at(5, 10))},
}
X3_CHANGE: dict[str, dict[str, Any]] = {
    "contact": {"CPYMOB": "0612345678"},
    "task": {"TSKDAT": ymd(5)},
    "call": {"CLLDAT": ymd(5)},
    "appointment": {"APTDAT": ymd(5), "APTDATEND": ymd(5)},
}
OUTLOOK_VALUE: dict[str, Callable[[dict[str, Any]], str]] = {
    "contact": lambda row: str(row["mobilePhone"]),
    "task": lambda row: str(row["dueDateTime"]["dateTime"][:10]).replace("-", ""),
    "call": lambda row: str(row["start"]["dateTime"][:10]).replace("-", ""),
    "appointment": lambda row: str(row["start"]["dateTime"][:10]).replace("-", ""),
}


def change(box: Outlook, kind: str, key: str) -> None:
    how = {"contact": box.change_contact, "task": box.change_task}.get(kind, box.change_event)
    how(key, **OUTLOOK_CHANGE[kind])


def settled(item: Item) -> None:
    """Both sides say the same in both fields, and nothing is left to do."""
    item.world.settle()
    assert item.world.problems() == []
    (row,), (record,) = item.in_outlook(), item.records()
    assert item.names() == item.x3_names()
    field = next(iter(X3_CHANGE[item.kind]))
    assert OUTLOOK_VALUE[item.kind](row) == record[field] == next(iter(X3_CHANGE[item.kind].values()))
    item.world.quiet()


@kinds(*ALL)
@pytest.mark.parametrize("n", [1, 2])
def test_c3_another_field_of_outlook_changed_while_x3s_is_written_there(world: World, kind: str, n: int) -> None:
    item = Item(world, kind)
    record = item.new_in_x3("Start")
    world.sync()
    world.later()
    own = item.in_outlook()[0]["id"]
    item.edit_in_x3(record, "From X3")
    with steps.at(n, lambda: change(world.alice, kind, own)):
        world.sync()
    settled(item)
    assert item.names() == ["From X3"]


@kinds(*ALL)
@pytest.mark.parametrize("n", [1, 2])
def test_c3_another_field_of_x3_changed_while_outlooks_is_written_there(world: World, kind: str, n: int) -> None:
    item = Item(world, kind)
    record = item.new_in_x3("Start")
    world.sync()
    world.later()
    item.edit_in_outlook(item.in_outlook()[0]["id"], "From Outlook")
    with steps.at(n, lambda: world.sage.modify(X3_NAME[kind], record, **X3_CHANGE[kind])):
        world.sync()
    settled(item)
    assert item.names() == ["From Outlook"]


@kinds(*ALL)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_c1_an_item_renamed_while_its_record_is_made(world: World, kind: str, n: int) -> None:
    item = Item(world, kind)
    own = item.new_in_outlook("Start")

    def renamed() -> None:
        item.edit_in_outlook(own, "Renamed")
        change(world.alice, kind, own)

    with steps.at(n, renamed):
        world.sync()
    settled(item)
    assert item.x3_names() == ["Renamed"]


@kinds(*ALL)
@pytest.mark.parametrize("n", [1, 2])
def test_c1_a_record_renamed_while_its_item_is_made(world: World, kind: str, n: int) -> None:
    item = Item(world, kind)
    record = item.new_in_x3("Start")

    def renamed() -> None:
        item.edit_in_x3(record, "Renamed")
        world.sage.modify(X3_NAME[kind], record, **X3_CHANGE[kind])

    with steps.at(n, renamed):
        world.sync()
    settled(item)
    assert item.names() == ["Renamed"]


@kinds(*ALL)
def test_c1_the_very_field_renamed_in_outlook_right_after_x3s_was_written_there(world: World, kind: str) -> None:
    item = Item(world, kind)
    record = item.new_in_x3("Start")
    world.sync()
    world.later()
    own = item.in_outlook()[0]["id"]
    item.edit_in_x3(record, "From X3")
    with steps.at(2, lambda: item.edit_in_outlook(own, "Later")):
        world.sync()
    world.settle()
    assert item.names() == item.x3_names() == ["Later"]
    assert world.problems() == []
    world.quiet()


@kinds(*ALL)
def test_c1_the_very_field_renamed_in_x3_right_after_outlooks_was_written_there(world: World, kind: str) -> None:
    item = Item(world, kind)
    record = item.new_in_x3("Start")
    world.sync()
    world.later()
    item.edit_in_outlook(item.in_outlook()[0]["id"], "From Outlook")
    with steps.at(2, lambda: item.edit_in_x3(record, "Later")):
        world.sync()
    world.settle()
    assert item.names() == item.x3_names() == ["Later"]
    assert world.problems() == []
    world.quiet()


@kinds(*ALL)
def test_c1_an_item_renamed_in_outlook_right_after_it_was_made_there(world: World, kind: str) -> None:
    item = Item(world, kind)
    item.new_in_x3("Start")

    def renamed() -> None:
        (own,) = item.in_outlook()
        item.edit_in_outlook(own["id"], "Renamed")
        change(world.alice, kind, own["id"])

    with steps.at(2, renamed):
        world.sync()
    settled(item)
    assert item.names() == ["Renamed"]


@kinds(*ALL)
def test_c1_a_record_renamed_in_x3_right_after_it_was_made_there(world: World, kind: str) -> None:
    item = Item(world, kind)
    item.new_in_outlook("Start")

    def renamed() -> None:
        (record,) = item.records()
        key = record[X3_KEY[kind]]
        item.edit_in_x3(key, "Renamed")
        world.sage.modify(X3_NAME[kind], key, **X3_CHANGE[kind])

    with steps.at(2, renamed):
        world.sync()
    settled(item)
    assert item.x3_names() == ["Renamed"]
