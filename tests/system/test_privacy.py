"""S3-S5: no trace of a private item's text in X3, in the database, in logs, in reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.system.outlook import SENSITIVITY, day
from tests.system.recurring import key_on, records, shown
from tests.system.test_identity import X3_NAME, Item
from tests.system.world import World, at, on, ymd
from tests.system.x3 import KEYS

SECRET, HIDDEN, LATER = "Zq7secret", "Zq8hidden", "Zq9later"
PID_LID_PRIVATE = "Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506"
BODY = {"contentType": "text", "content": HIDDEN}
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": str(on(1)), "numberOfOccurrences": 3},
}


def everything(world: World) -> None:
    """All that a person can ask of the product, so that it stands in what it said."""
    for command in (["report", "REP1"], ["pending"], ["problems", "list"], ["held", "list"], ["users", "list"]):
        world.product.run(*command, code=None)
        world.product.run(*command, "--json", code=None)


def nothing_in_x3(world: World) -> bool:
    return not any(world.sage.all(name) for name in ("ZTSK", "ZCLL", "ZBAP", "ZCOR"))


@pytest.mark.parametrize("sensitivity", ["private", "personal", "confidential"])
def test_s3_a_private_event_leaves_no_trace(world: World, sensitivity: str) -> None:
    world.alice.new_event(SECRET, at(1), body=BODY, sensitivity=sensitivity, location={"displayName": HIDDEN})
    world.sync()
    world.sync("REP1", "--full")
    everything(world)
    assert nothing_in_x3(world)
    assert world.leaks(SECRET, HIDDEN) == []


def test_s3_a_private_series_hides_its_occurrences(world: World) -> None:
    world.alice.new_event(SECRET, at(1), body=BODY, sensitivity="private", recurrence=WEEKLY)
    world.sync()
    everything(world)
    assert nothing_in_x3(world)
    assert world.leaks(SECRET, HIDDEN) == []


@pytest.mark.parametrize(("flag", "value"), [(SENSITIVITY, "2"), (SENSITIVITY, "1"), (PID_LID_PRIVATE, "true")])
def test_s3_a_private_contact_leaves_no_trace(world: World, flag: str, value: str) -> None:
    world.alice.new_contact(SECRET, HIDDEN, singleValueExtendedProperties=[{"id": flag, "value": value}])
    world.sync()
    world.sync("REP1", "--full")
    everything(world)
    assert nothing_in_x3(world)
    assert world.leaks(SECRET, HIDDEN) == []


@pytest.mark.parametrize("category", ["Private", "Privé", "Privat", "Privado", "Privato"])
def test_s3_a_task_of_a_private_category_leaves_no_trace(world: World, category: str) -> None:
    world.alice.new_task(SECRET, body=BODY, categories=[category])
    world.sync()
    everything(world)
    assert nothing_in_x3(world)
    assert world.leaks(SECRET, HIDDEN) == []


def test_s3_tasks_of_a_private_list_leave_no_trace(bare: World) -> None:
    own = bare.alice.new_list("Home")
    bare.alice.new_task(SECRET, into=own, body=BODY)
    bare.enable(1, "--list", "Tasks", "--list", "Home", go=False)
    bare.set("REP1", "private_lists=Home")
    bare.sync("REP1", "--go")
    everything(bare)
    assert nothing_in_x3(bare)
    assert bare.leaks(SECRET, HIDDEN) == []


def _event(world: World) -> tuple[str, Any, Any]:
    key = world.alice.new_event(SECRET, at(1), body=BODY)["id"]
    return (
        "ZBAP",
        lambda: world.alice.change_event(key, sensitivity="private", subject=LATER),
        lambda: world.alice.change_event(key, sensitivity="normal", subject="Open"),
    )


def _call(world: World) -> tuple[str, Any, Any]:
    key = world.alice.new_event(SECRET, at(1), body=BODY, categories=["X3 Call"])["id"]
    return (
        "ZCLL",
        lambda: world.alice.change_event(key, sensitivity="private", subject=LATER),
        lambda: world.alice.change_event(key, sensitivity="normal", subject="Open"),
    )


def _contact(world: World) -> tuple[str, Any, Any]:
    key = world.alice.new_contact(SECRET, HIDDEN)["id"]

    def flag(value: str, surname: str) -> None:
        properties = [{"id": SENSITIVITY, "value": value}]
        world.alice.change_contact(key, surname=surname, singleValueExtendedProperties=properties)

    return "ZCOR", lambda: flag("2", LATER), lambda: flag("0", "Open")


def _task(world: World) -> tuple[str, Any, Any]:
    key = world.alice.new_task(SECRET, body=BODY)["id"]
    return (
        "ZTSK",
        lambda: world.alice.change_task(key, categories=["Private"], title=LATER),
        lambda: world.alice.change_task(key, categories=[], title="Open"),
    )


BORN_NORMAL = pytest.mark.parametrize(
    "make", [_event, _call, _contact, _task], ids=["appointment", "call", "contact", "task"]
)


@BORN_NORMAL
def test_s4_s5_what_becomes_private_is_forgotten_and_x3_keeps_what_it_had(world: World, make: Any) -> None:
    name, hide, _ = make(world)
    world.sync()
    before = world.sage.only(name)
    # A conflict line and a kept version of the text, which must go too.
    world.later()
    hide()
    report = world.sync()
    assert "S5" in {one["rule"] for one in report["decisions"]}
    assert world.sage.only(name) == before
    world.product.said.clear()  # what was said before it became private stays said
    everything(world)
    assert [row["message"] for row in world.problems()] == ["private: nothing crosses any more (S5)"]
    assert world.leaks(LATER) == []
    said = "\n".join(world.product.said)
    kept = world.product.bytes()
    assert [text for text in (SECRET, HIDDEN) if text in said or text.encode() in kept] == []
    world.quiet()


@BORN_NORMAL
def test_s5_detached_carries_nothing_until_it_is_normal_again(world: World, make: Any) -> None:
    name, hide, show = make(world)
    world.sync()
    world.later()
    hide()
    world.sync()
    record = world.sage.only(name)
    field = "SRV" if name == "ZCOR" else "FULRPO"
    key = record[KEYS[name]]
    world.later()
    edit: dict[str, Any] = {field: "FromX3"}
    world.sage.modify(name, key, **edit)
    world.quiet("REP1")
    assert "FromX3" not in str(world.alice.events() + world.alice.tasks() + world.alice.contacts())
    world.later()
    show()
    world.sync()
    assert world.leaks(LATER) == []
    assert len(world.sage.all(name)) == 1
    assert "FromX3" in str(world.alice.events() + world.alice.tasks() + world.alice.contacts())
    world.settle(passes=1)
    world.quiet()


@BORN_NORMAL
def test_s5_m2_a_private_item_is_known_by_its_marker_without_a_link(world: World, make: Any) -> None:
    """The database was lost: without the link the record would be made again beside the private item."""
    name, hide, show = make(world)
    world.sync()
    record = world.sage.only(name)
    world.later()
    hide()
    world.sync()
    for path in world.product.home.iterdir():
        path.unlink()
    world.product.run("db", "upgrade")
    world.enable(1)
    assert [row["message"] for row in world.problems()] == ["private: nothing crosses (S5)"]
    assert (world.sage.only(name), world.leaks(LATER)) == (record, [])
    assert len(world.alice.events() + world.alice.tasks() + world.alice.contacts()) == 1
    world.quiet("REP1")
    world.later()
    show()
    world.settle()
    assert world.sage.only(name) == record  # as on first meeting (M4)
    assert SECRET in str(world.alice.events() + world.alice.tasks() + world.alice.contacts())
    world.quiet("REP1")


HIDE: dict[str, Callable[[World, str], Any]] = {
    "ZTSK": lambda world, key: world.alice.change_task(key, categories=["Private"], title=SECRET),
    "ZBAP": lambda world, key: world.alice.change_event(key, sensitivity="private", subject=SECRET),
    "ZCLL": lambda world, key: world.alice.change_event(key, sensitivity="private", subject=SECRET),
    "ZCOR": lambda world, key: world.alice.change_contact(
        key, surname=SECRET, singleValueExtendedProperties=[{"id": SENSITIVITY, "value": "2"}]
    ),
}


def hidden_unheard(world: World, name: str) -> tuple[Item, Any]:
    """An item that the sync made in Outlook without hearing of it, and that is private now; and X3's record."""
    item = Item(world, next(kind for kind, known in X3_NAME.items() if known == name))
    item.new_in_x3("Start")
    record = world.sage.only(name)
    world.servers.fault("drop_after_commit", {"method": "POST", "path": "/users/"})
    world.sync("REP1", code=None)
    assert world.servers.fired() == 1
    (made,) = item.in_outlook()
    world.later()
    HIDE[name](world, made["id"])
    return item, record


@pytest.mark.parametrize("name", HIDE)
def test_s5_m7_made_private_before_its_create_was_heard_of(world: World, name: str) -> None:
    item, before = hidden_unheard(world, name)
    world.settle()
    assert len(item.in_outlook()) == 1
    assert [row["message"] for row in world.problems()] == ["private: nothing crosses (S5)"]
    assert (world.sage.only(name), world.leaks(SECRET)) == (before, [])
    world.quiet()


@pytest.mark.parametrize("name", HIDE)
def test_s5_m7_made_private_before_its_create_was_heard_of_and_not_listed(world: World, name: str) -> None:
    """The search for the earlier attempt finds what no listing shows, and nothing is made beside it."""
    item, before = hidden_unheard(world, name)
    world.servers.mend()
    world.servers.fault("empty_listing", {"method": "GET", "path": "delta"}, every=True)
    report = world.sync("REP1")
    assert world.servers.fired()
    assert (report["writes"], len(item.in_outlook())) == ({"x3": 0, "outlook": 0}, 1)
    world.sync("REP1")  # looks at what was found, though nothing lists it
    assert [row["message"] for row in world.problems()] == ["private: nothing crosses (S5)"]
    world.servers.mend()
    world.settle()
    assert len(item.in_outlook()) == 1
    assert (world.sage.only(name), world.leaks(SECRET)) == (before, [])
    world.quiet()


def test_s5_s8_a_linked_task_moved_into_a_private_list_keeps_its_record(bare: World) -> None:
    """Moving a task gives it another id: under the old one it is gone for good."""
    own = bare.alice.new_list("Home")
    bare.enable(1)
    bare.set("REP1", "private_lists=Home")
    bare.alice.new_task("Open", dueDateTime=day(on(2)))
    bare.sync()
    before = bare.sage.only("ZTSK")
    bare.later()
    bare.alice.act("move", bare.alice.tasks()[0]["id"], to_folder=own)
    (moved,) = bare.alice.tasks(own)
    bare.alice.change_task(moved["id"], own, title=SECRET)
    bare.settle()
    assert (bare.sage.only("ZTSK"), bare.leaks(SECRET)) == (before, [])
    assert [row["message"] for row in bare.problems()] == ["private: nothing crosses any more (S5)"]
    bare.quiet()


@pytest.mark.parametrize("options", [(), ("--full",)])
def test_s5_a_series_made_private_is_detached_until_it_is_normal_again(world: World, options: tuple[str, ...]) -> None:
    key = world.alice.new_event("Weekly", at(1), recurrence=WEEKLY)["id"]
    world.sync()
    before = records(world)
    world.later()
    world.alice.change_event(key, sensitivity="private", subject=LATER)
    world.sync("REP1", *options)
    assert [row["message"] for row in world.problems()] == ["private: nothing crosses any more (S5)"] * 3
    assert (records(world), world.leaks(LATER)) == (before, [])
    world.later()
    world.sage.modify("ZBAP", key_on(world, ymd(8)), FULRPO="FromX3")
    world.quiet()
    world.later()
    world.alice.change_event(key, sensitivity="normal", subject="Open")
    world.sync("REP1", *options)
    world.settle(passes=1)
    assert records(world) == before
    assert [row["FULOBJ"] for row in world.sage.all("ZBAP")] == [row["subject"] for row in shown(world)]
    assert world.leaks(LATER) == []
    world.quiet()


def test_s5_one_occurrence_made_private_is_detached_alone(world: World) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=WEEKLY)
    world.sync()
    before = records(world)
    world.later()
    world.alice.change_event(shown(world)[1]["id"], sensitivity="private", subject=LATER)
    world.sync()
    assert (len(world.problems()), records(world), world.leaks(LATER)) == (1, before, [])
    world.later()
    for days in (8, 15):
        world.sage.modify("ZBAP", key_on(world, ymd(days)), FULOBJ="FromX3")
    world.sync()
    assert [row["subject"] for row in shown(world)] == ["Weekly", LATER, "FromX3"]
    world.later()
    world.alice.change_event(shown(world)[1]["id"], sensitivity="normal", subject="Open")
    world.sync()
    world.settle(passes=1)
    assert (records(world), world.leaks(LATER)) == (before, [])
    assert shown(world)[1]["subject"] == "FromX3"  # M4: as on first meeting X3's value wins
    world.quiet()


def test_s5_the_line_stands_as_long_as_nothing_crosses(world: World) -> None:
    record = world.sage.new_appointment("Visit", ymd(1))["APTNUM"]
    world.sync()
    key = world.alice.events()[0]["id"]
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    (line,) = world.problems()
    assert (line["field"], line["x3"], line["outlook"]) == ("", "", "")
    for edit in ("Edited", "Again"):
        world.later()
        world.sage.modify("ZBAP", record, FULOBJ=edit)
        world.sync()
    world.alice.delete_event(key)
    world.sync("REP1", "--full")
    assert world.problems() == [line]
    world.quiet()
    world.sage.delete("ZBAP", record)
    world.sync()
    assert world.problems() == []


@BORN_NORMAL
def test_s5_deleted_in_x3_ends_the_link_and_the_private_item_stays(world: World, make: Any) -> None:
    name, hide, _ = make(world)
    world.sync()
    world.later()
    hide()
    world.sync()
    record = world.sage.only(name)
    world.sage.delete(name, record[KEYS[name]])
    world.sync()
    assert LATER in str(world.alice.events() + world.alice.tasks() + world.alice.contacts())
    assert world.problems() == []
    world.quiet()


def test_s4_the_loser_of_a_conflict_is_forgotten_too(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    record = world.sage.only("ZBAP")["APTNUM"]
    world.later()
    world.alice.change_event(key, subject=SECRET)
    world.later()
    world.sage.modify("ZBAP", record, FULOBJ="Winner")
    world.sync()
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    assert SECRET.encode() not in world.product.bytes()


def test_s4_what_was_known_without_a_link_is_forgotten_too(world: World) -> None:
    """X3 refused it, so that it has no link, but lines in the journal, in the reports and of the problem."""
    world.sage.new_appointment("First", ymd(1), "0900", "1000")
    key = world.alice.new_event(SECRET, at(1, 9, 30), location={"displayName": HIDDEN * 40})["id"]
    world.sync()
    everything(world)
    assert {line["outlook_id"] for line in world.problems()} == {key}
    assert f"{HIDDEN} in kept" in world.leaks(HIDDEN)  # the line tells what is too long
    world.product.said.clear()
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    assert world.problems() == []
    everything(world)
    assert world.leaks(SECRET, HIDDEN) == []
    world.sync("REP1", "--full")
    erased = [line for line in world.product.json("why", key)["decisions"] if line["action"] == "erase"]
    assert len(erased) == 1  # once, not with every pass
    world.quiet()


def test_s4_private_in_x3s_own_queue_names_nothing(world: World) -> None:
    world.sage.new_task("Plain", ymd(1))
    world.alice.new_task(SECRET, categories=["Private"])
    report = world.sync()
    assert report["counts"]["task"]["private"] == 1
    assert world.leaks(SECRET) == []
