"""Tasks: how they are declared and sent, the polls, and a real worker on a real Valkey against both emulators."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from reconcile.actions import Rule
from reconcile.model import Side
from reconcile.port import Stop, TryLater
from tests.system.servers import Servers
from tests.worker.fleet import (
    Told,
    app,
    broker,
    causes,
    clear,
    clock_of,
    enable,
    environment,
    new_task,
    servers,
    settings,
    until,
    valkey,
)
from worker import poll, sides
from worker.bootstrap import Application
from worker.celery_app import FORCE, LONGEST_TASK, PASS, QUEUE, Process, Sender, pause_before, sender_of, task
from worker.desk import mark_dirty
from worker.settings import Settings
from worker.settle import WHOLE
from worker.state import dirty, held, leases, links, passes
from worker.state.held import Held
from worker.state.users import User
from worker.tasks import celery_of, enqueue_pass, force_resync, sweep, sync_user

__all__ = ["app", "broker", "servers", "settings", "valkey"]
NAMES = {
    "x3sync.pass", "x3sync.poll_x3", "x3sync.poll_todo", "x3sync.full_pass", "x3sync.renew_subscriptions",
    "x3sync.force_resync", "x3sync.sweep",
}  # fmt: skip


# --------------------------------------------------------------------------------------------- declaration


def built(settings: Settings) -> Celery:
    return celery_of(settings, Process(settings))


def test_the_tasks_have_their_explicit_names_and_options(settings: Settings) -> None:
    celery = built(settings)
    ours = {name: one for name, one in celery.tasks.items() if name.startswith("x3sync.")}
    assert ours.keys() == NAMES
    for one in ours.values():
        assert one.acks_late
        assert one.reject_on_worker_lost
        assert one.ignore_result
    patience = celery.conf.broker_transport_options["visibility_timeout"]
    assert patience > LONGEST_TASK.total_seconds()
    assert {entry["task"] for entry in celery.conf.beat_schedule.values()} == NAMES - {
        PASS, "x3sync.force_resync", "x3sync.renew_subscriptions",
    }  # fmt: skip


def test_subscriptions_are_renewed_where_graph_can_reach_us(settings: Settings) -> None:
    reachable = settings.model_copy(update={"public_url": "https://x3sync.contoso.example"})
    assert "subscriptions" in built(reachable).conf.beat_schedule


@pytest.mark.parametrize(("name", "seconds"), [("tasks.mine", 60), ("x3sync.x", 0), ("x3sync.x", 7201)])
def test_a_task_without_our_name_or_without_an_end_cannot_be_declared(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match="an explicit name of ours"):
        task(name, seconds=seconds)


def test_the_pause_grows_and_honours_what_a_side_asks_for() -> None:
    assert 2 <= pause_before(0, TryLater("busy")) <= 3
    assert 16 <= pause_before(3, TryLater("busy")) <= 17
    assert 120 <= pause_before(0, TryLater("busy", retry_after=120)) <= 121
    assert pause_before(50, TimeoutError()) <= 301


def test_without_a_broker_nothing_is_built_or_sent(settings: Settings) -> None:
    alone = settings.model_copy(update={"redis_url": type(settings.redis_url)("")})
    with pytest.raises(ValueError, match="X3SYNC_REDIS_URL"):
        built(alone)
    assert not enqueue_pass(1, alone)


def test_one_hint_for_a_user_is_enough(settings: Settings) -> None:
    sender = sender_of(settings)
    assert sender.passes([1, 2, 1]) == 2
    assert sender.passes([1, 2]) == 0
    assert not enqueue_pass(1, settings)
    assert enqueue_pass(3, settings)


def test_a_queue_that_somebody_emptied_keeps_nobody_from_being_asked_for(settings: Settings, broker: str) -> None:
    sender = sender_of(settings)
    assert sender.passes([1, 2]) == 2
    sender.turns.hold(2, 60)  # a retry of his waits in a worker
    with Redis.from_url(broker) as redis:
        redis.delete(QUEUE)  # `celery purge`
    assert sender.passes([1, 2]) == 1
    assert sender.passes([1]) == 0


# -------------------------------------------------------------------------------------------------- polls


async def test_the_x3_poll_marks_whom_a_change_concerns(app: Application) -> None:
    one, two = await enable(app, 1), await enable(app, 2)
    assert await poll.poll_x3(app) == [one.id, two.id]  # the first time everybody
    clear(app, one)
    clear(app, two)
    await new_task(app, "New in X3")
    assert await poll.poll_x3(app) == []  # not due yet
    clock_of(app).pass_by(60)
    assert await poll.poll_x3(app) == [one.id]
    assert causes(app, one) == [("poll",)]
    assert causes(app, two) == []


async def test_what_was_told_is_not_told_again_once_its_stamp_has_settled(app: Application) -> None:
    one = await enable(app, 1)
    await poll.poll_x3(app)
    await new_task(app, "New in X3")
    await asyncio.sleep(3.2)
    clock_of(app).pass_by(200)
    assert await poll.poll_x3(app) == [one.id]
    clock_of(app).pass_by(200)
    assert await poll.poll_x3(app) == []  # the row comes again for ten minutes, and is known


async def test_quiet_sides_are_asked_more_seldom(app: Application) -> None:
    await enable(app, 1)
    await poll.poll_x3(app)
    asked = []
    for _ in range(60):
        clock_of(app).pass_by(15)
        before = app.x3().counters.requests
        await poll.poll_x3(app)
        asked.append(app.x3().counters.requests - before)
    # At 15 s each time it would be 60; at the longest pause, 120 s, it is one of eight.
    assert sum(asked) < 20
    assert sum(asked[-16:]) == 2


async def test_outlook_is_polled_more_often_for_users_at_work_than_for_quiet_ones(app: Application) -> None:
    quiet, busy = await enable(app, 1), await enable(app, 2)
    assert await poll.poll_outlook(app) == [quiet.id, busy.id]
    assert await poll.poll_outlook(app) == []
    asked: dict[int, int] = {quiet.id: 0, busy.id: 0}
    for _ in range(60):
        clock_of(app).pass_by(30)
        poll.was_active(app, busy.id)
        clock_of(app).pass_by(30)
        for user_id in await poll.poll_outlook(app):
            asked[user_id] += 1
    assert asked[busy.id] == 60
    assert 6 <= asked[quiet.id] <= 12  # in an hour; at the longest pause, ten minutes, it is six
    poll.was_active(app, quiet.id)
    clock_of(app).pass_by(600)
    assert quiet.id in await poll.poll_outlook(app)
    clock_of(app).pass_by(60)
    assert quiet.id in await poll.poll_outlook(app)  # he is at work now


async def test_whom_a_person_has_to_release_is_left_alone_until_the_full_pass(app: Application) -> None:
    user = await enable(app, 1)
    with app.store.begin() as tx:
        held.put(tx, user.id, [Held(item=WHOLE, rule=Rule.G7, why="first pass")], app.clock.now())
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now())])
    assert await poll.poll_outlook(app) == []
    assert await poll.left_over(app) == []
    assert await poll.everyone_fully(app) == [user.id]
    assert causes(app, user) == [("full",)]


async def test_a_full_pass_that_was_missed_is_made_up_by_the_sweep(app: Application) -> None:
    """No beat at its hour, or a broker that was emptied then: nobody else would look for what no cursor tells."""
    app.settings = app.settings.model_copy(update={"full_pass_cron": "17 2 * * *"})
    user = await enable(app, 1)
    assert await sweep.run(app) == []
    clock_of(app).pass_by(2 * 86_400)
    assert await sweep.run(app) == [user.id]
    assert causes(app, user) == [("full",)]
    clear(app, user)
    clock_of(app).pass_by(60)
    assert await sweep.run(app) == []


async def test_a_full_pass_sent_by_two_beats_is_one(app: Application) -> None:
    user = await enable(app, 1)
    assert await poll.everyone_fully(app) == [user.id]
    clear(app, user)
    clock_of(app).pass_by(5)
    assert await poll.everyone_fully(app) == []
    clock_of(app).pass_by(60)
    assert await poll.everyone_fully(app) == [user.id]


async def test_the_sweep_finds_who_waits_longest_first_and_nobody_who_is_worked_on(app: Application) -> None:
    people_ = [await enable(app, n) for n in (1, 2, 3)]
    now = app.clock.now()
    with app.store.begin() as tx:
        for age, user in zip((1, 3, 2), people_, strict=True):
            dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now - timedelta(minutes=age), causes=("poll",))])
        leases.acquire(tx, people_[2].id, "somebody", 60, monotonic=0.0)
    assert await poll.left_over(app) == [people_[1].id, people_[0].id]


# --------------------------------------------------------------------------------------------------- passes


async def test_a_pass_answers_marks_that_were_made_meanwhile_by_asking_again(app: Application) -> None:
    user = await enable(app, 1)
    assert await sync_user.run(app, user.id) == ()
    assert await sync_user.run(app, "REP1") == ()
    assert await sync_user.run(app, 4711) == ()


async def test_a_forced_resync_is_a_complete_pass(app: Application) -> None:
    user = await enable(app, 1)
    assert await force_resync.run(app, "REP1", "both") == (user.id,)
    assert await sync_user.run(app, user.id) == ()
    with app.store.read() as tx:
        newest = passes.latest(tx, user.id)[0]
    assert (newest.cause, newest.full) == ("forced", True)
    assert causes(app, user) == []


# --------------------------------------------------------------------------------------------- a real worker


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


async def test_a_worker_carries_out_what_is_marked_and_what_is_busy_waits(
    app: Application, worker: Sender, servers: Servers
) -> None:
    user = await enable(app, 1)

    def runs() -> list[passes.PassRun]:
        with app.store.read() as tx:
            return [run for run in passes.latest(tx, user.id, limit=20) if run.cause != "test"]

    # A mark that nobody spoke of is found by the sweep.
    await new_task(app, "For the worker")
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("notification",))])
    assert worker.send("x3sync.sweep")
    await until(runs)
    assert runs()[0].cause == "notification"
    assert runs()[0].report["writes"] == {"x3": 0, "outlook": 1}
    assert causes(app, user) == []
    # A message delivered twice changes nothing.
    before = servers.writes("graph"), servers.writes("x3")
    worker.send(PASS, user.id)
    worker.send(PASS, user.id)
    await until(lambda: len(runs()) >= 2)
    assert (servers.writes("graph"), servers.writes("x3")) == before
    # Somebody else works on him: the mark stays, and the sweep comes again.
    with app.store.begin() as tx:
        lease = leases.acquire(tx, user.id, "somebody", 60, monotonic=0.0)
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("admin",))])
    assert lease is not None
    worker.send(PASS, user.id)
    await asyncio.sleep(1.5)
    assert causes(app, user) == [("admin",)]
    with app.store.begin() as tx:
        leases.release(tx, lease)
    worker.send("x3sync.sweep")
    await until(lambda: causes(app, user) == [])


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


async def test_a_side_that_is_away_is_tried_again_later(app: Application, worker: Sender, servers: Servers) -> None:
    user = await enable(app, 1)
    await new_task(app, "Later")
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("poll",))])
    servers.fault("status", {"method": "GET"}, status=503, times=3)
    assert worker.passes([user.id]) == 1
    await until(lambda: servers.fired() == 3)
    assert causes(app, user) == [("poll",)]
    await until(lambda: causes(app, user) == [])  # Celery's retry, after two seconds


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


# ------------------------------------------------------------------------------------------- a side that stops


async def test_g5_a_stopped_side_is_tried_once_a_minute_and_everybody_goes_on_afterwards(
    app: Application, servers: Servers
) -> None:
    one, two = await enable(app, 1), await enable(app, 2)
    await poll.poll_x3(app)
    await new_task(app, "Made while nobody was let in")
    servers.control("POST", "faults", {"every": True, "action": "status", "status": 401}, port="x3")
    clock_of(app).pass_by(60)
    with pytest.raises(Stop):
        await poll.poll_x3(app)
    assert list(sides.stopped(app)) == [Side.X3]
    mark_dirty(app, [one, two], "admin")
    assert await sync_user.run(app, one.id) == ()  # tried a moment ago
    assert causes(app, one) == [("poll", "admin")]
    clock_of(app).pass_by(61)
    with pytest.raises(Stop):
        await sync_user.run(app, one.id)
    assert await sync_user.run(app, two.id) == ()
    servers.control("DELETE", "faults", port="x3")
    clock_of(app).pass_by(61)
    await sync_user.run(app, one.id)
    assert sides.stopped(app) == {}
    await sync_user.run(app, two.id)
    assert [causes(app, who) for who in (one, two)] == [[], []]
    with app.store.read() as tx:
        assert [link.state for link in links.of_user(tx, one.id)] == ["linked"]
