"""Invitees whom nobody put into the record of their meeting when it was made: they are put in when they accept (M6, A3)."""

from __future__ import annotations

import pytest

from tests.system.outlook import Outlook, attendee
from tests.system.recurring import weekly
from tests.system.world import World, at, decided, mailbox, ymd

BENOIT = attendee(mailbox(2), "Benoît Lefèvre")
ORDERS = pytest.mark.parametrize("order", [("REP1", "REP2"), ("REP2", "REP1")], ids=" first ".join)


def invitation(box: Outlook) -> str:
    """The event of somebody else in a calendar."""
    (key,) = [row["id"] for row in box.events() if not row["isOrganizer"]]
    return str(key)


def reply(box: Outlook, how: str) -> None:
    """Answer the invitation."""
    box.ok("POST", f"/events/{invitation(box)}/{how}", {"sendResponse": False})


def passes(world: World, *users: str) -> None:
    for user in users:
        world.sync(user)
        world.later()


def participants(world: World) -> list[str]:
    return [rep for rep in world.sage.only("ZBAP")["APTREPNUM"] if rep]


def at_rest(world: World) -> None:
    """One record, one event in each calendar, nothing to tell, and also a complete look changes nothing."""
    assert [len(box.events()) for box in (world.alice, world.benoit)] == [1, 1]
    assert (world.problems(user="REP2"), world.held()) == ([], [])
    world.quiet()
    record = world.sage.only("ZBAP")
    for user in world.users:
        world.sync(user, "--full")
    world.quiet()
    assert world.sage.only("ZBAP") == record


def joined(world: World, owner: str = "R001") -> None:
    record = world.sage.only("ZBAP")
    assert (record["ATPREPMNA"], participants(world)) == (owner, ["R002"])
    at_rest(world)


@ORDERS
def test_m6_d7_who_declined_and_accepts_again_is_in_the_record_again(pair: World, order: tuple[str, str]) -> None:
    pair.servers.control("POST", "switches", {"decline_deletes": False})
    pair.alice.new_event("Meeting", at(1), attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, *order, *order)
    reply(pair.benoit, "decline")
    passes(pair, "REP2", "REP1")
    assert participants(pair) == []
    tag = pair.benoit.events()[0]["@odata.etag"]
    reply(pair.benoit, "accept")
    accepted = pair.benoit.events()[0]["@odata.etag"]
    assert accepted != tag
    report = pair.sync("REP2")
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert [one["action"] for one in decided(report, "M6")] == ["join"]
    assert pair.benoit.events()[0]["@odata.etag"] == accepted  # A4
    passes(pair, "REP1")
    joined(pair)


def test_m6_a_user_whom_nobody_could_name_joins_with_his_first_pass(world: World) -> None:
    """He was no user yet, and his name is not X3's: the same as an invitation by a distribution list."""
    world.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "B. L.")])
    reply(world.benoit, "accept")
    world.sync("REP1")
    assert participants(world) == []
    world.enable(2)
    passes(world, "REP1", "REP2")
    joined(world)


@ORDERS
def test_m6_a_colleague_invited_later_joins(pair: World, order: tuple[str, str]) -> None:
    key = pair.alice.new_event("Visit", at(1))["id"]
    passes(pair, "REP1", "REP2")
    pair.alice.change_event(key, attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, *order, *order)
    joined(pair)


@ORDERS
@pytest.mark.parametrize("overlap", [True, False])
def test_m6_a_colleague_invited_to_an_x3_born_appointment_joins(
    pair: World, order: tuple[str, str], *, overlap: bool
) -> None:
    pair.sage.control("switches", {"overlap_control": overlap})
    pair.sage.new_appointment("Visit", ymd(1))
    passes(pair, "REP1", "REP2")
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, *order, *order)
    joined(pair)
    # A2: the organiser's edit goes on to X3, once.
    pair.later()
    pair.alice.change_event(pair.alice.events()[0]["id"], subject="Moved")
    passes(pair, *order)
    assert pair.sage.only("ZBAP")["FULOBJ"] == "Moved"
    joined(pair)


def test_m6_who_has_an_x3_born_appointment_already_and_is_invited_to_it_gets_no_second_record(pair: World) -> None:
    pair.sage.control("switches", {"overlap_control": False})
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    passes(pair, "REP1", "REP2")
    own = pair.benoit.events()[0]["id"]
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, "REP2", "REP1", "REP2", "REP1")
    record = pair.sage.only("ZBAP")
    assert len(pair.benoit.events()) == 2
    (line,) = pair.problems()
    assert (line["user"], record["APTNUM"] in line["message"]) == ("REP2", True)
    pair.quiet()
    # He removes the copy that he has no use for: the invitation takes its place, and X3 keeps its record as it is.
    pair.later()
    pair.benoit.delete_event(own)
    passes(pair, "REP2", "REP1")
    assert pair.sage.only("ZBAP") == record
    at_rest(pair)


def test_m6_an_x3_born_call_to_whose_event_a_colleague_is_invited_makes_no_appointment(pair: World) -> None:
    pair.sage.control("switches", {"overlap_control": False})
    pair.sage.new_call("Ring", ymd(1))
    passes(pair, "REP1", "REP2")
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, "REP2", "REP1", "REP2")
    assert (len(pair.sage.all("ZCLL")), pair.sage.all("ZBAP")) == (1, [])
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    pair.quiet()


@pytest.mark.parametrize("recreates", [False, True], ids=["", "another id"])
def test_a4_whom_x3_took_out_stays_out(pair: World, *, recreates: bool) -> None:
    pair.servers.control("POST", "switches", {"accept_recreates": recreates})
    key = pair.alice.new_event("Meeting", at(1), attendees=[BENOIT])["id"]
    reply(pair.benoit, "accept")
    passes(pair, "REP1", "REP2")
    pair.sage.modify("ZBAP", pair.sage.only("ZBAP")["APTNUM"], APTREPNUM=[""] * 10)
    passes(pair, "REP2", "REP1")
    reply(pair.benoit, "tentativelyAccept")
    passes(pair, "REP2", "REP1")
    pair.alice.change_event(key, subject="Renamed")
    passes(pair, "REP1", "REP2")
    assert (pair.sage.only("ZBAP")["FULOBJ"], participants(pair)) == ("Renamed", [])
    at_rest(pair)


def test_m6_u2_joining_waits_for_the_update_switch(pair: World) -> None:
    pair.alice.new_event("Visit", at(1))
    passes(pair, "REP1", "REP2")
    pair.set("REP2", "BAPADXUPD=no")
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=[BENOIT])
    reply(pair.benoit, "accept")
    report = pair.sync("REP2")
    assert [(one["rule"], one["action"], one["outcome"]) for one in report["decisions"]] == [("U2", "join", "skipped")]
    passes(pair, "REP1", "REP2")
    pair.quiet()
    # What waits is listed, and done as soon as it may be.
    pair.set("REP2", "BAPADXUPD=yes")
    passes(pair, "REP2", "REP1")
    joined(pair)


def test_m6_k4_where_x3_has_no_place_left_it_is_said(pair: World) -> None:
    codes = [f"R1{n:02}" for n in range(10)]
    for code in codes:
        row = {"REPNUM": code, "REPNAM": f"Colleague {code}"}
        pair.sage.control("user-actions", {"action": "sql_insert", "table": "SALESREP", "set": row})
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=codes)
    passes(pair, "REP1", "REP2")
    pair.alice.change_event(pair.alice.events()[0]["id"], attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, "REP2", "REP1", "REP2")
    assert participants(pair) == codes
    assert [(line["user"], line["field"]) for line in pair.problems()] == [("REP2", "participants")]
    pair.quiet()


def test_m6_m7_where_only_x3_remembers_the_record_it_is_found_by_its_zsyncid(pair: World) -> None:
    """Alice is a user no more, so neither a claim nor a link of hers tells of it."""
    key = pair.alice.new_event("Visit", at(1))["id"]
    passes(pair, "REP1")
    pair.product.run("users", "remove", "REP1", "--yes")
    pair.users.remove("REP1")
    pair.alice.change_event(key, attendees=[BENOIT])
    reply(pair.benoit, "accept")
    passes(pair, "REP2", "REP2")
    joined(pair)


@pytest.mark.parametrize("answer", ["accept", ""], ids=["accepted", "not answered"])
@pytest.mark.parametrize("weekly_", [False, True], ids=["single", "series"])
@pytest.mark.parametrize("born", ["x3", "outlook"])
def test_m6_put_into_the_record_before_his_invitation_is_looked_at_he_gets_no_second_event(
    pair: World, born: str, answer: str, *, weekly_: bool
) -> None:
    """The invitation was seen while nobody had answered it, and has not changed since; then X3's record names him."""
    if born == "x3":
        pair.sage.new_appointment("Visit", ymd(1))
    else:
        pair.alice.new_event("Visit", at(1))
    passes(pair, "REP1", "REP2")
    key = pair.alice.events()[0]["id"]
    pair.alice.change_event(key, attendees=[BENOIT], recurrence=weekly(1, 2) if weekly_ else None)
    pair.set("REP2", "BAPADXCRE=no", "BAPADXUPD=no")
    if answer:
        reply(pair.benoit, answer)
    passes(pair, "REP2", "REP1")
    pair.set("REP2", "BAPADXCRE=yes", "BAPADXUPD=yes")
    passes(pair, "REP2", "REP1")
    assert {rep for row in pair.sage.all("ZBAP") for rep in row["APTREPNUM"]} == {"", "R002"}
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    pair.quiet()
    assert len(pair.sage.all("ZBAP")) == (2 if weekly_ else 1)
