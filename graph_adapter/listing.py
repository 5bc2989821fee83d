"""Change streams: a complete listing after a baseline token, then delta (A9, S8, S9).

Delta pages cannot carry extended properties, so a change only says "look at it" with the item's etag; the complete
listing is read plainly, with everything expanded. A removal is never believed, only asked about: an event that left the
token's window is reported exactly like a deleted one (graph.md, 1.4).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from graph_adapter import wire
from graph_adapter.batch import gather
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.mapping import contact
from graph_adapter.mapping.events import series_of
from graph_adapter.reading import Found, Reader, visible
from graph_adapter.requests import Requests
from graph_adapter.scope import MailboxScope
from reconcile.model import Kind
from reconcile.port import CursorExpired, Listing, Moved, Ref, Refused, Sighting, Stream, TryLater

_DAY = timedelta(days=1)
_VIEW = timedelta(days=366)
_PAGES: dict[Kind, Any] = {
    Kind.CONTACT: wire.Page[wire.Contact],
    Kind.TASK: wire.Page[wire.Task],
    Kind.EVENT: wire.Page[wire.Event],
}
Window = tuple[datetime, datetime]


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream goes on. `start` and `end` are the token's own window, `listed` the user's window up to which
    events were listed: what slides in later is listed then, because no change will mention it (A9)."""

    link: str
    start: datetime | None = None
    end: datetime | None = None
    listed_start: datetime | None = None
    listed_end: datetime | None = None

    def encode(self) -> str:
        """The opaque text the state keeps."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises CursorExpired for a text that is none of ours."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise CursorExpired("not a cursor of this version") from error


class Listings:
    """The streams of one mailbox."""

    def __init__(self, graph: Graph, scope: MailboxScope, requests: Requests, reader: Reader) -> None:
        self._graph = graph
        self._scope = scope
        self._requests = requests
        self._reader = reader

    async def changes(self, stream: Stream, cursor: str | None) -> Listing:
        """See `Endpoint.changes`. Raises CursorExpired, also when the token's window no longer covers the user's, and where
        a folder asked by a token does not answer."""
        assert stream.kind is not None
        try:
            if cursor is None:
                return await self._complete(stream.kind, stream.folder)
            return await self._since(stream.kind, stream.folder, Cursor.parse(cursor))
        except (Gone, Refused, Moved) as error:
            if cursor is not None and isinstance(error, Gone):
                # To Do may say of a token what it says of a list. Asked without one, the list tells which it is (S9).
                raise CursorExpired(str(error)) from error
            # A folder that is refused, with whatever words, suspends only itself (S9).
            now = (error.now if isinstance(error, Gone) else None) or self._graph.now
            if now is None:
                raise TryLater("Microsoft Graph sent no Date.") from error
            return Listing(sightings=(), cursor=cursor or "", complete=False, now=now, answered=False)

    # -- complete -------------------------------------------------------------------------------------------

    async def _complete(self, kind: Kind, folder: str) -> Listing:
        window = self._scope.delta_window() if kind is Kind.EVENT else None
        builder = self._requests.listing_builder(kind, folder).delta
        link, now = "", None
        try:
            async for page, at in self._pages(kind, builder, self._requests.delta(kind, folder, window), token=True):
                now, link = now or at, page.delta_link or link
        except CursorExpired as error:
            raise TryLater("The change token was lost while it was being made.") from error
        found = await self.plain(kind, folder, self._user_window(kind))
        return Listing(
            sightings=self._sightings(kind, folder, found),
            cursor=self._cursor(link, window).encode(),
            complete=True,
            now=self._clock(now),
        )

    def _user_window(self, kind: Kind) -> Window | None:
        """A day wider on both sides, because all-day events have no zone; what does not touch the window says so."""
        window = self._scope.window
        return (window.start - _DAY, window.end + _DAY) if kind is Kind.EVENT else None

    async def plain(self, kind: Kind, folder: str, window: Window | None) -> dict[str, tuple[wire.Item, Found]]:
        """Everything in a folder (of events: in the window), with everything expanded."""
        builder = self._requests.listing_builder(kind, folder)
        rows: dict[str, wire.Item] = {}
        async for page, _ in self._pages(kind, builder, self._requests.listing(kind, folder, window)):
            rows.update({item.id: item for item in page.value})
        return await self.looks(kind, folder, rows)

    async def modified(self, folder: str, since: datetime) -> tuple[Sighting, ...]:
        """The single events of a calendar that were changed at `since` or later, whatever their dates (F2). Of series only
        the window is looked at, where their occurrences are listed (A8). Raises Gone."""
        builder = self._requests.items_builder(Kind.EVENT, folder)
        rows: dict[str, wire.Item] = {}
        async for page, _ in self._pages(Kind.EVENT, builder, self._requests.modified(folder, since)):
            singles = (item for item in page.value if isinstance(item, wire.Event) and item.type == "singleInstance")
            rows.update({item.id: item for item in singles})
        return self._sightings(Kind.EVENT, folder, await self.looks(Kind.EVENT, folder, rows))

    async def between(self, folder: str, window: Window) -> tuple[Sighting, ...]:
        """What a calendar shows in a window of its own, a year at a time: Graph refuses a view of many. Raises Gone."""
        found: dict[str, tuple[wire.Item, Found]] = {}
        start, end = window
        while start < end:
            found.update(await self.plain(Kind.EVENT, folder, (start, min(start + _VIEW, end))))
            start += _VIEW
        return self._sightings(Kind.EVENT, folder, found)

    def _sightings(self, kind: Kind, folder: str, found: dict[str, tuple[wire.Item, Found]]) -> tuple[Sighting, ...]:
        return tuple(self._sighting(kind, folder, key, looked) for key, looked in found.items())

    async def looks(self, kind: Kind, folder: str, rows: dict[str, wire.Item]) -> dict[str, tuple[wire.Item, Found]]:
        """The looks of items as listed; series masters are read for the privacy of their occurrences (S3)."""
        events = [item for item in rows.values() if isinstance(item, wire.Event)]
        masters = await self._reader.masters(key for key in map(series_of, events) if key)
        found: dict[str, tuple[wire.Item, Found]] = {}
        for key, item in rows.items():
            match item:
                case wire.Event():
                    found[key] = item, self._reader.event(item, folder, masters)
                case wire.Task():
                    found[key] = item, self._reader.task(item, folder)
                case wire.Contact():
                    found[key] = item, Found(contact(item, self._scope, expanded=True))
                case _:
                    raise AssertionError(kind)
        return found

    def _sighting(self, kind: Kind, folder: str, key: str, looked: tuple[wire.Item, Found]) -> Sighting:
        item, found = looked
        return Sighting(ref=Ref(key=key, kind=kind, folder=folder), version=item.etag, observation=visible(found.observed))

    # -- delta ----------------------------------------------------------------------------------------------

    async def _since(self, kind: Kind, folder: str, cursor: Cursor) -> Listing:
        if kind is Kind.EVENT and (
            cursor.start is None or cursor.end is None or not self._scope.covered_by(cursor.start, cursor.end)
        ):
            raise CursorExpired("the window has moved on")
        builder = self._requests.listing_builder(kind, folder).delta
        first = self._requests.follow(kind, builder, self._graph.root + cursor.link)
        rows: dict[str, wire.Item] = {}
        link, now = "", None
        async for page, at in self._pages(kind, builder, first, token=True):
            now, link = now or at, page.delta_link or link
            rows.update({item.id: item for item in page.value})  # the last word on an item counts
        masters = [row.id for row in rows.values() if isinstance(row, wire.Event) and row.type == "seriesMaster"]
        sightings = {
            key: Sighting(ref=Ref(key=key, kind=kind, folder=folder), version="" if row.removed is not None else row.etag)
            for key, row in rows.items()
            if key not in masters
        }
        for key, looked in (await self._sliding(kind, folder, cursor, masters)).items():
            sightings[key] = self._sighting(kind, folder, key, looked)
        window = (cursor.start, cursor.end) if cursor.start and cursor.end else None
        return Listing(
            sightings=tuple(sightings.values()),
            cursor=self._cursor(link, window).encode(),
            complete=False,
            now=self._clock(now),
        )

    async def _sliding(
        self, kind: Kind, folder: str, cursor: Cursor, masters: list[str]
    ) -> dict[str, tuple[wire.Item, Found]]:
        """What no delta row tells: the occurrences of changed series, and events that the sliding window has reached."""
        found: dict[str, tuple[wire.Item, Found]] = {}
        if kind is not Kind.EVENT:
            return found
        window = self._scope.window
        if cursor.listed_end is not None and cursor.listed_end < window.end:
            found.update(await self.plain(kind, folder, (cursor.listed_end - _DAY, window.end + _DAY)))
        if cursor.listed_start is not None and window.start < cursor.listed_start:
            found.update(await self.plain(kind, folder, (window.start - _DAY, cursor.listed_start + _DAY)))
        found.update(await self.looks(kind, folder, await self._instances(masters)))
        return found

    async def _instances(self, masters: list[str]) -> dict[str, wire.Item]:
        """The occurrences of series within the user's window. A series that has gone meanwhile has none: the pass asks
        for those it knows."""
        window = self._user_window(Kind.EVENT)
        assert window is not None
        rows: dict[str, wire.Item] = {}
        infos = [self._requests.instances(key, window) for key in masters]
        parts = await gather(self._graph, infos, self._scope.mailbox)
        for key, part in zip(masters, parts, strict=True):
            if isinstance(part.error, Gone):
                continue
            page = part.decode(wire.Page[wire.Event])
            rows.update({item.id: item for item in page.value})
            if page.next_link:
                builder = self._requests.instances_builder(key)
                first = self._requests.follow(Kind.EVENT, builder, page.next_link)
                async for further, _ in self._pages(Kind.EVENT, builder, first):
                    rows.update({item.id: item for item in further.value})
        return rows

    # -- both -----------------------------------------------------------------------------------------------

    async def _pages(
        self, kind: Kind, builder: Any, info: Any, *, token: bool = False
    ) -> AsyncIterator[tuple[wire.Page[wire.Item], datetime | None]]:
        """All pages with the server's clock at each. A page may be empty and still go on."""
        followed: set[str] = set()
        while True:
            reply = await self._graph.send(info, self._scope.mailbox, token=token)
            page: wire.Page[wire.Item] = reply.decode(_PAGES[kind])
            yield page, reply.now
            if not page.next_link:
                return
            if page.next_link in followed:
                raise TryLater("Microsoft Graph repeats a page without end.")
            followed.add(page.next_link)
            info = self._requests.follow(kind, builder, page.next_link)

    def _cursor(self, link: str, window: Window | None) -> Cursor:
        if not link:
            raise TryLater("Microsoft Graph ended a change listing without a token.")
        path = self._graph.own(link).removeprefix(self._graph.root)
        if window is None:
            return Cursor(link=path)
        user = self._scope.window
        return Cursor(link=path, start=window[0], end=window[1], listed_start=user.start, listed_end=user.end)

    def _clock(self, now: datetime | None) -> datetime:
        if now is None:
            raise TryLater("Microsoft Graph sent no Date.")
        return now
