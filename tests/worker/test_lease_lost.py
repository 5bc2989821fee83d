"""A pass that waited for Graph's limits and lost its lease meanwhile (house.md, "State")."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from tests.worker.fleet import app, broker, enable, new_task, servers, settings, valkey
from tests.worker.test_poll import titles
from worker import desk
from worker.bootstrap import Application
from worker.limits import PARTS
from worker.state.items import epoch
from worker.state.leases import LeaseLost
from worker.state.tables import LeaseRow

__all__ = ["app", "broker", "servers", "settings", "valkey"]


async def forget_parts(redis: Redis) -> None:
    await redis.delete(*[key async for key in redis.scan_iter("x3sync:*:parts:*")])


async def test_what_waited_for_its_turn_is_not_sent_once_the_lease_is_lost(app: Application) -> None:
    app.settings = app.settings.model_copy(
        update={
            "lease_seconds": 6.0,
            "graph": app.settings.graph.model_copy(update={"timeout_seconds": 2.0}),
            "x3": app.settings.x3.model_copy(update={"timeout_seconds": 2.0}),
        }
    )
    user = await enable(app, 1)
    await new_task(app, "Somebody else's now")
    redis = app.limits().redis
    assert redis is not None
    preview = await desk.pass_or_pause(app, user, cause="test", dry_run=True)
    await forget_parts(redis)
    await app.limits().pace(user.mailbox, PARTS - preview.requests["graph"] - preview.requests["graph_parts"])
    running = asyncio.create_task(desk.pass_or_pause(app, user, cause="test"))
    await asyncio.sleep(4)  # it has looked, and waits to write
    assert not running.done()
    # Another worker has the user: this one stood still for longer than its lease.
    with app.store.begin() as tx:
        tx.execute(update(LeaseRow).values(owner="another", until=epoch() + 60))
    await asyncio.sleep(4)
    await forget_parts(redis)
    with pytest.raises(LeaseLost):
        await running
    assert titles(app, user) == []
