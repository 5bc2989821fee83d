"""Attempts (M7): creates that were sent and whose answers are not yet known.

An attempt is committed before its create is sent and closed in the transaction that stores the link. One that is found
open was interrupted: it is looked up on the side, once X3's execution limit has passed, before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from reconcile.model import ItemType, Side
from worker.state.items import ItemKey, chunks, upsert
from worker.state.tables import AttemptRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A create on `side` of what is `source_key` on the other. `token` is events' transactionId, `sync_id` ZSYNCID."""

    type: ItemType
    side: Side
    source_key: str
    token: str
    sent_at: datetime
    sync_id: str = ""
    marker: str = ""
    folder: str = ""  # of an Outlook item that is created in X3: To Do finds a task only in its list
    invited: bool = False  # of somebody else's meeting (A4), lest its being gone pass for the organiser's doing (D7)
    id: int = 0


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        id=row.id,
        type=ItemType(row.type),
        side=Side(row.side),
        source_key=row.source_key,
        token=row.token,
        sent_at=row.sent_at,
        sync_id=row.sync_id,
        marker=row.marker,
        folder=row.folder,
        invited=row.invited,
    )


def begin(tx: Session, user_id: int, wanted: Iterable[Attempt]) -> list[Attempt]:
    """Store attempts before they are sent, and answer them in the same order with their ids.

    Where one for the same source item is open already, that one is answered: its `token` is not the one you gave, and
    it must be looked up first.
    """
    answers: list[Attempt] = []
    for attempt in wanted:
        statement = upsert(tx, AttemptRow).values(
            user_id=user_id, type=attempt.type.value, side=attempt.side.value, source_key=attempt.source_key,
            token=attempt.token, sync_id=attempt.sync_id, marker=attempt.marker, folder=attempt.folder,
            invited=attempt.invited, sent_at=attempt.sent_at,
        )  # fmt: skip
        unique = ["user_id", "side", "type", "source_key"]
        made = tx.execute(statement.on_conflict_do_nothing(index_elements=unique).returning(AttemptRow.id)).scalar()
        if made is not None:
            answers.append(replace(attempt, id=made))
            continue
        standing = tx.scalars(
            select(AttemptRow).where(
                AttemptRow.user_id == user_id,
                AttemptRow.side == attempt.side.value,
                AttemptRow.type == attempt.type.value,
                AttemptRow.source_key == attempt.source_key,
            )
        ).one()
        answers.append(_attempt(standing))
    return answers


def of_user(tx: Session, user_id: int) -> list[Attempt]:
    """The user's open attempts, oldest first."""
    chosen = select(AttemptRow).where(AttemptRow.user_id == user_id).order_by(AttemptRow.sent_at, AttemptRow.id)
    return [_attempt(row) for row in tx.scalars(chosen)]


def close_of(tx: Session, user_id: int, item: ItemKey) -> None:
    """A link stands: whatever create was open for either half of the item has its answer."""
    sources = ((Side.X3, item.outlook_key), (Side.OUTLOOK, item.x3_key))
    for side, source_key in sources:
        if source_key:
            tx.execute(
                delete(AttemptRow).where(
                    AttemptRow.user_id == user_id,
                    AttemptRow.side == side.value,
                    AttemptRow.type == item.type.value,
                    AttemptRow.source_key == source_key,
                )
            )


def close(tx: Session, attempts: Sequence[Attempt]) -> None:
    """The answer is known (created, found, refused): forget the attempts."""
    for chunk in chunks(attempts):
        tx.execute(delete(AttemptRow).where(AttemptRow.id.in_([attempt.id for attempt in chunk])))
