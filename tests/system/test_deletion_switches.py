"""Each deletion under both positions of each switch that has a say in it (D, U2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.outlook import attendee
from tests.system.recurring import days, key_on, shown, weekly
from tests.system.test_deletions import EVENT_BINS
from tests.system.world import World, at, ymd

YES_NO = pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "forbidden"])


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four types: X3's publication, its prefix in the switches, its key, and the field both sides show."""

    name: str
    publication: str
    prefix: str
    key: str
    field: str
    shown: str
    make: Callable[[World], Any]

    def items(self, world: World) -> list[Any]:
        """Outlook's items of this type."""
        rows = {"contact": world.alice.contacts, "task": world.alice.tasks}.get(self.name, world.alice.events)()
        return list(rows)

    def delete_item(self, world: World) -> None:
        """A person deletes the only one."""
        gone = {"contact": world.alice.delete_contact, "task": world.alice.delete_task}
        gone.get(self.name, world.alice.delete_event)(self.items(world)[0]["id"])

    def edit_item(self, world: World, words: str) -> None:
        change = {"contact": world.alice.change_contact, "task": world.alice.change_task}
        change.get(self.name, world.alice.change_event)(self.items(world)[0]["id"], **{self.shown: words})

    def record(self, world: World) -> str:
        """The key of X3's only record."""
        return str(world.sage.only(self.publication)[self.key])

    def titles(self, world: World) -> list[str]:
        return [item[self.shown] for item in self.items(world)]


CONTACT = Kind(
    "contact", "ZCOR", "COR", "CORNUM", "SRV", "department", lambda w: w.sage.new_contact("Rossi", "Ada", SRV="Old")
)
TASK = Kind("task", "ZTSK", "TSK", "TSKNUM", "FULOBJ", "title", lambda w: w.sage.new_task("Old", ymd(3)))
CALL = Kind("call", "ZCLL", "CLL", "CLLNUM", "FULOBJ", "subject", lambda w: w.sage.new_call("Old", ymd(1)))
APPOINTMENT = Kind(
    "appointment", "ZBAP", "BAP", "APTNUM", "FULOBJ", "subject", lambda w: w.sage.new_appointment("Old", ymd(1))
)
FOUR = pytest.mark.parametrize("kind", [CONTACT, TASK, CALL, APPOINTMENT], ids=lambda kind: kind.name)
THREE = pytest.mark.parametrize("kind", [TASK, CALL, APPOINTMENT], ids=lambda kind: kind.name)


def edited(field: str, value: str) -> dict[str, Any]:
    """One field of an X3 record."""
    return {field: value}


def linked(world: World, kind: Kind, *forbidden: str) -> World:
    """One linked item, and these switches off (`OTKDLT`, …)."""
    kind.make(world)
    world.sync()
    assert len(kind.items(world)) == 1
    if forbidden:
        world.set("REP1", *(f"{kind.prefix}{verb}=no" for verb in forbidden))
        world.sync()
    world.later()
    return world


def waits(world: World, kind: Kind) -> list[str]:
    """X3's codes of what waits for this user, of this type (R3)."""
    rows = world.product.json("pending", "REP1")["pending"]
    return [row["action"] for row in rows if row["type"] == kind.name]


def stays_waiting(world: World, kind: Kind, standing: Callable[[], object]) -> None:
    """D6: neither deleted there nor resurrected here, however often and completely it is looked at."""
    before = standing()
    for option in ((), ("--full",)):
        world.later()
        assert world.sync("REP1", *option)["writes"] == {"x3": 0, "outlook": 0}
    assert standing() == before
    assert "A" in waits(world, kind)


def conflict_is_kept(world: World, kind: Kind, deleted: str) -> None:
    """D4: the conflict is on record, and what was deleted on that side can be looked at (R2)."""
    assert ["(D4)" in line["message"] for line in world.problems()] == [True]
    told = world.product.json("why", kind.record(world))
    assert "D4" in {one["rule"] for one in told["decisions"]}
    assert any(one["side"] == deleted and "Old" in one["content"].values() for one in told["versions"])


@FOUR
@YES_NO
def test_d1_d6_deleted_in_x3(world: World, kind: Kind, allowed: bool) -> None:
    linked(world, kind, *([] if allowed else ["OTKDLT"]))
    world.sage.delete(kind.publication, kind.record(world))
    report = world.sync()
    if not allowed:
        assert report["counts"][kind.name]["skipped"] == 1
        stays_waiting(world, kind, lambda: (len(kind.items(world)), len(world.sage.all(kind.publication))))
        assert len(kind.items(world)) == 1
        world.set("REP1", f"{kind.prefix}OTKDLT=yes")
        world.sync()
    assert (kind.items(world), world.sage.all(kind.publication), waits(world, kind)) == ([], [], [])
    world.quiet()


@FOUR
@YES_NO
def test_d2_d3_d6_deleted_in_outlook(world: World, kind: Kind, allowed: bool) -> None:
    def in_x3() -> list[Any]:
        """Records, or the representatives who have the contact (D3)."""
        rows = world.sage.all(kind.publication)
        return [row for row in rows if kind is not CONTACT or row["COPREP_LINES"] == ["R001"]]

    linked(world, kind, *([] if allowed else ["ADXDLT"]))
    kind.delete_item(world)
    report = world.sync()
    if not allowed:
        assert report["counts"][kind.name]["skipped"] == 1
        stays_waiting(world, kind, lambda: (len(kind.items(world)), len(in_x3())))
        assert len(in_x3()) == 1
        world.set("REP1", f"{kind.prefix}ADXDLT=yes")
        world.sync()
    assert (kind.items(world), in_x3()) == ([], [])
    assert len(world.sage.all(kind.publication)) == (1 if kind is CONTACT else 0)
    world.sync("REP1", "--full")
    assert kind.items(world) == []  # it does not return by itself
    world.quiet()
    assert waits(world, kind) == []


@THREE
@YES_NO
def test_d4_an_edit_in_x3_survives_under_the_create_switch(world: World, kind: Kind, allowed: bool) -> None:
    linked(world, kind, *([] if allowed else ["OTKCRE"]))
    kind.delete_item(world)
    world.later()
    world.sage.modify(kind.publication, kind.record(world), **edited(kind.field, "Edited"))
    world.sync()
    if not allowed:
        world.later()
        world.sync("REP1", "--full")
        assert (kind.items(world), world.sage.only(kind.publication)[kind.field]) == ([], "Edited")
        world.set("REP1", f"{kind.prefix}OTKCRE=yes")
        world.sync()
    assert kind.titles(world) == ["Edited"]
    assert len(world.sage.all(kind.publication)) == 1
    conflict_is_kept(world, kind, "outlook")
    world.quiet()


@FOUR
@YES_NO
def test_d4_an_edit_in_outlook_survives_under_the_create_switch(world: World, kind: Kind, allowed: bool) -> None:
    linked(world, kind, *([] if allowed else ["ADXCRE"]))
    world.sage.delete(kind.publication, kind.record(world))
    world.later()
    kind.edit_item(world, "Edited")
    world.sync()
    if not allowed:
        world.later()
        world.sync("REP1", "--full")
        assert (kind.titles(world), world.sage.all(kind.publication)) == (["Edited"], [])
        world.set("REP1", f"{kind.prefix}ADXCRE=yes")
        world.sync()
    assert world.sage.only(kind.publication)[kind.field] == "Edited"
    assert kind.titles(world) == ["Edited"]
    conflict_is_kept(world, kind, "x3")
    world.quiet()


WAITING = [(kind, "OTKDLT") for kind in (CONTACT, TASK, CALL, APPOINTMENT)]
WAITING += [(kind, "ADXDLT") for kind in (TASK, CALL, APPOINTMENT)]  # a contact's is D3, which wins over edits


@pytest.mark.parametrize(("kind", "verb"), WAITING, ids=[f"{kind.prefix}{verb}" for kind, verb in WAITING])
def test_d4_a_deletion_that_waits_is_dropped_when_the_other_side_is_edited(world: World, kind: Kind, verb: str) -> None:
    linked(world, kind, verb)
    if verb == "OTKDLT":
        world.sage.delete(kind.publication, kind.record(world))
    else:
        kind.delete_item(world)
    world.sync()
    assert "A" in waits(world, kind)
    world.later()
    if verb == "OTKDLT":
        kind.edit_item(world, "Edited")
    else:
        world.sage.modify(kind.publication, kind.record(world), **edited(kind.field, "Edited"))
    world.sync()
    assert (kind.titles(world), world.sage.only(kind.publication)[kind.field]) == (["Edited"], "Edited")
    assert "A" not in waits(world, kind)
    world.set("REP1", f"{kind.prefix}{verb}=yes")
    world.sync("REP1", "--full")
    assert (kind.titles(world), world.sage.only(kind.publication)[kind.field]) == (["Edited"], "Edited")
    world.quiet()


@YES_NO
def test_d3_wins_over_an_edit_of_the_contact_in_x3(world: World, allowed: bool) -> None:
    linked(world, CONTACT, *([] if allowed else ["ADXDLT"]))
    CONTACT.delete_item(world)
    world.later()
    world.sage.modify("ZCOR", CONTACT.record(world), SRV="Edited")
    world.sync()
    assert world.sage.only("ZCOR")["COPREP_LINES"] == ([] if allowed else ["R001"])
    assert world.alice.contacts() == []
    if not allowed:
        # D3 wins over edits also while it waits.
        assert "A" in waits(world, CONTACT)
        world.set("REP1", "CORADXDLT=yes")
        world.sync()
        assert (world.sage.only("ZCOR")["COPREP_LINES"], world.alice.contacts()) == ([], [])
    world.quiet()


@FOUR
@pytest.mark.parametrize("forbidden", [(), ("OTKDLT",), ("ADXDLT",), ("OTKDLT", "ADXDLT")], ids="-".join)
def test_d5_deleted_on_both_sides_is_done_whatever_the_switches_say(
    world: World, kind: Kind, forbidden: tuple[str, ...]
) -> None:
    linked(world, kind, *forbidden)
    kind.delete_item(world)
    world.sage.delete(kind.publication, kind.record(world))
    world.sync()
    assert (kind.items(world), world.sage.all(kind.publication), world.problems(), waits(world, kind)) == ([], [], [], [])
    world.quiet()


@YES_NO
def test_d7_a_participant_withdraws_under_the_delete_switch(pair: World, allowed: bool) -> None:
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    pair.sync("REP1")
    pair.sync("REP2")
    if not allowed:
        pair.set("REP2", "BAPADXDLT=no")
        pair.sync("REP2")
    pair.later()
    pair.benoit.delete_event(pair.benoit.events()[0]["id"])
    pair.sync("REP2")
    pair.later()
    pair.sync("REP2", "--full")
    assert ("R002" in pair.sage.only("ZBAP")["APTREPNUM"]) is not allowed
    assert pair.benoit.events() == []
    if not allowed:
        rows = pair.product.json("pending", "REP2")["pending"]
        assert [(row["type"], row["action"]) for row in rows] == [("appointment", "A")]
        pair.set("REP2", "BAPADXDLT=yes")
        pair.sync("REP2")
    assert "R002" not in pair.sage.only("ZBAP")["APTREPNUM"]
    pair.sync("REP1")
    assert len(pair.alice.events()) == 1
    pair.quiet()


@THREE
@pytest.mark.parametrize("keep", [True, False], ids=["keep", "delete"])
def test_d2_what_is_done_is_kept_in_x3_if_the_user_wants_so(world: World, kind: Kind, keep: bool) -> None:
    linked(world, kind)
    done = {"task": "TSKDON", "call": "CLLDON", "appointment": "APTDON"}[kind.name]
    world.sage.modify(kind.publication, kind.record(world), **edited(done, "2"))
    world.sync()
    if keep:
        world.set("REP1", "delete_done=keep")
        world.sync()
    world.later()
    kind.delete_item(world)
    world.sync()
    assert len(world.sage.all(kind.publication)) == int(keep)
    world.sync("REP1", "--full")
    assert (kind.items(world), waits(world, kind)) == ([], [])
    world.quiet()


@pytest.mark.parametrize("switches", EVENT_BINS, ids=str)
def test_d3_however_the_bin_answers_a_deleted_contact_loses_its_assignment(world: World, switches: dict[str, bool]) -> None:
    world.servers.control("POST", "switches", switches)
    world.sage.new_contact("Rossi")
    world.sync()
    world.later()
    world.alice.delete_contact(world.alice.contacts()[0]["id"])
    world.sync()
    assert world.sage.only("ZCOR")["COPREP_LINES"] == []
    world.quiet()


# ------------------------------------------------------------- what counts as a deletion, under the same switches


@pytest.mark.parametrize("switch", ["BAPADXDLT", "BAPOTKDLT"])
def test_d8_d6_a_deleted_occurrence_waits_for_its_switch(world: World, switch: str) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))
    world.sync()
    world.set("REP1", f"{switch}=no")
    world.sync()
    world.later()
    if switch == "BAPADXDLT":
        world.alice.delete_event(shown(world)[1]["id"])
    else:
        world.sage.delete("ZBAP", key_on(world, ymd(8)))
    left = (4, 3) if switch == "BAPADXDLT" else (3, 4)
    stays_waiting(world, APPOINTMENT, lambda: (len(days(world)), len(shown(world))))
    assert (len(days(world)), len(shown(world))) == left
    world.set("REP1", f"{switch}=yes")
    world.sync()
    assert (len(days(world)), len(shown(world))) == (3, 3)
    world.quiet()


@pytest.mark.parametrize("kind", [CONTACT, TASK, APPOINTMENT], ids=lambda kind: kind.name)
def test_s7_d6_reassigned_in_x3_waits_for_the_former_ones_switch(pair: World, kind: Kind) -> None:
    def shown_to() -> tuple[int, int]:
        name = {"contact": "contacts", "task": "tasks"}.get(kind.name, "events")
        return len(getattr(pair.alice, name)()), len(getattr(pair.benoit, name)())

    linked(pair, kind, "OTKDLT")
    key = kind.record(pair)
    if kind is CONTACT:
        pair.sage.modify("ZCOR", key, reps=("R002",))
        pair.sage.control("user-actions", {"action": "unassign", "key": key, "rep": "R001"})
    elif kind is TASK:
        pair.sage.modify("ZTSK", key, TSKREP="R002")
    else:
        pair.sage.modify("ZBAP", key, ATPREPMNA="R002", APTREPNUM=["R002"])
    pair.sync("REP1")
    pair.sync("REP2")
    pair.sync("REP1", "--full")
    assert shown_to() == (1, 1)
    pair.quiet()
    pair.set("REP1", f"{kind.prefix}OTKDLT=yes")
    pair.sync("REP1")
    assert shown_to() == (0, 1)
    pair.quiet()


def test_a5_d6_a_cancelled_meeting_waits_for_the_switch(world: World) -> None:
    world.alice.new_event("Meeting", at(1), attendees=[attendee("buyer@customer.example")])
    world.sync()
    world.set("REP1", "BAPADXDLT=no")
    world.sync()
    world.later()
    world.alice.ok("POST", f"/events/{world.alice.events()[0]['id']}/cancel", {})
    stays_waiting(world, APPOINTMENT, lambda: len(world.sage.all("ZBAP")))
    assert len(world.sage.all("ZBAP")) == 1
    world.set("REP1", "BAPADXDLT=yes")
    world.sync()
    assert world.sage.all("ZBAP") == []
    world.quiet()


def test_d1_d6_what_the_organiser_deleted_waits_for_the_others_switch(pair: World) -> None:
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    pair.sync("REP1")
    pair.sync("REP2")
    pair.set("REP2", "BAPOTKDLT=no")
    pair.sync("REP2")
    pair.later()
    pair.alice.delete_event(pair.alice.events()[0]["id"])
    pair.sync("REP1")
    pair.sync("REP2")
    pair.sync("REP2", "--full")
    assert (pair.sage.all("ZBAP"), len(pair.benoit.events())) == ([], 1)
    pair.set("REP2", "BAPOTKDLT=yes")
    pair.sync("REP2")
    assert pair.benoit.events() == []
    pair.quiet()


@pytest.mark.parametrize("each", [True, False])
def test_d2_a_deleted_series_goes_however_graph_tells_it(world: World, each: bool) -> None:
    world.servers.control("POST", "switches", {"series_removed_occurrences": each})
    master = world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))["id"]
    world.sync()
    assert len(days(world)) == 4
    world.later()
    world.alice.delete_event(master)
    world.sync()
    assert world.sage.all("ZBAP") == []
    world.quiet()
