"""Outlook's limits per app and mailbox: 4 requests at once, 10,000 in 10 minutes (docs: throttling-limits)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from infra.emulators.clock import Clock
from infra.emulators.graph.errors import GraphError

AT_ONCE = 4
IN_PERIOD = 10_000
PERIOD = 600


class Limiter:
    """Counts requests (and batch parts) of each mailbox. Requests refused count too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[str, int] = {}
        self._seconds: dict[str, deque[list[int]]] = {}
        self._sums: dict[str, int] = {}
        self.peak: dict[str, int] = {}
        self.throttled = 0

    def reset(self) -> None:
        """Forget history and figures; requests now running stay counted."""
        self._seconds.clear()
        self._sums.clear()
        self.peak.clear()
        self.throttled = 0

    def _count(self, mailbox: str) -> None:
        now = int(self._clock.now().timestamp())
        seconds = self._seconds.setdefault(mailbox, deque())
        while seconds and (seconds[0][0] <= now - PERIOD or seconds[0][0] > now):
            self._sums[mailbox] -= seconds.popleft()[1]
        if seconds and seconds[-1][0] == now:
            seconds[-1][1] += 1
        else:
            seconds.append([now, 1])
        self._sums[mailbox] = self._sums.get(mailbox, 0) + 1

    def _refuse(self, limit: str, wait: int) -> GraphError:
        self.throttled += 1
        return GraphError(
            429,
            "ApplicationThrottled",
            f"Application is over its {limit} limit.",
            headers={"Retry-After": str(max(1, wait))},
        )

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        """Room for one request; raises GraphError 429 with Retry-After when there is none."""
        self._count(mailbox)
        running = self._running.get(mailbox, 0) + 1
        self.peak[mailbox] = max(self.peak.get(mailbox, 0), running)
        if running > AT_ONCE:
            raise self._refuse("MailboxConcurrency", 1)
        if self._sums[mailbox] > IN_PERIOD:
            oldest = self._seconds[mailbox][0][0]
            raise self._refuse("MailboxRequestRate", oldest + PERIOD - int(self._clock.now().timestamp()))
        self._running[mailbox] = running
        try:
            yield
        finally:
            self._running[mailbox] -= 1
