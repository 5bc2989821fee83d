"""A series through its life: calendars, the window's edge, changes of clocks, patterns, splits (A8, A9, S6, U5)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.system.outlook import Json, stop
from tests.system.recurring import DAY, days, key_on, records, renames_the_first_alone, shown, weekly
from tests.system.world import World, at, on, ymd


@pytest.fixture
def series(world: World) -> str:
    """Six Tuesdays at nine from tomorrow on, in X3 as well; the id of the series."""
    master = str(world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 6))["id"])
    world.sync()
    assert days(world) == [ymd(1 + 7 * n) for n in range(6)]
    world.later()
    return master


# ------------------------------------------------------------------------------------- what X3 may do to a series


def test_a8_x3_never_creates_series(world: World) -> None:
    for week in range(4):
        world.sage.new_appointment("Round", ymd(1 + 7 * week))
    world.sync()
    assert {row["type"] for row in world.alice.events()} == {"singleInstance"}
    assert len(world.alice.events()) == 4
    world.quiet()


def test_a8_x3s_text_edits_make_exceptions_one_by_one(world: World, series: str) -> None:
    for week, text in ((1, "Second"), (3, "Fourth")):
        world.sage.modify("ZBAP", key_on(world, ymd(1 + 7 * week)), FULOBJ=text)
    report = world.sync()
    assert report["writes"] == {"x3": 0, "outlook": 2}
    rows = shown(world)
    assert [row["subject"] for row in rows] == ["Weekly", "Second", "Weekly", "Fourth", "Weekly", "Weekly"]
    assert [row["type"] for row in rows].count("exception") == 2
    assert [event["subject"] for event in world.alice.events()] == ["Weekly"]  # the master is as it was
    world.quiet()
    # What the exceptions do not have of their own still comes from the series, and reaches X3.
    world.later()
    world.alice.change_event(series, location={"displayName": "Room 1"})
    world.sync()
    shown_places = [row["location"]["displayName"] for row in shown(world)]
    assert [row["ATPADDCMT"] for row in sorted(world.sage.all("ZBAP"), key=lambda row: row["APTDAT"])] == shown_places
    world.quiet()


def test_a8_f4_a_forced_pass_writes_all_occurrences_of_a_series(world: World) -> None:
    """Each write gives the whole series a new change key, and a forced pass looks at nothing twice."""
    world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 12))
    world.sync()
    world.later()
    for key in records(world):
        world.sage.modify("ZBAP", key, FULOBJ="Forced")
    resync = ("resync", "REP1", "--from", "x3")
    assert world.product.json(*resync)["writes"] == {"x3": 0, "outlook": 12}
    assert {row["subject"] for row in shown(world)} == {"Forced"}
    assert world.product.json(*resync)["writes"] == {"x3": 0, "outlook": 0}
    world.quiet()


def test_a8_an_exception_that_would_cross_its_neighbour_is_one_problem(world: World, series: str) -> None:
    """Graph refuses to move an occurrence over the next one; all else goes on (G2)."""
    key = key_on(world, ymd(1))
    world.sage.modify("ZBAP", key, APTDAT=ymd(10), APTDATEND=ymd(10))
    world.sage.modify("ZBAP", key_on(world, ymd(15)), FULOBJ="Third")
    world.sync()
    assert [row["subject"] for row in shown(world)].count("Third") == 1
    assert shown(world)[0]["start"]["dateTime"][:10] == str(on(1))
    assert [line["x3_key"] for line in world.problems(user="REP1")] == [key]
    world.quiet()
    # Corrected in X3, it is cured.
    world.later()
    world.sage.modify("ZBAP", key, APTDAT=ymd(2), APTDATEND=ymd(2))
    world.sync()
    assert shown(world)[0]["start"]["dateTime"][:10] == str(on(2))
    assert world.problems(user="REP1") == []
    world.quiet()


# ------------------------------------------------------------------------------------------- where a series stands


def test_s6_a8_a_series_moved_to_an_unmanaged_calendar_keeps_its_records(world: World, series: str) -> None:
    before = records(world)
    elsewhere = world.alice.new_calendar("Mine")
    world.alice.act("move", series, to_folder=elsewhere)
    world.sync()
    assert records(world) == before
    world.alice.change_event(series, subject="Unseen")
    world.later()
    world.sync("REP1", "--full")
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP")} == {"Weekly"}
    world.quiet()
    world.alice.act("move", series, to_folder="calendar")
    world.later()
    world.sync()
    assert records(world) == before
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP")} == {"Unseen"}
    world.quiet()


def test_s6_a8_a_series_moved_between_managed_calendars_keeps_its_links(bare: World) -> None:
    second = bare.alice.new_calendar("Second")
    bare.enable(1, "--calendar", "Calendar", "--calendar", second)
    master = str(bare.alice.new_event("Weekly", at(1), recurrence=weekly(1, 6))["id"])
    bare.sync()
    before = records(bare)
    bare.alice.act("move", master, to_folder=second)
    for options in ((), ("--full",), ()):
        bare.later()
        report = bare.sync("REP1", *options)
        assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]
    assert records(bare) == before
    assert bare.problems() == []


@pytest.mark.parametrize("born", ["x3", "outlook"])
def test_a8_single_turned_series_and_back_keeps_its_record(world: World, born: str) -> None:
    if born == "x3":
        world.sage.new_appointment("Visit", ymd(1))
    else:
        world.alice.new_event("Visit", at(1))
    world.sync()
    event, key = str(world.alice.events()[0]["id"]), world.sage.only("ZBAP")["APTNUM"]
    for recurrence, count in ((weekly(1, 4), 4), (None, 1), (weekly(1, 2), 2), (None, 1)):
        world.later()
        world.alice.change_event(event, recurrence=recurrence)
        world.sync()
        assert len(records(world)) == count
        assert records(world)[key] == f"{ymd(1)} 0900"
        world.quiet()
    assert [row["type"] for row in world.alice.events()] == ["singleInstance"]


@pytest.mark.parametrize(("seen", "full"), [(True, False), (True, True), (False, False)])
def test_a8_a_series_binned_and_restored_has_its_records_again(world: World, *, seen: bool, full: bool) -> None:
    """Restored before a pass has `seen` it in the bin, nothing has happened; after one, the past of it has stayed."""
    options = ["--full"] if full else []
    series = str(world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))["id"])
    world.sync()
    world.later(10 * DAY)
    world.sync()
    before = records(world)
    world.alice.act("delete", series)
    if seen:
        world.sync("REP1", *options)
        assert days(world) == [ymd(1), ymd(8)]
        world.later()
    world.alice.act("restore", series)
    world.sync("REP1", *options)
    after = records(world)
    assert days(world) == [ymd(1 + 7 * n) for n in range(4)]
    assert (after == before) is not seen
    assert {key: when for key, when in after.items() if when[:8] < ymd(10)}.items() <= before.items()
    assert (world.held(), world.problems()) == ([], [])
    world.quiet()
    world.later()
    world.alice.change_event(series, subject="Renamed")
    world.sync()
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP")} == {"Renamed"}
    world.quiet()


# ----------------------------------------------------------------------------------------- the window (U5, S6, A9)


def test_u5_a8_a_single_turned_series_keeps_its_record_where_series_are_skipped(world: World) -> None:
    event = world.alice.new_event("Visit", at(1))["id"]
    world.set("REP1", "series=skip")
    world.sync()
    key = world.sage.only("ZBAP")["APTNUM"]
    world.later()
    world.alice.change_event(event, recurrence=weekly(1, 4))
    world.sync()
    assert list(records(world)) == [key]
    world.quiet()
    renames_the_first_alone(world, key)


def test_u5_a8_an_endless_series_ends_at_the_window(world: World) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=weekly(1))
    world.sync()
    assert days(world) == [ymd(1 + 7 * n) for n in range(26)]  # the last one within 180 days
    world.sage.modify("ZBAP", key_on(world, ymd(176)), FULOBJ="Last")
    world.later()
    world.sync()
    assert shown(world, 170, 181)[-1]["subject"] == "Last"
    world.quiet()


def test_s6_a8_an_exception_moved_out_of_the_window_sleeps_and_wakes(bare: World) -> None:
    bare.enable(1)
    bare.set("REP1", "window=-5..20")
    monthly = {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": on(15).day}
    bare.alice.new_event("Monthly", at(15), recurrence={**weekly(15, 3), "pattern": monthly})
    bare.sync()
    key = key_on(bare, ymd(15))
    bare.later()
    first = shown(bare)[0]["id"]
    bare.alice.change_event(first, start=stop(at(30)), end=stop(at(30, 10)))
    bare.sync()
    assert records(bare)[key] == f"{ymd(30)} 0900"
    bare.quiet()
    bare.later(12 * DAY)
    for options in ((), ("--full",), ()):
        report = bare.sync("REP1", *options)
        assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]
        bare.later()
    bare.alice.change_event(first, start=stop(at(28)), end=stop(at(28, 10)))
    bare.sync()
    assert records(bare)[key] == f"{ymd(28)} 0900"
    bare.quiet()


def test_u5_series_skip_follows_what_there_is_and_can_be_turned_off(world: World, series: str) -> None:
    before, key = records(world), key_on(world, ymd(8))
    world.set("REP1", "series=skip")
    other = str(world.alice.new_event("Skipped", at(2, 15), recurrence=weekly(2, 3))["id"])
    world.alice.change_event(shown(world)[2]["id"], subject="Followed")
    world.sync()
    assert set(records(world)) == set(before)
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP") if row["APTNUM"] == key} == {"Followed"}
    world.quiet()
    world.set("REP1", "series=occurrences")
    world.alice.change_event(other, subject="Taken")
    world.later()
    world.sync()
    assert len(records(world)) == 9
    world.quiet()


# --------------------------------------------------------------------------- over both changes of clocks, and on


def spring(bare: World) -> str:
    """An endless Tuesday at nine in Paris from 24 February 2026, seen on 2 March with a window over both changes; one
    occurrence of March moved, one of October, one of each cancelled."""
    bare.servers.control("POST", "clock", {"now": "2026-03-02T07:00:00Z"})
    bare.enable(1)
    bare.set("REP1", "window=-30..250")
    first = date(2026, 2, 24)
    recurrence = {"pattern": _weekly("tuesday"), "range": {"type": "noEnd", "startDate": str(first)}}
    master = bare.alice.new_event("Weekly", f"{first}T09:00", zone="Romance Standard Time", recurrence=recurrence)["id"]
    rows = {row["start"]["dateTime"][:10]: row["id"] for row in view(bare)}
    for day, to in (("2026-03-31", "2026-04-01"), ("2026-10-20", "2026-10-21")):
        bare.alice.change_event(rows[day], start=stop(f"{to}T16:00"), end=stop(f"{to}T17:30"))
    for day in ("2026-03-24", "2026-10-27"):
        bare.alice.delete_event(rows[day])
    return str(master)


def _weekly(*names: str) -> Json:
    return {"type": "weekly", "interval": 1, "daysOfWeek": list(names)}


def view(world: World) -> list[Json]:
    """Alice's calendar from the beginning of the window to its end, which is 7 November."""
    return sorted(world.alice.occurrences("2026-01-31", "2026-11-08"), key=lambda row: str(row["start"]["dateTime"]))


def both(world: World) -> tuple[list[str], list[str]]:
    """What X3 and Outlook have: starts as UTC instants, told by each side's own means."""
    outlook = [row["start"]["dateTime"][:16] for row in view(world)]
    return sorted(_utc(row["APTDAT"], row["APTHOU"]) for row in world.sage.all("ZBAP")), outlook


def _utc(day: str, hour: str) -> str:
    wall = datetime.strptime(day + hour, "%Y%m%d%H%M")  # noqa: DTZ007  # X3 keeps the wall time of Paris
    summer = date(2026, 3, 29) <= wall.date() < date(2026, 10, 25)
    return (wall - timedelta(hours=2 if summer else 1)).strftime("%Y-%m-%dT%H:%M")


def still(world: World) -> None:
    """Three more passes, one of them complete, write nothing."""
    for options in ((), ("--full",), ()):
        world.later(3600)
        report = world.sync("REP1", *options)
        assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]


@pytest.mark.timeout(240)
def test_a8_a9_over_both_changes_of_clocks_then_another_pattern_then_a_split(bare: World) -> None:
    master = spring(bare)
    bare.sync()
    x3, outlook = both(bare)
    assert x3 == outlook
    assert len(x3) == 35  # 37 Tuesdays from 24 February to 3 November, two of them cancelled
    hours = {row["APTHOU"] for row in bare.sage.all("ZBAP")}
    assert hours == {"0900", "1600"}
    still(bare)
    # 1 June: Wednesdays at ten from now on, by changing the whole series.
    bare.servers.control("POST", "clock", {"now": "2026-06-01T07:00:00Z"})
    bare.set("REP1", "window=-120..159")
    bare.sync()
    past = {key: when for key, when in records(bare).items() if when < "20260601"}
    assert len(past) == 13
    start = date(2026, 6, 3)
    recurrence = {"pattern": _weekly("wednesday"), "range": {"type": "noEnd", "startDate": str(start)}}
    times = {"start": stop(f"{start}T10:00"), "end": stop(f"{start}T11:00")}
    before = set(records(bare))
    bare.alice.change_event(master, recurrence=recurrence, **times)
    bare.sync()
    after = records(bare)
    assert {key: after.get(key) for key in past} == past, "no record of the past is lost or moved"
    future = sorted(when for key, when in after.items() if key not in past)
    weeks = [start + timedelta(days=7 * n) for n in range(23)]
    assert future == [f"{day:%Y%m%d} 1000" for day in weeks]
    assert len(set(after) - before) == 1, "22 records are handed on to 23 Wednesdays"
    still(bare)
    # From 2 September on Thursdays at eight: "this and following", another series.
    last, split = date(2026, 8, 26), date(2026, 9, 3)
    ended = {"pattern": _weekly("wednesday"), "range": {"type": "endDate", "startDate": str(start), "endDate": str(last)}}
    bare.alice.change_event(master, recurrence=ended)
    fresh = {"pattern": _weekly("thursday"), "range": {"type": "noEnd", "startDate": str(split)}}
    bare.alice.new_event("Weekly", f"{split}T08:00", recurrence=fresh)
    kept = {key: when for key, when in after.items() if when < "20260901"}
    bare.sync()
    end = records(bare)
    assert {key: end.get(key) for key in kept} == kept
    assert sorted(when for key, when in end.items() if key not in kept) == [
        f"{split + timedelta(days=7 * n):%Y%m%d} 0800" for n in range(10)
    ]
    assert set(end) <= set(after), "the split makes no record anew"
    assert len(set(end.values())) == len(end), "no twin"
    still(bare)
    assert bare.held() == []
