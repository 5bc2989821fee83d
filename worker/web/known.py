"""The subscriptions a web process knows, so that a notification costs no query.

"Unknown" and "wrong" are said only by what was read after the question came in: a subscription may have been made by a
worker a moment ago. The whole table is read for it, at most once a second whatever arrives, and by one for all who ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from worker import subscribe
from worker.bootstrap import Application
from worker.log import logger
from worker.state import passes

SHORTEST_SECONDS = 1.0  # between two readings
LONGEST_SECONDS = 60.0
_MEND = "Give the workers and the web service the same INSTALLATION and CONSOLE__SESSION_KEY, and restart them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Whose a subscription is, and the secret its notifications repeat. `agreed`: the worker that stored it expects the
    same secret as this process."""

    user_id: int
    client_state: str
    agreed: bool


@dataclass(slots=True)
class Subscriptions:
    """Belongs to one event loop."""

    application: Application
    _rows: Mapping[str, Known] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _reading: asyncio.Task[None] | None = None
    _next: asyncio.Task[None] | None = None
    _said: bool = False

    async def fresh(self) -> Mapping[str, Known]:
        """The subscriptions as they were about a minute ago; nobody waits for the reading that keeps them so. Raises
        SQLAlchemyError when they were never read."""
        age = self.application.clock.monotonic() - self._read_at
        if age == float("inf"):
            # Whatever was read since this process began will do.
            return await self.anew() if self._reading is None else await self._read_by(self._reading)
        if age > LONGEST_SECONDS:
            self._asked()
        return self._rows

    async def anew(self) -> Mapping[str, Known]:
        """The subscriptions, read after this call. Raises SQLAlchemyError."""
        return await self._read_by(self._asked())

    async def _read_by(self, reading: asyncio.Task[None]) -> Mapping[str, Known]:
        await asyncio.shield(reading)
        return self._rows

    def _asked(self) -> asyncio.Task[None]:
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._reading))
            # A reading that failed and that nobody waited for is made up for by the next one.
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._next

    async def _after(self, running: asyncio.Task[None] | None) -> None:
        """Wait for the reading that is under way and for the pause after it, then read. Who asks from then on is too late
        for this one."""
        if running is not None and not running.done():
            await asyncio.wait([running])
        pause = self._read_at + SHORTEST_SECONDS - self.application.clock.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        self._reading, self._next = self._next, None
        try:
            self._rows = await asyncio.to_thread(self._read)
            self._read_at = self.application.clock.monotonic()
        finally:
            self._reading = None

    def _read(self) -> Mapping[str, Known]:
        settings = self.application.settings
        key = subscribe.key_of(settings)
        with self.application.store.read() as tx:
            rows = passes.subscriptions(tx)
        known: dict[str, Known] = {}
        for row in rows:
            secret = subscribe.client_state(key, settings.public_url, row.resource)
            agreed = row.client_state == subscribe.digest(secret)
            known[row.id] = Known(user_id=row.user_id, client_state=secret, agreed=agreed)
        self._tell(sum(1 for row in rows if row.client_state and not known[row.id].agreed))
        return known

    def _tell(self, strange: int) -> None:
        """Notifications of these are refused. It is said once, because it lasts until somebody mends it."""
        if strange and not self._said:
            logger().error("webhook_with_other_key", subscriptions=strange, mend=_MEND)
        self._said = bool(strange)
