"""Problem lines (R4) and held changes (G3), and a person's word about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconcile.model import ItemType, Present, Side
from reconcile.port import Endpoint
from worker.bootstrap import Application
from worker.desk.passes import Unfit, codes, find_user, link_of, mark_dirty, mark_items, passes_of
from worker.items import refs_of_item
from worker.report import Report
from worker.settle import WHOLE
from worker.state import codec, held, links, problems, users
from worker.state.held import Held
from worker.state.items import ItemKey
from worker.state.problems import ProblemLine
from worker.state.users import User
from worker.sync import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """A line of problem management (R4)."""

    id: int
    user: str
    type: str
    x3_key: str
    outlook_id: str
    field: str
    x3: str
    outlook: str
    message: str
    log_code: str
    since: datetime
    attempts: int
    quarantined: bool


def problem_rows(app: Application, only: User | None = None) -> list[ProblemRow]:
    """The problem lines of a user or of all."""
    names = codes(app)
    with app.store.read() as tx:
        lines = problems.of_user(tx, only.id if only else None)
    return [problem_row(names[line.user_id], line) for line in lines]


def problem_row(code: str, line: ProblemLine) -> ProblemRow:
    return ProblemRow(
        id=line.id,
        user=code,
        type=line.item.type.value,
        x3_key=line.item.x3_key,
        outlook_id=line.item.outlook_key,
        field=line.problem.field,
        x3=line.problem.x3,
        outlook=line.problem.outlook,
        message=line.problem.message,
        log_code=line.problem.log_code,
        since=line.since,
        attempts=line.attempts,
        quarantined=line.quarantined,
    )


async def retry(app: Application, ids: Sequence[int], progress: Progress | None = None) -> list[Report]:
    """Try these again, also out of quarantine (G2), in a pass now. Raises Unfit and what `passes_of` raises."""
    with app.store.read() as tx:
        found = {line_id: problems.get(tx, line_id) for line_id in ids}
    lines = [line for line in found.values() if line is not None]
    _all_there("problem", found)
    with app.store.begin() as tx:
        problems.retry(tx, [line.id for line in lines])
    for line in lines:
        mark_items(app, line.user_id, [line.item], "admin")
        _seek(app, line.user_id, line.item)
    return await passes_of(app, [line.user_id for line in lines], progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """A change that waits for a person (G3). The item of a pass held as a whole has blank keys (G7)."""

    id: int
    user: str
    type: str
    x3_key: str
    outlook_id: str
    rule: str
    action: str
    on: str
    why: str
    would_mail: int
    state: str
    since: datetime | None
    x3: Mapping[str, Any] | None = None
    outlook: Mapping[str, Any] | None = None


def held_rows(app: Application, only: User | None = None) -> list[HeldRow]:
    """The held changes of a user or of all, without their versions."""
    names = codes(app)
    with app.store.read() as tx:
        rows = held.of_user(tx, only.id if only else None)
    return [held_row(names[row.user_id], row) for row in rows]


async def held_versions(app: Application, rows: Sequence[HeldRow]) -> list[HeldRow]:
    """The same rows with how both sides look now (G3); of a private item nothing is shown (S4). Raises TryLater, Stop."""
    shown = []
    for row in rows:
        user = find_user(app, row.user)
        item = ItemKey(ItemType(row.type), row.x3_key, row.outlook_id) if row.type else WHOLE
        worlds = app.worlds(user, read_only=True)
        looks: dict[str, Mapping[str, Any] | None] = {"x3": None, "outlook": None}
        for ref in refs_of_item(item, link_of(app, user.id, item)):
            side = Side.X3 if ref.kind is None else Side.OUTLOOK
            endpoint: Endpoint = worlds.x3 if side is Side.X3 else worlds.outlook
            observed = (await endpoint.read([ref])).get(ref)
            looks[side.value] = codec.builtins(observed.content) if isinstance(observed, Present) else None
        shown.append(replace(row, x3=looks["x3"], outlook=looks["outlook"]))
    return shown


def held_row(code: str, row: Held) -> HeldRow:
    whole = row.item == WHOLE
    return HeldRow(
        id=row.id,
        user=code,
        type="" if whole else row.item.type.value,
        x3_key=row.item.x3_key,
        outlook_id=row.item.outlook_key,
        rule=row.rule.value,
        action=row.action,
        on=row.side.value if row.side else "",
        why=row.why,
        would_mail=row.would_mail,
        state=row.state.value,
        since=row.since,
    )


async def release(app: Application, ids: Sequence[int], progress: Progress | None = None) -> list[Report]:
    """Let exactly these changes pass once (G3), in a pass now. Raises Unfit and what `passes_of` raises."""
    rows = _held_chosen(app, ids)
    with app.store.begin() as tx:
        held.release(tx, ids)
    return await _said(app, rows, progress)


async def reject(app: Application, ids: Sequence[int], progress: Progress | None = None) -> list[Report]:
    """These changes count as seen, the sides stay different (G3). Raises Unfit, also for a pass held as a whole, of which
    nothing could count as seen, and what `passes_of` raises."""
    rows = _held_chosen(app, ids)
    if any(row.item == WHOLE for row in rows):
        mend = "Release it, or stop the user with `x3sync users pause`."
        raise Unfit("A pass that is held as a whole cannot be rejected.", mend=mend)
    with app.store.begin() as tx:
        held.reject(tx, ids)
    return await _said(app, rows, progress)


def _held_chosen(app: Application, ids: Sequence[int]) -> list[Held]:
    with app.store.read() as tx:
        found = {held_id: held.get(tx, held_id) for held_id in ids}
    _all_there("held change", found)
    return [row for row in found.values() if row is not None]


async def _said(app: Application, rows: Sequence[Held], progress: Progress | None) -> list[Report]:
    for row in rows:
        mark_items(app, row.user_id, [row.item], "admin")
        if row.forced is not None:
            _seek(app, row.user_id, row.item)
    return await passes_of(app, [row.user_id for row in rows], progress)


def _seek(app: Application, user_id: int, item: ItemKey) -> None:
    """Without a link only a complete listing shows all that concerns an item: a task's list, and those it may belong to."""
    with app.store.read() as tx:
        user = users.by_id(tx, user_id)
        link = links.of_item(tx, user_id, item)
    if user is not None and link is None:
        mark_dirty(app, [user], "admin", "full")


def _all_there(what: str, found: Mapping[int, object]) -> None:
    missing = [str(number) for number, row in found.items() if row is None]
    if missing:
        raise Unfit(f"There is no {what} {', '.join(missing)}.", mend="List them again: a pass may have settled it.")
