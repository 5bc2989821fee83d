"""Occurrences of a series: virtual ones are derived from the master, exceptions and cancellations are stored in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from infra.emulators.graph import recurrence, zones
from infra.emulators.graph.errors import GraphError, not_found
from infra.emulators.graph.model import Item


def overlaps(item: Item, since: datetime, until: datetime) -> bool:
    """Whether the item touches the window; one without length counts where it stands."""
    assert item.start is not None
    assert item.end is not None
    return item.start < until and (item.end > since or (item.end == item.start and item.start >= since))


def _start_of(master: Item, day: date) -> datetime:
    assert master.start is not None
    if master.data["isAllDay"]:
        return datetime.combine(day, time(), UTC)
    name = master.data["recurrence"]["range"].get("recurrenceTimeZone") or master.data["start"]["timeZone"]
    where = zones.zone(name)
    wall = master.start.astimezone(where).time()
    return datetime.combine(day, wall, where).astimezone(UTC)


def occurrence(master: Item, day: date) -> Item:
    """The occurrence of that date: the stored exception, else one derived from the master."""
    name = day.strftime("%Y%m%d")
    if name in master.exceptions:
        return master.exceptions[name]
    assert master.start is not None
    assert master.end is not None
    start = _start_of(master, day)
    end = start + (master.end - master.start)
    zone = master.data["start"]["timeZone"]
    data = {
        **master.data,
        "recurrence": None,
        "originalStart": zones.short_stamp(start),
        "start": {"dateTime": zones.wall(start, zone), "timeZone": zone},
        "end": {"dateTime": zones.wall(end, zone), "timeZone": zone},
    }
    if master.data["isAllDay"]:
        data["start"] = {"dateTime": f"{start:%Y-%m-%d}T00:00:00", "timeZone": zone}
        data["end"] = {"dateTime": f"{end:%Y-%m-%d}T00:00:00", "timeZone": zone}
    return Item(
        kind=master.kind,
        mailbox=master.mailbox,
        rest_id=master.rest_id,
        immutable_id=f"{master.immutable_id}#{name}",
        folder=master.folder,
        data=data,
        created=master.created,
        modified=master.modified,
        change_key=master.change_key,
        start=start,
        end=end,
        master=master,
        day=name,
    )


def days(master: Item, until: datetime) -> Iterator[date]:
    """Dates of living occurrences that start before `until` (a day of margin, for zones)."""
    last = (until + timedelta(days=1)).date()
    for day in recurrence.dates(master.data["recurrence"]):
        if day > last:
            return
        if day.strftime("%Y%m%d") not in master.cancelled:
            yield day


def instances(master: Item, since: datetime, until: datetime) -> list[Item]:
    """Occurrences and exceptions that touch the window, by start. Moved exceptions are judged by their own times."""
    found = [e for e in master.exceptions.values() if overlaps(e, since, until)]
    length = (master.end - master.start) if master.start and master.end else timedelta()
    earliest = (since - length - timedelta(days=2)).date()
    for day in days(master, until):
        if day < earliest or day.strftime("%Y%m%d") in master.exceptions:
            continue
        one = occurrence(master, day)
        if overlaps(one, since, until):
            found.append(one)
    return sorted(found, key=lambda i: (i.start or i.created, i.day))


def by_day(master: Item, day: str) -> Item:
    """The living occurrence of that date (YYYYMMDD), 404 when the series has none."""
    if not master.is_series or day in master.cancelled:
        raise not_found()
    wanted = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
    if day in master.exceptions:
        return master.exceptions[day]
    for one in recurrence.dates(master.data["recurrence"]):
        if one == wanted:
            return occurrence(master, one)
        if one > wanted:
            break
    raise not_found()


def make_exception(one: Item) -> Item:
    """Store a derived occurrence in its master, so that it can be changed by itself."""
    assert one.master is not None
    if one.day not in one.master.exceptions:
        one.data = copy.deepcopy(one.data)
        one.master.exceptions[one.day] = one
    return one


def check_neighbours(one: Item) -> None:
    """400 ErrorOccurrenceCrossingBoundary when an exception reaches over the occurrence before or after it."""
    assert one.master is not None
    assert one.start is not None
    assert one.end is not None
    before: Item | None = None
    for day in days(one.master, one.start + timedelta(days=366)):
        other = occurrence(one.master, day)
        if other.day == one.day:
            continue
        if other.day < one.day:
            before = other
            continue
        if other.start is not None and one.end > other.start:
            raise GraphError(400, "ErrorOccurrenceCrossingBoundary")
        break
    if before is not None and before.end is not None and one.start < before.end:
        raise GraphError(400, "ErrorOccurrenceCrossingBoundary")


def reset(master: Item) -> None:
    """A changed pattern or time forgets exceptions and cancellations; ids of old dates stay derived from the date."""
    master.exceptions.clear()
    master.cancelled.clear()
