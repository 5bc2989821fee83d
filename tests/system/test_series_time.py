"""Series and time: all-day ones, moved by the hour, of a zone nobody knows (A8, A9)."""

from __future__ import annotations

import pytest

from tests.system.outlook import stop
from tests.system.recurring import days, key_on, records, shown, weekly
from tests.system.world import World, at, on, ymd


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("told", ["own", "UTC"])
def test_a9_an_all_day_series_keeps_its_dates_in_every_zone(world: World, zone: str, told: str) -> None:
    world.set("REP1", f"zone={zone}")
    teller = zone if told == "own" else "UTC"
    when = {"start": stop(f"{on(1)}T00:00", teller), "end": stop(f"{on(2)}T00:00", teller)}
    world.alice.ok("POST", "/events", {"subject": "Fair", "isAllDay": True, **when, "recurrence": weekly(1, 5)})
    world.sync()
    assert days(world) == [ymd(1 + 7 * n) for n in range(5)]
    assert {(row["FULDAY"], row["APTDATEND"] == row["APTDAT"]) for row in world.sage.all("ZBAP")} == {("2", True)}
    world.quiet()
    # One is cancelled in Outlook, one edited in X3.
    world.later()
    world.alice.delete_event(shown(world)[1]["id"])
    world.sage.modify("ZBAP", key_on(world, ymd(22)), FULOBJ="Special")
    world.sync()
    assert days(world) == [ymd(1), ymd(15), ymd(22), ymd(29)]
    kept = [(row["subject"], row["type"], row["isAllDay"], row["start"]["dateTime"][:10]) for row in shown(world)]
    fair, special = ("Fair", "occurrence", True), ("Special", "exception", True)
    assert kept == [(*fair, str(on(1))), (*fair, str(on(15))), (*special, str(on(22))), (*fair, str(on(29)))]
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()


def test_a8_a_series_moved_by_the_hour_keeps_every_record(world: World) -> None:
    master = world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))["id"]
    world.sync()
    before = records(world)
    world.later()
    world.alice.change_event(master, start=stop(at(1, 10)), end=stop(at(1, 11)))
    assert world.sync()["writes"] == {"x3": 4, "outlook": 0}
    assert records(world) == {key: when.replace("0900", "1000") for key, when in before.items()}
    world.quiet()


@pytest.mark.parametrize("name", ["tzone://Microsoft/Custom", "Board Room Time"])
def test_a9_a_series_of_an_unknown_zone_is_reported_and_stops_nothing(world: World, name: str) -> None:
    master = world.alice.new_event("Weekly", at(1), recurrence=weekly(1, 4))["id"]
    world.sync()
    before = records(world)
    world.later()
    world.alice.act("set_zone", master, value=name)
    world.alice.change_event(master, subject="Unread")
    world.alice.new_event("Another", at(2))
    for options in ((), ("--full",)):
        report = world.sync("REP1", *options)
        assert any(name in line for line in report["alerts"]), report["alerts"]
        assert {key: when for key, when in records(world).items() if key in before} == before
        assert len(records(world)) == 5
        assert (world.held(), world.problems()) == ([], [])
    world.later()
    world.alice.act("set_zone", master, value="")
    world.sync()
    assert sorted(row["FULOBJ"] for row in world.sage.all("ZBAP")) == ["Another", *["Unread"] * 4]
    assert set(before) < set(records(world))
    world.quiet()
