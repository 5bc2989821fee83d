"""The pending queue (R3): what waits for a pass, per user and type, with X3's action codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from reconcile.model import LinkState, Side
from reconcile.port import CursorExpired, Stream
from worker.bootstrap import Application
from worker.desk.passes import everyone
from worker.state import attempts, dirty, links
from worker.state.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits (R3). `action` is X3's code: C create, M modify, A delete, P reassign, R forced; `type` is
    blank for a whole stream."""

    user: str
    type: str
    x3_key: str
    action: str
    outlook_id: str = ""
    why: str = ""
    since: datetime | None = None


async def pending(app: Application, only: User | None = None) -> list[Waiting]:
    """What waits for a pass: X3's queue and changed records, marks, open creates, forbidden deletions. Asks X3, writes
    nothing. Raises TryLater and Stop."""
    found: list[Waiting] = []
    for user in [only] if only else everyone(app):
        marks, rows = _remembered(app, user)
        found += _once([*await _in_x3(app, user), *rows], marks)
    return found


def _once(rows: list[Waiting], marks: list[Waiting]) -> list[Waiting]:
    """An item that waits for several reasons is told once for each code. A mark that only says to look at it again is left
    out where something else is told of the item."""
    told: dict[tuple[str, str, str], Waiting] = {}
    for row in rows:
        known = told.get(name := (*_item(row), row.action))
        told[name] = replace(row, why=f"{known.why}; {row.why}") if known else row
    items = {name[:2] for name in told}
    return [*(mark for mark in marks if mark.action != "M" or _item(mark) not in items), *told.values()]


def _item(row: Waiting) -> tuple[str, str]:
    return row.type, row.x3_key or row.outlook_id


def _remembered(app: Application, user: User) -> tuple[list[Waiting], list[Waiting]]:
    """(marks, the rest) of what the database knows."""
    code = user.x3_user
    with app.store.read() as tx:
        marks = [*dirty.take(tx, user.id), *dirty.forced(tx, user.id)]
        sent = attempts.of_user(tx, user.id)
        forbidden = links.of_user(tx, user.id, states=[LinkState.PENDING_DELETE])
    rows: list[Waiting] = []
    for attempt in sent:
        on_x3 = attempt.side is Side.X3
        rows.append(
            Waiting(
                user=code, type=attempt.type.value, action="C", since=attempt.sent_at,
                x3_key="" if on_x3 else attempt.source_key, outlook_id=attempt.source_key if on_x3 else "",
                why=f"a create in {attempt.side.value} whose answer is not known (M7)",
            )
        )  # fmt: skip
    for link in forbidden:
        why = "deleted on one side; a switch forbids it on the other (D6)"
        row = Waiting(user=code, type=link.type.value, x3_key=link.x3_key, outlook_id=link.outlook_key, action="A", why=why)
        rows.append(row)
    return [_marked(code, mark) for mark in marks], rows


def _marked(code: str, mark: dirty.Mark) -> Waiting:
    if mark.stream == dirty.FORCED:
        why = f"a forced synchronisation that the workers carry out: {mark.item}"
        return Waiting(user=code, type="", x3_key="", action="R", why=why, since=mark.since)
    why = f"marked: {', '.join(mark.causes)}"
    side, _, rest = mark.item.partition("\t")
    key = rest.partition("\t")[0]
    action = "R" if "forced" in mark.causes else "M"
    if not mark.item:
        return Waiting(user=code, type="", x3_key="", action=action, why=why, since=mark.since)
    if side.startswith("x3:"):
        return Waiting(user=code, type=side[3:], x3_key=key, action=action, why=why, since=mark.since)
    return Waiting(user=code, type=side, x3_key="", outlook_id=key, action=action, why=why, since=mark.since)


async def _in_x3(app: Application, user: User) -> list[Waiting]:
    """The queue's rows, and records whose version is not the one last seen."""
    x3, stream = app.worlds(user, read_only=True).x3, Stream(kind=None, folder=user.representative)
    with app.store.read() as tx:
        cursor = dirty.cursors(tx, user.id).get("x3")
    try:
        listing = await x3.changes(stream, cursor)
    except CursorExpired:
        listing = await x3.changes(stream, None)
    rows = [
        Waiting(user=user.x3_user, type=hint.type.value, x3_key=hint.key, action=hint.action, why="in X3's queue")
        for hint in listing.hints
    ]
    queued = {(hint.type, hint.key) for hint in listing.hints}
    seen = [s for s in listing.sightings if s.ref.type is not None and (s.ref.type, s.ref.key) not in queued]
    with app.store.read() as tx:
        known = links.by_x3(tx, user.id, [(s.ref.type, s.ref.key) for s in seen if s.ref.type is not None])
    versions = {(link.type, link.x3_key): link.x3.version for link in known}
    for sighting in seen:
        assert sighting.ref.type is not None
        name = (sighting.ref.type, sighting.ref.key)
        # A stamp that could still be given again (port.Sighting) is no sign of a change.
        stamp = sighting.version.rstrip("~")
        if name in versions and (not stamp or versions[name].rstrip("~") == stamp):
            continue
        action, why = ("M", "changed in X3") if name in versions else ("C", "not linked yet")
        rows.append(Waiting(user=user.x3_user, type=name[0].value, x3_key=name[1], action=action, why=why))
    return rows
