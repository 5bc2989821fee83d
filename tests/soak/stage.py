"""The stage of all histories: both emulators, one database and one Application, set anew for each."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from tests.soak.database import Database
from tests.system.outlook import Outlook
from tests.system.product import environment
from tests.system.servers import Servers
from tests.system.world import NOW, mailbox
from tests.system.x3 import X3
from tests.worker.fleet import free_port, settings_of
from worker import desk, log, people
from worker.bootstrap import Application
from worker.clock import Clock
from worker.settings.tree import LogFormat
from worker.state import dirty, users
from worker.state.store import Store
from worker.state.users import User, UserState

T = TypeVar("T")
USERS = (1, 2, 3)
LOOSE_BRAKES = {"X3SYNC_GUARDS__DELETIONS_LEAST": "1000", "X3SYNC_GUARDS__CREATIONS_MOST": "1000"}


class Told(Clock):
    """The emulated time plus this machine's error, without asking for it at each look."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        super().__init__(lambda: datetime.now(UTC) + self.ahead)


def code(number: int) -> str:
    """REP1, REP2, REP3."""
    return f"REP{number}"


def representative(number: int) -> str:
    """R001, R002, R003."""
    return f"R00{number}"


@dataclass(slots=True)
class Stage:
    """What histories play on. `said` is everything the product logged in this history, wherever it ran."""

    servers: Servers
    home: Path
    database: Database
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    clock: Told = field(default_factory=Told)
    said: io.StringIO = field(default_factory=io.StringIO)
    settings: dict[str, str] = field(default_factory=dict)
    web: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")  # where Graph finds us, if somebody listens
    boxes: dict[int, Outlook] = field(default_factory=dict)
    _app: Application | None = None

    def __post_init__(self) -> None:
        self.boxes = {number: Outlook(self.servers, mailbox(number)) for number in USERS}
        self.sage = X3(self.servers)
        log.configure(LogFormat.JSON, "INFO", self.said)

    sage: X3 = field(init=False)

    @property
    def app(self) -> Application:
        """The parts of this process."""
        assert self._app is not None
        return self._app

    def begin(self, numbers: tuple[int, ...], more: dict[str, str], *, error: timedelta = timedelta()) -> None:
        """Both sides empty, and these users enabled, who had their first pass. `more` are settings of this history, `error`
        this machine's clock's. A reset emulator gives out the same ids again, so enabling is done once."""
        like = f"with{len(numbers)}"
        if not self.database.kept(like):
            self._reset(more)
            for number in numbers:
                self.enable(number)
            with self.app.store.begin() as tx:
                for user in desk.everyone(self.app):
                    # To a server that begins anew, what its tokens count would be the wrong changes.
                    dirty.forget_cursors(tx, user.id)
            self.app.store.close()
            self.database.keep(like)
        self._reset(more, like=like, error=error)

    def _reset(self, more: dict[str, str], *, like: str = "", error: timedelta = timedelta()) -> None:
        self.servers.reset(NOW)
        self.clock.ahead = self.servers.now() - datetime.now(UTC) + error
        self.said.seek(0)
        self.said.truncate()
        kept = self._app
        if kept is not None:
            kept.store.close()
        address = self.database.fresh(like)
        web = {"X3SYNC_PUBLIC_URL": self.web, "X3SYNC_CONSOLE__PORT": self.web.rpartition(":")[2]}
        self.settings = environment(self.servers, self.home, address) | {"X3SYNC_INSTALLATION": "soak"} | web | more
        # Connections and compiled statements outlive a history, as they do in a worker; what remembers is made anew.
        store = kept.store if kept is not None else Store.open(address)
        self._app = Application(settings=settings_of(self.settings), store=store, clock=self.clock)
        if kept is not None:
            # But not what was counted of each mailbox's ten minutes: in the new world nobody has asked anything yet.
            self._app._graph, self._app._x3 = kept._graph, kept._x3

    def enable(self, number: int) -> User:
        """A user who had his first, empty pass."""
        user = self.wait(people.add(self.app, code(number), mailbox(number), people.FolderChoice()))
        self.wait(desk.pass_or_pause(self.app, user, cause="cli", go=True))
        return user

    def resume(self, numbers: Iterable[int]) -> None:
        """A person lets paused users go on (G5)."""
        for number in numbers:
            user = desk.find_user(self.app, code(number))
            if user.state is UserState.PAUSED:
                with self.app.store.begin() as tx:
                    users.resume(tx, user.id)

    def wait(self, work: Awaitable[T]) -> T:
        """Carry a coroutine through on the stage's loop."""

        async def awaited() -> T:
            return await work

        return self.loop.run_until_complete(awaited())

    def advance(self, seconds: float) -> None:
        """Let emulated time pass, on every clock."""
        self.servers.advance(seconds)
        self.clock.ahead += timedelta(seconds=seconds)

    def close(self) -> None:
        """Close what this process opened; the servers are their starter's."""
        if self._app is not None:
            self.wait(self._app.aclose())
        self.loop.close()
        structlog.reset_defaults()
