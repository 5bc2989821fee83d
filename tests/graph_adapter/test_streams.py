"""Change streams: baseline and listing, delta, series, the sliding window, folders that do not answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconcile.model import Kind, Present, Private, Shape, Where, Window
from reconcile.port import CursorExpired, Listing, Sighting, Stream
from tests.graph_adapter.conftest import Box
from tests.strategies import WINDOW


def by_key(listing: Listing) -> dict[str, Sighting]:
    assert len({s.ref.key for s in listing.sightings}) == len(listing.sightings)
    return {s.ref.key: s for s in listing.sightings}


def moved_window(days: int) -> Window:
    step = timedelta(days=days)
    return Window(first=WINDOW.first + step, last=WINDOW.last + step, start=WINDOW.start + step, end=WINDOW.end + step)


async def test_a_complete_listing_pages_and_looks(box: Box) -> None:
    keys = {await box.new_contact(surname=f"S{n}") for n in range(25)}
    listing = await box.scoped(page_size=7).changes(box.stream(Kind.CONTACT), None)
    assert set(by_key(listing)) == keys
    assert all(isinstance(s.observation, Present) for s in listing.sightings)
    assert (listing.complete, listing.answered) == (True, True)
    assert listing.now.utcoffset() == timedelta(0)


@pytest.mark.parametrize("kind", list(Kind))
async def test_versions_of_listing_delta_and_read_agree(box: Box, kind: Kind) -> None:
    make = {Kind.CONTACT: box.new_contact, Kind.TASK: box.new_task, Kind.EVENT: box.new_event}[kind]
    first = await make()
    listing = await box.endpoint.changes(box.stream(kind), None)
    second = await make()
    delta = await box.endpoint.changes(box.stream(kind), listing.cursor)
    refs = [box.ref(kind, first), box.ref(kind, second)]
    read = await box.endpoint.read(refs)
    versions = [o.version for o in read.values() if isinstance(o, Present)]
    assert versions == [by_key(listing)[first].version, by_key(delta)[second].version]
    assert by_key(delta)[second].observation is None
    assert by_key(listing)[first].observation == read[refs[0]]


async def test_delta_outlives_empty_pages_and_repeats(box: Box) -> None:
    await box.control("switches", {"delta_page_size": 3, "delta_empty_pages": True, "delta_repeats": True})
    endpoint = box.scoped(page_size=3)
    cursor = (await endpoint.changes(box.stream(Kind.CONTACT), None)).cursor
    for round_number in range(3):
        keys = {await box.new_contact(surname=f"R{round_number}{n}") for n in range(8)}
        listing = await endpoint.changes(box.stream(Kind.CONTACT), cursor)
        assert keys <= set(by_key(listing))
        cursor = listing.cursor
    assert (await endpoint.changes(box.stream(Kind.CONTACT), cursor)).sightings == ()


async def test_a_pass_over_an_unchanged_user_costs_one_request_a_stream(box: Box) -> None:
    cursors = {kind: (await box.endpoint.changes(box.stream(kind), None)).cursor for kind in Kind}
    box.graph.reset_counts()
    for kind, cursor in cursors.items():
        assert (await box.endpoint.changes(box.stream(kind), cursor)).sightings == ()
    counts = box.graph.counts()
    assert (counts.requests, counts.parts, counts.writes) == (3, 0, 0)


async def test_s8_a_removal_only_asks(box: Box) -> None:
    key = await box.new_contact()
    cursor = (await box.endpoint.changes(box.stream(Kind.CONTACT), None)).cursor
    await box.owner("DELETE", f"contacts/{key}")
    sighting = by_key(await box.endpoint.changes(box.stream(Kind.CONTACT), cursor))[key]
    assert (sighting.version, sighting.observation) == ("", None)


async def test_s3_private_items_are_listed_without_content(box: Box) -> None:
    hidden = await box.new_event(sensitivity="private", subject="secret")
    series = await box.new_event(sensitivity="confidential", subject="secret", recurrence=box.weekly())
    contact = await box.new_contact(singleValueExtendedProperties=[{"id": "Integer 0x36", "value": "2"}])
    task = await box.new_task(categories=["Private"])
    events = by_key(await box.endpoint.changes(box.stream(Kind.EVENT), None))
    assert series not in events
    assert len(events) == 5
    assert {s.observation for s in events.values()} == {Private(key=key) for key in events}
    assert hidden in events
    contacts = by_key(await box.endpoint.changes(box.stream(Kind.CONTACT), None))
    assert contacts[contact].observation == Private(key=contact)
    tasks = by_key(await box.endpoint.changes(box.stream(Kind.TASK), None))
    assert tasks[task].observation == Private(key=task)


async def test_a8_a_series_is_its_occurrences(box: Box) -> None:
    series = await box.new_event(recurrence=box.weekly(4))
    listing = await box.endpoint.changes(box.stream(Kind.EVENT), None)
    looks = [s.observation for s in listing.sightings]
    assert len(looks) == 4
    for look in looks:
        assert isinstance(look, Present)
        assert look.outlook.event is not None
        assert (look.outlook.event.shape, look.outlook.event.series_id) == (Shape.OCCURRENCE, series)
    # A changed series comes as all its occurrences with their looks, the master itself as none.
    await box.owner("PATCH", f"events/{series}", {"subject": "Renamed"})
    delta = by_key(await box.endpoint.changes(box.stream(Kind.EVENT), listing.cursor))
    assert series not in delta
    subjects = [s.observation.content.subject for s in delta.values() if isinstance(s.observation, Present)]  # type: ignore[union-attr]
    assert subjects == ["Renamed"] * 4


async def test_a8_an_exception_is_seen_with_its_own_time(box: Box) -> None:
    await box.new_event(recurrence=box.weekly(3))
    listing = await box.endpoint.changes(box.stream(Kind.EVENT), None)
    one = sorted(s.ref.key for s in listing.sightings)[1]
    await box.owner(
        "PATCH",
        f"events/{one}",
        {
            "start": {"dateTime": "2026-03-18T15:00:00", "timeZone": "Europe/Paris"},
            "end": {"dateTime": "2026-03-18T16:00:00", "timeZone": "Europe/Paris"},
        },
    )
    delta = by_key(await box.endpoint.changes(box.stream(Kind.EVENT), listing.cursor))
    look = delta[one].observation
    assert isinstance(look, Present)
    assert look.outlook.event is not None
    assert look.outlook.event.shape is Shape.EXCEPTION
    assert look.outlook.event.original_start is not None
    assert look.version == delta[one].version


async def test_a9_what_slides_into_the_window_is_listed_then(box: Box) -> None:
    day = (WINDOW.last + timedelta(days=5)).isoformat()
    key = await box.new_event(
        start={"dateTime": f"{day}T09:00:00", "timeZone": "UTC"}, end={"dateTime": f"{day}T10:00:00", "timeZone": "UTC"}
    )
    listing = await box.endpoint.changes(box.stream(Kind.EVENT), None)
    assert key not in by_key(listing)
    later = box.scoped(window=moved_window(7))
    delta = await later.changes(box.stream(Kind.EVENT), listing.cursor)
    look = by_key(delta)[key].observation
    assert isinstance(look, Present)
    assert look.where is Where.HERE
    assert (await later.changes(box.stream(Kind.EVENT), delta.cursor)).sightings == ()


async def test_a9_a_window_the_token_does_not_cover_expires_it(box: Box) -> None:
    cursor = (await box.endpoint.changes(box.stream(Kind.EVENT), None)).cursor
    for days in (8, 41, -11):
        with pytest.raises(CursorExpired):
            await box.scoped(window=moved_window(days)).changes(box.stream(Kind.EVENT), cursor)
    for days in (7, -10):
        assert (await box.scoped(window=moved_window(days)).changes(box.stream(Kind.EVENT), cursor)).answered


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_lost_sync_state_expires_the_cursor(box: Box, kind: Kind) -> None:
    cursor = (await box.endpoint.changes(box.stream(kind), None)).cursor
    await box.control("faults", {"action": "expire_cursors"})
    with pytest.raises(CursorExpired):
        await box.endpoint.changes(box.stream(kind), cursor)


async def test_a_cursor_nobody_wrote_is_expired(box: Box) -> None:
    with pytest.raises(CursorExpired):
        await box.endpoint.changes(box.stream(Kind.CONTACT), "yesterday")


@pytest.mark.parametrize("kind", list(Kind))
async def test_s9_a_folder_that_is_gone_does_not_answer(box: Box, kind: Kind) -> None:
    listing = await box.endpoint.changes(Stream(kind=kind, folder="AAMkGone="), None)
    assert (listing.answered, listing.complete, listing.sightings) == (False, False, ())


@pytest.mark.parametrize("page_size", [2, 500])
async def test_f2_events_changed_since_an_instant_come_whatever_their_dates(box: Box, page_size: int) -> None:
    def on(day: str) -> dict[str, dict[str, str]]:
        return {
            side: {"dateTime": f"{day}T{hour}:00:00", "timeZone": "UTC"} for side, hour in (("start", "09"), ("end", "10"))
        }

    await box.new_event(subject="Early", **on("2020-01-06"))
    since = WINDOW.start.replace(year=2030)
    await box.control("clock", {"now": since.isoformat()})
    late = {await box.new_event(subject=f"Late {n}", **on(f"2020-01-0{n}")) for n in range(1, 6)}
    hidden = await box.new_event(subject="Secret", sensitivity="private", **on("2020-01-07"))
    await box.new_event(recurrence=box.weekly())
    found = {
        s.ref.key: s.observation for s in await box.scoped(page_size=page_size).modified(box.folders[Kind.EVENT], since)
    }
    assert set(found) == {*late, hidden}
    assert found.pop(hidden) == Private(key=hidden)
    assert {seen.where for seen in found.values() if isinstance(seen, Present)} == {Where.OUT_OF_WINDOW}


async def test_s9_a_calendar_that_does_not_answer_shows_nothing_beyond_the_window(box: Box) -> None:
    await box.fault("status", method="GET", path="/events", status=404, code="ErrorItemNotFound", every=True)
    assert await box.endpoint.modified(box.folders[Kind.EVENT], WINDOW.start) == ()
    await box.fault("status", method="GET", path="/calendarView", status=404, code="ErrorItemNotFound", every=True)
    assert await box.endpoint.between(box.folders[Kind.EVENT], WINDOW.start, WINDOW.end) == ()


async def test_a_view_of_many_years_is_asked_for_year_by_year(box: Box) -> None:
    key = await box.new_event()
    years = [WINDOW.start.replace(year=year) for year in (2016, 2036)]
    found = await box.endpoint.between(box.folders[Kind.EVENT], years[0], years[1])
    assert [sighting.ref.key for sighting in found] == [key]
