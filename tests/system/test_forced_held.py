"""What a forced synchronisation may not do at once waits for a person like anything else (A6, U4, G3)."""

from __future__ import annotations

import pytest

from tests.system.outlook import attendee
from tests.system.test_forced import resync
from tests.system.world import World, at, on, ymd


@pytest.fixture
def differing(world: World) -> World:
    """A meeting with two guests. X3's subject was rejected for it once, so both sides are as last seen, but differ."""
    guests = [attendee("buyer@customer.example"), attendee("boss@customer.example")]
    world.alice.new_event("Meeting", at(1), attendees=guests)
    world.sync()
    world.later()
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="From X3")
    world.sync()
    world.reject(world.held()[0]["id"])
    world.quiet()
    assert (world.held(), subjects(world)) == ([], ("From X3", "Meeting"))
    return world


def subjects(world: World) -> tuple[str, str]:
    return world.sage.only("ZBAP")["FULOBJ"], world.alice.events()[0]["subject"]


@pytest.mark.mails
def test_a6_f1_what_would_mail_is_held_listed_and_done_on_release(differing: World) -> None:
    mails = differing.servers.mails()
    report = resync(differing, "x3")
    assert report["would_mail"] == 2
    (row,) = differing.held()
    assert (row["rule"], row["would_mail"], row["action"], row["on"]) == ("A6", 2, "update", "outlook")
    differing.quiet()  # an ordinary pass neither does nor forgets it,
    resync(differing, "x3")  # nor does another forced one
    assert [one["id"] for one in differing.held()] == [row["id"]]
    assert (subjects(differing), differing.servers.mails()) == (("From X3", "Meeting"), mails)
    report = differing.release(row["id"])
    assert subjects(differing) == ("From X3", "From X3"), report
    assert differing.servers.mails() == mails + 2
    assert differing.held() == []
    differing.quiet()


def test_g3_f1_a_rejected_forced_change_leaves_the_sides_different(differing: World) -> None:
    resync(differing, "x3")
    differing.reject(differing.held()[0]["id"])
    assert differing.held() == []
    differing.quiet()
    assert subjects(differing) == ("From X3", "Meeting")


def test_g3_f1_a_hold_ends_when_either_side_changes(differing: World) -> None:
    resync(differing, "x3")
    held = differing.held()[0]["id"]
    differing.later()
    differing.alice.change_event(differing.alice.events()[0]["id"], subject="Newer")
    mails = differing.servers.mails()
    differing.release(held)  # G3: what was released is no longer what is there
    assert (differing.held(), subjects(differing)) == ([], ("Newer", "Newer"))
    assert differing.servers.mails() == mails
    differing.quiet()


def test_d2_f1_a_hold_brings_nothing_back_that_was_deleted(differing: World) -> None:
    resync(differing, "x3")
    differing.later()
    differing.alice.delete_event(differing.alice.events()[0]["id"])
    differing.sync()
    assert (differing.held(), differing.sage.all("ZBAP"), differing.alice.events()) == ([], [], [])


@pytest.mark.mails
def test_a6_f1_a_hold_is_done_when_mail_is_allowed(differing: World) -> None:
    resync(differing, "x3")
    differing.set("REP1", "attendee_mail=allow")
    differing.sync()
    assert (differing.held(), subjects(differing)) == ([], ("From X3", "From X3"))
    differing.quiet()


def test_s9_a_hold_outlives_a_pass_that_could_not_look(differing: World) -> None:
    resync(differing, "x3")
    (row,) = differing.held()
    differing.servers.fault("status", {"method": "GET", "path": "/events/"}, status=503, every=True)
    differing.sync(code=None)
    differing.servers.mend()
    differing.quiet()
    assert [one["id"] for one in differing.held()] == [row["id"]]


@pytest.mark.mails
def test_f1_a_forced_pass_leaves_the_holds_of_others_alone(differing: World) -> None:
    """It has no word on what it does not force."""
    record = differing.sage.only("ZBAP")["APTNUM"]
    differing.later()
    differing.sage.modify("ZBAP", record, FULOBJ="Again")
    differing.sync()
    (row,) = differing.held()
    differing.sage.new_task("Start", ymd(1))
    resync(differing, "x3", "--types", "task")
    resync(differing, "outlook", "--since", on(3).isoformat())
    assert [one["id"] for one in differing.held()] == [row["id"]]
    differing.release(row["id"])
    assert subjects(differing) == ("Again", "Again")


@pytest.mark.parametrize("days", [1, -90])
@pytest.mark.parametrize("source", ["x3", "outlook", "both"])
def test_u4_f3_a_question_of_a_forced_pass_is_answered_by_a_release(world: World, source: str, days: int) -> None:
    world.set("REP1", "conflict=ask")
    world.sync()
    world.later()
    key = world.alice.new_event("Start", at(days))["id"]
    resync(world, "outlook")
    world.later()
    world.alice.change_event(key, subject="Outlook's")
    world.later()
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="X3's")
    resync(world, source)
    (row,) = world.held()
    assert row["rule"] == "C4"
    world.quiet()
    assert subjects(world) == ("X3's", "Outlook's")
    assert [one["id"] for one in world.held()] == [row["id"]]
    world.release(row["id"])
    assert subjects(world) == ("X3's", "X3's")  # the later of the two
    assert world.held() == []
    world.quiet()
