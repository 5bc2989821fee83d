"""Messages are hints: late, lost, held back, or too many of them; what a worker makes of each."""

from __future__ import annotations

import asyncio

from redis import Redis
from sqlalchemy import text

from tests.system.servers import Servers
from tests.worker.fleet import (
    Told,
    app,
    broker,
    causes,
    enable,
    servers,
    settings,
    until,
    valkey,
    worker,
)
from worker.bootstrap import Application
from worker.celery_app import FORCE, PASS, QUEUE, Process, Sender, sender_of
from worker.desk import mark_dirty
from worker.settings import Settings
from worker.state import passes
from worker.state.users import User
from worker.tasks import celery_of

__all__ = ["app", "broker", "servers", "settings", "valkey", "worker"]


def test_a_queue_that_somebody_emptied_keeps_nobody_from_being_asked_for(settings: Settings, broker: str) -> None:
    sender = sender_of(settings)
    assert sender.passes([1, 2]) == 2
    sender.turns.hold(2, 60)  # a retry of his waits in a worker
    with Redis.from_url(broker) as redis:
        redis.delete(QUEUE)  # `celery purge`
    assert sender.passes([1, 2]) == 1
    assert sender.passes([1]) == 0


async def test_hints_that_come_after_the_pass_that_answered_them_are_no_passes(app: Application, worker: Sender) -> None:
    one, two = await enable(app, 1), await enable(app, 2)

    def runs(user: User) -> int:
        with app.store.read() as tx:
            return len([run for run in passes.latest(tx, user.id, limit=20) if run.cause != "test"])

    mark_dirty(app, [one], "notification")
    assert worker.passes([one.id]) == 1
    await until(lambda: causes(app, one) == [])
    for _ in range(3):  # sent while the first waited in a queue that was longer than a turn lasts
        assert worker.passes([one.id]) == 1
        await until(lambda: not worker.turns.redis.exists(worker.turns._key(one.id)))
    mark_dirty(app, [two], "notification")
    assert worker.passes([two.id]) == 1
    await until(lambda: causes(app, two) == [])
    assert (runs(one), runs(two)) == (1, 1)
    # Who names a user by hand gets his pass.
    worker.send(PASS, one.id)
    await until(lambda: runs(one) == 2)


async def test_what_an_administrator_asked_for_outlives_a_database_that_is_away(app: Application, worker: Sender) -> None:
    user = await enable(app, 1)
    with app.store.begin() as tx:
        tx.execute(text("ALTER TABLE dirty RENAME TO away"))
    worker.send(FORCE, "REP1", "both")
    await until(lambda: not worker.turns.redis.llen(QUEUE))
    await asyncio.sleep(1.5)  # tried in vain
    with app.store.begin() as tx:
        tx.execute(text("ALTER TABLE away RENAME TO dirty"))

    def last() -> str:
        with app.store.read() as tx:
            return passes.latest(tx, user.id)[0].cause

    await until(lambda: last() == "forced")


async def test_a_slow_x3_is_polled_by_one_at_a_time(app: Application, servers: Servers) -> None:
    """Two beats, or one whose last poll is not back yet: the pool's places are there for the passes."""
    await enable(app, 1)
    servers.fault("delay", {"operation": "run"}, port="x3", seconds=1.0, every=True)
    process = Process(app.settings)
    poll_task = celery_of(app.settings, process).tasks["x3sync.poll_x3"]

    def calls() -> int:
        return int(servers.control("GET", "stats", port="x3")["requests"]["total"])

    before = calls()
    await asyncio.gather(*(asyncio.to_thread(poll_task.apply) for _ in range(3)))
    assert calls() == before + 1
    clock = process.application().clock = Told()
    clock.pass_by(60)
    await asyncio.to_thread(poll_task.apply)  # the first one has made room
    assert calls() == before + 2
    await asyncio.to_thread(process.close)


async def test_a_clocks_task_comes_again_only_after_the_pause_a_side_asks_for(app: Application, servers: Servers) -> None:
    await enable(app, 1)
    servers.fault("status", {"operation": "run"}, port="x3", status=429, retry_after=600, every=True)
    process = Process(app.settings)
    poll_task = celery_of(app.settings, process).tasks["x3sync.poll_x3"]
    for _ in range(3):  # as beat sends it
        await asyncio.to_thread(poll_task.apply)
    await asyncio.to_thread(process.close)
    assert sum(rule["fired"] for rule in servers.control("GET", "faults", port="x3")["faults"]) == 1


async def test_a_pause_longer_than_the_brokers_patience_is_waited_for_outside_of_it(
    app: Application, worker: Sender, servers: Servers
) -> None:
    user, held_for = await enable(app, 1), worker.turns._held
    mark_dirty(app, [user], "poll")
    servers.fault("status", {"method": "GET"}, status=429, retry_after=5 * 3600, every=True)
    assert worker.passes([user.id]) == 1
    await until(lambda: worker.turns.redis.exists(held_for(user.id)))
    await asyncio.sleep(0.5)
    assert worker.turns.redis.hlen("unacked") == 0  # a message that waits so long would be delivered again and again
    assert 4 * 3600 < worker.turns.redis.ttl(held_for(user.id)) <= 5 * 3600 + 1
    assert worker.passes([user.id]) == 0  # nor does the sweep ask for him
    assert causes(app, user) == [("poll",)]
