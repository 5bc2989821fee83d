"""Claims (M6): one Outlook meeting in several mailboxes is one X3 record, made by the mailbox that claimed it first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import Session

from reconcile.model import ItemType
from worker.state import leases
from worker.state.items import chunks, upsert
from worker.state.links import iso
from worker.state.tables import ClaimRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`x3_key` is blank until the record is made. `original_start` as `links.iso` writes it. `user_id` is None where he
    whose mailbox made the record has left the meeting (D7), or is not known."""

    ical_uid: str
    original_start: str
    type: ItemType
    x3_key: str
    user_id: int | None


def _claim(row: ClaimRow) -> Claim:
    return Claim(
        ical_uid=row.ical_uid,
        original_start=row.original_start,
        type=ItemType(row.type),
        x3_key=row.x3_key,
        user_id=row.user_id,
    )


def take(
    tx: Session,
    fp: str,
    user_id: int,
    item_type: ItemType,
    ical_uid: str,
    original_start: datetime | None,
    now: datetime,
    *,
    left_before: datetime,
    gone: str = "",
) -> Claim:
    """Claim a meeting before its X3 record is created, and answer whose claim stands: compare its `user_id`.

    Another's claim without a record, taken before `left_before` while nobody works on its owner now, has been left: his
    pass was killed, and his event may be gone by now. It is taken over. What he may have made carries the meeting's ZSYNCID
    (M7), so X3 makes no second one. So is a claim whose record is `gone`, the key of one that X3 is proven not to have any
    more (D4).
    """
    statement = upsert(tx, ClaimRow).values(
        fp=fp,
        ical_uid=ical_uid,
        original_start=iso(original_start),
        type=item_type.value,
        x3_key="",
        user_id=user_id,
        taken=now,
    )
    tx.execute(statement.on_conflict_do_nothing(index_elements=["fp", "ical_uid", "original_start"]))
    row = tx.scalar(select(ClaimRow).where(*_of(fp, ical_uid, original_start)).with_for_update())
    assert row is not None
    if gone and row.x3_key == gone:
        row.user_id, row.x3_key, row.taken = user_id, "", now
    elif not row.x3_key and (row.user_id == user_id or _left(tx, row, left_before)):
        row.user_id, row.taken = user_id, now
    return _claim(row)


def _left(tx: Session, row: ClaimRow, before: datetime) -> bool:
    return row.taken < before and (row.user_id is None or not leases.busy(tx, row.user_id))


def get(tx: Session, fp: str, ical_uid: str, original_start: datetime | None) -> Claim | None:
    """The claim of a meeting."""
    row = tx.scalar(select(ClaimRow).where(*_of(fp, ical_uid, original_start)))
    return _claim(row) if row else None


def of_meetings(tx: Session, fp: str, meetings: Iterable[tuple[str, datetime | None]]) -> dict[tuple[str, str], Claim]:
    """The claims of many meetings, by (iCalUId, original start as `links.iso` writes it)."""
    found: dict[tuple[str, str], Claim] = {}
    for chunk in chunks((uid, iso(start)) for uid, start in meetings):
        rows = tx.scalars(
            select(ClaimRow).where(ClaimRow.fp == fp, tuple_(ClaimRow.ical_uid, ClaimRow.original_start).in_(chunk))
        )
        found |= {(row.ical_uid, row.original_start): _claim(row) for row in rows}
    return found


def of_records(tx: Session, fp: str, x3_keys: Iterable[str]) -> dict[str, Claim]:
    """The claims by which these X3 records were made: they are never created in another mailbox (M6)."""
    found: dict[str, Claim] = {}
    for chunk in chunks(x3_keys):
        rows = tx.scalars(select(ClaimRow).where(ClaimRow.fp == fp, ClaimRow.x3_key.in_(chunk)))
        found |= {row.x3_key: _claim(row) for row in rows}
    return found


def unsettled(tx: Session, fp: str) -> list[Claim]:
    """The claims whose record is not known to be made."""
    return [_claim(row) for row in tx.scalars(select(ClaimRow).where(ClaimRow.fp == fp, ClaimRow.x3_key == ""))]


def settle(tx: Session, fp: str, ical_uid: str, original_start: datetime | None, x3_key: str) -> None:
    """The record is made: its key."""
    tx.execute(update(ClaimRow).where(*_of(fp, ical_uid, original_start)).values(x3_key=x3_key))


def found(
    tx: Session, fp: str, item_type: ItemType, ical_uid: str, original_start: datetime | None, x3_key: str, now: datetime
) -> None:
    """The meeting turned out to have a record that another mailbox made."""
    values = {"type": item_type.value, "x3_key": x3_key, "user_id": None, "taken": now}
    statement = upsert(tx, ClaimRow).values(fp=fp, ical_uid=ical_uid, original_start=iso(original_start), **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["fp", "ical_uid", "original_start"], set_=values))


def leave(tx: Session, fp: str, user_id: int, item_type: ItemType, x3_key: str) -> None:
    """D7: the user is not in the meeting any more, and its record lives on: to him, too, it is now another mailbox's."""
    of_record = (ClaimRow.fp == fp, ClaimRow.type == item_type.value, ClaimRow.x3_key == x3_key)
    tx.execute(update(ClaimRow).where(*of_record, ClaimRow.user_id == user_id).values(user_id=None))


def release(tx: Session, fp: str, ical_uid: str, original_start: datetime | None) -> None:
    """Free the meeting: the create was refused, or its record is gone."""
    tx.execute(delete(ClaimRow).where(*_of(fp, ical_uid, original_start)))


def _of(fp: str, ical_uid: str, original_start: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return (ClaimRow.fp == fp, ClaimRow.ical_uid == ical_uid, ClaimRow.original_start == iso(original_start))
