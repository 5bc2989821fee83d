"""One mailbox as a side of a pass: `reconcile.port.Endpoint` over Microsoft Graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from graph_adapter.client import Graph
from graph_adapter.errors import Duplicate, Gone
from graph_adapter.listing import Listings
from graph_adapter.reading import Note, Reader, kind_of
from graph_adapter.requests import Requests
from graph_adapter.scope import MailboxScope
from graph_adapter.searching import Searcher
from graph_adapter.writing import Writer
from reconcile.actions import Assign, Create, Delete, Identify, Join, Mark, Step, Unassign, Update, Withdraw
from reconcile.model import Absent, ItemType, Kind, Link, Marker, Observation, Present, Private, Side, Went
from reconcile.port import Limits, Listing, Moved, Ref, Sighting, Stream

__all__ = ["LIMITS", "Mailbox", "MailboxScope", "Note"]

# Known limits of Graph's texts (C6). A title or subject above 255 characters is refused with 400.
LIMITS: Limits = {
    (ItemType.TASK, "subject"): 255,
    (ItemType.APPOINTMENT, "subject"): 255,
    (ItemType.CALL, "subject"): 255,
    (ItemType.APPOINTMENT, "place"): 255,
}


class Mailbox:
    """The Outlook side of one user, for one pass. Raises the five errors of the port."""

    def __init__(self, graph: Graph, scope: MailboxScope) -> None:
        self.scope = scope
        requests = Requests(graph, scope)
        self._reader = Reader(graph, scope, requests)
        self._listings = Listings(graph, scope, requests, self._reader)
        self._searcher = Searcher(graph, scope, requests, self._reader, self._listings)
        self._writer = Writer(graph, scope, requests, self._reader, self._searcher)

    @property
    def side(self) -> Side:
        """Outlook."""
        return Side.OUTLOOK

    @property
    def limits(self) -> Limits:
        """Known limits of texts (C6)."""
        return LIMITS

    @property
    def notes(self) -> tuple[Note, ...]:
        """Why items stayed Unread in this pass, such as an unknown time zone (A9); no content."""
        return tuple(self._reader.notes)

    async def changes(self, stream: Stream, cursor: str | None) -> Listing:
        """See `Endpoint.changes`. Without a cursor everything in the folder (of events: in the window), with looks; with
        one, etags of what changed, plus the looks of occurrences of changed series and of events that the window reached.
        """
        return await self._listings.changes(stream, cursor)

    async def read(self, refs: Sequence[Ref], *, seek: Mapping[Ref, Marker] | None = None) -> Mapping[Ref, Observation]:
        """See `Endpoint.read`. Tasks in `seek` that left their list are looked for by marker in every list (S8); one
        found elsewhere is Present with its new key."""
        found: dict[Ref, Observation] = {ref: f.observed for ref, f in (await self._reader.read(refs)).items()}
        missing = {
            ref: marker
            for ref, marker in (seek or {}).items()
            if kind_of(ref) is Kind.TASK and isinstance(found.get(ref), Absent)
        }
        elsewhere = await self._searcher.seek(set(missing.values()))
        found.update({ref: elsewhere[marker] for ref, marker in missing.items() if marker in elsewhere})
        return found

    async def apply(self, step: Step) -> Present | None:
        """See `Endpoint.apply`."""
        try:
            match step:
                case Create():
                    return await self._writer.create(step)
                case Update():
                    return await self._writer.update(step)
                case Mark():
                    return await self._writer.mark(step)
                case Delete():
                    await self._writer.delete(step)
                    return None
                case Unassign() | Assign() | Identify() | Withdraw() | Join():
                    raise TypeError(f"{type(step).__name__} is a step of X3's side")
        except (Gone, Duplicate) as error:
            raise Moved("The item is no longer there.") from error

    async def find(self, step: Create) -> Present | Private | None:
        """See `Endpoint.find`."""
        try:
            return await self._searcher.find(step)
        except Gone:
            return None

    async def find_ical(self, uid: str) -> tuple[Present | Private, ...]:
        """The events with this iCalUId in any calendar of the mailbox: where a vanished event went (S8)."""
        return await self._searcher.find_ical(uid)

    async def how_they_went(self, links: Sequence[Link]) -> dict[str, Went]:
        """How vanished occurrences went, by their ids, as their series tell it (A8, D8)."""
        return await self._searcher.how_they_went(links)

    async def seek(self, markers: Collection[Marker]) -> Mapping[Marker, Present | Private]:
        """Tasks by their markers in all lists of the mailbox (S8)."""
        return await self._searcher.seek(markers)

    async def modified(self, folder: str, since: datetime) -> tuple[Sighting, ...]:
        """The single events of a managed calendar that were changed at `since` or later, whatever their dates (F2). A
        calendar that does not answer shows none (S9)."""
        try:
            return await self._listings.modified(folder, since)
        except Gone:
            return ()

    async def between(self, folder: str, start: datetime, end: datetime) -> tuple[Sighting, ...]:
        """The events of a managed calendar that touch [start, end), series as their occurrences. A calendar that does not
        answer shows none (S9)."""
        try:
            return await self._listings.between(folder, (start, end))
        except Gone:
            return ()
