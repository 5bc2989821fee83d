"""Forced synchronisation outside the window (F1-F4): what is made there, what is found there, and what stays out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import ZONE
from tests.system.test_forced import resync, twice
from tests.system.world import World, at, on, ymd

OLD = -90
SOURCES = ["x3", "outlook", "both"]


def subjects(world: World, name: str = "ZBAP") -> list[str]:
    return sorted(row["FULOBJ"] for row in world.sage.all(name))


def weekly(first: int, times: int) -> dict[str, Any]:
    return {
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [f"{on(first):%A}".lower()]},
            "range": {"type": "numbered", "startDate": on(first).isoformat(), "numberOfOccurrences": times},
        }
    }


@pytest.mark.parametrize("source", ["outlook", "both"])
def test_f2_a_new_event_outside_the_window_comes_to_x3(world: World, source: str) -> None:
    world.sync()
    world.later()
    world.alice.new_event("Old", at(OLD))
    world.alice.new_event("Far", at(400))
    world.alice.new_event("Rang", at(OLD, 11), categories=["X3 Call"])
    world.quiet()
    assert world.sage.all("ZBAP") == []
    twice(world, source, "--since", on(0).isoformat())
    assert subjects(world) == ["Far", "Old"]
    assert subjects(world, "ZCLL") == ["Rang"]
    assert len(world.alice.events()) == 3


def test_f2_an_event_outside_the_window_lives_on_asleep(world: World) -> None:
    """S6: X3's edits and deletions follow; the next forced pass looks for Outlook's changes."""
    world.sync()
    world.later()
    key = world.alice.new_event("Old", at(OLD))["id"]
    resync(world, "outlook")
    record = world.sage.only("ZBAP")["APTNUM"]
    world.later()
    world.alice.change_event(key, subject="Outlook's")
    twice(world, "outlook")
    assert subjects(world) == ["Outlook's"]
    world.later()
    world.sage.modify("ZBAP", record, FULOBJ="X3's")
    world.sync()
    assert [row["subject"] for row in world.alice.events()] == ["X3's"]
    world.later()
    world.sage.delete("ZBAP", record)
    world.sync()
    assert world.alice.events() == []


@pytest.mark.parametrize("source", SOURCES)
def test_f4_seconds_that_x3_does_not_keep_are_not_forced(world: World, source: str) -> None:
    for days in (1, OLD):
        key = world.alice.new_event("Odd", at(days))["id"]
        times = {"start": f"{at(days)}:30", "end": f"{at(days, 10)}:59"}
        world.alice.change_event(key, **{name: {"dateTime": when, "timeZone": ZONE} for name, when in times.items()})
    twice(world, "outlook", "--since", on(-1).isoformat())
    assert [row["APTHOU"] for row in world.sage.all("ZBAP")] == ["0900", "0900"]
    before = world.written
    twice(world, source)
    assert world.written == before


def test_f2_outside_the_window_too_only_what_changed_after_the_date(world: World) -> None:
    world.alice.new_event("Early", at(OLD))
    world.sync()
    world.later(3 * 86400)
    world.alice.new_event("Late", at(OLD, 11))
    twice(world, "outlook", "--since", on(2).isoformat())
    assert subjects(world) == ["Late"]
    twice(world, "outlook", "--since", on(-1).isoformat())
    assert subjects(world) == ["Early", "Late"]


def test_s3_f2_a_private_event_outside_the_window_stays_out(world: World) -> None:
    world.sync()
    world.later()
    for number, level in enumerate(("private", "personal", "confidential")):
        world.alice.new_event("Secret", at(OLD, 9 + number), sensitivity=level)
    for source in SOURCES:
        resync(world, source)
    assert world.sage.all("ZBAP") == []
    assert world.leaks("Secret") == []


def test_a8_f2_of_a_series_only_what_is_in_the_window(world: World) -> None:
    world.sync()
    world.later()
    world.alice.new_event("Past", at(OLD), **weekly(OLD, 4))
    world.alice.new_event("Running", at(-37), **weekly(-37, 3))
    for source in ("outlook", "both"):
        twice(world, source)
        assert sorted((row["FULOBJ"], row["APTDAT"]) for row in world.sage.all("ZBAP")) == [
            ("Running", ymd(-30)),
            ("Running", ymd(-23)),
        ]


def test_s2_f2_looks_at_managed_calendars_only(world: World) -> None:
    managed = world.alice.new_calendar("Work")
    other = world.alice.new_calendar("Other")
    default = world.alice.ok("GET", "/calendar")["id"]
    world.product.json("users", "set", "REP1", "--calendar", default, "--calendar", managed)
    world.sync()
    world.later()
    for folder, subject in ((managed, "Managed"), (other, "Unmanaged")):
        made = world.alice.new_event(subject, at(OLD))
        world.alice.act("move", made["id"], to_folder=folder)
    twice(world, "outlook")
    assert subjects(world) == ["Managed"]


def test_a5_f2_what_is_no_appointment_is_none_outside_the_window(world: World) -> None:
    world.sync()
    world.later()
    invited: dict[str, Any] = {"attendees": [{"type": "required", "emailAddress": {"address": world.alice.address}}]}
    world.benoit.new_event("Invitation", at(OLD), **invited)
    resync(world, "outlook")
    assert world.sage.all("ZBAP") == []


def test_f2_a_done_task_due_outside_the_window_comes_to_x3(world: World) -> None:
    world.sync()
    world.later()
    due = {"dateTime": f"{on(OLD)}T00:00:00", "timeZone": "UTC"}
    world.alice.new_task("Old", status="completed", dueDateTime=due)
    world.quiet()
    assert world.sage.all("ZTSK") == []
    twice(world, "outlook", "--since", on(0).isoformat())
    assert subjects(world, "ZTSK") == ["Old"]


@pytest.mark.parametrize("source", SOURCES)
def test_m4_f4_what_stands_on_both_sides_outside_the_window_is_linked(world: World, source: str) -> None:
    world.sync()
    world.later()
    world.sage.new_appointment("Visit", ymd(OLD))
    world.sage.new_appointment("Other", ymd(OLD), "1400", "1500")
    world.sage.new_task("Offer", ymd(OLD), TSKDON="2")
    world.alice.new_event("Visit", at(OLD))
    due = {"dateTime": f"{on(OLD)}T00:00:00", "timeZone": "UTC"}
    world.alice.new_task("Offer", status="completed", dueDateTime=due)
    report = twice(world, source)
    assert {row["rule"] for row in report["decisions"] if "same subject" in row["why"]} == {"M4"}
    assert subjects(world) == ["Other", "Visit"]
    assert len(world.sage.all("ZTSK")) == len(world.alice.tasks()) == 1
    expected = ["Visit"] if source == "outlook" else ["Other", "Visit"]
    assert sorted(row["subject"] for row in world.alice.events()) == expected


def test_m7_f4_after_a_lost_database_the_records_of_past_occurrences_are_found_again(world: World) -> None:
    world.alice.new_event("Weekly", at(-23), **weekly(-23, 2))
    world.sync()
    assert len(world.sage.all("ZBAP")) == 2
    world.later(40 * 86400)
    for path in world.product.home.iterdir():
        path.unlink()
    world.product.run("db", "upgrade")
    world.enable(1)
    twice(world, "x3")
    assert len(world.sage.all("ZBAP")) == 2
    assert len(world.alice.events()) == 1  # the series, and no single event beside it


def edited_out_there(world: World) -> None:
    """Two appointments outside the window, of which X3 was edited since: a forced pass alone writes them."""
    world.sync()
    world.later()
    for hour in (9, 11):
        world.alice.new_event(f"Old {hour}", at(OLD, hour))
    resync(world, "outlook")
    world.later()
    for record in world.sage.all("ZBAP"):
        world.alice.change_event(key_of(world, record), subject=f"New {record['APTHOU'][:2]}")


def key_of(world: World, record: dict[str, Any]) -> str:
    return next(str(event["id"]) for event in world.alice.events() if event["subject"] == record["FULOBJ"])


def test_f4_a_conflict_outside_the_window_is_looked_at_again(world: World) -> None:
    """No ordinary pass would make up for it."""
    edited_out_there(world)
    world.servers.fault("status", {"method": "PATCH"}, status=412, code="ErrorIrresolvableConflict", times=1)
    for record in world.sage.all("ZBAP"):
        world.sage.modify("ZBAP", record["APTNUM"], FULOBJ=f"X3 {record['APTHOU'][:2]}")
    report = resync(world, "x3")
    assert world.servers.fired() == 1
    assert sorted(event["subject"] for event in world.alice.events()) == ["X3 09", "X3 11"]
    assert report["alerts"] == []
    world.quiet()


def test_f4_what_cannot_be_written_now_is_said(world: World) -> None:
    edited_out_there(world)
    world.servers.fault("status", {"method": "PATCH"}, status=412, code="ErrorIrresolvableConflict", every=True)
    for record in world.sage.all("ZBAP"):
        world.sage.modify("ZBAP", record["APTNUM"], FULOBJ=f"X3 {record['APTHOU'][:2]}")
    report = resync(world, "x3")
    assert any("ask for the same again" in alert for alert in report["alerts"])
    world.servers.mend()
    assert resync(world, "x3")["alerts"] == []
    assert sorted(event["subject"] for event in world.alice.events()) == ["X3 09", "X3 11"]
    world.quiet()
