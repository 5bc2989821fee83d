"""The tasks, thin: ids in, one call of what does the work, and whom it found dirty (contract.md, "Celery task names")."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import Celery

from worker import desk, poll, sides, subscribe
from worker.bootstrap import Application
from worker.celery_app import FORCE, LONGEST_TASK, Process, Task, Users, build, full_pass_due, sender_of, task
from worker.desk import NotActive, Unfit
from worker.log import bound, logger
from worker.report import LATER, MOVED, Report
from worker.settings import Settings, load
from worker.state import dirty, users
from worker.state.users import User, UserState
from worker.sync import Progress

_PASS_SECONDS = LONGEST_TASK.total_seconds()
_SHORT_SECONDS = 600.0
_TOLD_EVERY = 15.0  # seconds between two lines on how far a forced pass is


@dataclass(slots=True)
class Slice:
    """How long a pass may write before it makes room for other users: counted from its first item, so that however long it
    takes to observe a huge mailbox, each slice brings it further. `monotonic` in seconds; `ended` ends it earlier."""

    seconds: float
    monotonic: Callable[[], float]
    ended: Callable[[], bool] = lambda: False
    _begun: float | None = None
    _over: bool = False

    def over(self) -> bool:
        """Whether nothing more is to be begun."""
        now = self.monotonic()
        self._begun = now if self._begun is None else self._begun
        self._over = self._over or now - self._begun >= self.seconds or self.ended()
        return self._over


@task("x3sync.pass", seconds=_PASS_SECONDS)
async def sync_user(app: Application, user: int | str, hint: bool = False) -> Users:
    """A pass for a user, named by his row or his X3 code, for the causes of his marks; then a slice of what was forced.
    For a `hint` nothing is done when there is no mark any more: in a long queue there may be several for one user."""
    who = await asyncio.to_thread(_user, app, user)
    if who is None or who.state is not UserState.ACTIVE or not await asyncio.to_thread(sides.may_try, app):
        return ()
    marks = await asyncio.to_thread(_marks, app, who)
    forced = await asyncio.to_thread(desk.next_forced, app, who)
    if hint and not marks and forced is None:
        return ()
    with bound(user=who.x3_user):
        try:
            if (marks or forced is None) and await _ordinary(app, who, marks):
                return (who.id,)  # behind those who have waited meanwhile
            if forced is not None and await _forced(app, who, forced):
                return (who.id,)
        except NotActive:
            return ()
    # Marks made meanwhile want another look now. What the pass itself put off, and a pass that is held as a whole (G7,
    # whose marks stay), wait for the sweep.
    answered = {mark.stamp for mark in marks}
    left = [mark for mark in await asyncio.to_thread(_marks, app, who) if mark.stamp not in answered]
    return (who.id,) if any(set(mark.causes) - {LATER, MOVED} for mark in left) else ()


async def _ordinary(app: Application, who: User, marks: Sequence[dirty.Mark]) -> bool:
    """A slice of an ordinary pass; whether something of it is left."""
    causes = dict.fromkeys(cause for mark in marks for cause in mark.causes)
    slice_ = Slice(app.settings.slice_seconds, app.clock.monotonic, app.ending.is_set)
    report = await desk.pass_or_pause(app, who, cause=",".join(causes) or "admin", stopped=slice_.over)
    logger().info("pass_done", seconds=round(report.seconds, 3), writes=report.writes, waiting=report.waiting)
    if any(report.writes.values()):
        await asyncio.to_thread(poll.was_active, app, who.id)
    return report.unfinished


async def _forced(app: Application, who: User, mark: dirty.Mark) -> bool:
    """A slice of a forced pass (F4); whether something of it, or another one, is left. Raises Unfit."""

    def ended() -> bool:
        return app.ending.is_set() or not desk.is_asked(app, mark)

    slice_ = Slice(app.settings.slice_seconds, app.clock.monotonic, ended)
    report = await desk.pass_or_pause(
        app,
        who,
        cause="forced",
        go=desk.request_of(mark).go,
        forced=desk.forced_of(app, who, desk.request_of(mark)),
        progress=_told(app),
        stopped=slice_.over,
    )
    await asyncio.to_thread(desk.after_slice, app, mark, finished=not report.unfinished)
    _say_forced(report)
    return await asyncio.to_thread(desk.next_forced, app, who) is not None


def _told(app: Application) -> Progress:
    """Tells the log how far a pass is, now and then and at the end of each phase."""
    last = app.clock.monotonic()

    def progress(phase: str, done: int, of: int) -> None:
        nonlocal last
        now = app.clock.monotonic()
        if done == of or now - last >= _TOLD_EVERY:
            last = now
            logger().info("resync_progress", phase=phase, done=done, of=of)

    return progress


def _say_forced(report: Report) -> None:
    seconds, name = round(report.seconds, 3), "resync_slice" if report.unfinished else "resync_done"
    logger().info(name, mode=report.mode, seconds=seconds, writes=report.writes, held=report.whole_hold)


@task("x3sync.poll_x3", seconds=_SHORT_SECONDS, alone=True)
async def poll_x3(app: Application) -> Users:
    """Who is concerned by what changed in X3."""
    return await poll.poll_x3(app)


@task("x3sync.poll_todo", seconds=_SHORT_SECONDS)
async def poll_todo(app: Application) -> Users:
    """Everybody, when it is time to look at Outlook."""
    return await poll.poll_outlook(app)


@task("x3sync.full_pass", seconds=_SHORT_SECONDS)
async def full_pass(app: Application) -> Users:
    """Everybody, completely."""
    return await poll.everyone_fully(app)


@task("x3sync.sweep", seconds=_SHORT_SECONDS)
async def sweep(app: Application) -> Users:
    """Who waits and has nobody; everybody when a full pass was missed."""
    missed = await poll.full_pass_missed(app, partial(full_pass_due, app.settings))
    return list(dict.fromkeys([*await poll.left_over(app), *missed]))


@task("x3sync.renew_subscriptions", seconds=_SHORT_SECONDS)
async def renew_subscriptions(app: Application) -> Users:
    """Every active mailbox subscribed, where Graph can reach us."""
    renewed = await subscribe.renew(app)
    if any(renewed.counts().values()):
        logger().info("subscriptions", **renewed.counts())
    return renewed.fresh


@task(FORCE, seconds=_PASS_SECONDS)
async def force_resync(
    app: Application,
    /,
    user: int | str,
    source: str = "both",
    since: str = "",
    types: str = "",
    keys: str = "",
    contacts: str = "",
    dry_run: bool = False,
    go: bool = False,
    **named: str,
) -> Users:
    """The admin task, with the arguments of `resync` (F rules); `source` may also be called `from`, as there. It marks what
    is asked for, and passes carry it out slice by slice. Raises Unfit for arguments that do not go together."""
    source = named.pop("from", source)
    if named:
        raise Unfit(f"{', '.join(sorted(named))}: not an argument of resync.", mend="`x3sync resync --help` shows them.")
    who = await asyncio.to_thread(_user, app, user)
    if who is None or who.state is UserState.REMOVED:
        return ()
    request = desk.Request(source=source, since=since, types=types, keys=keys, contacts=contacts, go=go)
    with bound(user=who.x3_user, source=source):
        if dry_run:
            asked = desk.forced_of(app, who, request)
            _say_forced(await desk.pass_or_pause(app, who, cause="forced", dry_run=True, go=go, forced=asked))
            return ()
        await asyncio.to_thread(desk.ask_forced, app, who, request)
    return (who.id,)


TASKS: tuple[Task[Any], ...] = (
    sync_user, poll_x3, poll_todo, full_pass, sweep, renew_subscriptions, force_resync,
)  # fmt: skip


def celery_of(settings: Settings, process: Process) -> Celery:
    """Celery with all tasks, for a worker or beat. Raises ValueError without a broker."""
    return build(settings, TASKS, process)


def enqueue_pass(user_id: int, settings: Settings | None = None) -> bool:
    """`sync --queue`: ask the workers for a pass, once the mark is committed. False when nothing was sent, because there is
    no broker or a message for him waits already; the sweep finds the mark in any case. Raises SettingsProblem."""
    known = settings or load()
    if not known.redis_url.get_secret_value():
        return False
    return sender_of(known).passes([user_id]) == 1


def _user(app: Application, who: int | str) -> User | None:
    with app.store.read() as tx:
        return users.by_id(tx, who) if isinstance(who, int) else users.get(tx, who)


def _marks(app: Application, user: User) -> list[dirty.Mark]:
    with app.store.read() as tx:
        return dirty.take(tx, user.id)
