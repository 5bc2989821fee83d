"""Celery, tamed: one typed way to declare a task, one loop and one Application per process, one way to send.

Messages are hints: they carry ids, are sent after what they hint at is committed, and are answered late (a worker that
dies leaves its message). A lost, doubled or reordered one changes when something is looked at, never what is done.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Concatenate, Generic, ParamSpec

from celery import Celery, signals
from celery import Task as CeleryTask
from celery.schedules import crontab
from kombu.exceptions import OperationalError
from sqlalchemy.exc import DBAPIError

from reconcile.port import Stop, TryLater
from worker.bootstrap import Application
from worker.identity import NotOurs
from worker.limits import Turns
from worker.log import logger
from worker.loop import Loop
from worker.settings import Settings
from worker.state.leases import LeaseLost
from worker.sync import Busy

P = ParamSpec("P")
Users = Sequence[int]  # whom a task found dirty: a pass is sent for each, once everything is committed

PASS = "x3sync.pass"  # noqa: S105 - a task's name
RENEW, SWEEP = "x3sync.renew_subscriptions", "x3sync.sweep"
FORCE = "x3sync.force_resync"
# What is asked for once, and would be lost: what runs by the clock comes again by itself.
ASKED_ONCE = frozenset({PASS, FORCE})
HINT = "x3sync_hint"  # the header of messages that only say that something is marked
QUEUE = "x3sync"
LONGEST_TASK = timedelta(hours=2)  # a first pass of a large mailbox is paced by Graph's limits
# Beyond the longest task: the broker would deliver a message that is being worked on a second time (celery #2599).
VISIBILITY = LONGEST_TASK + timedelta(hours=1)
LONGEST_COUNTDOWN = 1800.0  # seconds that a message may wait in a worker: far below VISIBILITY, which counts on meanwhile
TRIES = 6
WAITING_SECONDS = 120.0  # for how long a sent message is believed to be on its way
STOPPED_SECONDS = 60.0
ALONE_SECONDS = 60.0  # after which one that is still under way counts as dead: a killed worker never says that it ended
SWEEP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[P]):
    """A declared task: its explicit name, what it does, and after how many seconds it is cancelled. With `alone`, a message
    that comes while another one of the task is worked on is dropped: the clock sends the next."""

    name: str
    run: Callable[Concatenate[Application, P], Awaitable[Users]]
    seconds: float
    alone: bool = False


def task(
    name: str, *, seconds: float, alone: bool = False
) -> Callable[[Callable[Concatenate[Application, P], Awaitable[Users]]], Task[P]]:
    """Declare a task. Its arguments are ids and words; it may run twice, and never is its answer kept."""
    if not name.startswith("x3sync.") or not 0 < seconds <= LONGEST_TASK.total_seconds():
        raise ValueError(f"{name}: an explicit name of ours, and an end before the broker's patience")

    def declare(run: Callable[Concatenate[Application, P], Awaitable[Users]]) -> Task[P]:
        return Task(name=name, run=run, seconds=seconds, alone=alone)

    return declare


@dataclass(slots=True)
class Process:
    """The loop and the Application of a worker process, made on first use: after a fork, if there was one."""

    settings: Settings
    loop: Loop = field(default_factory=Loop)
    ending: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _application: Application | None = None
    _pid: int = 0

    def application(self) -> Application:
        """The process's one Application."""
        with self._lock:
            if self._application is None or self._pid != os.getpid():
                self._application, self._pid = Application.open(self.settings), os.getpid()
                self._application.ending = self.ending
            return self._application

    def told_to_stop(self, **_signal: object) -> None:
        """SIGTERM: what runs ends between two items, and the marks say to whoever comes next what is left."""
        self.ending.set()

    def close(self) -> None:
        """End what runs and close every connection."""
        with self._lock:
            application, self._application = self._application, None
        if application is not None and self._pid == os.getpid():
            self.loop.run(application.aclose(), 10)
        self.loop.close()


# ------------------------------------------------------------------------------------------------- sending


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends hints to the workers. Only after the marks are committed."""

    celery: Celery
    turns: Turns

    def passes(self, user_ids: Iterable[int]) -> int:
        """Ask for a pass for each of these users, unless a message for him waits already; answers how many were sent.

        A broker that is away is no failure: the marks are stored, and the sweep finds them.
        """
        sent = 0
        for user_id in dict.fromkeys(user_ids):
            if self.turns.take(user_id, WAITING_SECONDS):
                if not self._sent(PASS, (user_id,), {}, {HINT: True}):
                    self.turns.give(user_id)
                    return sent
                sent += 1
        return sent

    def once(self, name: str) -> None:
        """Ask for RENEW or SWEEP, unless a message that asks for it waits already."""
        if self.turns.take(name, WAITING_SECONDS) and not self.send(name):
            self.turns.give(name)

    def send(self, name: str, *arguments: object, **words: object) -> bool:
        """Send one task; False when the broker is away."""
        return self._sent(name, arguments, words, {})

    def _sent(
        self, name: str, arguments: Sequence[object], words: Mapping[str, object], headers: Mapping[str, object]
    ) -> bool:
        try:
            self.celery.send_task(name, args=tuple(arguments), kwargs=dict(words), headers=dict(headers))
        except OperationalError as away:
            logger().warning("broker_away", task=name, error=type(away).__name__)
            return False
        return True

    def alive(self) -> bool:
        """Whether the broker answers."""
        return self.turns.alive()


def sender_of(settings: Settings) -> Sender:
    """A sender for processes that are no workers: the web service, the command line. Raises ValueError without a broker."""
    celery = connect(settings)
    return Sender(celery, Turns.connect(settings.redis_url.get_secret_value(), scope_of(settings), QUEUE))


def scope_of(settings: Settings) -> str:
    """What names the installation on a server that several may share."""
    return settings.database_url.get_secret_value()


# ------------------------------------------------------------------------------------------------ building


def connect(settings: Settings) -> Celery:
    """Celery with this installation's settings and no tasks. Raises ValueError without a broker."""
    broker = settings.redis_url.get_secret_value()
    if not broker:
        raise ValueError("there is no broker: set X3SYNC_REDIS_URL, or use `x3sync up`, which brings its own")
    celery = Celery("x3sync", broker=broker, set_as_current=False)
    celery.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_serializer="json",
        accept_content=["json"],
        timezone=settings.timezone,
        enable_utc=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": VISIBILITY.total_seconds(),
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
    )
    return celery


def build(settings: Settings, tasks: Iterable[Task[Any]], process: Process) -> Celery:
    """Celery with these tasks, for a worker or beat. Raises ValueError without a broker."""
    celery = connect(settings)
    signals.worker_shutting_down.connect(process.told_to_stop, weak=False)
    sender = Sender(celery, Turns.connect(settings.redis_url.get_secret_value(), scope_of(settings), QUEUE))
    for declared in tasks:
        # The only place that names Celery's options: it takes a misspelt one silently.
        celery.task(
            name=declared.name,
            shared=False,  # another Celery in this process has tasks of its own
            bind=True,
            acks_late=True,
            reject_on_worker_lost=True,
            ignore_result=True,
            max_retries=TRIES,
        )(_body(declared, process, sender))
    celery.conf.beat_schedule = schedule(settings)
    return celery


def _body(declared: Task[Any], process: Process, sender: Sender) -> Callable[..., None]:
    def body(self: CeleryTask[Any, None], *arguments: Any, **words: Any) -> None:
        user_id = arguments[0] if declared.name == PASS and arguments else None
        by_clock = declared.name not in ASKED_ONCE
        if by_clock and sender.turns.held(declared.name):
            return  # a side asked for patience; the clock says it again
        if declared.alone and not sender.turns.begin(declared.name, ALONE_SECONDS):
            return
        if isinstance(user_id, int):
            sender.turns.give(user_id)
        elif declared.name in (RENEW, SWEEP):
            sender.turns.give(declared.name)
        if declared.name == PASS and self.request.get(HINT) and not self.request.retries:
            words["hint"] = True
        try:
            found = process.loop.run(_awaited(declared.run(process.application(), *arguments, **words)), declared.seconds)
        except Busy:
            return  # the marks stay, for the pass that has the lease and for the sweep
        except (TryLater, LeaseLost, TimeoutError) as later:
            pause = pause_before(self.request.retries, later)
            logger().warning("task_later", task=declared.name, seconds=round(pause, 1), error=type(later).__name__)
            if isinstance(user_id, int):
                sender.turns.hold(user_id, pause)
            elif by_clock and asked_for(later):
                sender.turns.hold(declared.name, asked_for(later))
            if self.request.retries < TRIES and not by_clock and (pause <= LONGEST_COUNTDOWN or user_id is None):
                raise self.retry(countdown=min(pause, LONGEST_COUNTDOWN)) from None
            return  # his marks stay, and the sweep asks for him once the pause is over
        except (Stop, NotOurs) as stopped:
            # A whole side, or a user, that stands still was said when it began (G5).
            said = logger().debug if isinstance(stopped, Stop) else logger().error
            said("task_stopped", task=declared.name, why=str(stopped))
            if isinstance(user_id, int):
                sender.turns.hold(user_id, STOPPED_SECONDS)
            return
        except DBAPIError as away:
            # What else is asked for stands in the database, or comes again by the clock; this stands in its message alone.
            if declared.name == FORCE and self.request.retries < TRIES:
                logger().error("task_without_database", task=declared.name, error=type(away).__name__)
                raise self.retry(countdown=pause_before(self.request.retries, away)) from None
            raise
        except CancelledError:
            return  # the process ends; the sweep of the next one goes on
        finally:
            if declared.alone:
                sender.turns.end(declared.name)
        sender.passes(found)

    body.__name__ = declared.name.replace(".", "_")  # Celery makes source of it, and "pass" is a keyword
    return body


async def _awaited(answer: Awaitable[Users]) -> Users:
    return await answer


def pause_before(retries: int, later: BaseException) -> float:
    """Seconds to wait: what the side asked for, at least, and otherwise doubling from two seconds up to five minutes."""
    doubling: float = min(300.0, 2.0 * 2.0**retries)
    return max(asked_for(later), doubling) + random.uniform(0, 1)  # noqa: S311 - so that who failed together comes apart


def asked_for(later: BaseException) -> float:
    """The seconds that a side asked to wait (Retry-After); 0.0 when it named none."""
    return later.retry_after or 0.0 if isinstance(later, TryLater) else 0.0


# ---------------------------------------------------------------------------------------------------- beat


def schedule(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """What beat sends and when. A second beat is harmless: what it sends finds that it is not due, or nothing dirty."""
    entries: dict[str, Mapping[str, Any]] = {
        "poll X3": _every("x3sync.poll_x3", settings.poll.x3_seconds),
        "poll To Do": _every("x3sync.poll_todo", settings.poll.todo_seconds),
        "sweep": _every(SWEEP, SWEEP_SECONDS),
        "full pass": {"task": "x3sync.full_pass", "schedule": _full_pass(settings)},
    }
    if settings.public_url:
        entries["subscriptions"] = _every(RENEW, settings.poll.subscriptions_seconds)
    return entries


def _full_pass(settings: Settings, **how: Any) -> crontab:
    minute, hour, day, month, weekday = settings.full_pass_cron.split()
    return crontab(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday, **how)


def full_pass_due(settings: Settings, last: datetime, now: datetime) -> bool:
    """Whether FULL_PASS_CRON named a moment after `last` and up to `now`."""
    cron = _full_pass(settings, nowfun=lambda: now, app=_in_zone(settings.timezone))
    return cron.remaining_estimate(last).total_seconds() <= 0


@lru_cache(maxsize=1)
def _in_zone(timezone: str) -> Celery:
    """A crontab takes its zone from a Celery. Kept, for each sweep asks."""
    celery = Celery(set_as_current=False)
    celery.conf.update(timezone=timezone, enable_utc=True)
    return celery


def _every(name: str, seconds: float) -> Mapping[str, Any]:
    # A message that nobody fetched in time is superseded by the next one.
    return {"task": name, "schedule": timedelta(seconds=seconds), "options": {"expires": max(seconds, 5.0)}}
