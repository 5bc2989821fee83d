"""At most four requests in flight for one mailbox: Exchange's own limit for an application (graph.md, 4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

PLACES = 4


class Lane:
    """The four places of one mailbox. Waiters are served in order of arrival, so that a batch, which needs all four, is
    not overtaken for ever by single requests."""

    def __init__(self) -> None:
        self._entry = asyncio.Lock()
        self._places = asyncio.Semaphore(PLACES)

    @asynccontextmanager
    async def hold(self, places: int) -> AsyncIterator[None]:
        """Hold 1 to 4 places for the time of the block."""
        taken = 0
        try:
            async with self._entry:
                while taken < min(places, PLACES):
                    await self._places.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._places.release()


class Lanes:
    """The lanes of all mailboxes of a process; one is forgotten when nobody holds it."""

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()

    def of(self, mailbox: str) -> Lane:
        """The lane of a mailbox."""
        lane = self._lanes.get(mailbox)
        if lane is None:
            lane = self._lanes[mailbox] = Lane()
        return lane
