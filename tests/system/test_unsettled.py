"""What public material does not settle about Graph and X3: one story under every switch of the emulators (FIDELITY.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import day
from tests.system.recurring import shown, weekly
from tests.system.test_forced import resync
from tests.system.test_troubles import counts, fill
from tests.system.world import World, at, on, ymd

GRAPH: list[dict[str, Any]] = [
    {"events_whole_mailbox": True},
    {"todo_if_match": True, "todo_dates_via_utc": True, "todo_delta_expand": True, "contact_delta_expand": True},
    {"calendar_delta_select": "refuse", "delta_rejects_top": False, "deltatoken_latest": True},
    {"delta_page_size": 1, "max_page_size": 2, "delta_generations": 1},
    {"delta_empty_pages": False, "delta_repeats": False, "moved_back_stays_removed": True, "bump_after_write": False},
    {"transaction_duplicate_status": 409, "occurrence_inherits_properties": False, "copy_keeps_properties": False},
    {"accept_recreates": False, "series_tells_cancelled": False, "cancelled_occurrence_stays": False},
    {"expired_cursor_status": 400, "expired_cursor_code": "resyncRequired", "expired_cursor_location": True},
]
X3: list[dict[str, Any]] = [
    {"bmp_only": True, "lst_clears_rest": True},
    {"modstamp_utc": True, "pool_exhausted_http": True, "blank_lines": 3},
    {"clock_skew_seconds": 300},
    {"clock_skew_seconds": -300},
]


def key_of(world: World, name: str, subject: str) -> str:
    """The key of X3's one record of that subject."""
    number = {"ZTSK": "TSKNUM", "ZBAP": "APTNUM"}[name]
    (key,) = [row[number] for row in world.sage.all(name) if row["FULOBJ"] == subject]
    return str(key)


def everything(world: World) -> None:
    """All types come from both sides, are edited on the other, deleted in Outlook, and forced twice."""
    fill(world)
    world.alice.new_event("Weekly", at(5), recurrence=weekly(5, 3))
    world.sync()
    world.quiet()
    world.later()
    tasks = {row["title"]: row["id"] for row in world.alice.tasks()}
    events = {row["subject"]: row["id"] for row in world.alice.events()}
    world.alice.change_task(tasks["Task X"], title="Task X2")
    world.alice.change_event(events["Visit X"], subject="Visit X2")
    world.sage.modify("ZTSK", key_of(world, "ZTSK", "Task O"), FULOBJ="Task O2")
    world.sage.modify("ZBAP", key_of(world, "ZBAP", "Visit O"), FULOBJ="Visit O2")
    world.sync()
    world.quiet()
    # To Do itself may shift the day that a person gives: then X3 has the day that To Do shows.
    due = {row["title"]: str(row["dueDateTime"]["dateTime"])[:10].replace("-", "") for row in world.alice.tasks()}
    assert {row["FULOBJ"]: row["TSKDAT"] for row in world.sage.all("ZTSK")} == due
    assert (sorted(due), due["Task X2"]) == (["Task O2", "Task X2"], ymd(1))
    both = {row["subject"] for row in world.alice.events()} & {row["FULOBJ"] for row in world.sage.all("ZBAP")}
    assert {"Visit O2", "Visit X2"} <= both
    world.later()
    world.alice.delete_task(tasks["Task X"])
    world.alice.delete_event(events["Visit X"])
    world.alice.delete_contact(world.alice.contacts()[0]["id"])
    world.alice.delete_event(shown(world)[-2]["id"])  # an occurrence
    world.sync()
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    assert counts(world) == [1, 2, 3, 2, 1, 4, 1]
    resync(world, "both")
    before = world.written
    for source in ("x3", "outlook", "both"):
        resync(world, source)
    assert world.written == before


@pytest.mark.parametrize("said", GRAPH, ids=lambda said: ",".join(said))
def test_s8_c1_f4_whatever_graph_does(world: World, said: dict[str, Any]) -> None:
    world.servers.control("POST", "switches", said)
    everything(world)


@pytest.mark.parametrize("said", X3, ids=lambda said: ",".join(f"{name}={value}" for name, value in said.items()))
def test_s8_c1_f4_whatever_x3_does(world: World, said: dict[str, Any]) -> None:
    world.sage.control("switches", said)
    everything(world)


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("kind", ["contact", "event"])
def test_s8_moved_away_and_back_is_not_deleted(world: World, stays: bool, kind: str) -> None:
    world.servers.control("POST", "switches", {"moved_back_stays_removed": stays})
    if kind == "contact":
        key, home = world.alice.new_contact("Rossi")["id"], "contacts"
        folder = world.alice.new_contact_folder("Elsewhere")
    else:
        key, home = world.alice.new_event("Visit", at(1))["id"], "calendar"
        folder = world.alice.new_calendar("Elsewhere")
    world.sync()
    world.later()
    world.alice.act("move", key, to_folder=folder)
    world.alice.act("move", key, to_folder=home)
    world.sync()
    world.later()
    if kind == "contact":
        world.alice.change_contact(key, jobTitle="Buyer")
    else:
        world.alice.change_event(key, subject="New")
    world.sync()
    world.sync("REP1", "--full")
    if kind == "contact":
        card = world.sage.only("ZCOR")
        assert (card["COPREP_LINES"], card["FNCLIB"]) == (["R001"], "Buyer")
    else:
        assert world.sage.only("ZBAP")["FULOBJ"] == "New"
    world.quiet()


@pytest.mark.parametrize("status", [400, 409])
def test_m7_a_lost_answer_however_graph_refuses_the_second(world: World, status: int) -> None:
    world.servers.control("POST", "switches", {"transaction_duplicate_status": status})
    world.sage.new_appointment("Visit", ymd(1))
    world.servers.fault("drop_after_commit", {"method": "POST", "path": "/events"})
    world.sync("REP1", code=None)
    world.settle()
    assert len(world.alice.events()) == 1
    world.quiet()


@pytest.mark.parametrize("keeps", [True, False])
def test_c1_the_next_task_of_a_recurring_one_is_new(world: World, keeps: bool) -> None:
    world.servers.control("POST", "switches", {"spawned_task_keeps_links": keeps})
    daily = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "noEnd", "startDate": str(on(1))},
    }
    key = world.alice.new_task("Daily", dueDateTime=day(on(1)), recurrence=daily)["id"]
    world.sync()
    world.later()
    world.alice.change_task(key, status="completed")
    world.sync()
    world.settle()
    assert len(world.alice.tasks()) == 2
    assert sorted(row["TSKDON"] for row in world.sage.all("ZTSK")) == ["1", "2"]
    world.quiet()


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize(("kind", "name"), [("contact", "ZCOR"), ("event", "ZBAP"), ("task", "ZTSK")])
def test_m3_a_copy_is_new_whether_it_keeps_the_marker_or_not(world: World, keeps: bool, kind: str, name: str) -> None:
    world.sage.control("switches", {"overlap_control": False})
    world.servers.control("POST", "switches", {"copy_keeps_properties": keeps})
    words = ("Original", at(1)) if kind == "event" else ("Original",)
    key = getattr(world.alice, f"new_{kind}")(*words)["id"]
    world.sync()
    world.later()
    world.alice.act("copy", key)
    world.sync()
    assert len(world.sage.all(name)) == 2
    world.quiet()
