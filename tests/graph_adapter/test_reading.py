"""Reading by id: what proves absence (S8), where an item stands (S6), what stays Unread."""

from __future__ import annotations

import pytest

from reconcile.model import UNREAD, Absent, ItemType, Kind, Link, LinkState, Present, Private, Went, Where
from reconcile.port import Ref, Stop
from tests.graph_adapter.conftest import ADDRESS, Box


async def make(box: Box, kind: Kind) -> str:
    return await {Kind.CONTACT: box.new_contact, Kind.TASK: box.new_task, Kind.EVENT: box.new_event}[kind]()


async def look(box: Box, kind: Kind, key: str) -> object:
    ref = box.ref(kind, key)
    return (await box.endpoint.read([ref]))[ref]


@pytest.mark.parametrize("kind", list(Kind))
async def test_s8_deleted_is_absent_while_its_folder_answers(box: Box, kind: Kind) -> None:
    key = await make(box, kind)
    assert isinstance(await look(box, kind, key), Present)
    await box.act("purge", key)
    assert await look(box, kind, key) == Absent(key=key)


@pytest.mark.parametrize("kind", [Kind.CONTACT, Kind.EVENT])
@pytest.mark.parametrize("bin_answers", [True, False])
async def test_s8_the_bin_is_absent(box: Box, kind: Kind, bin_answers: bool) -> None:
    await box.control("switches", {"bin_answers_200": bin_answers})
    key = await make(box, kind)
    await box.act("delete", key)
    assert await look(box, kind, key) == Absent(key=key)


async def test_s8_an_event_in_the_bin_whose_calendar_answers(box: Box) -> None:
    await box.control("switches", {"bin_calendar_404": False})
    key = await box.new_event()
    await box.act("delete", key)
    assert await look(box, Kind.EVENT, key) == Absent(key=key)


@pytest.mark.parametrize("kind", list(Kind))
async def test_s9_a_404_of_the_folder_proves_nothing(box: Box, kind: Kind) -> None:
    ref = Ref(key="AAMkNothing=", kind=kind, folder="AAMkGone=")
    assert (await box.endpoint.read([ref]))[ref] == UNREAD


async def test_s8_a_code_that_is_not_the_settings_proves_nothing(box: Box) -> None:
    key = await box.new_task()
    await box.act("purge", key)
    ref = box.ref(Kind.TASK, key)
    assert (await box.scoped(not_found_codes=frozenset({"Other"})).read([ref]))[ref] == UNREAD


async def test_g5_a_lost_mailbox_stops(box: Box) -> None:
    key = await box.new_contact()
    await box.control("user-actions", {"mailbox": ADDRESS, "action": "unlicense"})
    with pytest.raises(Stop) as caught:
        await look(box, Kind.CONTACT, key)
    assert caught.value.side is None
    await box.control("user-actions", {"mailbox": ADDRESS, "action": "license"})


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_an_outage_of_one_item_is_unread(box: Box, status: int) -> None:
    keys = [await box.new_contact(surname=f"S{n}") for n in range(2)]
    rule = {"match": {"path": f"/contacts/{keys[0]}"}, "action": "status", "status": status, "retry_after": 0, "times": 9}
    await box.control("faults", rule)
    refs = [box.ref(Kind.CONTACT, key) for key in keys]
    found = await box.endpoint.read(refs)
    assert found[refs[0]] == UNREAD
    assert isinstance(found[refs[1]], Present)


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        (Kind.CONTACT, "contactFolders", "displayName"),
        (Kind.EVENT, "calendars", "name"),
    ],
)
async def test_s6_an_unmanaged_folder_is_elsewhere(box: Box, kind: Kind, path: str, name: str) -> None:
    other = (await box.owner("POST", path, {name: "Mine"}))["id"]
    key = await make(box, kind)
    await box.act("move", key, to_folder=other)
    seen = await look(box, kind, key)
    assert isinstance(seen, Present)
    assert (seen.where, seen.outlook.folder) == (Where.ELSEWHERE, other)


async def test_s8_a_moved_task_is_sought_by_its_marker(box: Box) -> None:
    other = (await box.owner("POST", "todo/lists", {"displayName": "Mine"}))["id"]
    marker = box.marker(ItemType.TASK)
    link = {"applicationName": "Sage X3", "externalId": marker.encode(), "displayName": "K1"}
    key = await box.new_task(linkedResources=[link])
    lost = await box.new_task(title="gone")
    await box.act("purge", lost)
    await box.act("move", key, to_folder=other)
    refs = [box.ref(Kind.TASK, key), box.ref(Kind.TASK, lost)]
    found = await box.endpoint.read(refs, seek={refs[0]: marker, refs[1]: box.marker(ItemType.TASK, "K2")})
    seen = found[refs[0]]
    assert isinstance(seen, Present)
    assert (seen.where, seen.outlook.folder, seen.outlook.marker) == (Where.ELSEWHERE, other, marker)
    assert found[refs[1]] == Absent(key=lost)
    assert list(await box.endpoint.seek([marker])) == [marker]


async def test_s8_a_vanished_event_is_found_by_its_ical_uid(box: Box) -> None:
    other = (await box.owner("POST", "calendars", {"name": "Mine"}))["id"]
    key = await box.new_event()
    uid = (await box.owner("GET", f"events/{key}"))["iCalUId"]
    await box.act("move", key, to_folder=other)
    (seen,) = await box.endpoint.find_ical(uid)
    assert isinstance(seen, Present)
    assert (seen.key, seen.outlook.folder, seen.where) == (key, other, Where.ELSEWHERE)
    assert await box.endpoint.find_ical("nobody's'") == ()


def stop(wall: str, zone: str) -> dict[str, str]:
    return {"dateTime": f"{wall}:00", "timeZone": zone}


@pytest.mark.parametrize(
    ("start", "end", "zone", "more"),
    [
        ("2026-03-10T09:00", "2026-03-10T10:00", "Europe/Paris", {}),
        ("2026-03-10T00:30", "2026-03-10T01:00", "Romance Standard Time", {}),  # the day before, told in UTC
        ("2026-03-10T18:00", "2026-03-10T19:00", "America/Los_Angeles", {}),  # the day after, told in UTC
        ("2026-03-10T00:00", "2026-03-11T00:00", "Pacific/Auckland", {"isAllDay": True}),
    ],
)
async def test_d8_a_series_tells_which_occurrence_was_taken_out_alone(
    box: Box, start: str, end: str, zone: str, more: dict[str, bool]
) -> None:
    pattern = {"type": "daily", "interval": 1}
    recurrence = {"pattern": pattern, "range": {"type": "numbered", "startDate": "2026-03-10", "numberOfOccurrences": 6}}
    times = {"start": stop(start, zone), "end": stop(end, zone)}
    series = await box.new_event(recurrence=recurrence, **times, **more)
    listed = [s.observation for s in (await box.endpoint.changes(box.stream(Kind.EVENT), None)).sightings]
    looks = sorted((o for o in listed if isinstance(o, Present)), key=lambda o: str(o.outlook.event))
    assert len(looks) == 6
    links = [occurrence_link(look) for look in looks]
    await box.owner("DELETE", f"events/{links[1].outlook_key}")
    await box.owner("DELETE", f"events/{links[4].outlook_key}")
    went = await box.endpoint.how_they_went(links)
    assert [went[link.outlook_key] is Went.ALONE for link in links] == [False, True, False, False, True, False]
    await box.act("purge", series)
    assert set((await box.endpoint.how_they_went(links)).values()) == {Went.CHANGED}


async def test_d8_a_series_that_does_not_answer_tells_nothing(box: Box) -> None:
    series = await box.new_event(recurrence=box.weekly(2))
    listed = [s.observation for s in (await box.endpoint.changes(box.stream(Kind.EVENT), None)).sightings]
    links = [occurrence_link(look) for look in listed if isinstance(look, Present)]
    await box.control("faults", {"match": {"path": f"/events/{series}"}, "action": "status", "status": 503, "times": 9})
    assert set((await box.endpoint.how_they_went(links)).values()) == {Went.UNTOLD}


def occurrence_link(look: Present) -> Link:
    event = look.outlook.event
    assert event is not None
    return Link(
        type=ItemType.APPOINTMENT,
        state=LinkState.LINKED,
        x3_key=look.key,
        auuid="a",
        outlook_key=look.key,
        series_id=event.series_id,
        original_start=event.original_start,
    )


async def test_s3_private_items_are_read_as_their_ids(box: Box) -> None:
    event, contact = await box.new_event(sensitivity="personal"), await box.new_contact()
    task = await box.new_task(categories=["Privat"])
    flag = {"id": "Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506", "value": "true"}
    await box.owner("PATCH", f"contacts/{contact}", {"singleValueExtendedProperties": [flag]})
    for kind, key in ((Kind.EVENT, event), (Kind.CONTACT, contact), (Kind.TASK, task)):
        assert await look(box, kind, key) == Private(key=key)


async def test_s3_an_occurrence_of_a_private_series_is_private(box: Box) -> None:
    series = await box.new_event(recurrence=box.weekly(2))
    listing = await box.endpoint.changes(box.stream(Kind.EVENT), None)
    one = listing.sightings[0].ref.key
    await box.owner("PATCH", f"events/{one}", {"subject": "An exception"})
    await box.owner("PATCH", f"events/{series}", {"sensitivity": "private"})
    await box.owner("PATCH", f"events/{one}", {"sensitivity": "normal"})
    assert await look(box, Kind.EVENT, one) == Private(key=one)


async def test_out_of_the_window_is_said(box: Box) -> None:
    far = {"dateTime": "2028-01-01T09:00:00", "timeZone": "UTC"}
    key = await box.new_event(start=far, end=far)
    seen = await look(box, Kind.EVENT, key)
    assert isinstance(seen, Present)
    assert seen.where is Where.OUT_OF_WINDOW


async def test_many_items_cost_few_requests(box: Box) -> None:
    keys = [await box.new_contact(surname=f"S{n}") for n in range(40)]
    box.graph.reset_counts()
    found = await box.endpoint.read([box.ref(Kind.CONTACT, key) for key in keys])
    assert all(isinstance(o, Present) for o in found.values())
    counts = box.graph.counts()
    assert (counts.requests, counts.parts) == (2, 40)
