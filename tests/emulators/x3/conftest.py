"""One X3 emulator per test, on a port of its own, spoken to over HTTP."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from infra.emulators.clock import Clock
from infra.emulators.control import ControlPlane
from infra.emulators.faults import FaultBook
from infra.emulators.seed import build
from infra.emulators.x3.app import SERVICE, Options, make_app

from .client import Soap

NOW = datetime(2026, 3, 11, 9, 30, 15, tzinfo=UTC)


class Server:
    """A running emulator with the clock and the fault book it shares with its control routes."""

    def __init__(self, seed: str, options: Options) -> None:
        self.clock, self.faults = Clock(), FaultBook()
        self.clock.set(NOW)
        app = make_app(self.clock, self.faults, build(seed, NOW), options)
        ControlPlane(self.clock, self.faults, seed).mount(app, "x3", app[SERVICE])
        self.runner = web.AppRunner(app)
        self.http = httpx.AsyncClient()

    async def start(self) -> Soap:
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        port = self.runner.addresses[0][1]
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=("x3sync", "x3sync"), timeout=10)
        return Soap(self.http)

    async def stop(self) -> None:
        await self.http.aclose()
        await self.runner.cleanup()


Starter = Callable[..., Server]


@pytest.fixture
async def starter() -> AsyncIterator[Starter]:
    """Starts servers with options of the test's choice and stops them all."""
    started: list[Server] = []

    def make(seed: str = "empty", latency_ms: float = 0, state_dir: Path | None = None) -> Server:
        server = Server(seed, Options(latency_ms=latency_ms, state_dir=state_dir))
        started.append(server)
        return server

    yield make
    for server in started:
        await server.stop()


@pytest.fixture
def server(starter: Starter) -> Server:
    return starter()


@pytest.fixture
async def x3(server: Server) -> Soap:
    return await server.start()


@pytest.fixture
async def demo(starter: Starter) -> Soap:
    return await starter("demo").start()
