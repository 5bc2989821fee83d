"""The zone of X3's wall times changes, one user's or the installation's: existing items keep their times (U6, A9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import Json, attendee, stop
from tests.system.recurring import DAY, shown, weekly
from tests.system.test_forced import resync
from tests.system.world import World, at, on, ymd

HOURS = ("APTDAT", "APTHOU", "APTDATEND", "APTHOUEND")


def to_london(world: World, how: str = "own") -> None:
    """The same wall times are an hour later from now on."""
    if how == "own":
        world.set("REP1", "zone=Europe/London")
    else:
        world.product.settings["X3SYNC_TIMEZONE"] = "Europe/London"
    world.later()


def instants(world: World) -> list[tuple[str, str, str]]:
    """What Alice's calendar shows: subject, start and end in UTC."""
    return [(row["subject"], row["start"]["dateTime"][:16], row["end"]["dateTime"][:16]) for row in shown(world)]


def start(world: World, subject: str) -> str:
    """When the one event of that subject starts, in UTC."""
    (found,) = [begins for name, begins, _ in instants(world) if name == subject]
    return found


def wall_times(world: World) -> dict[str, tuple[str, ...]]:
    """The appointments of X3: subject and day -> as they stand there."""
    return {f"{r['FULOBJ']} {r['APTDAT']}": tuple(r[name] for name in HOURS) for r in world.sage.all("ZBAP")}


@pytest.fixture
def everything(world: World) -> World:
    """Every kind of time-bound item, from either side, in step and in Paris' time."""
    guest: Any = attendee("buyer@customer.example")
    world.alice.new_event("Outlook's", at(1))
    world.alice.new_event("Meeting", at(2), attendees=[guest])
    world.alice.new_event("Weekly", at(3), recurrence=weekly(3, 3))
    all_day = {"isAllDay": True, "start": stop(f"{on(4)}T00:00"), "end": stop(f"{on(5)}T00:00")}
    world.alice.ok("POST", "/events", {"subject": "Outlook's fair", **all_day})
    world.sage.new_appointment("X3's", ymd(5))
    world.sage.new_appointment("X3's fair", ymd(6), FULDAY="2")
    world.sage.new_call("Call", ymd(7))
    world.sage.new_task("Task", ymd(8))
    world.sync()
    world.quiet()
    world.later()
    return world


def touch(world: World) -> None:
    """X3 saves every appointment and call as it is: new stamps, so the next pass reads them."""
    for name, key in (("ZBAP", "APTNUM"), ("ZCLL", "CLLNUM")):
        for row in world.sage.all(name):
            world.sage.modify(name, row[key], FULOBJ=row["FULOBJ"])


def untouched(report: Json) -> None:
    assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]
    assert [one for one in report["decisions"] if one["action"] not in ("", "none")] == []


@pytest.mark.parametrize("how", ["own", "installation"])
def test_u6_another_zone_moves_nothing_on_either_side(everything: World, how: str) -> None:
    shown_before, kept_before, problems = instants(everything), wall_times(everything), everything.problems()
    to_london(everything, how)
    touch(everything)
    for options in (("--dry-run",), ("--dry-run", "--full"), (), ("--full",)):
        untouched(everything.sync("REP1", *options))
    everything.later()
    touch(everything)
    everything.quiet()
    assert (instants(everything), wall_times(everything)) == (shown_before, kept_before)
    assert everything.held() == []
    assert everything.problems() == problems
    # And back again.
    everything.set("REP1", "zone=Europe/Paris")
    everything.later()
    touch(everything)
    untouched(everything.sync("REP1", "--full"))
    assert (instants(everything), wall_times(everything)) == (shown_before, kept_before)
    everything.quiet()


def test_u6_c2_an_edit_in_x3_crosses_with_the_new_zone(everything: World) -> None:
    to_london(everything)
    keys = {row["FULOBJ"]: row["APTNUM"] for row in everything.sage.all("ZBAP")}
    everything.sage.modify("ZBAP", keys["X3's"], APTHOU="1100", APTHOUEND="1200")
    everything.sage.modify("ZBAP", keys["Outlook's"], FULRPO="Only the text")
    preview = everything.sync("REP1", "--dry-run")
    assert [one["action"] for one in preview["decisions"] if one["action"] == "update"] == ["update"] * 2
    report = everything.sync()
    assert report["writes"] == {"x3": 0, "outlook": 2}
    assert start(everything, "X3's") == f"{on(5)}T10:00"
    assert start(everything, "Outlook's") == f"{on(1)}T07:00"
    everything.quiet()


def test_u6_c2_an_edit_in_outlook_crosses_with_the_new_zone(everything: World) -> None:
    to_london(everything)
    keys = {row["subject"]: row["id"] for row in everything.alice.events()}
    everything.alice.change_event(keys["X3's"], start=stop(at(5, 12)), end=stop(at(5, 13)))
    everything.alice.change_event(keys["Outlook's"], subject="Renamed")
    report = everything.sync()
    assert report["writes"] == {"x3": 2, "outlook": 0}
    found = wall_times(everything)
    assert found[f"X3's {ymd(5)}"] == (ymd(5), "1100", ymd(5), "1200")
    assert found[f"Renamed {ymd(1)}"] == (ymd(1), "0900", ymd(1), "1000")
    everything.quiet()


def test_u6_a_resync_from_x3_moves_the_rest(everything: World) -> None:
    to_london(everything)
    before, all_day = instants(everything), {"Outlook's fair", "X3's fair"}
    preview = resync(everything, "x3", "--dry-run")
    assert instants(everything) == before
    planned = [one["outcome"] for one in preview["decisions"] if one["action"] == "update"]
    assert sorted(planned) == ["held", *["planned"] * 6]
    report = resync(everything, "x3")
    assert report["writes"] == {"x3": 0, "outlook": 6}
    moved = {name: begins[11:] for name, begins, _ in instants(everything) if name not in all_day}
    # 09:00 in London; the meeting would mail its guest (A6).
    assert moved == {"Outlook's": "08:00", "Meeting": "07:00", "Weekly": "08:00", "X3's": "08:00", "Call": "08:00"}
    assert [one for one in instants(everything) if one[0] in all_day] == [one for one in before if one[0] in all_day]
    assert [hold["would_mail"] for hold in everything.held()] == [1]
    assert resync(everything, "x3")["writes"] == {"x3": 0, "outlook": 0}
    everything.quiet()


def test_u6_s6_what_sleeps_moves_no_more_than_the_rest(world: World) -> None:
    key = world.sage.new_appointment("Visit", ymd(-28))["APTNUM"]
    world.sync()
    world.later(5 * DAY)
    world.sync("REP1", "--full")
    to_london(world)
    world.sage.modify("ZBAP", key, FULOBJ="Renamed")
    assert world.sync()["writes"] == {"x3": 0, "outlook": 1}
    assert start(world, "Renamed") == f"{on(-28)}T07:00"
    world.quiet()


def test_u6_r4_what_is_settled_by_hand_before_a_pass_moves_nothing_either(world: World) -> None:
    event = world.alice.new_event("Visit", at(3))["id"]
    world.sync()
    world.later()
    world.servers.fault("refuse", {"operation": "modify", "object": "ZBAP"}, port="x3", message="Not today.")
    world.alice.change_event(event, subject="Renamed")
    world.sync()
    (line,) = world.problems()
    assert line["field"] == ""
    to_london(world)
    world.product.json("problems", "fix", str(line["id"]), "outlook")
    assert wall_times(world) == {f"Renamed {ymd(3)}": (ymd(3), "0900", ymd(3), "1000")}
    assert start(world, "Renamed") == f"{on(3)}T07:00"
    world.quiet()
