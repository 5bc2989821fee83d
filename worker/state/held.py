"""Held changes (G3): the pair, the rule and the fingerprints of both versions. Never the write: every pass plans anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from reconcile.actions import Rule
from reconcile.model import ItemType, Side
from worker.state.items import ItemKey, chunks, same_item
from worker.state.tables import HeldRow


class HeldState(StrEnum):
    """What a person said about it."""

    WAITING = "waiting"
    RELEASED = "released"  # exactly these fingerprints pass once
    REJECTED = "rejected"  # counts as seen; the sides stay different


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that waits. The fingerprints are `codec.fingerprint` of each side's version, blank where there is none.

    `forced` is the side from which a forced synchronisation forced it, and `versions` what both sides held then: as long as
    they do, every pass plans it (F rules).
    """

    item: ItemKey
    rule: Rule
    why: str
    action: str = ""
    side: Side | None = None
    would_mail: int = 0
    x3_fingerprint: str = ""
    outlook_fingerprint: str = ""
    state: HeldState = HeldState.WAITING
    forced: Side | None = None
    versions: str = ""
    since: datetime | None = None
    id: int = 0
    user_id: int = 0

    def same_change(self, other: Held) -> bool:
        """Whether a person's word about one is his word about the other (G3)."""
        return (self.rule, self.action, self.side, self.x3_fingerprint, self.outlook_fingerprint, self.would_mail) == (
            other.rule, other.action, other.side, other.x3_fingerprint, other.outlook_fingerprint, other.would_mail,
        )  # fmt: skip


def _held(row: HeldRow) -> Held:
    return Held(
        id=row.id,
        user_id=row.user_id,
        item=ItemKey(ItemType(row.type), row.x3_key, row.outlook_key),
        rule=Rule(row.rule),
        why=row.why,
        action=row.action,
        side=Side(row.side) if row.side else None,
        would_mail=row.would_mail,
        x3_fingerprint=row.x3_fingerprint,
        outlook_fingerprint=row.outlook_fingerprint,
        state=HeldState(row.state),
        forced=Side(row.forced) if row.forced else None,
        versions=row.versions,
        since=row.since,
    )


def _values(user_id: int, held: Held, now: datetime) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "type": held.item.type.value,
        "x3_key": held.item.x3_key,
        "outlook_key": held.item.outlook_key,
        "rule": held.rule.value,
        "action": held.action,
        "side": held.side.value if held.side else "",
        "why": held.why,
        "would_mail": held.would_mail,
        "x3_fingerprint": held.x3_fingerprint,
        "outlook_fingerprint": held.outlook_fingerprint,
        "state": HeldState.WAITING.value,
        "forced": held.forced.value if held.forced else "",
        "versions": held.versions,
        "since": now,
    }


def put(tx: Session, user_id: int, planned: Sequence[Held], now: datetime) -> list[Held]:
    """Hold these changes, and answer them as they stand, in the same order.

    A change held before with the same fingerprints keeps its id, `since` and state (so it may come back released or
    rejected); any other row of the item is replaced by a waiting one.
    """
    known = {held.item: held for held in of_user(tx, user_id)}
    stands = {held.item: known[held.item] for held in planned if held.item in known and held.same_change(known[held.item])}
    fresh = list({held.item: held for held in planned if held.item not in stands}.values())
    if known:
        drop(tx, user_id, [held.item for held in fresh])
    if fresh:
        rows = [_values(user_id, held, now) for held in fresh]
        ids = tx.scalars(insert(HeldRow).returning(HeldRow.id, sort_by_parameter_order=True), rows)
        for held, row_id in zip(fresh, ids, strict=True):
            stands[held.item] = replace(held, id=row_id, user_id=user_id, since=now, state=HeldState.WAITING)
    return [stands[held.item] for held in planned]


def drop(tx: Session, user_id: int, items: Iterable[ItemKey]) -> None:
    """No longer planned, or done: gone (G3)."""
    for item in items:
        tx.execute(delete(HeldRow).where(same_item(HeldRow, user_id, item)))


def drop_ids(tx: Session, held_ids: Iterable[int]) -> None:
    """`drop` by row."""
    for chunk in chunks(held_ids):
        tx.execute(delete(HeldRow).where(HeldRow.id.in_(chunk)))


def of_user(tx: Session, user_id: int | None = None, *, state: HeldState | None = None) -> list[Held]:
    """The held changes of a user or of all, oldest first."""
    where: list[ColumnElement[bool]] = []
    if user_id is not None:
        where.append(HeldRow.user_id == user_id)
    if state is not None:
        where.append(HeldRow.state == state.value)
    return [_held(row) for row in tx.scalars(select(HeldRow).where(*where).order_by(HeldRow.id))]


def get(tx: Session, held_id: int) -> Held | None:
    """One held change."""
    row = tx.get(HeldRow, held_id)
    return _held(row) if row else None


def release(tx: Session, held_ids: Iterable[int]) -> int:
    """Let these pass once; answers how many there were."""
    return _say(tx, held_ids, HeldState.RELEASED)


def reject(tx: Session, held_ids: Iterable[int]) -> int:
    """These count as seen; answers how many there were."""
    return _say(tx, held_ids, HeldState.REJECTED)


def _say(tx: Session, held_ids: Iterable[int], state: HeldState) -> int:
    said = 0
    for chunk in chunks(held_ids):
        statement = update(HeldRow).where(HeldRow.id.in_(chunk)).values(state=state.value).returning(HeldRow.id)
        said += len(tx.execute(statement).all())
    return said
