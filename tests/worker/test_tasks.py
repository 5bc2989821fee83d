"""Tasks: how they are declared and sent, the polls, and a real worker on a real Valkey against both emulators."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from celery import Celery

from reconcile.actions import Rule
from reconcile.model import Side
from reconcile.port import Stop, TryLater
from tests.system.servers import Servers
from tests.worker.fleet import (
    app,
    broker,
    causes,
    clear,
    clock_of,
    enable,
    new_task,
    servers,
    settings,
    until,
    valkey,
    worker,
)
from worker import poll, sides
from worker.bootstrap import Application
from worker.celery_app import LONGEST_TASK, PASS, Process, Sender, pause_before, sender_of, task
from worker.desk import mark_dirty
from worker.settings import Settings
from worker.settle import WHOLE
from worker.state import dirty, held, leases, links, passes
from worker.state.held import Held
from worker.sync import Busy
from worker.tasks import celery_of, enqueue_pass, force_resync, sweep, sync_user

__all__ = ["app", "broker", "servers", "settings", "valkey", "worker"]
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


async def test_marks_made_while_a_pass_runs_are_answered_by_one_more(app: Application, servers: Servers) -> None:
    user = await enable(app, 1)
    mark_dirty(app, [user], "poll")
    servers.fault("delay", {"method": "GET"}, seconds=2.0, times=1)
    running = asyncio.ensure_future(sync_user.run(app, user.id))
    await asyncio.sleep(1.0)
    for _ in range(5):
        mark_dirty(app, [user], "notification")
        with pytest.raises(Busy):  # whoever is sent for him meanwhile goes away
            await sync_user.run(app, user.id)
    assert await running == (user.id,)
    assert causes(app, user) == [("poll", "notification")]
    assert await sync_user.run(app, user.id) == ()
    assert causes(app, user) == []


async def test_a_user_is_named_by_his_row_or_his_code(app: Application) -> None:
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
