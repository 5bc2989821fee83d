"""A pass that waits for Graph's limits, and what becomes of its lease meanwhile (house.md, "State")."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text, update

from reconcile.port import TryLater
from tests.worker.fleet import app, broker, enable, new_task, servers, settings, valkey
from tests.worker.test_poll import titles
from worker import desk
from worker.bootstrap import Application
from worker.limits import PARTS
from worker.report import Report
from worker.state.items import epoch
from worker.state.leases import LeaseLost
from worker.state.tables import LeaseRow
from worker.state.users import User

__all__ = ["app", "broker", "servers", "settings", "valkey"]

LEASE, REQUEST = 6.0, 2.0  # seconds; the lease is renewed every two
Waiting = tuple[User, "asyncio.Task[Report]", Callable[[], Awaitable[None]]]


@pytest.fixture
async def waiting(app: Application) -> Waiting:
    """A pass that has looked and waits to write a new task; and what lets it go on."""
    graph = app.settings.graph.model_copy(update={"timeout_seconds": REQUEST})
    x3 = app.settings.x3.model_copy(update={"timeout_seconds": REQUEST})
    app.settings = app.settings.model_copy(update={"lease_seconds": LEASE, "graph": graph, "x3": x3})
    user = await enable(app, 1)
    await new_task(app, "Somebody else's now")
    redis = app.limits().redis
    assert redis is not None

    async def forget_parts() -> None:
        await redis.delete(*[key async for key in redis.scan_iter("x3sync:*:parts:*")])

    preview = await desk.pass_or_pause(app, user, cause="test", dry_run=True)
    await forget_parts()
    await app.limits().pace(user.mailbox, PARTS - preview.requests["graph"] - preview.requests["graph_parts"])
    return user, asyncio.create_task(desk.pass_or_pause(app, user, cause="test")), forget_parts


async def test_what_waited_for_its_turn_is_not_sent_once_the_lease_is_lost(app: Application, waiting: Waiting) -> None:
    user, running, go_on = waiting
    await asyncio.sleep(4)
    assert not running.done()
    # Another worker has the user: this one stood still for longer than its lease.
    with app.store.begin() as tx:
        tx.execute(update(LeaseRow).values(owner="another", until=epoch() + 60))
    await asyncio.sleep(4)
    await go_on()
    with pytest.raises(LeaseLost):
        await running
    assert titles(app, user) == []


async def test_a_lease_is_asked_for_again_when_the_database_was_away(app: Application, waiting: Waiting) -> None:
    user, running, go_on = waiting

    def rename(old: str, new: str) -> None:
        with app.store.begin() as tx:
            tx.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    await asyncio.sleep(1.2)
    rename("lease", "away")
    await asyncio.sleep(2)  # one renewal fails
    rename("away", "lease")
    await asyncio.sleep(LEASE)
    assert not running.done()
    await go_on()
    await running
    assert titles(app, user) == ["Somebody else's now"]


async def test_a_call_that_waited_for_a_place_in_x3_is_not_made_once_the_lease_is_lost(app: Application) -> None:
    worlds, left = app.worlds(await enable(app, 1)), 1000.0
    worlds.watch.outlives = lambda seconds: seconds < left
    sent = worlds.requests()["x3"]
    async with contextlib.AsyncExitStack() as places:
        for _ in range(app.settings.x3.pool_size):
            await places.enter_async_context(app.limits().x3_call())
        waiting = asyncio.create_task(worlds.x3.acknowledge([1]))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        left = 1.0
    with pytest.raises(TryLater):
        await waiting
    assert worlds.requests()["x3"] == sent
