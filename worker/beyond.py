"""What a forced synchronisation looks at outside the window (F1-F3), where no change stream looks.

Events changed after the date of F2; and, for every item that is about to be made outside the window, what stands on the
other side on its days, lest it be there already (M4, M7, F4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from reconcile.context import Force
from reconcile.likeness import type_of_new
from reconcile.matching import X3Key
from reconcile.model import Appointment, Call, Content, Kind, Present, Side, Task, Where
from reconcile.port import Sighting
from worker.observed import OutlookQuestions, X3Questions

Days = tuple[date, date]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """Looks beyond the window. `calendars` are the managed ones."""

    x3: X3Questions
    outlook: OutlookQuestions
    calendars: Sequence[str]
    force: Force

    async def changed(self) -> list[Sighting]:
        """Single events that were changed after the date (F2)."""
        since = self.force.since
        if since is None or not any(item_type.kind is Kind.EVENT for item_type in self.force.types):
            return []
        return _all(await asyncio.gather(*(self.outlook.modified(folder, since) for folder in self.calendars)))

    async def records(self, items: Iterable[Present]) -> frozenset[X3Key]:
        """The records on the days of what F2 would make in X3."""
        made = [
            item
            for item in items
            if item.where is Where.OUT_OF_WINDOW
            and self.force.side(type_of_new(item), "", item, linked=False) is Side.OUTLOOK
        ]
        days = _days(made)
        if days is None:
            return frozenset()
        return await self.x3.keys_of(sorted({type_of_new(item) for item in made}), days)

    async def events(self, records: Iterable[tuple[X3Key, Present]]) -> list[Sighting]:
        """The events on the days of what F1 would make in Outlook."""
        made = [
            record
            for key, record in records
            if key in self.force.x3 and key[0].kind is Kind.EVENT and record.where is Where.OUT_OF_WINDOW
        ]
        return await shown_around(made, self.outlook, self.calendars)


def _all(found: Iterable[Sequence[Sighting]]) -> list[Sighting]:
    return [sighting for of_one in found for sighting in of_one]


async def shown_around(items: Iterable[Present], outlook: OutlookQuestions, calendars: Collection[str]) -> list[Sighting]:
    """What the calendars show on the days of these items, whatever the zone. Raises TryLater and Stop."""
    days = _days(items)
    if days is None:
        return []
    start, end = (datetime.combine(day, time(), UTC) for day in (days[0], days[1] + _DAY))
    return _all(await asyncio.gather(*(outlook.between(calendar, start, end) for calendar in calendars)))


def _days(items: Iterable[Present]) -> Days | None:
    """From the first to the last day of all, a day wider because zones differ."""
    spans = [span for item in items if (span := _span(item.content)) is not None]
    if not spans:
        return None
    return min(first for first, _ in spans) - _DAY, max(last for _, last in spans) + _DAY


def _span(content: Content) -> Days | None:
    match content:
        case Appointment() | Call():
            when = content.when
            first, last = when.first or when.start, when.last or when.end
            assert first is not None
            assert last is not None
            return _day(first), _day(last)
        case Task():
            day = content.dates.due or content.dates.start
            return (day, day) if day is not None else None
        case _:
            return None


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
