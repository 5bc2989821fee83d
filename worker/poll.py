"""The clocks' work: which users have to be looked at, because X3 says so, because it is time, or because nobody came yet.

Each function stores dirty marks and answers whose; the caller then sends the hints. All are safe to run twice, or at the
same time in two places: what was marked already is marked again, and nothing else happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.orm import Session

from reconcile.model import ItemType, Side
from reconcile.port import Stop, TryLater
from worker import credentials, rhythm, sides
from worker.bootstrap import Application
from worker.log import logger
from worker.rhythm import Rhythm
from worker.settle import WHOLE
from worker.state import dirty, held, journal, passes, users
from worker.state.users import User, UserState
from x3_adapter import stamps
from x3_adapter.payload import Line, Lines, render
from x3_adapter.programs import YES
from x3_adapter.soap import X3

POLL, FULL = "poll", "full"
_X3, _TODO, _FULL, _ACTIVE = "poll:x3", "poll:todo", "poll:full", "active"
_SAME_BEAT = 30.0  # seconds: within these it is another beat that says the same
_MISSED = timedelta(minutes=10)  # so late no beat says it any more
_OVERLAP = timedelta(minutes=10)  # a stamp is set before its transaction commits, so rows turn up late
_PAGE = 1000
_CODES = frozenset(item_type.code for item_type in ItemType)


class X3Rhythm(Rhythm, kw_only=True):
    """When X3 was last asked, with the common cursor: `since`, and what was seen from there on already."""

    since: str
    seen: frozenset[str] = frozenset()


class TodoRhythms(msgspec.Struct, kw_only=True):
    """When each user's Outlook was last asked, by his row: quiet users are asked more seldom than those at work."""

    users: dict[int, Rhythm] = msgspec.field(default_factory=dict)


class Changed(msgspec.Struct, kw_only=True):
    """What X3 says: its own clock at the first call, the last stamp, and who is concerned by what is new."""

    now: datetime
    last: str
    seen: set[str] = msgspec.field(default_factory=set)
    representatives: set[str] = msgspec.field(default_factory=set)
    users: set[str] = msgspec.field(default_factory=set)


# -------------------------------------------------------------------------------------------------- X3


async def poll_x3(app: Application) -> list[int]:
    """One call for all users: who is named by a changed record or a row of X3's queue. Answers nobody when it is not
    time yet: quiet hours make the pause longer, up to POLL__X3_LONGEST_SECONDS. Raises TryLater and Stop."""
    known = await asyncio.to_thread(rhythm.load, app.store, _X3, X3Rhythm)
    active = await asyncio.to_thread(_active, app)
    now, poll = app.clock.now(), app.settings.poll
    if not active or not rhythm.due(known, now):
        return []
    changed = await _asked(app, active, known)
    concerned = [u for u in active if u.representative in changed.representatives or u.x3_user in changed.users]
    if known is None:
        concerned = active  # the common cursor starts now; what was before is the users' own cursors' business
    pause = poll.x3_seconds if concerned else rhythm.longer(known, poll.x3_seconds, poll.x3_longest_seconds)
    since = min(changed.last or "9", stamps.render(changed.now - _OVERLAP))
    again = X3Rhythm(at=now, pause=pause, since=since, seen=frozenset(changed.seen))
    await asyncio.to_thread(_mark, app, concerned, POLL, (_X3, again))
    return [user.id for user in concerned]


async def _asked(app: Application, active: Sequence[User], known: X3Rhythm | None) -> Changed:
    """The poll is also what finds that X3 refuses everybody, and that it no longer does (G5)."""
    try:
        changed = await _changes(app.x3(), active, known)
    except Stop as stop:
        await asyncio.to_thread(sides.note, app, stop)
        raise
    await asyncio.to_thread(sides.answered, app, [Side.X3])
    return changed


async def _changes(x3: X3, active: Sequence[User], known: X3Rhythm | None) -> Changed:
    """ZGSYNCHG (infra/x3/CONTRACT.md) for several users at once; without a cursor only X3's clock."""
    who = [{"USR": user.x3_user, "REP": user.representative} for user in active] if known else []
    start, after, after_queue = known.since if known else "", ("", ""), 0
    found: Changed | None = None
    while True:
        ask = {"SINCE": start, "AFTTYP": after[0], "AFTKEY": after[1], "MAXROW": str(_PAGE), "AFTSYD": str(after_queue)}
        data = await x3.run(x3.connection.programs["CHANGES"], render({"GRP1": ask}, {"GRP2": Lines(rows=who)}))
        now = stamps.parse(data.text("NOW"))
        if now is None:
            raise TryLater("X3's sub-program answers without NOW")
        found = found or Changed(now=now, last=start)
        rows = [row for row in data.lines("GRP4") if row.get("TYP") in _CODES]
        queue = [row for row in data.lines("GRP5") if row.get("SYDNUM")]
        _take(found, rows, queue, known.seen if known else frozenset())
        if rows:
            start, after = rows[-1].get("STAMP", ""), (rows[-1]["TYP"], rows[-1].get("KEY", ""))
            found.last = start
        if queue:
            after_queue = max(int(row["SYDNUM"]) for row in queue)
        if not (rows and data.text("MORE") == YES) and not (queue and data.text("MORESYD") == YES):
            return found


def _take(found: Changed, rows: Iterable[Line], queue: Iterable[Line], before: frozenset[str]) -> None:
    """Note whom the rows concern that were not there before."""
    for row in rows:
        name = f"{row['TYP']} {row.get('KEY', '')} {stamps.version(row.get('STAMP', ''), found.now)}"
        if name not in before:
            found.representatives |= set(row.get("REPS", "").split())
        # A stamp younger than two seconds may stand for a second change too: once it has settled its name is another one,
        # and it is looked at once more. Written in the local time of a zone ahead, that is hours later.
        found.seen.add(name)
    for row in queue:
        name = f"queue {row['SYDNUM']}"
        if name not in before:
            found.users.add(row.get("SYDUSR", ""))
        found.seen.add(name)


# --------------------------------------------------------------------------------------------- Outlook


async def poll_outlook(app: Application) -> list[int]:
    """The active users for whom it is time: To Do sends no notifications to an application, and what notifications of
    events and contacts did not tell is found this way too. A user for whom nothing was written lately is asked more
    seldom, up to POLL__TODO_LONGEST_SECONDS; one at work every POLL__TODO_SECONDS."""
    return await asyncio.to_thread(_poll_outlook, app)


def _poll_outlook(app: Application) -> list[int]:
    now, poll, active = app.clock.now(), app.settings.poll, _active(app)
    with app.store.read() as tx:
        stored = dirty.cursors(tx, dirty.INSTALLATION).get(_TODO)
        worked = {user_id: datetime.fromisoformat(at) for user_id, at in dirty.cursors_named(tx, _ACTIVE).items()}
    known = msgspec.json.decode(stored, type=TodoRhythms).users if stored else {}
    chosen = [user for user in active if rhythm.due(known.get(user.id), now)]
    if not chosen:
        return []
    again = {user.id: known[user.id] for user in active if user.id in known}
    for user in chosen:
        before = known.get(user.id)
        busy = before is None or (user.id in worked and worked[user.id] >= before.at)
        pause = poll.todo_seconds if busy else rhythm.longer(before, poll.todo_seconds, poll.todo_longest_seconds)
        again[user.id] = Rhythm(at=now, pause=pause)
    _mark(app, chosen, POLL, (_TODO, TodoRhythms(users=again)))
    return [user.id for user in chosen]


def was_active(app: Application, user_id: int) -> None:
    """A pass wrote something: this user is at work, so his Outlook is asked more often again."""
    now = app.clock.now()
    with app.store.begin() as tx:
        dirty.put_cursors(tx, user_id, {_ACTIVE: now.isoformat()}, now)


# --------------------------------------------------------------------------------------- full pass, sweep


async def everyone_fully(app: Application) -> list[int]:
    """A complete listing for every active user (FULL_PASS_CRON): what no cursor and no hint told comes to light. Nobody
    when that was said a moment ago."""
    return await asyncio.to_thread(_everyone_fully, app)


async def full_pass_missed(app: Application, due: Callable[[datetime, datetime], bool]) -> list[int]:
    """The same when it was missed, because no beat ran at its time or the broker lost the message. `due` says whether its
    time came between two instants."""
    return await asyncio.to_thread(_full_pass_missed, app, due)


def _full_pass_missed(app: Application, due: Callable[[datetime, datetime], bool]) -> list[int]:
    now, known = app.clock.now(), rhythm.load(app.store, _FULL, Rhythm)
    if known is None:
        _mark(app, (), FULL, (_FULL, Rhythm(at=now, pause=0.0)))  # counted from here on
        return []
    if not due(known.at, now - _MISSED):
        return []
    logger().warning("full_pass_missed", last=known.at.isoformat())
    return _everyone_fully(app)


def _everyone_fully(app: Application) -> list[int]:
    now = app.clock.now()
    if not rhythm.due(rhythm.load(app.store, _FULL, Rhythm), now):
        return []
    with app.store.read() as tx:
        active = [user for user in users.everyone(tx) if user.state is UserState.ACTIVE]
    _mark(app, active, FULL, (_FULL, Rhythm(at=now, pause=_SAME_BEAT)))
    _forget_old(app)
    credentials.warn(app.settings, app.clock)
    return [user.id for user in active]


def _forget_old(app: Application) -> None:
    """Journal lines, versions and reports beyond their time, and removed users of whom nothing else is kept (KEEP__*)."""
    now, keep = app.clock.now(), app.settings.keep
    with app.store.begin() as tx:
        lines = journal.prune(tx, now - timedelta(days=keep.journal_days))
        reports = passes.prune(tx, now - timedelta(days=keep.reports_days))
        removed = users.forget_removed(tx, at_once=not keep.removed_users)
    if lines or reports or removed:
        logger().info("forgotten", journal=lines, reports=reports, users=removed)


async def left_over(app: Application) -> list[int]:
    """Users with marks that nobody works on, the longest waiting first."""
    return await asyncio.to_thread(_left_over, app)


def _left_over(app: Application) -> list[int]:
    with app.store.read() as tx:
        held_back = _held_back(tx)
        waiting = [one.user_id for one in dirty.waiting(tx) if one.user_id not in held_back]
    if waiting:
        logger().debug("swept", users=len(waiting))
    return waiting


# ------------------------------------------------------------------------------------------------- state


def _active(app: Application) -> list[User]:
    """Active users, without those whose whole pass waits for a person (G7): the full pass looks at them again."""
    with app.store.read() as tx:
        held_back = _held_back(tx)
        return [u for u in users.everyone(tx) if u.state is UserState.ACTIVE and u.id not in held_back]


def _held_back(tx: Session) -> set[int]:
    waiting = held.of_user(tx, state=held.HeldState.WAITING)
    return {one.user_id for one in waiting if one.item == WHOLE}


def _mark(app: Application, chosen: Iterable[User], cause: str, again: tuple[str, msgspec.Struct]) -> None:
    """Marks and cursor in one transaction: the cursor never runs ahead of what it told."""
    now = app.clock.now()
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now, causes=(cause,)) for user in chosen])
        dirty.put_cursors(tx, dirty.INSTALLATION, {again[0]: rhythm.encoded(again[1])}, now)
