"""Problem management (R4): one line per field or item that was not carried, gone when cured on either side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from reconcile.actions import Problem
from reconcile.model import ItemType
from worker.state.items import ItemKey, same_item
from worker.state.tables import ProblemRow

QUARANTINE_AFTER = 5  # G2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLine:
    """A stored problem. `attempts` counts how often the same versions (`fingerprint`) failed."""

    id: int
    user_id: int
    item: ItemKey
    problem: Problem
    since: datetime
    attempts: int
    fingerprint: str

    @property
    def quarantined(self) -> bool:
        """G2: it is tried again only when it changes, or by hand."""
        return self.attempts >= QUARANTINE_AFTER


def _line(row: ProblemRow) -> ProblemLine:
    return ProblemLine(
        id=row.id,
        user_id=row.user_id,
        item=ItemKey(ItemType(row.type), row.x3_key, row.outlook_key),
        problem=Problem(
            field=row.field, message=row.message, x3=row.x3, outlook=row.outlook, log_code=row.log_code, kept=row.kept
        ),
        since=row.since,
        attempts=row.attempts,
        fingerprint=row.fingerprint,
    )


def put(
    tx: Session,
    user_id: int,
    item: ItemKey,
    lines: Sequence[Problem],
    fingerprint: str,
    now: datetime,
    *,
    failed: int = 1,
    told: Collection[str] = (),
) -> None:
    """Make these the item's problem lines: others of it are cured and vanish. An empty sequence cures the item.

    A line that stays keeps its id and `since`. Where the item's versions (`fingerprint`) are the same as before, its
    attempts go up, else they start again at `failed`. The lines of the fields `told` only tell: they are no failure (G2).
    """
    known: dict[str, ProblemRow] = {}
    for row in tx.scalars(select(ProblemRow).where(same_item(ProblemRow, user_id, item)).order_by(ProblemRow.id)):
        if row.field in known or row.field not in {line.field for line in lines}:
            tx.delete(row)
        else:
            known[row.field] = row
    tx.flush()
    for line in {line.field: line for line in lines}.values():
        row = known.get(line.field) or ProblemRow(user_id=user_id, since=now, attempts=0, fingerprint=fingerprint)
        again = row.fingerprint == fingerprint
        if line.field in told:
            row.attempts = row.attempts if again else min(row.attempts, 1)
        else:
            row.attempts = max(row.attempts + 1 if again else 1, failed)
        row.type, row.x3_key, row.outlook_key = item.type.value, item.x3_key, item.outlook_key
        row.field, row.message, row.log_code, row.kept = line.field, line.message, line.log_code, line.kept
        row.x3, row.outlook, row.fingerprint = line.x3, line.outlook, fingerprint
        tx.add(row)
    tx.flush()


def cure(tx: Session, user_id: int, items: Iterable[ItemKey]) -> None:
    """Take away all lines of these items."""
    for item in items:
        tx.execute(delete(ProblemRow).where(same_item(ProblemRow, user_id, item)))


def of_user(tx: Session, user_id: int | None = None) -> list[ProblemLine]:
    """The problem lines of a user or of all, oldest first."""
    chosen = select(ProblemRow).order_by(ProblemRow.user_id, ProblemRow.id)
    if user_id is not None:
        chosen = chosen.where(ProblemRow.user_id == user_id)
    return [_line(row) for row in tx.scalars(chosen)]


def of_item(tx: Session, user_id: int, item: ItemKey) -> list[ProblemLine]:
    """The lines of an item."""
    return [_line(row) for row in tx.scalars(select(ProblemRow).where(same_item(ProblemRow, user_id, item)))]


def get(tx: Session, problem_id: int) -> ProblemLine | None:
    """One line."""
    row = tx.get(ProblemRow, problem_id)
    return _line(row) if row else None


def retry(tx: Session, problem_ids: Iterable[int]) -> None:
    """Out of quarantine, by hand (G2)."""
    tx.execute(update(ProblemRow).where(ProblemRow.id.in_(list(problem_ids))).values(attempts=0))
