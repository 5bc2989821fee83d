"""A user's choices in the long run: what a changed one acts on, reminders, switches that wait (U2, U6, A11)."""

from __future__ import annotations

import pytest

from tests.system.outlook import day
from tests.system.world import World, at, on, ymd


def test_u6_a_changed_default_folder_acts_on_new_items_only(world: World) -> None:
    world.sage.new_task("Before", ymd(3))
    world.sync()
    other = world.alice.new_list("Sage")
    first = world.alice.default_list
    world.set("REP1", "--list", "Sage", "--list", first)
    world.sage.new_task("After", ymd(3))
    world.later()
    world.sync()
    assert [task["title"] for task in world.alice.tasks(other)] == ["After"]
    assert [task["title"] for task in world.alice.tasks(first)] == ["Before"]
    world.quiet()


def test_u6_a_folder_taken_out_releases_its_links_after_a_preview(world: World) -> None:
    other = world.alice.new_list("Sage")
    world.set("REP1", "--list", world.alice.default_list, "--list", other)
    world.alice.new_task("Stays linked", dueDateTime=day(on(3)))
    world.alice.new_task("Is released", into=other, dueDateTime=day(on(3)))
    world.sync()
    words = ("users", "set", "REP1", "--list", world.alice.default_list)
    refused = world.product.json(*words, code=2)
    assert "released" in refused["error"]["what"]  # the preview; nothing was changed
    world.product.json(*words, "--yes")
    world.sync()
    world.later()
    for record in world.sage.all("ZTSK"):
        world.sage.modify("ZTSK", record["TSKNUM"], FULOBJ=f"{record['FULOBJ']}, edited")
    world.sync()
    assert [task["title"] for task in world.alice.tasks()] == ["Stays linked, edited"]
    assert [task["title"] for task in world.alice.tasks(other)] == ["Is released"]
    assert len(world.sage.all("ZTSK")) == 2
    # Managed again, the same two belong together again.
    world.set("REP1", "--list", world.alice.default_list, "--list", other)
    world.sync("REP1", "--full")
    assert [task["title"] for task in world.alice.tasks(other)] == ["Is released, edited"]
    assert len(world.sage.all("ZTSK")) == 2
    world.quiet()


@pytest.mark.parametrize("minutes", ["", "30"])
def test_a11_what_the_sync_creates_reminds_only_if_it_lies_ahead_and_the_user_wants_it(world: World, minutes: str) -> None:
    if minutes:
        world.set("REP1", f"reminder_minutes={minutes}")
    world.sage.new_appointment("Over", ymd(-2))
    world.sage.new_appointment("Ahead", ymd(2))
    world.sync()
    reminds = {event["subject"]: event["isReminderOn"] for event in world.alice.events()}
    assert reminds == {"Over": False, "Ahead": bool(minutes)}
    ahead = next(event for event in world.alice.events() if event["subject"] == "Ahead")
    if minutes:
        assert ahead["reminderMinutesBeforeStart"] == 30
    # Changed by the user, it is left alone, whatever else is written.
    world.alice.change_event(ahead["id"], isReminderOn=not minutes)
    world.later()
    record = next(row for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Ahead")
    world.sage.modify("ZBAP", record["APTNUM"], FULOBJ="Ahead, renamed")
    world.sync()
    event = world.alice.event(ahead["id"])
    assert event is not None
    assert (event["subject"], event["isReminderOn"]) == ("Ahead, renamed", not minutes)
    world.quiet()


def test_u3_s2_what_stands_in_folders_that_are_not_managed_is_nobodys_business(world: World) -> None:
    other = world.alice.new_list("Private matters")
    world.alice.new_task("Not looked at", into=other, dueDateTime=day(on(3)))
    calendar = world.alice.new_calendar("Holidays of my own")
    world.alice.ok("POST", f"/calendars/{calendar}/events", {
        "subject": "Not looked at", "start": {"dateTime": at(1), "timeZone": "UTC"},
        "end": {"dateTime": at(1, 10), "timeZone": "UTC"},
    })  # fmt: skip
    report = world.sync("REP1", "--full")
    assert (world.sage.all("ZTSK"), world.sage.all("ZBAP"), report["decisions"]) == ([], [], [])
    assert world.leaks("Not looked at") == []
