"""Work without loss: real worker, beat and web processes on one PostgreSQL and one Valkey, between both emulators."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, web
from redis import Redis

from tests.system.servers import Servers
from tests.worker.fleet import broker, enable, environment, free_port, new_task, servers, settings_of, until, valkey
from worker.bootstrap import Application
from worker.celery_app import SWEEP_SECONDS, Sender, sender_of
from worker.clock import Clock
from worker.state import dirty, passes
from worker.state.users import User

__all__ = ["broker", "servers", "valkey"]
pytestmark = [pytest.mark.parametrize("backend", ["postgresql"], indirect=True), pytest.mark.timeout(600)]
START_SECONDS = 240.0  # many processes that import the SDK, on whatever machine; the tests' own times begin afterwards
NEVER = "36000"  # seconds: what is polled so seldom is not polled during a test
NO_POLLS = {"X3SYNC_POLL__X3_SECONDS": NEVER, "X3SYNC_POLL__TODO_SECONDS": NEVER}
OFTEN = {
    "X3SYNC_POLL__X3_SECONDS": "1",
    "X3SYNC_POLL__X3_LONGEST_SECONDS": "2",
    "X3SYNC_POLL__TODO_SECONDS": "1",
    "X3SYNC_POLL__TODO_LONGEST_SECONDS": "2",
    "X3SYNC_POLL__SUBSCRIPTIONS_SECONDS": "1",
}


class Balancer:
    """One address in front of several web services, which get the requests in turn, as behind a load balancer."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.answered: dict[str, int] = {}

    async def start(self, targets: list[str]) -> None:
        self._session = ClientSession()
        turns = cycle(targets)

        async def forward(request: web.Request) -> web.Response:
            target = next(turns)
            async with self._session.post(f"{target}{request.path_qs}", data=await request.read()) as answer:
                self.answered[target] = self.answered.get(target, 0) + 1
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

        app = web.Application()
        app.router.add_post("/{path:.*}", forward)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()


@dataclass(slots=True)
class Fleet:
    """An installation of processes. `app` is the test's own window into its state."""

    servers: Servers
    environment: dict[str, str]
    home: Path
    app: Application
    balancer: Balancer
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    webs: list[str] = field(default_factory=list)

    def start(self, *roles: str, **more: str) -> None:
        for role in roles:
            given = {k: v for k, v in os.environ.items() if not k.startswith("X3SYNC_")} | self.environment | more
            if role == "web":
                port = free_port()
                given["X3SYNC_CONSOLE__PORT"] = str(port)
                self.webs.append(f"http://127.0.0.1:{port}")
            command = [sys.executable, "-c", "from worker.cli import main; main()", role]
            with (self.home / "processes.log").open("a") as log:
                self.running.append(subprocess.Popen(command, env=given, stdout=log, stderr=log))

    async def ready(self) -> None:
        """The web services answer, and Graph reaches them through the balancer."""
        async with httpx.AsyncClient(trust_env=False) as http:

            async def answers(url: str) -> bool:
                try:
                    return (await http.get(f"{url}/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            for url in self.webs:
                deadline = time.monotonic() + START_SECONDS
                while not await answers(url):
                    assert time.monotonic() < deadline, self.log()
                    await asyncio.sleep(0.1)
        await self.balancer.start(self.webs)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        deadline = time.monotonic() + 60
        for process in self.running:
            try:
                process.wait(max(1.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self) -> str:
        return (self.home / "processes.log").read_text()[-4000:]

    def sender(self) -> Sender:
        return sender_of(self.app.settings)

    def marks(self) -> int:
        with self.app.store.read() as tx:
            return len(dirty.waiting(tx, free_only=False))

    def last_causes(self, users: list[User]) -> set[str]:
        """Why these users had their last passes."""
        with self.app.store.read() as tx:
            return {passes.latest(tx, user.id)[0].cause for user in users}

    def counted(self, port: str) -> dict[str, int]:
        """The writes one side has carried out, by kind."""
        return dict(self.servers.control("GET", "stats", port=port)["writes"])

    def subscribed(self) -> int:
        return int(self.servers.control("GET", "stats")["subscriptions"])

    async def settled(self) -> None:
        """Nothing has been written for three seconds."""
        seen, since = (self.counted("graph"), self.counted("x3")), time.monotonic()
        while time.monotonic() - since < 3:
            await asyncio.sleep(0.3)
            if (now := (self.counted("graph"), self.counted("x3"))) != seen:
                seen, since = now, time.monotonic()

    # ------------------------------------------------------------------------------------- people at work

    def outlook(self, user: User) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.servers.graph}/v1.0/users/{user.address}", headers={"Authorization": "Bearer emulator"}
        )

    async def new_event(self, user: User, subject: str, hour: int = 10) -> None:
        day = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
        when = {
            "start": {"dateTime": f"{day}T{hour:02}:00:00", "timeZone": "UTC"},
            "end": {"dateTime": f"{day}T{hour:02}:30:00", "timeZone": "UTC"},
        }
        async with self.outlook(user) as http:
            (await http.post("/events", json={"subject": subject, **when})).raise_for_status()

    async def titles(self, user: User) -> list[str]:
        """The titles in the user's To Do."""
        async with self.outlook(user) as http:
            lists = (await http.get("/todo/lists")).json()["value"]
            chosen = next(row["id"] for row in lists if row["wellknownListName"] == "defaultList")
            rows = (await http.get(f"/todo/lists/{chosen}/tasks", params={"$top": "500"})).json()["value"]
        return sorted(row["title"] for row in rows)

    def appointments(self) -> list[str]:
        """The subjects of X3's appointments."""
        dumped = self.servers.control("GET", "dump", port="x3")
        return sorted(row["FULOBJ"] for row in dumped["BAPPOINT"])


@pytest.fixture
async def fleet(servers: Servers, broker: str, database_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    servers.control("POST", "reset", {"seed": "empty"})
    balancer = Balancer()
    given = environment(servers, broker, tmp_path) | {
        "X3SYNC_DATABASE_URL": database_url,
        "X3SYNC_PUBLIC_URL": balancer.url,
        "X3SYNC_LOG_FORMAT": "json",
    }
    app = Application.open(settings_of(given))
    one = Fleet(servers, given, tmp_path, app, balancer)
    yield one
    one.stop()
    if one.webs:
        await balancer.stop()
    await app.aclose()


async def filled(fleet: Fleet, users: list[User], count: int, word: str) -> tuple[list[str], dict[int, list[str]]]:
    """So many events in each mailbox and tasks of each representative; the subjects on either side."""
    events = [f"{word} event {user.x3_user} {n}" for user in users for n in range(count)]
    tasks = {user.id: [f"{word} task {user.x3_user} {n}" for n in range(count)] for user in users}
    for user in users:
        made = [fleet.new_event(user, f"{word} event {user.x3_user} {n}", 8 + n) for n in range(count)]
        await asyncio.gather(*made, *(new_task(fleet.app, title, user.representative) for title in tasks[user.id]))
    return sorted(events), tasks


async def test_two_of_everything_on_one_database_write_nothing_twice(fleet: Fleet) -> None:
    users = [await enable(fleet.app, n) for n in (1, 2, 3)]
    fleet.start("web", "web", "beat", "beat", *["worker"] * 4, **OFTEN)
    await fleet.ready()
    await until(lambda: fleet.subscribed() == 6, START_SECONDS)
    await fleet.settled()
    fleet.servers.fault("double_notifications")
    before = fleet.counted("graph"), fleet.counted("x3")
    events, tasks = await filled(fleet, users, 4, "Twice")

    async def arrived() -> bool:
        return fleet.appointments() == events and all([await fleet.titles(u) == sorted(tasks[u.id]) for u in users])

    deadline = time.monotonic() + 120
    while not await arrived():
        assert time.monotonic() < deadline, (fleet.appointments(), fleet.log())
        await asyncio.sleep(0.3)
    await fleet.settled()
    assert await arrived()
    graph, x3 = (
        {name: now.get(name, 0) - then.get(name, 0) for name in now}
        for now, then in zip((fleet.counted("graph"), fleet.counted("x3")), before, strict=True)
    )
    # Twelve events made by people and twelve tasks by the sync; a marker into each event. In X3 the same the other way.
    assert {name: number for name, number in graph.items() if number} == {"POST": 24, "PATCH": 12}
    assert {name: number for name, number in x3.items() if number} == {"save ZTSK": 12, "save ZBAP": 12}
    assert min(fleet.balancer.answered.values()) > 10  # both web services were at work
    assert len(fleet.balancer.answered) == 2


async def test_an_emptied_broker_costs_at_most_two_sweeps(fleet: Fleet, broker: str) -> None:
    users = [await enable(fleet.app, n) for n in (1, 2, 3)]
    fleet.start("worker", "beat", **NO_POLLS, X3SYNC_PUBLIC_URL=fleet.balancer.url)
    with fleet.app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=users[0].id, since=fleet.app.clock.now(), causes=("admin",))])
    await until(lambda: fleet.marks() == 0, START_SECONDS)  # everything runs, and has swept
    tasks = {user.id: [f"Lost {user.x3_user} {n}" for n in range(8)] for user in users}
    now = fleet.app.clock.now()
    for user in users:
        await asyncio.gather(*(new_task(fleet.app, title, user.representative) for title in tasks[user.id]))
    with fleet.app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now, causes=("notification",)) for user in users])
    fleet.sender().passes(user.id for user in users[:2])
    await until(lambda: fleet.counted("graph").get("POST", 0) > 0)
    with Redis.from_url(broker) as redis:
        redis.flushall()
    begun = time.monotonic()

    async def done() -> bool:
        return fleet.marks() == 0 and all([await fleet.titles(user) == sorted(tasks[user.id]) for user in users])

    while not await done():
        assert time.monotonic() - begun < 2 * SWEEP_SECONDS, fleet.log()
        await asyncio.sleep(0.3)
    # The workers still hear: a hint sent now is followed at once.
    await new_task(fleet.app, "Heard again")
    with fleet.app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=users[0].id, since=now, causes=("notification",))])
    assert fleet.sender().passes([users[0].id]) == 1
    await until(lambda: fleet.marks() == 0, 10)


async def test_m7_a_worker_killed_in_the_middle_leaves_nothing_undone_and_nothing_twice(fleet: Fleet) -> None:
    lease = 8.0
    users = [await enable(fleet.app, n) for n in (1, 2)]
    quick = {"X3SYNC_GRAPH__TIMEOUT_SECONDS": "3", "X3SYNC_X3__TIMEOUT_SECONDS": "3", "X3SYNC_LEASE_SECONDS": str(lease)}
    more = {**NO_POLLS, **quick, "X3SYNC_PUBLIC_URL": fleet.balancer.url}
    tasks = {user.id: [f"Killed {user.x3_user} {n}" for n in range(12)] for user in users}
    for user in users:
        await asyncio.gather(*(new_task(fleet.app, title, user.representative) for title in tasks[user.id]))
    now = fleet.app.clock.now()
    with fleet.app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now, causes=("notification",)) for user in users])
    fleet.servers.fault("delay", {"method": "POST", "path": "/tasks"}, seconds=0.5, every=True)
    fleet.start("worker", **more)
    fleet.sender().passes(user.id for user in users)
    await until(lambda: fleet.counted("graph").get("POST", 0) > 3, START_SECONDS)
    fleet.running[0].kill()
    at_its_death = fleet.counted("graph").get("POST", 0)
    assert at_its_death < 24
    fleet.servers.mend()
    fleet.start("worker", "beat", **more)

    async def done() -> bool:
        return fleet.marks() == 0 and all([await fleet.titles(user) == sorted(tasks[user.id]) for user in users])

    begun = time.monotonic()
    while not await done():
        assert time.monotonic() - begun < START_SECONDS, fleet.log()
        await asyncio.sleep(0.3)
    await fleet.settled()
    assert await done()


async def test_an_hour_without_notifications_is_made_up_by_the_full_pass(fleet: Fleet) -> None:
    fleet.environment["X3SYNC_CLOCK_URL"] = fleet.servers.graph
    fleet.app.clock = Clock.following(fleet.servers.graph)
    users = [await enable(fleet.app, n) for n in (1, 2)]
    fleet.start("web", "worker", **NO_POLLS)
    await fleet.ready()
    sender = fleet.sender()
    sender.send("x3sync.renew_subscriptions")
    # Whose subscriptions are new is looked at once, for what happened before.
    await until(lambda: fleet.last_causes(users) == {"notification"} and fleet.marks() == 0, START_SECONDS)
    assert fleet.subscribed() == 4
    fleet.servers.fault("lose_notifications")
    events, tasks = await filled(fleet, users, 3, "Untold")
    fleet.servers.advance(3600)
    await asyncio.sleep(2)
    assert fleet.appointments() == []
    sender.send("x3sync.full_pass")

    async def arrived() -> bool:
        return fleet.appointments() == events and all([await fleet.titles(u) == sorted(tasks[u.id]) for u in users])

    deadline = time.monotonic() + 60
    while not await arrived():
        assert time.monotonic() < deadline, fleet.log()
        await asyncio.sleep(0.3)
    await until(lambda: fleet.last_causes(users) == {"full"})
    # All subscriptions dropped: Graph says so, and they are back by themselves.
    fleet.servers.mend()
    fleet.servers.fault("drop_subscriptions")
    await until(lambda: fleet.subscribed() == 4, 20)
    await until(lambda: fleet.marks() == 0, 20)
    await fleet.new_event(users[0], "Told again", 20)
    await until(lambda: "Told again" in fleet.appointments(), 20)
