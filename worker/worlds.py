"""The two sides of one user as a pass needs them, and what the installation says about them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from reconcile.context import Rules
from reconcile.model import Link, Present, Window
from reconcile.port import Endpoint, TryLater
from worker.directory import Names, Representatives
from worker.forced import ForcedQuestions
from worker.observed import OutlookQuestions, X3Questions


class X3Side(Endpoint, Names, X3Questions, ForcedQuestions, Protocol):
    """X3 as a pass needs it: the port, and questions about names."""

    async def acknowledge(self, numbers: Sequence[int]) -> int:
        """Take queue rows off SYNCDATA (R3)."""
        ...


class Note(Protocol):
    """Something an adapter met that is not fatal but should be said, such as an unknown time zone (A9)."""

    @property
    def key(self) -> str:
        """The item, by its opaque id."""
        ...

    @property
    def message(self) -> str:
        """One sentence without content."""
        ...


class OutlookSide(Endpoint, OutlookQuestions, Protocol):
    """Outlook as a pass needs it: the port, where vanished items went, and what it met on the way."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was met so far, each once."""
        ...


@dataclass(slots=True)
class Watch:
    """Whether there is still time to send: the lease as who works here sees it, for so many seconds. Asked just before a
    request goes out, which may have waited for the mailbox's or X3's limits for minutes since its step began."""

    outlives: Callable[[float], bool] = lambda _seconds: True

    def prove(self, seconds: float) -> None:
        """Raises TryLater when the lease ends before."""
        if not self.outlives(seconds):
            raise TryLater("the lease would end before the answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """The two sides of one user, and what the installation says about them. `zone` is that of X3's wall times.
    `requests` counts what was sent so far: graph, graph_parts, x3. `request_seconds` is the longest time-out of one
    request, `x3_limit` X3's execution limit."""

    x3: X3Side
    outlook: OutlookSide
    as_linked: Callable[[Present, Link], Present]
    representatives: Representatives
    fp: str
    window: Window
    zone: str
    rules: Rules
    requests: Callable[[], Mapping[str, int]]
    links_url: str = ""
    request_seconds: float = 120.0
    x3_limit: timedelta = timedelta(minutes=2)
    watch: Watch = field(default_factory=Watch)


def fingerprint_of(tenant: str, server: str, folder: str) -> str:
    """M2's fp: names tenant, X3 server and X3 folder without telling them."""
    return hashlib.sha256("\n".join((tenant, server, folder)).encode()).hexdigest()[:16]
