"""Time: changes of clocks, zones, all-day events, and the window as it moves from day to day (A9, U5, S6)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.system.outlook import Json, attendee, day, stop
from tests.system.test_troubles import counts
from tests.system.world import World

DAY = timedelta(days=1)


def begun(bare: World, now: datetime, *options: str) -> World:
    """REP1 enabled at another instant than the scenarios' usual one."""
    bare.servers.control("POST", "clock", {"now": now.isoformat()})
    bare.enable(1)
    if options:
        bare.set("REP1", *options)
    return bare


def weekly(first: date, weekday: str) -> Json:
    """An endless weekly recurrence."""
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": [weekday]}
    return {"pattern": pattern, "range": {"type": "noEnd", "startDate": str(first)}}


def table(world: World) -> dict[str, str]:
    """X3's appointments: day -> hours."""
    return {row["APTDAT"]: f"{row['APTHOU']}-{row['APTHOUEND']}" for row in world.sage.all("ZBAP")}


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (datetime(2026, 3, 2, 7, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 5, 7, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
@pytest.mark.parametrize("zone", ["Romance Standard Time", "Europe/Paris"])
def test_a9_a_series_keeps_its_hour_across_a_change_of_clocks(bare: World, now: datetime, change: date, zone: str) -> None:
    world = begun(bare, now)
    first = now.date() + DAY  # a Tuesday
    world.alice.new_event("Weekly", f"{first}T09:00", zone=zone, recurrence=weekly(first, "tuesday"))
    rows = world.alice.occurrences(str(first), str(first + timedelta(days=60)))
    moved, gone = rows[2], rows[4]
    to = first + timedelta(days=15)
    world.alice.change_event(moved["id"], start=stop(f"{to}T16:00"), end=stop(f"{to}T17:30"))
    world.alice.delete_event(gone["id"])
    world.sync()
    expected = {f"{first + timedelta(days=7 * n):%Y%m%d}": "0900-1000" for n in range(26)}
    del expected[f"{first + timedelta(days=14):%Y%m%d}"], expected[f"{first + timedelta(days=28):%Y%m%d}"]
    expected[f"{to:%Y%m%d}"] = "1600-1730"
    found = table(world)
    assert found == expected
    assert min(found) < f"{change:%Y%m%d}" < max(found)
    assert len(world.sage.all("ZBAP")) == len(expected)
    for options in ((), ("--full",), ()):
        world.later(3600)
        report = world.sync("REP1", *options)
        assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a9_x3s_appointment_on_the_day_of_the_change(bare: World, day: date) -> None:
    world = begun(bare, datetime(day.year, day.month, 1, 7, tzinfo=UTC))
    for number, (hour, end) in enumerate((("0030", "0100"), ("0100", "0430"), ("0900", "1000"))):
        world.sage.new_appointment(f"Shift {number}", f"{day:%Y%m%d}", hour, end)
    world.sync()
    starts = sorted(event["start"]["dateTime"][:16] for event in world.alice.events())
    utc_nine = "07:00" if day.month == 3 else "08:00"
    assert starts[-1] == f"{day}T{utc_nine}"
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a9_x3s_wall_time_that_comes_twice_or_never_stays_as_it_stands_there(bare: World, day: date) -> None:
    world = begun(bare, datetime(day.year, day.month, 1, 7, tzinfo=UTC))
    world.sage.new_appointment("Night shift", f"{day:%Y%m%d}", "0230", "0330")
    world.sync()
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    world.later()
    world.alice.change_event(world.alice.events()[0]["id"], subject="Renamed")
    world.sync()
    row = world.sage.only("ZBAP")
    assert (row["FULOBJ"], row["APTDAT"], row["APTHOU"], row["APTHOUEND"]) == ("Renamed", f"{day:%Y%m%d}", "0230", "0330")
    world.quiet()


def standing(world: World, start: date) -> None:
    """Of everything something that stands in the window at the start, for two users, and leaves it by and by."""
    world.enable(2)
    world.set("REP2", "window=-10..30")
    world.sage.control("switches", {"overlap_control": False})
    body = {"start": stop(f"{start + 5 * DAY}T09:00"), "end": stop(f"{start + 26 * DAY}T17:00")}
    world.alice.ok("POST", "/events", {"subject": "Three weeks", **body})
    world.alice.new_event("Meeting", f"{start + 12 * DAY}T09:00", attendees=[attendee(world.benoit.address)])
    world.alice.new_event("Call", f"{start + 14 * DAY}T09:00", categories=["X3 Call"])
    world.alice.new_task("Open")
    world.alice.new_task("Due", dueDateTime=day(start + 15 * DAY))
    world.alice.new_task("Done", dueDateTime=day(start + 2 * DAY), status="completed")
    world.alice.new_contact("Rossi", "Ada", birthday="1980-01-31T11:59:00Z")
    world.sage.new_appointment("Shared", f"{start + 8 * DAY:%Y%m%d}", APTREPNUM=["R001", "R002"])
    world.sage.new_appointment("Night", f"{start + 9 * DAY:%Y%m%d}", "2300", "2359")
    world.sage.new_call("Call back", f"{start + 9 * DAY:%Y%m%d}")
    world.sage.new_task("Done in X3", f"{start + 7 * DAY:%Y%m%d}", TSKDON="2")
    world.sage.new_contact("Bianchi")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("full", [7, 0])
def test_a9_u5_the_window_moves_day_by_day_and_nothing_flickers(bare: World, full: int) -> None:
    """Sixty days over the change of clocks in March, a pass a day, of a second user every third; a full pass a week, or
    none: then the token of the change listing has to be renewed by itself."""
    start = datetime(2026, 2, 2, 7, tzinfo=UTC)
    world = begun(bare, start, "window=-10..30")
    first = date(2026, 2, 3)
    world.alice.new_event("Weekly", f"{first}T09:00", recurrence=weekly(first, "tuesday"))
    far = date(2026, 3, 20)
    all_day = {"isAllDay": True, "start": stop(f"{far}T00:00"), "end": stop(f"{far + DAY}T00:00")}
    world.alice.ok("POST", "/events", {"subject": "Fair", **all_day})
    world.sage.new_appointment("From X3", "20260318", "1100", "1200")
    world.sage.new_task("Task", "20260316")
    standing(world, start.date())
    for user in ("REP1", "REP2", "REP1", "REP2"):
        world.later()
        world.sync(user)
    before, passed = counts(world), []
    for number in range(1, 61):
        world.later(DAY.total_seconds())
        options = ("--full",) if full and number % full == 0 else ()
        passed.append(world.sync("REP1", *options))
        if number % 3 == 0:
            assert world.sync("REP2", *options)["writes"] == {"x3": 0, "outlook": 0}, number
        last = (start + timedelta(days=number + 30)).date()
        rows = [row for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Weekly"]
        entered = [first + timedelta(days=7 * n) for n in range(20) if first + timedelta(days=7 * n) <= last]
        assert sorted(row["APTDAT"] for row in rows) == [f"{one:%Y%m%d}" for one in entered], number
        assert {row["APTHOU"] for row in rows} == {"0900"}
    done = [one for report in passed for one in report["decisions"] if one["outcome"] == "done"]
    acts = Counter(one["action"] for one in done)
    # A create for each occurrence that comes in, the fair, X3's appointment; links go to sleep, nothing else.
    writes = Counter({side: sum(report["writes"][side] for report in passed) for side in ("x3", "outlook")})
    assert set(acts) <= {"create", "link", "none"}, acts
    # The fair's marker, and X3's appointment, which nothing mentions but a full pass.
    from_x3 = 1 if full else 0
    assert writes == {"x3": acts["create"] - from_x3, "outlook": 1 + from_x3}, (writes, acts)
    came = acts["create"] - from_x3
    assert counts(world) == [n + more for n, more in zip(before, (0, 0, came, 0, 0, from_x3, 0), strict=True)]
    assert len([row for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Fair"]) == 1
    assert len([event for event in world.alice.events() if event["subject"] == "From X3"]) == from_x3
    assert world.problems() == []
    assert world.held() == []


@pytest.mark.parametrize(
    "zone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)
def test_a9_all_day_events_keep_their_dates_in_every_zone(world: World, zone: str) -> None:
    world.set("REP1", f"zone={zone}")
    for name, first, last in (("One", "2026-06-16", "2026-06-17"), ("Three", "2026-06-23", "2026-06-26")):
        for teller in (zone, "UTC"):
            body = {"isAllDay": True, "start": stop(f"{first}T00:00", teller), "end": stop(f"{last}T00:00", teller)}
            world.alice.ok("POST", "/events", {"subject": f"{name} {teller}", **body})
    world.sage.control("switches", {"overlap_control": False})
    world.sage.new_appointment("Fair", "20260701", FULDAY="2")
    world.sync()
    found = {row["FULOBJ"]: (row["APTDAT"], row["APTDATEND"], row["FULDAY"]) for row in world.sage.all("ZBAP")}
    assert found == {
        **{f"One {teller}": ("20260616", "20260616", "2") for teller in (zone, "UTC")},
        **{f"Three {teller}": ("20260623", "20260625", "2") for teller in (zone, "UTC")},
        "Fair": ("20260701", "20260701", "2"),
    }
    fair = next(event for event in world.alice.events() if event["subject"] == "Fair")
    assert (fair["isAllDay"], fair["start"]["dateTime"][:10], fair["end"]["dateTime"][:10]) == (
        True,
        "2026-07-01",
        "2026-07-02",
    )
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Pacific/Auckland", "New Zealand Standard Time"),
        ("America/Los_Angeles", "Pacific Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("Asia/Kathmandu", "Nepal Standard Time"),
        ("Pacific/Kiritimati", "Line Islands Standard Time"),
        ("Pacific/Pago_Pago", "UTC-11"),
        ("America/Scoresbysund", "Greenland Standard Time"),  # its own Windows name keeps another time
    ],
)
def test_a9_a_users_own_zone_is_that_of_his_x3_wall_times(world: World, zone: str, told: str) -> None:
    """Events told by the IANA name, by the Windows name, and X3's: 09:00 is 09:00 in January and in July."""
    world.set("REP1", f"zone={zone}", "window=-30..250")
    world.sage.control("switches", {"overlap_control": False})
    for month in ("07", "12"):
        world.alice.new_event("By IANA", f"2026-{month}-01T09:00", zone=zone)
        world.alice.new_event("By Windows", f"2026-{month}-02T09:00", zone=told)
        world.sage.new_appointment("X3's", f"2026{month}03", "0900", "1000")
    world.sync()
    assert table(world) == {f"2026{month}0{day}": "0900-1000" for month in ("07", "12") for day in (1, 2, 3)}
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    # X3's was written so that it is nine there, too.
    for event in world.alice.events():
        start = datetime.fromisoformat(event["start"]["dateTime"][:19]).replace(tzinfo=UTC)
        assert f"{start.astimezone(ZoneInfo(zone)):%H:%M}" == "09:00"


@pytest.mark.parametrize("start", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-03-29T00:30", "2026-03-29T01:30"])
def test_a9_an_hour_that_comes_twice_or_never_flickers_on_no_side(bare: World, start: str) -> None:
    """Half past two in Paris, before and after the change: X3's wall time cannot tell the two apart."""
    day = start[:10]
    world = begun(bare, datetime.fromisoformat(f"{day[:8]}01T07:00").replace(tzinfo=UTC))
    made = world.alice.new_event("Night shift", start, zone="UTC")
    world.sync()
    row = world.sage.only("ZBAP")
    assert row["APTDAT"] == day.replace("-", "")
    for options in ((), ("--full",), ()):
        world.later(3600)
        report = world.sync("REP1", *options)
        assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]
    event = world.alice.event(made["id"])
    assert event is not None
    assert event["start"]["dateTime"][:16] == start


def test_a9_an_unknown_zone_is_reported_and_stops_nothing(world: World) -> None:
    odd = world.alice.new_event("Odd", "2026-06-16T09:00")["id"]
    linked = world.alice.new_event("Linked", "2026-06-17T09:00")["id"]
    world.alice.act("set_zone", odd, value="Board Room Time")
    report = world.sync()
    assert table(world) == {"20260617": "0900-1000"}
    assert any("Board Room Time" in line for line in report["alerts"]), report["alerts"]
    # Nor is a linked one lost while its zone is not known.
    world.alice.act("set_zone", linked, value="Board Room Time")
    world.later()
    for options in ((), ("--full",)):
        report = world.sync("REP1", *options)
        assert table(world) == {"20260617": "0900-1000"}
        assert report["writes"] == {"x3": 0, "outlook": 0}
        assert world.held() == []
    for key in (odd, linked):
        world.alice.act("set_zone", key, value="")
    world.later()
    world.sync()
    assert table(world) == {"20260616": "0900-1000", "20260617": "0900-1000"}
    world.quiet()
