"""Whose record a meeting of several users is once one of them leaves it, or X3 deletes it (A4, A5, D2, D4, D7, M6, M7)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.system.outlook import Outlook, attendee
from tests.system.world import World, at, decided, mailbox, ymd

NAMES = {1: "Alice Martin", 2: "Benoît Lefèvre"}
LEAVES = pytest.mark.parametrize("deletes", [True, False], ids=["gone", "in place"])
ORDERS = pytest.mark.parametrize("order", [("REP1", "REP2"), ("REP2", "REP1")], ids=" first ".join)


def reply(box: Outlook, how: str) -> None:
    """Answer the only event of a calendar."""
    box.ok("POST", f"/events/{box.events()[0]['id']}/{how}", {"sendResponse": False})


@dataclass(slots=True)
class Outside:
    """A meeting of somebody who is no user. Alice's pass came first, so its record is hers (A4); Benoît is in it."""

    world: World
    host: Outlook

    @property
    def record(self) -> tuple[str, list[str], str]:
        """Its main organiser, its participants and its subject."""
        row = self.world.sage.only("ZBAP")
        return row["ATPREPMNA"], [rep for rep in row["APTREPNUM"] if rep], row["FULOBJ"]

    def rename(self, subject: str) -> None:
        self.world.later()
        self.host.change_event(self.host.events()[0]["id"], subject=subject)
        self.world.later()

    def passes(self, *users: str) -> None:
        for user in users or ("REP1", "REP2"):
            self.world.sync(user, code=None)
            self.world.later()


def of_outsider(pair: World) -> Outlook:
    host = Outlook(pair.servers, mailbox(3))
    host.new_event("Meeting", at(1), attendees=[attendee(mailbox(n), NAMES[n]) for n in (1, 2)])
    for box in (pair.alice, pair.benoit):
        reply(box, "accept")
    return host


@pytest.fixture
def outside(pair: World) -> Outside:
    """The meeting, linked in both mailboxes."""
    made = Outside(pair, of_outsider(pair))
    made.passes("REP1", "REP2", "REP1", "REP2")
    assert made.record == ("R001", ["R002"], "Meeting")
    pair.quiet()
    return made


@LEAVES
def test_d7_a4_the_record_goes_over_when_its_owner_leaves_and_ends_with_the_last(
    outside: Outside, *, deletes: bool
) -> None:
    world = outside.world
    world.servers.control("POST", "switches", {"decline_deletes": deletes})
    reply(world.alice, "decline")
    report = world.sync("REP1")
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert decided(report, "D7")
    assert outside.record == ("R002", [], "Meeting")
    outside.passes("REP2", "REP1")
    world.quiet()
    # From now on Benoît carries what the organiser does.
    outside.rename("Renamed")
    outside.passes()
    assert outside.record == ("R002", [], "Renamed")
    assert (world.problems(), world.held()) == ([], [])
    reply(world.benoit, "decline")
    outside.passes("REP2")
    assert world.sage.all("ZBAP") == []
    world.quiet()


@LEAVES
def test_d7_a4_what_its_organiser_changed_before_the_owner_left_is_not_lost(outside: Outside, *, deletes: bool) -> None:
    world = outside.world
    world.servers.control("POST", "switches", {"decline_deletes": deletes})
    outside.rename("Renamed")
    outside.passes("REP2")  # it is Alice's to carry, and she leaves instead
    assert outside.record == ("R001", ["R002"], "Meeting")
    reply(world.alice, "decline")
    outside.passes("REP1", "REP2")
    assert outside.record == ("R002", [], "Renamed")
    world.quiet()


@LEAVES
def test_d7_m7_a_withdrawal_without_an_answer(outside: Outside, *, deletes: bool) -> None:
    world = outside.world
    world.servers.control("POST", "switches", {"decline_deletes": deletes})
    reply(world.alice, "decline")
    world.servers.fault("status", {"operation": "modify"}, port="x3", status=504, commit=True)
    world.sync("REP1", code=None)
    world.servers.mend()
    outside.passes()
    for user in world.users:
        world.settle(user, passes=1)
    assert outside.record == ("R002", [], "Meeting")
    world.quiet()


def test_d7_m6_who_declined_and_accepts_again_is_a_participant(outside: Outside) -> None:
    world = outside.world
    world.servers.control("POST", "switches", {"decline_deletes": False})
    reply(world.alice, "decline")
    world.servers.fault("status", {"operation": "modify"}, port="x3", status=504, commit=True)
    world.sync("REP1", code=None)  # whether X3 heard it or not
    world.servers.mend()
    outside.passes()
    reply(world.alice, "accept")
    outside.passes("REP1", "REP2", "REP1")
    assert outside.record == ("R002", ["R001"], "Meeting")
    assert [len(box.events()) for box in (world.alice, world.benoit)] == [1, 1]
    assert (world.problems(), world.held()) == ([], [])
    world.quiet()


def test_d7_a7_an_overlap_holds_the_handing_over_back_until_it_is_over(outside: Outside) -> None:
    world = outside.world
    world.sage.control("switches", {"overlap_control": False})
    other = world.sage.new_appointment("Other", ymd(1), "0930", "1030", ATPREPMNA="R002")["APTNUM"]
    world.sage.control("switches", {"overlap_control": True})
    meeting = next(row["APTNUM"] for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Meeting")
    world.alice.delete_event(world.alice.events()[0]["id"])
    outside.passes("REP1")
    (line,) = world.problems(user="REP1")
    assert other in line["message"]
    world.quiet("REP1")
    world.sage.delete("ZBAP", other)
    world.later()
    assert outside.record[0] == "R001"
    world.sage.modify("ZBAP", meeting, APTDON="2")  # tried again when either side changes
    outside.passes("REP2", "REP1", "REP2")
    assert (outside.record[0], world.problems()) == ("R002", [])
    world.quiet()


def test_d7_u2_d6_the_delete_switch_keeps_it_waiting(outside: Outside) -> None:
    world = outside.world
    world.set("REP1", "BAPADXDLT=no")
    world.sync("REP1")
    world.alice.delete_event(world.alice.events()[0]["id"])
    outside.passes()
    assert outside.record == ("R001", ["R002"], "Meeting")
    assert [row["action"] for row in world.product.json("pending", "REP1")["pending"]] == ["A"]
    world.set("REP1", "BAPADXDLT=yes")
    outside.passes()
    assert outside.record == ("R002", [], "Meeting")
    world.quiet()


def test_a5_cancelled_by_its_organiser_it_goes_for_both(outside: Outside) -> None:
    world = outside.world
    outside.host.delete_event(outside.host.events()[0]["id"])
    outside.passes()
    assert world.sage.all("ZBAP") == []
    assert [[row["isCancelled"] for row in box.events()] for box in (world.alice, world.benoit)] == [[True], [True]]
    world.quiet()


def test_d2_its_organiser_deletes_his_own_meeting_for_all(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), NAMES[2])])
    reply(pair.benoit, "accept")
    for user in ("REP1", "REP2"):
        pair.sync(user)
    pair.later()
    pair.alice.delete_event(pair.alice.events()[0]["id"])
    assert decided(pair.sync("REP1"), "D2")
    assert pair.sage.all("ZBAP") == []
    pair.sync("REP2")
    pair.quiet()


def test_m7_d7_who_left_before_his_create_was_answered_takes_no_record_along(pair: World) -> None:
    of_outsider(pair)
    pair.servers.fault("status", {"operation": "save"}, port="x3", status=504, commit=True)
    pair.sync("REP1", code=None)
    pair.servers.mend()
    reply(pair.alice, "decline")
    assert pair.alice.events() == []
    for _ in range(2):
        for user in ("REP2", "REP1"):
            pair.settle(user, passes=1)
    record = pair.sage.only("ZBAP")
    assert (record["ATPREPMNA"], "R001" in record["APTREPNUM"]) == ("R002", False)
    assert len(pair.benoit.events()) == 1
    pair.quiet()


@ORDERS
def test_d4_m6_the_organisers_edit_survives_whoever_made_the_record(pair: World, order: tuple[str, str]) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), NAMES[2])])
    reply(pair.benoit, "accept")
    for user in (*order, *order):
        pair.sync(user)
    pair.quiet()
    pair.later()
    pair.sage.delete("ZBAP", pair.sage.only("ZBAP")["APTNUM"])
    pair.alice.change_event(pair.alice.events()[0]["id"], subject="Edited")
    for user in (*order, *order):
        pair.sync(user)
        pair.later()
    record = pair.sage.only("ZBAP")
    assert (record["FULOBJ"], record["ATPREPMNA"]) == ("Edited", "R001")
    assert [rep for rep in record["APTREPNUM"] if rep] == ["R002"]
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    for user in order:
        pair.sync(user, "--full")
    pair.quiet()
    assert pair.sage.only("ZBAP") == record


def test_m6_a_representative_whom_x3_adds_to_a_meetings_record_waits_for_his_invitation(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee("buyer@customer.example")])
    pair.sync("REP1")
    pair.later()
    record = pair.sage.only("ZBAP")["APTNUM"]
    pair.sage.modify("ZBAP", record, APTREPNUM=["R002"])
    for user, *options in (("REP1",), ("REP2",), ("REP2", "--full")):
        pair.sync(user, *options)
    assert pair.benoit.events() == []
    pair.quiet()
    pair.later()
    guests = [attendee("buyer@customer.example"), attendee(mailbox(2), NAMES[2])]
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=guests)
    reply(pair.benoit, "accept")
    for user in ("REP2", "REP1"):
        pair.sync(user)
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    assert pair.sage.only("ZBAP")["APTNUM"] == record
    pair.quiet()
