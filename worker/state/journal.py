"""The journal (R2): what was decided and done, by which rule and why, with both versions before and after.

Append-only: nothing alters a line but the erasure of a private item (S4) and the retention.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, case, cast, delete, func, insert, not_, or_, select, update
from sqlalchemy.orm import Session

from reconcile.actions import Rule
from reconcile.model import Content, ItemType, Side
from worker.state.codec import decode, encode
from worker.state.items import ItemKey, same_item
from worker.state.tables import HeldRow, JournalRow, LinkRow, PassRow, ProblemRow

ERASE = "erase"
ERASED = "x3sync_erased"  # in a session's `info`: something was erased in it
DELETIONS = ("delete", "unassign", "withdraw")
# What a report may still say about a private item (S4).
_CONTENTLESS = ("type", "x3_key", "outlook_id", "rule", "action", "on", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `action` is a step's name in lower case or blank, `side` where it acted, `outcome` done, held, skipped,
    refused, … `before` and `after` hold what is known of either side. `why` and versions may hold content: they are what
    S4 erases."""

    pass_id: str
    at: datetime
    item: ItemKey
    rule: Rule
    why: str
    action: str = ""
    side: Side | None = None
    outcome: str = "done"
    cause: str = ""
    series_id: str = ""
    before: Mapping[Side, Content] = field(default_factory=dict)
    after: Mapping[Side, Content] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A kept version of an item (`why`, `restore`). `n` counts from 1 in the order in which versions were first seen."""

    n: int
    at: datetime
    side: Side
    content: Content


def append(tx: Session, user_id: int, entries: Iterable[Entry]) -> None:
    """Write lines, in order."""
    rows = [
        {
            "user_id": user_id,
            "pass_id": entry.pass_id,
            "at": entry.at,
            "type": entry.item.type.value,
            "x3_key": entry.item.x3_key,
            "outlook_key": entry.item.outlook_key,
            "series_id": entry.series_id,
            "rule": entry.rule.value,
            "action": entry.action,
            "side": entry.side.value if entry.side else "",
            "outcome": entry.outcome,
            "cause": entry.cause,
            "why": entry.why,
            "x3_before": encode(entry.before.get(Side.X3)),
            "x3_after": encode(entry.after.get(Side.X3)),
            "outlook_before": encode(entry.before.get(Side.OUTLOOK)),
            "outlook_after": encode(entry.after.get(Side.OUTLOOK)),
        }
        for entry in entries
    ]
    if rows:
        tx.execute(insert(JournalRow), rows)


def _entry(row: JournalRow) -> Entry:
    item_type = ItemType(row.type)

    def versions(x3: str | None, outlook: str | None) -> dict[Side, Content]:
        both = {Side.X3: decode(item_type, x3), Side.OUTLOOK: decode(item_type, outlook)}
        return {side: content for side, content in both.items() if content is not None}

    return Entry(
        id=row.id,
        pass_id=row.pass_id,
        at=row.at,
        item=ItemKey(item_type, row.x3_key, row.outlook_key),
        rule=Rule(row.rule),
        why=row.why,
        action=row.action,
        side=Side(row.side) if row.side else None,
        outcome=row.outcome,
        cause=row.cause,
        series_id=row.series_id,
        before=versions(row.x3_before, row.outlook_before),
        after=versions(row.x3_after, row.outlook_after),
    )


def for_item(tx: Session, user_id: int, item: ItemKey) -> list[Entry]:
    """All lines of an item, oldest first."""
    chosen = select(JournalRow).where(same_item(JournalRow, user_id, item)).order_by(JournalRow.id)
    return [_entry(row) for row in tx.scalars(chosen)]


def failing(tx: Session, user_id: int, item: ItemKey, outcomes: Container[str]) -> list[datetime]:
    """When the passes began to fail in these ways that have all failed at the item since anything else was done with it, or
    anything was otherwise on either side; the latest first (G2)."""
    found: dict[str, datetime] = {}
    known: Mapping[Side, Content] | None = None
    for entry in reversed(for_item(tx, user_id, item)):
        if entry.outcome not in outcomes or (entry.before and known is not None and entry.before != known):
            break
        known = entry.before or known
        found[entry.pass_id] = entry.at
    return list(found.values())


def others(tx: Session, side: Side, item: ItemKey, since: datetime, outcomes: Collection[str]) -> set[str]:
    """In which of these ways writes of other items ended on a side since then, of whatever user (G2)."""
    row = JournalRow
    itself = and_(row.type == item.type.value, row.x3_key == item.x3_key, row.outlook_key == item.outlook_key)
    chosen = (
        select(row.outcome)
        .distinct()
        .where(row.side == side.value, row.at >= since, row.outcome.in_(outcomes), not_(itself))
    )
    return set(tx.scalars(chosen))


def for_key(tx: Session, key: str, user_id: int | None = None) -> list[tuple[int, ItemKey]]:
    """The items (user id, key) that an X3 key or an Outlook id names, newest first: what `why KEY-OR-ID` starts from."""
    chosen = select(JournalRow.user_id, JournalRow.type, JournalRow.x3_key, JournalRow.outlook_key).where(
        or_(JournalRow.x3_key == key, JournalRow.outlook_key == key)
    )
    if user_id is not None:
        chosen = chosen.where(JournalRow.user_id == user_id)
    rows = tx.execute(chosen.order_by(JournalRow.id.desc()))
    return list(dict.fromkeys((owner, ItemKey(ItemType(t), x3, outlook)) for owner, t, x3, outlook in rows))


def for_pass(tx: Session, pass_id: str) -> list[Entry]:
    """All lines of a pass, in order."""
    return [
        _entry(row) for row in tx.scalars(select(JournalRow).where(JournalRow.pass_id == pass_id).order_by(JournalRow.id))
    ]


def versions(tx: Session, user_id: int, item: ItemKey) -> list[Version]:
    """The kept versions of an item, oldest first: each differs from the one before it on its side."""
    kept: list[Version] = []
    last: dict[Side, Content] = {}
    for entry in for_item(tx, user_id, item):
        for looks in (entry.before, entry.after):
            for side in Side:
                content = looks.get(side)
                if content is not None and content != last.get(side):
                    last[side] = content
                    kept.append(Version(n=len(kept) + 1, at=entry.at, side=side, content=content))
    return kept


def deletions_since(
    tx: Session, since: datetime, user_id: int
) -> tuple[Mapping[tuple[ItemType, Side], int], Mapping[Side, int]]:
    """How many deletions, unassignments and withdrawals were done since `since` (G1): of the user by type and side, and of
    all users by side; a series counts as one. What was not deleted from is missing."""
    row, own = JournalRow, (JournalRow.user_id == user_id).label("own")
    one = case((row.series_id != "", row.series_id), else_=cast(row.id, String))
    counted = (
        select(own, row.type, row.side, func.count(one.distinct()))
        .where(row.action.in_(DELETIONS), row.outcome == "done", row.at >= since)
        .group_by(own, row.type, row.side)
    )
    of_user, of_all = dict[tuple[ItemType, Side], int](), Counter[Side]()
    for is_own, item_type, side, number in tx.execute(counted):
        of_all[Side(side)] += number
        if is_own:
            of_user[ItemType(item_type), Side(side)] = number
    return of_user, of_all


def erase_outlook_content(tx: Session, user_id: int, item: ItemKey, *, pass_id: str, at: datetime, cause: str = "") -> None:
    """S4: erase everything stored about an item that became private, and leave one contentless line.

    Goes over the link's contents, versions, organiser and look-up columns, the journal, problem lines, held rows, and
    every list of pass reports that holds it. Save the link `detached` (S5) before this: saved after it, old contents
    would come back.
    """
    tx.info[ERASED] = True
    tx.execute(
        update(LinkRow)
        .where(same_item(LinkRow, user_id, item))
        .values(
            x3_content=None, outlook_content=None, outlook_version="", outlook_written_at=None,
            organized_by="", name="", emails="", partner="",
        )
    )  # fmt: skip
    passes = set(tx.scalars(select(JournalRow.pass_id).where(same_item(JournalRow, user_id, item))))
    for table in (JournalRow, ProblemRow, HeldRow):
        tx.execute(delete(table).where(same_item(table, user_id, item)))
    _erase_in_reports(tx, user_id, item, passes)
    line = Entry(pass_id=pass_id, at=at, item=item, rule=Rule.S4, why="private", action=ERASE, cause=cause)
    append(tx, user_id, [line])


def knows(tx: Session, user_id: int, item: ItemKey) -> bool:
    """Whether anything is stored about an item without a link that S4 would erase."""
    told = select(JournalRow.id).where(same_item(JournalRow, user_id, item), JournalRow.action != ERASE)
    others = (select(table.id).where(same_item(table, user_id, item)) for table in (ProblemRow, HeldRow))
    return bool(tx.scalar(select(or_(told.exists(), *(other.exists() for other in others)))))


def _erase_in_reports(tx: Session, user_id: int, item: ItemKey, passes: set[str]) -> None:
    keys = [key for key in (item.x3_key, item.outlook_key) if key]
    naming = [PassRow.report.contains(json.dumps(key, ensure_ascii=False)[1:-1], autoescape=True) for key in keys]
    chosen = select(PassRow).where(PassRow.user_id == user_id, or_(PassRow.id.in_(passes), *naming))
    for row in tx.scalars(chosen):
        row.report = json.dumps(_without(json.loads(row.report), item), ensure_ascii=False, separators=(",", ":"))
    tx.flush()


def _without(part: Any, item: ItemKey) -> Any:
    """The report with every object about the item stripped to what carries no content."""
    if isinstance(part, list):
        return [_without(entry, item) for entry in part]
    if not isinstance(part, dict):
        return part
    by_x3 = bool(item.x3_key) and part.get("x3_key") == item.x3_key and part.get("type") == item.type.value
    by_outlook = bool(item.outlook_key) and item.outlook_key in (part.get("outlook_id"), part.get("outlook_key"))
    if by_x3 or by_outlook:
        return {name: part[name] for name in _CONTENTLESS if name in part} | {"why": "private"}
    return {name: _without(value, item) for name, value in part.items()}


def prune(tx: Session, before: datetime) -> int:
    """Forget lines older than `before` (retention); answers how many."""
    gone = tx.execute(delete(JournalRow).where(JournalRow.at < before).returning(JournalRow.id)).all()
    return len(gone)
