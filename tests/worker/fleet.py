"""A fleet for tests: both emulators, a broker, an application whose time the test tells, users who had their first pass."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulators.x3.client import Soap
from tests.system.servers import Servers
from tests.worker.broker import broker, valkey
from worker import people
from worker.bootstrap import Application
from worker.celery_app import Sender, sender_of
from worker.clock import Clock
from worker.settings import Settings
from worker.state import dirty
from worker.state.users import User

__all__ = ["broker", "valkey"]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Both emulators."""
    running = Servers.start()
    yield running
    running.stop()


def environment(servers: Servers, broker: str, home: Path) -> dict[str, str]:
    return {
        "X3SYNC_DATABASE_URL": f"sqlite:///{home}/x3sync.db",
        "X3SYNC_REDIS_URL": broker,
        "X3SYNC_INSTALLATION_PATH": str(home / "installation"),
        "X3SYNC_TIMEZONE": "Europe/Paris",
        "X3SYNC_GRAPH__BASE_URL": f"{servers.graph}/v1.0",
        "X3SYNC_GRAPH__STATIC_TOKEN": "emulator",
        "X3SYNC_X3__BASE_URL": servers.x3,
        "X3SYNC_X3__POOL": "SYNC",
        "X3SYNC_X3__FOLDER": "SEED",
        "X3SYNC_X3__USER": "x3sync",
        "X3SYNC_X3__PASSWORD": "x3sync",
    }


def settings_of(given: dict[str, str]) -> Settings:
    """The settings of an environment, as `load` builds them."""
    tree: dict[str, Any] = {}
    for name, value in given.items():
        *path, last = name.removeprefix("X3SYNC_").lower().split("__")
        part = tree
        for step in path:
            part = part.setdefault(step, {})
        part[last] = value
    return Settings.model_validate(tree)


@pytest.fixture
def settings(servers: Servers, broker: str, tmp_path: Path) -> Settings:
    servers.control("POST", "reset", {"seed": "empty"})
    return settings_of(environment(servers, broker, tmp_path))


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Application]:
    """An application whose time the test tells."""
    opened = Application.open(settings)
    opened.store.upgrade()
    opened.clock = Told()
    yield opened
    await opened.aclose()


@pytest.fixture
def worker(servers: Servers, broker: str, app: Application, tmp_path: Path) -> Iterator[Sender]:
    """`x3sync worker` as a process; answers how to send it something."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("X3SYNC_")}
    given |= environment(servers, broker, tmp_path)
    command = [sys.executable, "-c", "from worker.cli import main; main()", "worker"]
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(command, env=given, stdout=log, stderr=log)
    try:
        yield sender_of(app.settings)
    finally:
        process.terminate()
        try:
            code = process.wait(30)
        finally:
            process.kill()
    assert code == 0, (tmp_path / "worker.log").read_text()


class Told(Clock):
    """A clock that runs on by what the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        super().__init__(lambda: datetime.now(UTC) + self.ahead)

    def pass_by(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


def clock_of(app: Application) -> Told:
    assert isinstance(app.clock, Told)
    return app.clock


async def enable(app: Application, number: int) -> User:
    """A user who had his first, empty pass."""
    user = await people.add(app, f"REP{number}", f"rep{number}@contoso.example", people.FolderChoice())
    await app.run_pass(user, cause="test", go=True)
    return user


async def new_task(app: Application, subject: str, rep: str = "R001") -> str:
    day = f"{datetime.now(UTC):%Y%m%d}"
    async with httpx.AsyncClient(base_url=app.settings.x3.base_url, auth=("x3sync", "x3sync")) as http:
        answer = await Soap(http).save("ZTSK", TSKREP=rep, FULOBJ=subject, TSKDAT=day)
    return str(answer.fields["TSKNUM"])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def causes(app: Application, user: User) -> list[tuple[str, ...]]:
    with app.store.read() as tx:
        return [mark.causes for mark in dirty.take(tx, user.id)]


def clear(app: Application, user: User) -> None:
    with app.store.begin() as tx:
        dirty.clear(tx, dirty.take(tx, user.id))


async def until(look: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.1)
