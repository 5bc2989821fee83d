"""Dirty marks, the only queue that matters, and cursors.

A webhook, the X3 poll, the beat, an admin and the command line all do the same thing: mark dirty. A mark made while a pass
runs survives it, because the pass takes away only the marks it has read, by their stamps.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, func, literal, select
from sqlalchemy.orm import Session

from worker.state.items import chunks, epoch, upsert
from worker.state.tables import CursorRow, DirtyRow, LeaseRow, UserRow
from worker.state.users import UserState

INSTALLATION = 0  # the "user" of cursors that all users share
FORCED = "forced"  # the "stream" of marks that ask for a forced pass (F4); their item is what is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Look here. A blank `stream` means all of the user's, a blank `item` the whole stream. `since` is when it was first
    marked, `causes` are R2's: notification, poll, full pass, forced, admin, …"""

    user_id: int
    since: datetime
    stream: str = ""
    item: str = ""
    causes: tuple[str, ...] = ()
    id: int = 0
    stamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A user for whom somebody should look."""

    user_id: int
    since: datetime
    marks: int


def mark(tx: Session, marks: Iterable[Mark]) -> None:
    """Mark dirty. What is marked already keeps its `since` and gains the causes."""
    merged: dict[tuple[int, str, str], Mark] = {}
    for wanted in marks:
        key = (wanted.user_id, wanted.stream, wanted.item)
        known = merged.get(key)
        causes = tuple(dict.fromkeys((*(known.causes if known else ()), *wanted.causes)))
        since = min(known.since, wanted.since) if known else wanted.since
        merged[key] = Mark(user_id=key[0], stream=key[1], item=key[2], since=since, causes=causes)
    # One order for everybody: two writers that mark the same rows cannot wait for each other. Many rows a statement,
    # because the webhook stores what came in within a moment all at once.
    for some in chunks(sorted(merged.values(), key=lambda m: (m.user_id, m.stream, m.item)), 100):
        statement = upsert(tx, DirtyRow).values(
            [
                {"user_id": one.user_id, "stream": one.stream, "item": one.item, "since": one.since,
                 "causes": ",".join(one.causes), "stamp": uuid.uuid4().hex}
                for one in some
            ]
        )  # fmt: skip
        told = literal(",") + DirtyRow.causes + literal(",")
        both = case(
            (told.contains(literal(",") + statement.excluded.causes + literal(",")), DirtyRow.causes),
            else_=DirtyRow.causes + literal(",") + statement.excluded.causes,
        )
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "stream", "item"], set_={"causes": both, "stamp": statement.excluded.stamp}
            )
        )


def take(tx: Session, user_id: int) -> list[Mark]:
    """What is marked for an ordinary pass of the user, oldest first. The marks stay until `clear`."""
    return _marks(tx, DirtyRow.user_id == user_id, DirtyRow.stream != FORCED)


def forced(tx: Session, user_id: int) -> list[Mark]:
    """The forced passes that are asked for, oldest first. The marks stay until `clear`."""
    return _marks(tx, DirtyRow.user_id == user_id, DirtyRow.stream == FORCED)


def _marks(tx: Session, *which: ColumnElement[bool]) -> list[Mark]:
    return [
        Mark(
            id=row.id,
            user_id=row.user_id,
            stream=row.stream,
            item=row.item,
            since=row.since,
            causes=tuple(dict.fromkeys(cause for cause in row.causes.split(",") if cause)),
            stamp=row.stamp,
        )
        for row in tx.scalars(select(DirtyRow).where(*which).order_by(DirtyRow.since, DirtyRow.id))
    ]


def clear(tx: Session, marks: Iterable[Mark]) -> None:
    """Take away marks that a pass has answered, unless they were made anew since `take`."""
    for chunk in chunks(marks):
        tx.execute(delete(DirtyRow).where(DirtyRow.stamp.in_([m.stamp for m in chunk])))


def waiting(tx: Session, *, free_only: bool = True) -> list[Waiting]:
    """Active users with marks, the longest waiting first; by default only those nobody works on (the sweep)."""
    chosen = (
        select(DirtyRow.user_id, func.min(DirtyRow.since), func.count())
        .join(UserRow, UserRow.id == DirtyRow.user_id)
        .where(UserRow.state == UserState.ACTIVE.value)
        .group_by(DirtyRow.user_id)
        .order_by(func.min(DirtyRow.since))
    )
    if free_only:
        chosen = chosen.where(~exists().where(LeaseRow.user_id == DirtyRow.user_id, LeaseRow.until > epoch()))
    return [Waiting(user_id=user, since=since, marks=n) for user, since, n in tx.execute(chosen)]


# ---------------------------------------------------------------------------------------------- cursors


def cursors(tx: Session, user_id: int) -> dict[str, str]:
    """Where each of the user's streams goes on."""
    chosen = select(CursorRow.stream, CursorRow.value).where(CursorRow.user_id == user_id)
    return dict(tx.execute(chosen).all())


def cursors_named(tx: Session, stream: str) -> dict[int, str]:
    """The cursor of one name for every user who has it."""
    return dict(tx.execute(select(CursorRow.user_id, CursorRow.value).where(CursorRow.stream == stream)).all())


def put_cursors(tx: Session, user_id: int, values: dict[str, str], now: datetime) -> None:
    """Save cursors: always last, once everything they cover is stored (a crash repeats work, never skips it)."""
    for stream, value in sorted(values.items()):
        statement = upsert(tx, CursorRow).values(user_id=user_id, stream=stream, value=value, updated=now)
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "stream"], set_={"value": statement.excluded.value, "updated": now}
            )
        )


def forget_cursors(tx: Session, user_id: int, streams: Iterable[str] | None = None) -> None:
    """Forget some cursors, or all: the streams are listed completely next time."""
    where = [CursorRow.user_id == user_id]
    if streams is not None:
        where.append(CursorRow.stream.in_(list(streams)))
    tx.execute(delete(CursorRow).where(*where))
