"""Series as a user lives with them: moved, cancelled, changed, split, ended occurrences (A8, D8, G1, U5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.system.outlook import attendee, stop
from tests.system.recurring import DAY, days, key_on, records, renames_the_first_alone, shown, weekly
from tests.system.world import World, at, decided, on, ymd


@pytest.fixture
def series(world: World) -> str:
    """Six Tuesdays at nine from tomorrow on, in X3 as well; the id of the series."""
    master = str(world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 6))["id"])
    world.sync()
    assert days(world) == [ymd(1 + 7 * n) for n in range(6)]
    world.later()
    return master


def test_a8_a_moved_occurrence_moves_only_its_own_record(world: World, series: str) -> None:
    before = records(world)
    key = key_on(world, ymd(8))
    world.alice.change_event(shown(world)[1]["id"], start=stop(at(9, 14)), end=stop(at(9, 15)))
    report = world.sync()
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert records(world) == before | {key: f"{ymd(9)} 1400"}
    world.quiet()


def test_a8_an_edited_occurrence_edits_only_its_own_record(world: World, series: str) -> None:
    key = key_on(world, ymd(15))
    world.alice.change_event(shown(world)[2]["id"], subject="Special")
    report = world.sync()
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert {row["APTNUM"] for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Special"} == {key}
    world.quiet()


def test_d8_a_cancelled_occurrence_takes_only_its_own_record(world: World, series: str) -> None:
    key = key_on(world, ymd(8))
    before = records(world)
    world.alice.delete_event(shown(world)[1]["id"])
    report = world.sync()
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert records(world) == {k: v for k, v in before.items() if k != key}
    assert len(shown(world)) == 5
    world.quiet()


def test_d8_a_record_deleted_in_x3_takes_only_its_own_occurrence(world: World, series: str) -> None:
    world.sage.delete("ZBAP", key_on(world, ymd(8)))
    world.sync()
    assert len(shown(world)) == 5
    assert len(records(world)) == 5
    world.quiet()


@pytest.mark.parametrize("tells", [True, False])
def test_d8_one_past_occurrence_cancelled_takes_its_record(world: World, series: str, *, tells: bool) -> None:
    world.servers.control("POST", "switches", {"series_tells_cancelled": tells})
    world.later(10 * DAY)
    world.sync()
    world.alice.delete_event(shown(world)[0]["id"])
    world.sync()
    assert days(world) == [ymd(8 + 7 * n) for n in range(5)]
    world.quiet()


@pytest.mark.parametrize("full", [False, True])
def test_d8_past_occurrences_cancelled_one_by_one_take_their_records(world: World, series: str, *, full: bool) -> None:
    other = str(world.alice.new_event("Weekly", at(2), recurrence=weekly(2, 6))["id"])
    world.later(18 * DAY)
    world.sync()
    for key in (shown(world)[0]["id"], shown(world)[1]["id"], shown(world)[4]["id"]):
        world.alice.delete_event(key)
    world.sync("REP1", *(["--full"] if full else []))
    # Of the first series 1 and 15 went, of the second 2; all of them are past.
    assert days(world) == sorted(map(ymd, (8, 22, 29, 36, 9, 16, 23, 30, 37)))
    assert world.held() == []
    world.quiet()
    # A change of the second series spares its past, while one of the first is taken out by hand in the same pass.
    world.later()
    world.alice.delete_event(other)
    world.alice.delete_event(shown(world)[0]["id"])
    world.sync("REP1", *(["--full"] if full else []))
    assert days(world) == sorted(map(ymd, (22, 29, 36, 9, 16)))
    world.quiet()


def test_a8_d8_several_past_ones_stay_where_the_series_does_not_tell(world: World, series: str) -> None:
    world.servers.control("POST", "switches", {"series_tells_cancelled": False})
    world.later(10 * DAY)
    world.sync()
    before = records(world)
    for row in shown(world)[:2]:
        world.alice.delete_event(row["id"])
    report = world.sync()
    assert len(decided(report, "A8")) == 2
    assert records(world) == before
    world.quiet()


def test_a8_exceptions_go_with_their_series_and_stay_with_its_past(world: World, series: str) -> None:
    for number in (1, 3, 4):
        world.alice.change_event(shown(world)[number]["id"], subject=f"Special {number}")
    world.later(10 * DAY)
    world.sync()
    world.alice.delete_event(series)
    world.sync()
    assert {row["APTDAT"]: row["FULOBJ"] for row in world.sage.all("ZBAP")} == {ymd(1): "Weekly", ymd(8): "Special 1"}
    world.quiet()


def test_d8_an_occurrence_cancelled_as_another_comes_in_hands_nothing_on(world: World) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=weekly(1))
    world.sync()
    key, before = key_on(world, ymd(8)), records(world)
    world.later(7 * DAY)
    world.alice.delete_event(next(row["id"] for row in shown(world) if row["start"]["dateTime"][:10] == str(on(8))))
    world.sync()
    assert world.sage.read("ZBAP", key) is None
    assert len(set(records(world)) - set(before)) == 1
    world.quiet()


def test_a8_the_one_past_record_of_a_deleted_series_stays(world: World) -> None:
    master = str(world.alice.new_event("Once", at(1), recurrence=weekly(1, 1))["id"])
    world.sync()
    world.later(3 * DAY)
    world.sync()
    world.alice.delete_event(master)
    report = world.sync()
    assert [one["action"] for one in decided(report, "A8")] == ["unlink"]
    assert days(world) == [ymd(1)]
    world.quiet()


def test_g1_two_series_of_one_subject_are_two_deletions(world: World) -> None:
    masters = [world.alice.new_event("Weekly", at(1, 9 + n), recurrence=weekly(1, 2))["id"] for n in range(6)]
    world.sync()
    assert len(records(world)) == 12
    world.later()
    for master in masters:
        world.alice.delete_event(master)
    world.sync()
    assert {hold["rule"] for hold in world.held()} == {"G1"}
    assert len(records(world)) == 12


def test_a8_x3s_move_of_one_makes_an_exception_and_the_others_stay(world: World, series: str) -> None:
    key = key_on(world, ymd(8))
    world.sage.modify("ZBAP", key, APTDAT=ymd(9), APTDATEND=ymd(9), APTHOU="1100", APTHOUEND="1200")
    world.sync()
    kinds = [(row["type"], row["start"]["dateTime"][:10]) for row in shown(world)]
    assert kinds[1] == ("exception", str(on(9)))
    assert [kind for kind, _ in kinds].count("occurrence") == 5
    assert len(records(world)) == 6
    world.quiet()


@pytest.mark.parametrize("full", [False, True])
def test_a8_g1_a_deleted_series_counts_as_one_and_its_past_stays(world: World, *, full: bool) -> None:
    world.alice.new_event("Other", at(3))
    master = str(world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 12))["id"])
    world.sync()
    world.later(16 * DAY)
    world.sync()
    world.alice.delete_event(master)
    report = world.sync("REP1", *(["--full"] if full else []))
    assert decided(report, "A8")
    # The past three and the other appointment stay; nine of the future go although that is more than five (G1).
    assert days(world) == [ymd(1), ymd(3), ymd(8), ymd(15)]
    assert world.held() == []
    world.quiet()
    world.sync("REP1", "--full")
    assert days(world) == [ymd(1), ymd(3), ymd(8), ymd(15)]
    assert [row["subject"] for row in shown(world)] == ["Other"]


def test_g1_six_single_deletions_are_still_held(world: World, series: str) -> None:
    singles = [world.alice.new_event(f"Single {n}", at(2 + n, 15))["id"] for n in range(6)]
    world.sync()
    world.later()
    world.alice.delete_event(series)
    for key in singles:
        world.alice.delete_event(key)
    world.sync()
    assert world.held(rule="G1")
    assert len(records(world)) == 12


def test_a8_another_weekday_keeps_every_record(world: World) -> None:
    master = str(world.alice.new_event("Weekly", at(-13), recurrence=weekly(-13, 8))["id"])
    world.sync()
    before = records(world)
    assert len(before) == 8
    world.later()
    world.alice.change_event(master, recurrence=weekly(-12, 8), start=stop(at(-12, 10)), end=stop(at(-12, 11)))
    report = world.sync()
    after = records(world)
    assert set(after) == set(before)
    assert sorted(after.values()) == [f"{ymd(-12 + 7 * n)} 1000" for n in range(8)]
    # Each record went to the day next to it: none of the past became one of the future.
    assert {key: int(after[key][:8]) > int(before[key][:8]) for key in after} == dict.fromkeys(after, True)
    assert len(decided(report, "C2")) == 8
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    assert records(world) == after


def test_a8_a_series_cut_down_to_the_future_loses_no_past_record(world: World) -> None:
    master = str(world.alice.new_event("Weekly", at(-13), recurrence=weekly(-13, 8))["id"])
    world.sync()
    before = records(world)
    world.later()
    world.alice.change_event(master, recurrence=weekly(8, 4), start=stop(at(8)), end=stop(at(8, 10)))
    world.sync()
    after = records(world)
    past = {key: when for key, when in before.items() if when[:8] <= ymd(0)}
    assert len(past) == 2
    assert {key: after[key] for key in past} == past
    assert sorted(when[:8] for key, when in after.items() if key not in past) == [ymd(8 + 7 * n) for n in range(4)]
    assert set(after) <= set(before)
    world.quiet()


@pytest.mark.parametrize("full", [False, True])
def test_a8_this_and_following_hands_the_records_on(world: World, *, full: bool) -> None:
    master = str(world.alice.new_event("Weekly", at(-13), recurrence=weekly(-13))["id"])
    world.sync()
    before = records(world)
    world.later()
    # What Outlook does for "this and following": the old series ends, a new one begins.
    world.alice.change_event(master, recurrence=weekly(-13, until=on(10)))
    world.alice.new_event("Weekly", at(17, 14), recurrence=weekly(17))
    world.sync("REP1", *(["--full"] if full else []))
    after = records(world)
    assert set(after) == set(before)
    kept = {key: when for key, when in before.items() if when[:8] <= ymd(10)}
    assert {key: after[key] for key in kept} == kept
    moved = {key: when for key, when in after.items() if key not in kept}
    assert {when[9:] for when in moved.values()} == {"1400"}
    assert len(set(after.values())) == len(after) == len(shown(world, -30, 181))
    world.quiet()


def test_a8_a_series_of_another_subject_takes_no_records_over(world: World, series: str) -> None:
    before = records(world)
    world.alice.delete_event(series)
    world.alice.new_event("Another", at(2, 15), recurrence=weekly(2, 3))
    world.sync()
    after = records(world)
    assert not set(after) & set(before)
    assert sorted(when[:8] for when in after.values()) == [ymd(2), ymd(9), ymd(16)]
    world.quiet()


@pytest.mark.parametrize("full", [False, True])
def test_a8_a_single_event_turned_series_keeps_its_record(world: World, *, full: bool) -> None:
    event = str(world.alice.new_event("Visit", at(1))["id"])
    world.sync()
    key = world.sage.only("ZBAP")["APTNUM"]
    world.later()
    world.alice.change_event(event, recurrence=weekly(1, 4))
    report = world.sync("REP1", *(["--full"] if full else []))
    assert report["writes"]["x3"] == 3
    assert records(world)[key] == f"{ymd(1)} 0900"
    assert days(world) == [ymd(1 + 7 * n) for n in range(4)]
    world.quiet()
    renames_the_first_alone(world, key)


def test_a8_a_series_turned_single_keeps_one_record(world: World, series: str) -> None:
    first = key_on(world, ymd(1))
    world.alice.change_event(series, recurrence=None)
    world.sync()
    assert records(world) == {first: f"{ymd(1)} 0900"}
    world.quiet()


def test_u5_series_skip_creates_nothing_and_keeps_what_there_is(world: World, series: str) -> None:
    before = records(world)
    world.set("REP1", "series=skip")
    world.alice.new_event("Skipped", at(2, 15), recurrence=weekly(2))
    report = world.sync()
    assert {one["rule"] for one in report["decisions"]} <= {"U5"}
    assert records(world) == before
    world.quiet()


@pytest.mark.parametrize("stays", [True, False])
def test_m6_a_series_with_attendees_is_one_record_an_occurrence(pair: World, *, stays: bool) -> None:
    pair.servers.control("POST", "switches", {"cancelled_occurrence_stays": stays})
    guest: Any = attendee(pair.benoit.address)
    pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 3), attendees=[guest])
    theirs = pair.benoit.rows("/events?$top=50")[0]["id"]
    pair.benoit.ok("POST", f"/events/{theirs}/accept", {"sendResponse": False})
    for user in ("REP1", "REP2", "REP1", "REP2"):
        pair.later()
        pair.sync(user)
    assert days(pair) == [ymd(1), ymd(8), ymd(15)]
    pair.quiet()
    # One of them is called off: one record goes, in whatever order the two mailboxes are looked at.
    pair.later(timedelta(minutes=1).total_seconds())
    second = shown(pair)[1]["id"]
    pair.alice.delete_event(second)
    for user in ("REP2", "REP1", "REP2"):
        pair.later()
        pair.sync(user)
    assert days(pair) == [ymd(1), ymd(15)]
    pair.quiet()


def test_a8_a_day_that_comes_back_gets_a_record_of_its_own(world: World, series: str) -> None:
    before = records(world)
    world.alice.change_event(series, recurrence=weekly(2, 6), start=stop(at(2)), end=stop(at(2, 10)))
    world.sync()
    assert set(records(world)) == set(before)
    world.later()
    both = weekly(1, 12)
    both["pattern"]["daysOfWeek"] = ["tuesday", "wednesday"]
    world.alice.change_event(series, recurrence=both, start=stop(at(1)), end=stop(at(1, 10)))
    world.sync()
    assert days(world) == sorted(ymd(n + 7 * week) for week in range(6) for n in (1, 2))
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()


def test_m6_a_series_accepted_after_its_day_changed_makes_no_second_records(pair: World) -> None:
    guest: Any = attendee(pair.benoit.address)
    master = pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 3), attendees=[guest])["id"]
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.alice.change_event(master, recurrence=weekly(2, 3), start=stop(at(2)), end=stop(at(2, 10)))
    pair.sync("REP1")
    pair.later()
    theirs = pair.benoit.rows("/events?$top=50")[0]["id"]
    pair.benoit.ok("POST", f"/events/{theirs}/accept", {"sendResponse": False})
    for user in ("REP2", "REP1", "REP2"):
        pair.sync(user)
        pair.later()
    assert days(pair) == [ymd(2), ymd(9), ymd(16)]
