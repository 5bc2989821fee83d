"""A series that is split: "this and following" ends it, and another goes on in its place (A8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import Outlook, attendee
from tests.system.recurring import days, records, weekly
from tests.system.world import World, at, mailbox, on, ymd


@pytest.fixture
def host(world: World) -> Outlook:
    """An organiser whom the product does not know; Alice has accepted twelve Tuesdays of his, which X3 has as well."""
    outsider = Outlook(world.servers, mailbox(3))
    outsider.new_event("Round", at(1), recurrence=weekly(1, 12), attendees=[_guest(world)])
    accept(world)
    world.sync()
    assert days(world) == [ymd(1 + 7 * n) for n in range(12)]
    world.quiet()
    world.later()
    return outsider


def _guest(world: World) -> Any:
    return attendee(world.alice.address)


def accept(world: World) -> None:
    """Alice accepts whatever waits for her answer."""
    for row in world.alice.events():
        if row["responseStatus"]["response"] == "notResponded":
            world.alice.ok("POST", f"/events/{row['id']}/accept", {"sendResponse": False})


def split(world: World, host: Outlook, other: Outlook | None = None) -> None:
    """The third Tuesday and those that follow become a series at two, organised by the same host or another."""
    (series,) = [row["id"] for row in host.events() if row["subject"] == "Round"]
    host.change_event(series, recurrence=weekly(1, until=on(10)))
    (other or host).new_event("Round", at(15, 14), recurrence=weekly(15, 10), attendees=[_guest(world)])


@pytest.mark.parametrize("recreates", [True, False])
@pytest.mark.parametrize("full", [False, True])
def test_a8_another_organisers_this_and_following_hands_the_records_on(
    world: World, host: Outlook, *, full: bool, recreates: bool
) -> None:
    world.servers.control("POST", "switches", {"accept_recreates": recreates})
    before, options = records(world), ["--full"] if full else []
    split(world, host)
    accept(world)
    report = world.sync("REP1", *options)
    assert report["writes"] == {"x3": 10, "outlook": 0}
    after = records(world)
    assert set(after) == set(before)
    hours = [(ymd(1 + 7 * n), "0900" if n < 2 else "1400") for n in range(12)]
    assert sorted(after.values()) == [f"{day} {hour}" for day, hour in hours]
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    assert records(world) == after


def test_a8_the_records_wait_for_the_answer_to_the_new_series(world: World, host: Outlook) -> None:
    before = records(world)
    split(world, host)
    world.sync()
    assert set(records(world)) == set(before)
    world.quiet()
    accept(world)
    world.later()
    world.sync()
    assert set(records(world)) == set(before)
    world.quiet()


def test_a8_d7_declined_the_new_series_takes_the_records_along(world: World, host: Outlook) -> None:
    split(world, host)
    world.sync()
    world.later()
    asked = next(row for row in world.alice.events() if row["responseStatus"]["response"] == "notResponded")
    world.alice.ok("POST", f"/events/{asked['id']}/decline", {"sendResponse": False})
    world.sync()
    assert days(world) == [ymd(1), ymd(8)]
    world.quiet()


def test_a8_a_series_of_another_organiser_takes_no_records_over(world: World, host: Outlook) -> None:
    before = records(world)
    split(world, host, world.benoit)
    accept(world)
    world.sync()
    kept = {key: when for key, when in before.items() if when[:8] <= ymd(10)}
    assert {key: when for key, when in records(world).items() if key in before} == kept
    assert days(world) == [ymd(1 + 7 * n) for n in range(12)]
    world.quiet()


def test_s4_no_address_of_an_organiser_is_kept(world: World, host: Outlook) -> None:
    assert world.leaks(host.address) == []
