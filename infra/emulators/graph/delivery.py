"""How Graph delivers notifications: again with ever longer pauses, and not so well to whoever answers slowly.

Docs: concepts/change-notifications-delivery-webhooks. More than a tenth of slow answers within ten minutes: new
notifications come ten seconds late. More than 15 %: they are dropped, for up to ten minutes, and nobody gets them back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from infra.emulators.clock import Clock
from infra.emulators.graph.render import encode
from infra.emulators.graph.switches import Switches

WINDOW = timedelta(minutes=10)
GIVE_UP = timedelta(hours=4)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 600.0
SLOW_SHARE, DROP_SHARE = 0.10, 0.15


@dataclass(slots=True)
class Receiver:
    """What is remembered of one receiving host: when it answered, and whether slowly; until when it gets nothing."""

    answers: deque[tuple[datetime, bool]] = field(default_factory=deque)
    dropped_until: datetime | None = None

    def note(self, now: datetime, slow: bool) -> None:
        self.answers.append((now, slow))

    def state(self, now: datetime, least: int) -> str:
        """`ok`, `slow` or `drop` at this moment."""
        if self.dropped_until is not None:
            if now < self.dropped_until:
                return "drop"
            self.dropped_until = None
            self.answers.clear()
        while self.answers and self.answers[0][0] <= now - WINDOW:
            self.answers.popleft()
        if len(self.answers) < least:
            return "ok"
        share = sum(slow for _, slow in self.answers) / len(self.answers)
        if share > DROP_SHARE:
            self.dropped_until = now + WINDOW
            return "drop"
        return "slow" if share > SLOW_SHARE else "ok"


class Delivery:
    """Sends notifications in the background and counts what became of them."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        self.sent = self.failed = self.dropped = self.retried = 0
        self.receivers: dict[str, Receiver] = {}
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()

    def reset(self) -> None:
        """Nothing is on its way any more, and nothing remembered."""
        self.sent = self.failed = self.dropped = self.retried = 0
        self.receivers.clear()
        for task in list(self._running):
            task.cancel()

    def stats(self) -> dict[str, Any]:
        """For `GET stats`."""
        now, least = self.clock.now(), self.switches["webhook_least_answers"]
        return {
            "sent": self.sent,
            "failed": self.failed,
            "dropped": self.dropped,
            "retried": self.retried,
            "receivers": {host: one.state(now, least) for host, one in self.receivers.items()},
        }

    def http(self) -> aiohttp.ClientSession:
        """The client, made on first use."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))
        return self._session

    def start(self, url: str, notice: dict[str, Any], late: float = 0.0) -> None:
        """Deliver one notification, `late` seconds after the usual time."""
        task = asyncio.get_running_loop().create_task(self._deliver(url, notice, late))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, url: str, notice: dict[str, Any], late: float) -> None:
        receiver = self.receivers.setdefault(urlsplit(url).netloc, Receiver())
        state = receiver.state(self.clock.now(), self.switches["webhook_least_answers"])
        if state == "drop":
            self.dropped += 1
            return
        slow = self.switches["webhook_delay_ms"] if state == "slow" else 0
        await asyncio.sleep((self.switches["notification_delay_ms"] + slow) / 1000 + late)
        data, begun, pause = encode({"value": [notice]}), self.clock.now(), FIRST_PAUSE
        while not await self._post(url, data, receiver):
            if self.clock.now() - begun >= GIVE_UP:
                self.failed += 1
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self.retried += 1
        self.sent += 1

    async def _post(self, url: str, data: bytes, receiver: Receiver) -> bool:
        patience, begun = self.switches["webhook_timeout_ms"] / 1000, time.monotonic()
        status = 0
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.http().post(
                url,
                data=data,
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=aiohttp.ClientTimeout(total=patience),
            ) as answer:
                status = answer.status
        receiver.note(self.clock.now(), time.monotonic() - begun >= patience)
        return 200 <= status < 300

    async def close(self) -> None:
        """Stop deliveries."""
        for task in list(self._running):
            task.cancel()
        if self._session is not None:
            await self._session.close()
            self._session = None
