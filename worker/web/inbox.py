"""What came in by the webhook, on its way into the database: many requests, one commit.

Everything that arrives while a commit is under way is stored by the next one, so the number of commits adapts to the
database's speed and not to the number of notifications. A request is answered only when its marks are committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from worker.bootstrap import Application
from worker.celery_app import RENEW, SWEEP, Sender
from worker.log import logger
from worker.state import dirty, passes

MOST_WAITING = 5_000  # requests; with more than these the database is not keeping up, and Graph is asked to come again
MOST_AT_ONCE = 1_000
MOST_HINTS = 20  # users told to the broker one by one
HINT_PAUSE = 0.1  # seconds; the first hint goes at once


class Full(Exception):
    """Too much is waiting for the database: nothing was taken, come again."""


class NotStored(Exception):
    """The database did not take it: come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one request asks to be stored: marks, subscriptions that ended, those that want renewing, and those whose
    secret is another than it should be."""

    marks: tuple[dirty.Mark, ...]
    gone: frozenset[str] = frozenset()
    due: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


@dataclass(slots=True)
class Inbox:
    """One for a web process; belongs to its event loop. Without a sender the workers find the marks by their sweep."""

    application: Application
    sender: Sender | None
    _waiting: list[tuple[Letter, asyncio.Future[None]]] = field(default_factory=list)
    _hints: dict[int, None] = field(default_factory=dict)
    _renewal: bool = False
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def put(self, letter: Letter) -> None:
        """Store it; returns when it is committed. Raises Full and NotStored."""
        if len(self._waiting) >= MOST_WAITING:
            raise Full
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, stored))
        self._run("store", self._store)
        await stored

    def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One of each at a time; who comes meanwhile is served by the one that runs."""
        running = self._tasks.get(name)
        if running is None or running.done():
            self._tasks[name] = asyncio.create_task(work())

    async def _store(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            letters = [letter for letter, _ in some]
            failed: NotStored | None = NotStored()
            try:
                await asyncio.to_thread(self._commit, letters)
                failed = None
            except SQLAlchemyError as error:
                logger().error("notifications_not_stored", requests=len(letters), error=type(error).__name__)
            finally:
                for _, stored in some:
                    _settle(stored, failed)
            if failed is None:
                self._hint(letters)

    def _commit(self, letters: Iterable[Letter]) -> None:
        now = self.application.clock.now()
        with self.application.store.begin() as tx:
            dirty.mark(tx, [mark for letter in letters for mark in letter.marks])
            for letter in letters:
                for subscription_id in letter.gone:
                    passes.drop_subscription(tx, subscription_id)
                for subscription_id in letter.due:
                    passes.due_subscription(tx, subscription_id, now)
                for subscription_id in letter.doubtful:
                    passes.doubt_subscription(tx, subscription_id)

    def _hint(self, letters: Iterable[Letter]) -> None:
        """After the commit, and without letting anybody wait for the broker: a hint that is lost is found by the sweep."""
        if self.sender is None:
            return
        for letter in letters:
            self._hints.update(dict.fromkeys(mark.user_id for mark in letter.marks))
            self._renewal = self._renewal or bool(letter.gone or letter.due or letter.doubtful)
        self._run("hint", self._send)

    async def _send(self) -> None:
        assert self.sender is not None
        while self._hints or self._renewal:
            user_ids, self._hints = list(self._hints), {}
            renewal, self._renewal = self._renewal, False
            if renewal:
                await asyncio.to_thread(self.sender.once, RENEW)
            # In a flood a worker finds out who waits, and this process goes on receiving.
            if len(user_ids) > MOST_HINTS:
                await asyncio.to_thread(self.sender.once, SWEEP)
            else:
                await asyncio.to_thread(self.sender.passes, user_ids)
            await asyncio.sleep(HINT_PAUSE)


def _settle(stored: asyncio.Future[None], failed: Exception | None) -> None:
    if stored.done():  # whoever asked has gone
        return
    if failed is None:
        stored.set_result(None)
    else:
        stored.set_exception(failed)
