"""Which item is which: moved, binned, restored, marked by others; keys used again (M1, M2, M4, S8, S9, D3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.outlook import Json, Outlook, day
from tests.system.world import World, at, decided, on, ymd

MARKER = "String {7d3f0c52-6b0e-4a86-9f55-2f4f3f0b8a11} Name X3SyncMarker"
ADXID = "String {00020329-0000-0000-C000-000000000046} Name AdxID"
BINNED = ("appointment", "call", "contact")  # To Do has no bin
ALL = ("task", *BINNED)
HOME = {"task": "Tasks", "appointment": "Calendar", "call": "Calendar", "contact": "Contacts"}
X3_NAME = {"task": "ZTSK", "appointment": "ZBAP", "call": "ZCLL", "contact": "ZCOR"}
X3_KEY = {"task": "TSKNUM", "appointment": "APTNUM", "call": "CLLNUM", "contact": "CORNUM"}
X3_CODE = {"task": "TSK", "appointment": "BAP", "call": "CLL", "contact": "COR"}
ROOM = {"task": "todo/lists/{}/tasks", "appointment": "events", "call": "events", "contact": "contacts"}


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of item, as a person handles it on either side."""

    world: World
    kind: str

    def in_outlook(self, box: Outlook | None = None) -> list[Json]:
        box = box or self.world.alice
        return list({"task": box.tasks, "contact": box.contacts}.get(self.kind, box.events)())

    def names(self, box: Outlook | None = None) -> list[str]:
        return [row.get("title") or row.get("subject") or row.get("surname") or "" for row in self.in_outlook(box)]

    def records(self) -> list[dict[str, Any]]:
        return self.world.sage.all(X3_NAME[self.kind])

    def x3_names(self) -> list[str]:
        return sorted(row["LNA" if self.kind == "contact" else "FULOBJ"] for row in self.records())

    def new_in_x3(self, name: str) -> str:
        sage = self.world.sage
        if self.kind == "contact":
            return str(sage.new_contact(name)["CORNUM"])
        if self.kind == "task":
            return str(sage.new_task(name, ymd(1))["TSKNUM"])
        made = sage.new_call(name, ymd(1)) if self.kind == "call" else sage.new_appointment(name, ymd(1))
        return str(made[X3_KEY[self.kind]])

    def new_in_outlook(self, name: str, box: Outlook | None = None, **more: Any) -> str:
        box = box or self.world.alice
        if self.kind == "task":
            return str(box.new_task(name, dueDateTime=day(on(1)), **more)["id"])
        if self.kind == "contact":
            return str(box.new_contact(name, **more)["id"])
        categories: dict[str, Any] = {"categories": ["X3 Call"]} if self.kind == "call" else {}
        return str(box.new_event(name, at(1), **categories, **more)["id"])

    def edit_in_x3(self, key: str, name: str) -> None:
        change: dict[str, Any] = {"LNA" if self.kind == "contact" else "FULOBJ": name}
        self.world.sage.modify(X3_NAME[self.kind], key, **change)

    def edit_in_outlook(self, key: str, name: str) -> None:
        box = self.world.alice
        if self.kind == "task":
            box.change_task(key, title=name)
        elif self.kind == "contact":
            box.change_contact(key, surname=name)
        else:
            box.change_event(key, subject=name)

    def assigned(self) -> bool:
        return self.kind != "contact" or all(row["COPREP_LINES"] == ["R001"] for row in self.records())

    def marks(self, key: str, box: Outlook | None = None) -> Json:
        """What a copy of the item would carry along, as a body for a create."""
        box = box or self.world.alice
        if self.kind == "task":
            row = box.task(key)
            assert row is not None
            names = ("applicationName", "displayName", "externalId", "webUrl")
            return {"linkedResources": [{name: link.get(name) for name in names} for link in row["linkedResources"]]}
        expand = f"singleValueExtendedProperties($filter=id eq '{MARKER}')"
        row = box.ok("GET", f"/{ROOM[self.kind]}/{key}?$expand={expand}")
        return {"singleValueExtendedProperties": row.get("singleValueExtendedProperties", [])}


def kinds(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", names)


# ---------------------------------------------------------------------------------------------- bin and back


@kinds(*BINNED)
def test_s8_binned_and_restored_between_two_passes_nothing_happened(world: World, kind: str) -> None:
    item = Item(world, kind)
    key = item.new_in_x3("Kept")
    world.sync()
    world.later()
    own = item.in_outlook()[0]["id"]
    world.alice.act("delete", own)
    world.alice.act("restore", own)
    report = world.sync()
    assert report["writes"] == {"x3": 0, "outlook": 0}
    assert (item.x3_names(), item.names(), item.assigned()) == (["Kept"], ["Kept"], True)
    world.later()
    item.edit_in_x3(key, "Edited")
    world.sync()
    assert item.names() == ["Edited"]
    world.quiet()


@kinds("appointment", "call")
def test_m2_restored_after_its_record_was_deleted_a_person_decides(world: World, kind: str) -> None:
    item = Item(world, kind)
    own = item.new_in_outlook("Back")
    world.sync()
    world.later()
    world.alice.act("move", own, to_folder="deleteditems")
    world.sync()
    assert item.records() == []
    world.later()
    world.alice.act("restore", own)
    world.sync()
    held = world.held()
    assert [row["rule"] for row in held] == ["M2"]
    assert (item.records(), item.names()) == ([], ["Back"])
    world.quiet()
    world.release(held[0]["id"])
    assert (item.x3_names(), item.names()) == (["Back"], ["Back"])
    world.quiet()
    world.later()
    item.edit_in_outlook(own, "Edited")
    world.sync()
    assert item.x3_names() == ["Edited"]
    world.quiet()


def test_d3_restored_a_contact_waits_until_it_is_assigned_again(world: World) -> None:
    item = Item(world, "contact")
    key = item.new_in_x3("Back")
    world.sync()
    world.later()
    own = item.in_outlook()[0]["id"]
    world.alice.delete_contact(own)
    assert decided(world.sync(), "D3")
    world.later()
    world.alice.act("restore", own)
    world.sync()
    assert len(item.records()) == 1
    world.quiet()
    world.later()
    world.sage.modify("ZCOR", key, reps=("R001",), SRV="Sales")
    world.sync()
    assert [row["department"] for row in world.alice.contacts()] == ["Sales"]
    assert item.assigned()
    world.quiet()


# ------------------------------------------------------------------------------------------- whose marker


@kinds(*BINNED)
def test_m2_an_item_of_another_installation_is_left_alone(world: World, kind: str) -> None:
    item = Item(world, kind)
    marker = {"id": MARKER, "value": f"v1|0123456789abcdef|somebody|{kind}|X1|c"}
    own = item.new_in_outlook("Foreign", singleValueExtendedProperties=[marker])
    assert world.sync()["foreign"] == 1
    world.later()
    item.edit_in_outlook(own, "Foreign still")
    assert world.sync()["foreign"] == 1
    assert item.records() == []
    assert world.problems() == []
    world.quiet()


@kinds(*BINNED)
def test_m2_the_old_add_ins_property_is_a_marker_of_a_linked_item(bare: World, kind: str) -> None:
    item = Item(bare, kind)
    key = item.new_in_x3("In X3")
    own = item.new_in_outlook("In Outlook", singleValueExtendedProperties=[{"id": ADXID, "value": key}])
    bare.enable(1)
    bare.settle(passes=1)
    assert len(item.records()) == 1
    assert [row["id"] for row in item.in_outlook()] == [own]
    assert item.x3_names() == item.names()
    assert bare.problems()  # the loser is kept
    bare.quiet()
    # State l: not made by the sync.
    assert "c" not in [mark["value"].rsplit("|", 1)[-1] for mark in _found(item.marks(own))]
    # An old one whose record is gone is a person's to decide.
    bare.later()
    item.new_in_outlook("Stale", singleValueExtendedProperties=[{"id": ADXID, "value": "ACT000099"}])
    bare.sage.control("switches", {"overlap_control": False})
    bare.sync()
    assert [row["rule"] for row in bare.held()] == ["M2"]
    assert len(item.records()) == 1
    bare.quiet()


def _found(marks: Json) -> list[Json]:
    return list(marks["singleValueExtendedProperties"])


@kinds("appointment", "call", "contact")
def test_m1_a_reused_key_is_another_record(world: World, kind: str) -> None:
    item = Item(world, kind)
    key = item.new_in_x3("First")
    world.sync()
    world.later()
    world.sage.delete(X3_NAME[kind], key)
    world.sage.control("user-actions", {"action": "restore_key", "object": X3_CODE[kind], "key": key})
    item.edit_in_x3(key, "Another")
    world.sync()
    assert "First" in item.names()
    assert item.x3_names() == ["Another"]
    assert any("AUUID" in line["message"] for line in world.problems())
    world.quiet()


# ------------------------------------------------------------------------------------------ first meeting


def test_m4_calls_with_the_same_subject_and_times_are_linked(bare: World) -> None:
    bare.sage.new_call("Ring", ymd(1), FULRPO="X3's")
    start, end = at(1), at(1, 9, 15)
    bare.alice.new_event("Ring", start, end, categories=["X3 Call"])
    bare.enable(1)
    assert (len(bare.sage.all("ZCLL")), len(bare.alice.events())) == (1, 1)
    bare.quiet()


@kinds("task", "appointment")
def test_m4_the_same_subject_on_another_day_is_another_item(bare: World, kind: str) -> None:
    item = Item(bare, kind)
    if kind == "task":
        bare.sage.new_task("Same", ymd(2))
    else:
        bare.sage.new_appointment("Same", ymd(2))
    item.new_in_outlook("Same")
    bare.enable(1)
    assert (item.x3_names(), item.names()) == (["Same", "Same"], ["Same", "Same"])
    bare.quiet()


@kinds("task", "appointment")
def test_m4_two_and_one_with_the_same_dates_are_a_problem_and_nothing_is_done(bare: World, kind: str) -> None:
    bare.sage.control("switches", {"overlap_control": False})
    item = Item(bare, kind)
    item.new_in_x3("Same")
    item.new_in_outlook("Same")
    item.new_in_outlook("Same")
    bare.enable(1)
    assert (len(item.records()), len(item.in_outlook())) == (1, 2)
    assert len(bare.problems()) == 2
    bare.quiet()


@kinds("task", "appointment")
@pytest.mark.parametrize("first", ["outlook", "x3"])
def test_m4_u2_what_stands_unlinked_by_a_switch_is_met_by_what_comes_later(world: World, kind: str, first: str) -> None:
    world.sage.control("switches", {"overlap_control": False})
    item, switch = Item(world, kind), f"{X3_CODE[kind]}{'ADX' if first == 'outlook' else 'OTK'}CRE"
    world.set("REP1", f"{switch}=no")
    world.sync()
    for make in (item.new_in_outlook, item.new_in_x3) if first == "outlook" else (item.new_in_x3, item.new_in_outlook):
        world.later(3600)
        make("Same")
        world.sync()
    assert (len(item.records()), len(item.in_outlook())) == (1, 1)
    world.set("REP1", f"{switch}=yes")
    world.sync()
    assert (len(item.records()), len(item.in_outlook())) == (1, 1)
    world.quiet()


# ------------------------------------------------------------------------------------------ folders deleted


@kinds("task", "appointment", "contact")
def test_s9_the_default_folder_deleted_new_items_wait_and_nothing_is_deleted(bare: World, kind: str) -> None:
    box, item = bare.alice, Item(bare, kind)
    make = {"task": box.new_list, "appointment": box.new_calendar, "contact": box.new_contact_folder}[kind]
    first = make("Work")
    option = {"task": "--list", "appointment": "--calendar", "contact": "--contacts"}[kind]
    bare.enable(1, option, "Work", option, HOME[kind])  # the first is the default
    item.new_in_x3("Old")
    bare.sync()
    assert item.names() == []  # it went to "Work"
    bare.later()
    box.act("delete_folder", first)
    bare.sync()
    item.new_in_x3("New") if kind != "appointment" else bare.sage.new_appointment("New", ymd(2))
    report = bare.sync()
    assert any("S9" in alert for alert in report["alerts"])
    assert "no default folder" in str([one["why"] for one in report["decisions"]])
    assert (item.x3_names(), item.names(), item.assigned()) == (["New", "Old"], [], True)
    bare.sync("REP1", "--full")
    assert (item.x3_names(), item.names(), item.assigned()) == (["New", "Old"], [], True)
    # The other folder goes on.
    bare.later()
    if kind == "appointment":
        box.new_event("Other", at(3))
    else:
        item.new_in_outlook("Other")
    bare.sync()
    assert (item.x3_names(), item.names()) == (["New", "Old", "Other"], ["Other"])
