"""The X3 emulator as its own process, over HTTP, and what a test does behind the adapter's back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from reconcile.model import ItemType, Window
from reconcile.port import Stream
from tests.emulators.conftest import running
from x3_adapter import X3, Crm, CrmScope, X3Connection
from x3_adapter.soap import Limiter

ZONE = "Europe/Paris"
STREAM = Stream(kind=None, folder="")


def window() -> Window:
    """Two years around today, so that a test's dates are in it."""
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=365), today + timedelta(days=365)

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    return Window(first=first, last=last, start=midnight(first), end=midnight(last + timedelta(days=1)))


@dataclass
class Lab:
    """The emulator's control plane, and connections that are closed at the end of the test."""

    base_url: str
    control: httpx.Client
    opened: list[X3] = field(default_factory=list)

    def connect(self, **changes: Any) -> X3:
        """A connection; `read_only`, `clock`, `limit` go to connect, the rest into X3Connection."""
        how = {name: changes.pop(name) for name in ("read_only", "clock", "limit") if name in changes}
        settings: dict[str, Any] = {"base_url": self.base_url, "pool": "SYNC", "user": "x3sync", "password": "x3sync"}
        x3 = X3.connect(X3Connection(**(settings | changes)), **how)
        self.opened.append(x3)
        return x3

    def crm(self, x3: X3, number: int = 1, **changes: Any) -> Crm:
        """The endpoint of REP1, REP2 or REP3."""
        scope: dict[str, Any] = {"user": f"REP{number}", "representative": f"R00{number}", "zone": ZONE, "window": window()}
        return Crm(x3, CrmScope(**(scope | changes)))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A control call."""
        answer = self.control.post(f"/_emulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def fault(self, action: str, operation: str = "", obj: str = "", **more: Any) -> None:
        """Ask for a fault."""
        match = {name: value for name, value in (("operation", operation), ("object", obj)) if value}
        self.post("faults", match=match, action=action, **more)

    def before(self, number: int, **action: Any) -> Limiter:
        """A limiter that lets someone else act in X3 just before the connection's n-th request."""
        calls = count(1)

        @asynccontextmanager
        async def limit() -> AsyncIterator[None]:
            if next(calls) == number:
                self.post("user-actions", **action)
            yield

        return limit

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        return list(self.control.get("/_emulator/dump").json()[name])

    def rows(self, item_type: ItemType) -> list[dict[str, Any]]:
        """The records of a type."""
        names = {"TSK": "TASK", "CLL": "PHONECALL", "BAP": "BAPPOINT", "COR": "CORRESPOND"}
        return self.table(names[item_type.code])

    def requests(self) -> int:
        """How many SOAP calls were made."""
        return int(self.control.get("/_emulator/stats").json()["requests"]["total"])


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The X3 emulator's address."""
    with running() as emulators:
        yield emulators.x3


@pytest.fixture
async def lab(emulator: str) -> AsyncIterator[Lab]:
    """A freshly seeded folder."""
    with httpx.Client(base_url=emulator) as control:
        made = Lab(emulator, control)
        made.post("reset", seed="empty")
        yield made
        for x3 in made.opened:
            await x3.aclose()


@pytest.fixture
def x3(lab: Lab) -> X3:
    """A connection to the fresh folder."""
    return lab.connect()


@pytest.fixture
def crm(lab: Lab, x3: X3) -> Crm:
    """REP1's endpoint."""
    return lab.crm(x3)
