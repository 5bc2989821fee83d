"""Links (M1) with what each side last looked like (C1), and the claims of meetings (M6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reconcile.context import ContactEntry
from reconcile.model import Contact, EventFacts, ItemType, Kind, Link, LinkState, Seen, Side
from worker.state.codec import decode, encode
from worker.state.items import ItemKey, chunks
from worker.state.tables import LinkRow


class AlreadyLinked(Exception):
    """M1: one of the two items has a link already. The transaction is lost; read the links again."""


class LinkVersion(NamedTuple):
    """A link without its contents: enough to see what a listing must look at. Plain strings, for there may be 10,000."""

    id: int
    type: str
    state: str
    x3_key: str
    auuid: str
    outlook_key: str
    folder: str
    x3_version: str
    outlook_version: str


_COLUMNS = (
    LinkRow.id, LinkRow.type, LinkRow.state, LinkRow.x3_key, LinkRow.auuid, LinkRow.outlook_key, LinkRow.folder,
    LinkRow.born, LinkRow.made, LinkRow.ical_uid, LinkRow.series_id, LinkRow.original_start,
    LinkRow.organized_by, LinkRow.owner, LinkRow.invited,
    LinkRow.x3_content, LinkRow.x3_version, LinkRow.x3_written_at,
    LinkRow.outlook_content, LinkRow.outlook_version, LinkRow.outlook_written_at,
)  # fmt: skip


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    (
        row_id, item_type, state, x3_key, auuid, outlook_key, folder, born, made,
        ical_uid, series, start, organized_by, owner, invited, *seen,
    ) = row  # fmt: skip
    known = ItemType(item_type)
    return Link(
        id=row_id,
        type=known,
        state=LinkState(state),
        x3_key=x3_key,
        auuid=auuid,
        outlook_key=outlook_key,
        folder=folder,
        born=Side(born),
        made=made,
        ical_uid=ical_uid,
        series_id=series,
        original_start=datetime.fromisoformat(start) if start else None,
        organized_by=organized_by,
        owner=owner,
        invited=invited,
        x3=Seen(content=decode(known, seen[0]), version=seen[1], written_at=seen[2]),
        outlook=Seen(content=decode(known, seen[3]), version=seen[4], written_at=seen[5]),
    )


def _read(tx: Session, *where: ColumnElement[bool]) -> list[Link]:
    return [_link(row) for row in tx.execute(select(*_COLUMNS).where(*where).order_by(LinkRow.id))]


def by_x3(tx: Session, user_id: int, keys: Iterable[tuple[ItemType, str]]) -> list[Link]:
    """The links of these X3 records; a key may have several, of different AUUIDs (M1)."""
    wanted: dict[ItemType, list[str]] = {}
    for item_type, key in keys:
        wanted.setdefault(item_type, []).append(key)
    found: list[Link] = []
    for item_type, of_type in wanted.items():
        for chunk in chunks(dict.fromkeys(of_type)):
            found += _read(tx, LinkRow.user_id == user_id, LinkRow.type == item_type.value, LinkRow.x3_key.in_(chunk))
    return found


def by_outlook(tx: Session, user_id: int, kind: Kind, ids: Iterable[str]) -> list[Link]:
    """The links of these Outlook items. Ids are case sensitive."""
    found: list[Link] = []
    for chunk in chunks(dict.fromkeys(ids)):
        found += _read(tx, LinkRow.user_id == user_id, LinkRow.kind == kind.value, LinkRow.outlook_key.in_(chunk))
    return found


def of_item(tx: Session, user_id: int, item: ItemKey) -> Link | None:
    """The item's link, by either key."""
    found = by_x3(tx, user_id, [(item.type, item.x3_key)]) if item.x3_key else []
    if not found and item.outlook_key:
        found = by_outlook(tx, user_id, item.type.kind, [item.outlook_key])
    return next(iter(found), None)


def by_event(tx: Session, user_id: int, *, ical_uid: str = "", series_id: str = "") -> list[Link]:
    """The links of a meeting or a series (M6, S8, A8): whatever carries the iCalUId or the series' id."""
    ways = [column == value for column, value in ((LinkRow.ical_uid, ical_uid), (LinkRow.series_id, series_id)) if value]
    return _read(tx, LinkRow.user_id == user_id, or_(*ways)) if ways else []


def of_meetings(tx: Session, user_id: int, uids: Iterable[str]) -> dict[tuple[str, str], Link]:
    """Other users' links of these meetings and series, by (iCalUId, original start as `iso` writes it); of several for one
    event a released one only where there is no other (M6)."""
    found: dict[tuple[str, str], Link] = {}
    for chunk in chunks(dict.fromkeys(uids)):
        for link in _read(tx, LinkRow.ical_uid.in_(chunk), LinkRow.user_id != user_id):
            name = (link.ical_uid, iso(link.original_start))
            if name not in found or found[name].state is LinkState.RELEASED:
                found[name] = link
    return found


def meetings_of(
    tx: Session, user_id: int, records: Iterable[tuple[ItemType, str]]
) -> dict[tuple[ItemType, str], frozenset[tuple[str, datetime | None]]]:
    """(iCalUId, original start) of these records' events in other users' links, of those that have any (M6)."""
    wanted: dict[str, list[str]] = {}
    for item_type, key in records:
        wanted.setdefault(item_type.value, []).append(key)
    found: dict[tuple[ItemType, str], frozenset[tuple[str, datetime | None]]] = {}
    for type_name, of_type in wanted.items():
        for chunk in chunks(of_type):
            chosen = select(LinkRow.x3_key, LinkRow.ical_uid, LinkRow.original_start).where(
                LinkRow.type == type_name, LinkRow.x3_key.in_(chunk), LinkRow.user_id != user_id, LinkRow.ical_uid != ""
            )
            for key, uid, start in tx.execute(chosen):
                name = (ItemType(type_name), key)
                found[name] = found.get(name, frozenset()) | {(uid, datetime.fromisoformat(start) if start else None)}
    return found


def of_user(
    tx: Session, user_id: int, item_type: ItemType | None = None, *, folder: str | None = None,
    states: Collection[LinkState] | None = None,
) -> list[Link]:  # fmt: skip
    """All links, of one type, one folder or some states, with their contents."""
    where: list[ColumnElement[bool]] = [LinkRow.user_id == user_id]
    if item_type is not None:
        where.append(LinkRow.type == item_type.value)
    if folder is not None:
        where.append(LinkRow.folder == folder)
    if states is not None:
        where.append(LinkRow.state.in_([state.value for state in states]))
    return _read(tx, *where)


def by_id(tx: Session, user_id: int, link_id: int) -> Link | None:
    """One link of the user."""
    return next(iter(_read(tx, LinkRow.user_id == user_id, LinkRow.id == link_id)), None)


def versions(tx: Session, user_id: int, item_type: ItemType | None = None) -> list[LinkVersion]:
    """All links without their contents (a complete listing over 10,000 items is compared by these)."""
    chosen = select(
        LinkRow.id, LinkRow.type, LinkRow.state, LinkRow.x3_key, LinkRow.auuid, LinkRow.outlook_key, LinkRow.folder,
        LinkRow.x3_version, LinkRow.outlook_version,
    ).where(LinkRow.user_id == user_id)  # fmt: skip
    if item_type is not None:
        chosen = chosen.where(LinkRow.type == item_type.value)
    return [LinkVersion._make(row) for row in tx.execute(chosen)]


def count(tx: Session, user_id: int | None = None) -> dict[ItemType, int]:
    """How many links of each type the user has, or all users together: what G1's percentage is of."""
    counted = select(LinkRow.type, func.count()).group_by(LinkRow.type)
    if user_id is not None:
        counted = counted.where(LinkRow.user_id == user_id)
    found = {ItemType(item_type): number for item_type, number in tx.execute(counted)}
    return {item_type: found.get(item_type, 0) for item_type in ItemType}


def iso(original_start: datetime | None) -> str:
    """An occurrence's original start as the text that links and claims are keyed by; blank for a single event."""
    return "" if original_start is None else original_start.astimezone(UTC).isoformat()


def _whole(link: Link, event: EventFacts | None) -> Link:
    """The link with what identifies its event, if it does not say so itself."""
    if event is None or link.ical_uid or not event.ical_uid:
        return link
    return link.of_event(event)


def _values(user_id: int, link: Link, partner: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "user_id": user_id,
        "type": link.type.value,
        "kind": link.type.kind.value,
        "state": link.state.value,
        "x3_key": link.x3_key,
        "auuid": link.auuid,
        "outlook_key": link.outlook_key,
        "folder": link.folder,
        "born": link.born.value,
        "made": link.made,
        "ical_uid": link.ical_uid,
        "series_id": link.series_id,
        "original_start": iso(link.original_start),
        "organized_by": link.organized_by,
        "owner": link.owner,
        "invited": link.invited,
        "x3_content": encode(link.x3.content),
        "x3_version": link.x3.version,
        "x3_written_at": link.x3.written_at,
        "outlook_content": encode(link.outlook.content),
        "outlook_version": link.outlook.version,
        "outlook_written_at": link.outlook.written_at,
        "name": "",
        "emails": "",
    }
    known = link.x3.content or link.outlook.content
    if isinstance(known, Contact):
        addresses = dict.fromkeys(mail.casefold() for mail in known.emails)
        values |= {"name": known.name.full, "emails": " ".join(addresses)}
    if partner is not None:
        values["partner"] = partner
    return values


def save(tx: Session, user_id: int, link: Link, *, event: EventFacts | None = None, partner: str | None = None) -> Link:
    """Store a link, new (`id` 0) or known, and answer it with its id.

    `event` gives iCalUId, series and original start to a link that has none; `partner` is a contact's BPRNUM, and what
    is stored of it stays when it is None. Raises AlreadyLinked (M1).
    """
    link = _whole(link, event)
    values = _values(user_id, link, partner)
    try:
        if link.id:
            tx.execute(update(LinkRow).where(LinkRow.id == link.id, LinkRow.user_id == user_id).values(values))
            return link
        return replace(link, id=tx.execute(insert(LinkRow).values(values).returning(LinkRow.id)).scalar_one())
    except IntegrityError as conflict:
        raise AlreadyLinked(f"{link.type.value} {link.x3_key}") from conflict


def save_many(tx: Session, user_id: int, links: Sequence[tuple[Link, EventFacts | None]]) -> list[Link]:
    """`save` for many at once, answered in the same order. Raises AlreadyLinked (M1)."""
    whole = [_whole(link, event) for link, event in links]
    rows = [(link.id, _values(user_id, link, None)) for link in whole]
    fresh = [row for link_id, row in rows if not link_id]
    known = [row | {"id": link_id} for link_id, row in rows if link_id]
    try:
        made: Iterable[int] = ()
        if fresh:
            made = tx.scalars(insert(LinkRow).returning(LinkRow.id, sort_by_parameter_order=True), fresh).all()
        if known:
            tx.execute(update(LinkRow), known)
    except IntegrityError as conflict:
        raise AlreadyLinked("one of many") from conflict
    ids = iter(made)
    return [link if link.id else replace(link, id=next(ids)) for link in whole]


def look_again(tx: Session, user_id: int, seen: Iterable[tuple[int, Side, str]]) -> None:
    """Store only new versions, (link id, side, version): the content was read and is the same (C1)."""
    batches: dict[Side, list[dict[str, Any]]] = {side: [] for side in Side}
    for link_id, side, version in seen:
        batches[side].append({"id": link_id, f"{side.value}_version": version})
    for batch in batches.values():
        if batch:
            tx.execute(update(LinkRow), batch)


def drop(tx: Session, user_id: int, link_ids: Iterable[int]) -> None:
    """Forget links; nothing on the two sides is touched."""
    for chunk in chunks(link_ids):
        tx.execute(delete(LinkRow).where(LinkRow.user_id == user_id, LinkRow.id.in_(chunk)))


def contact_entries(tx: Session, user_id: int) -> list[ContactEntry]:
    """The user's linked contacts for the K rules' directory, without decoding their contents."""
    chosen = select(LinkRow.x3_key, LinkRow.name, LinkRow.emails, LinkRow.partner).where(
        LinkRow.user_id == user_id, LinkRow.type == ItemType.CONTACT.value, LinkRow.state != LinkState.RELEASED.value
    )
    return [
        ContactEntry(cor=key, name=name, emails=tuple(emails.split()), company=partner)
        for key, name, emails, partner in tx.execute(chosen)
    ]
