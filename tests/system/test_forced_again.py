"""Forced synchronisation of what had ended, waits or stands with a problem, and the same a second time (F1, F4, F5)."""

from __future__ import annotations

import pytest

from tests.system.outlook import COMPANIES, attendee, persons
from tests.system.recurring import days, shown, weekly
from tests.system.test_forced import only_differing, resync, twice
from tests.system.world import World, at, ymd

SOURCES = ("x3", "outlook", "both")


def force_in_x3(world: World, *types: str) -> None:
    """X3's own function FUNSYD6: rows R in SYNCDATA."""
    world.later()
    world.sage.control("user-actions", {"action": "force", "user": "REP1", "types": list(types)})


# ----------------------------------------------------------------------------------------------------- ended, waits


def test_f1_d6_what_waits_to_be_deleted_in_x3_comes_again(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.set("REP1", "TSKADXDLT=no")
    world.later()
    world.alice.delete_task(key)
    world.sync()
    twice(world, "x3")
    assert (len(world.alice.tasks()), len(world.sage.all("ZTSK"))) == (1, 1)
    world.set("REP1", "TSKADXDLT=yes")  # no deletion waits any more
    world.sync()
    assert (len(world.alice.tasks()), len(world.sage.all("ZTSK"))) == (1, 1)
    world.quiet()


@pytest.mark.parametrize("what", ["occurrence", "series"])
def test_f1_d8_a_deleted_occurrence_or_series_comes_again(world: World, what: str) -> None:
    master = world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))["id"]
    world.sync()
    world.later()
    world.alice.delete_event(shown(world)[1]["id"] if what == "occurrence" else master)
    twice(world, "x3")
    assert (len(shown(world)), len(days(world))) == (4, 4)
    world.later()
    world.sync("REP1", "--full")
    world.quiet()


def test_f5_d3_a_row_brings_back_an_unassigned_contact(world: World) -> None:
    key = world.sage.new_contact("Rossi")["CORNUM"]
    world.sync()
    world.later()
    world.alice.delete_contact(world.alice.contacts()[0]["id"])
    world.sync()
    world.later()
    world.sage.modify("ZCOR", key, reps=("R001",))
    force_in_x3(world, "COR", "CLL")
    world.sync()
    assert len(world.alice.contacts()) == 1
    assert world.servers.control("GET", "dump", port="x3")["SYNCDATA"] == []
    world.quiet()


def test_f5_x3_wins_by_a_row_where_the_sides_only_differ(world: World) -> None:
    only_differing(world)
    force_in_x3(world, "BAP")
    world.sync()
    assert (world.sage.only("ZBAP")["FULOBJ"], world.alice.events()[0]["subject"]) == ("X3's", "X3's")
    world.quiet()


def test_f5_s6_a_row_ends_released(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    world.sync()
    world.later()
    world.alice.act("move", world.alice.tasks()[0]["id"], to_folder=world.alice.new_list("Elsewhere"))
    world.sync()
    force_in_x3(world, "TSK")
    world.sync()
    assert [row["title"] for row in world.alice.tasks()] == ["Start"]
    world.quiet()


# ------------------------------------------------------------------------------------------------ F4: a second time


def test_f4_twice_over_invitations_series_and_private_items_of_two_users(pair: World) -> None:
    guests = [attendee(pair.benoit.address)]
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    pair.alice.new_event("Meeting", at(2), attendees=guests)
    pair.alice.new_event("Weekly", at(3), recurrence=weekly(3, 4))
    pair.alice.new_event("Weekly meeting", at(4), recurrence=weekly(4, 4), attendees=guests)
    pair.alice.new_event("Secret", at(5), sensitivity="private")
    for event in pair.benoit.events():
        pair.benoit.ok("POST", f"/events/{event['id']}/accept", {"sendResponse": False})
    for user in ("REP1", "REP2", "REP1", "REP2"):
        pair.sync(user)
    before = pair.written
    for source in SOURCES:
        for user in ("REP1", "REP2"):
            report = pair.product.json("resync", user, "--from", source)
            assert pair.written == before, (source, user, report["decisions"])
    pair.quiet()
    assert pair.leaks("Secret") == []


def test_f4_r4_twice_over_standing_problem_lines(world: World) -> None:
    rich = {"contentType": "html", "content": "<table><tr><td><b>rich</b></td></tr></table>"}
    unknown = [{"id": COMPANIES, "value": ["Nobody   #NOBODY#"]}, persons("Who Knows")]
    world.alice.new_contact("Rossi", "Ada", jobTitle="x" * 90)
    world.alice.new_event("Rich", at(1), body=rich)
    world.alice.new_event("Unknown company", at(2), multiValueExtendedProperties=unknown)
    world.alice.link_contact(world.alice.new_task("Unknown person")["id"], "Nobody Known")
    world.alice.new_task("p" * 200, importance="low")
    world.sage.new_task("s" * 400, ymd(2))
    world.sage.new_call("c" * 300, ymd(3))
    world.sync()
    world.later()
    key = next(row["APTNUM"] for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Rich")
    world.sage.modify("ZBAP", key, FULRPO="X3's text")
    world.sync()
    lines = {(row["x3_key"], row["field"]) for row in world.problems()}
    assert len(lines) >= 5
    for source in (*SOURCES, "x3"):
        twice(world, source)
        left = {(row["x3_key"], row["field"]) for row in world.problems()}
        # Where X3's value has replaced Outlook's, the line is cured (R4); no line is new.
        assert left <= lines, source
        lines = left


def test_f4_a7_what_x3_refuses_is_written_by_no_run(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.later()
    world.servers.fault("refuse", {"operation": "modify"}, port="x3", message="No, F1.", every=True)
    world.alice.change_task(key, title="Edited")
    world.sync()
    twice(world, "outlook")
    assert world.sage.only("ZTSK")["FULOBJ"] == "Start"
    assert len(world.problems()) == 1
    # A person asked for it: once nothing is refused any more, the same command carries it.
    world.servers.mend()
    resync(world, "outlook")
    assert (world.sage.only("ZTSK")["FULOBJ"], world.problems()) == ("Edited", [])
