"""Looking for items that are not known by id: an unanswered create (M7), a vanished task or event (S8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from graph_adapter import wire
from graph_adapter.batch import Part, gather
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.listing import Listings
from graph_adapter.mapping.common import marker_filter
from graph_adapter.mapping.events import cancelled_days
from graph_adapter.reading import Found, Reader
from graph_adapter.requests import Requests
from graph_adapter.scope import MailboxScope
from graph_adapter.zones import UnknownZone
from reconcile.actions import Create
from reconcile.model import Appointment, Call, Kind, Link, Marker, Present, Private, Went, When
from reconcile.port import Ref

_DAY = timedelta(days=1)


class Searcher:
    """Searches one mailbox."""

    def __init__(self, graph: Graph, scope: MailboxScope, requests: Requests, reader: Reader, listings: Listings) -> None:
        self._graph = graph
        self._scope = scope
        self._requests = requests
        self._reader = reader
        self._listings = listings

    async def find(self, step: Create) -> Present | Private | None:
        """What an earlier attempt at `step` made: by its marker, an event without one by its transactionId. Private when
        somebody made it so meanwhile (S5)."""
        if step.marker is not None:
            if step.type.kind is Kind.TASK:
                found = await self._in_list(step.folder, [step.marker])
            else:
                found = await self._by_marker(step.type.kind, step.folder, step.marker)
            return next((item for item in found if isinstance(item, Present)), found[0] if found else None)
        if step.token and isinstance(step.content, Appointment | Call):
            return await self._by_token(step, step.content)
        return None

    async def _by_marker(self, kind: Kind, folder: str, marker: Marker) -> list[Present | Private]:
        # The server compares without case; what it found is compared again with it.
        info = self._requests.search(kind, folder, marker_filter(marker))
        reply = await self._graph.send(info, self._scope.mailbox)
        shape: Any = wire.Page[wire.Contact] if kind is Kind.CONTACT else wire.Page[wire.Event]
        rows = {item.id: item for item in reply.decode(shape).value}
        return self._carrying([marker], await self._listings.looks(kind, folder, rows))

    async def _by_token(self, step: Create, content: Appointment | Call) -> Present | Private | None:
        start, end = _span(content.when)
        rows = await self._listings.plain(Kind.EVENT, step.folder, (start - _DAY, end + _DAY))
        for key, (item, _) in rows.items():
            if isinstance(item, wire.Event) and item.transaction_id == step.token:
                ref = Ref(key=key, kind=Kind.EVENT, type=step.type, folder=step.folder)
                found = (await self._reader.look(ref)).observed
                return found if isinstance(found, Present | Private) else None
        return None

    async def _in_list(self, folder: str, markers: Collection[Marker]) -> list[Present | Private]:
        """The tasks of a list that carry one of the markers. A list that does not answer holds none for us."""
        try:
            looks = await self._listings.plain(Kind.TASK, folder, None)
        except Gone:
            return []
        return self._carrying(markers, looks)

    def _carrying(
        self, markers: Collection[Marker], looks: Mapping[str, tuple[wire.Item, Found]]
    ) -> list[Present | Private]:
        seen = [found.observed for _, found in looks.values() if isinstance(found.observed, Present | Private)]
        return [one for one in seen if any(self._reader.same_marker(one, marker) for marker in markers)]

    async def seek(self, markers: Collection[Marker]) -> dict[Marker, Present | Private]:
        """Vanished tasks, by their markers, in all lists of the mailbox (S8): moving a task changes its id. The list may be
        a private one (S5)."""
        found: dict[Marker, Present | Private] = {}
        if not markers:
            return found
        for folder in await self._folder_ids(Kind.TASK):
            for seen in await self._in_list(folder, markers):
                for marker in markers:
                    if self._reader.same_marker(seen, marker):
                        found.setdefault(marker, seen)
        return found

    async def find_ical(self, uid: str) -> tuple[Present | Private, ...]:
        """The events with this iCalUId in any calendar of the mailbox (S8). Occurrences are not found by theirs. Raises
        TryLater when a calendar that is there did not answer: then nobody knows."""
        text = uid.replace("'", "''")
        folders = await self._folder_ids(Kind.EVENT)
        infos = [self._requests.search(Kind.EVENT, folder, f"iCalUId eq '{text}'") for folder in folders]
        parts = await gather(self._graph, infos, self._scope.mailbox)
        found: list[Present | Private] = []
        for folder, part in zip(folders, parts, strict=True):
            if not part.answered():
                continue
            rows: dict[str, wire.Item] = {i.id: i for i in part.decode(wire.Page[wire.Event]).value if i.ical_uid == uid}
            looks = await self._listings.looks(Kind.EVENT, folder, rows)
            found += [f.observed for _, f in looks.values() if isinstance(f.observed, Present | Private)]
        return tuple(found)

    async def how_they_went(self, links: Collection[Link]) -> dict[str, Went]:
        """Whether vanished occurrences were taken out of their series one by one (D8), or the series was changed or
        deleted (A8). Untold where the series does not say it, or in a zone that no table knows."""
        series = list(dict.fromkeys(link.series_id for link in links))
        parts = await gather(self._graph, [self._requests.cancellations(key) for key in series], self._scope.mailbox)
        told = dict(zip(series, parts, strict=True))
        return {link.outlook_key: _went(link, told[link.series_id]) for link in links}

    async def _folder_ids(self, kind: Kind) -> list[str]:
        """All folders of a kind, the managed ones first."""
        builder, info = self._requests.folders(kind)
        ids: list[str] = list(self._scope.folders.get(kind, ()))
        while True:
            page = (await self._graph.send(info, self._scope.mailbox)).decode(wire.Page[wire.Folder])
            ids += [folder.id for folder in page.value if folder.id not in ids]
            if not page.next_link:
                return ids
            info = builder.with_url(self._graph.own(page.next_link)).to_get_request_information()


def _went(link: Link, part: Part) -> Went:
    if isinstance(part.error, Gone):
        return Went.CHANGED
    if part.error is not None or link.original_start is None:
        return Went.UNTOLD
    try:
        told = cancelled_days(part.decode(wire.Event))
    except UnknownZone:
        return Went.UNTOLD
    if told is None:
        return Went.UNTOLD
    zone, days = told
    return Went.ALONE if link.original_start.astimezone(zone).date() in days else Went.CHANGED


def _span(when: When) -> tuple[datetime, datetime]:
    """The instants to look between; an all-day item's dates are taken in UTC."""
    if when.first is not None and when.last is not None:
        first, last = (datetime.combine(day, time(), UTC) for day in (when.first, when.last))
        return first, last + _DAY
    assert when.start is not None
    assert when.end is not None
    return when.start, when.end
