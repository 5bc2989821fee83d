"""What was done and why: reports (R1), and the history of an item (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconcile.model import ItemType, Kind
from worker.bootstrap import Application
from worker.desk.lines import HeldRow, ProblemRow, held_row, problem_row
from worker.desk.passes import Unfit, everyone, find_user, link_of
from worker.state import codec, held, journal, links, passes, problems, users
from worker.state.items import ItemKey
from worker.state.passes import PassRun
from worker.state.users import User


def report_of(app: Application, what: str = "") -> PassRun:
    """The report of a pass by its id, of a user's last pass, or of the last pass of all. Raises Unfit."""
    with app.store.read() as tx:
        run = passes.get(tx, what) if what else None
        if run is not None:
            return run
        chosen = [find_user(app, what)] if what else users.everyone(tx)
        runs = [run for user in chosen for run in passes.latest(tx, user.id)]
    if not runs:
        raise Unfit("There is no report yet.", mend="Run `x3sync sync USER` first.")
    return max(runs, key=lambda run: run.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What `why` tells of an item (R2)."""

    item: Mapping[str, Any]
    decisions: Sequence[Mapping[str, Any]]
    versions: Sequence[Mapping[str, Any]]
    problems: Sequence[ProblemRow] = ()
    held: Sequence[HeldRow] = ()
    others: Sequence[Mapping[str, str]] = ()


def find_item(app: Application, key: str, only: User | None = None) -> list[tuple[User, ItemKey]]:
    """The items that an X3 key or an Outlook id names, the one that was touched last first. Raises Unfit."""
    chosen = {user.id: user for user in ([only] if only else everyone(app))}
    with app.store.read() as tx:
        named = journal.for_key(tx, key, only.id if only else None)
        for user_id in chosen:
            found = links.by_x3(tx, user_id, [(item_type, key) for item_type in ItemType])
            found += [link for kind in Kind for link in links.by_outlook(tx, user_id, kind, [key])]
            named += [(user_id, ItemKey(link.type, link.x3_key, link.outlook_key)) for link in found]
    items: dict[tuple[int, ItemType], tuple[User, ItemKey]] = {}
    for user_id, item in named:
        if user_id in chosen:
            known = items.get((user_id, item.type), (chosen[user_id], item))[1]
            whole = ItemKey(item.type, known.x3_key or item.x3_key, known.outlook_key or item.outlook_key)
            items[user_id, item.type] = (chosen[user_id], whole)
    if not items:
        raise Unfit(f"Nothing is known of {key}.", mend="Give an X3 number or an Outlook id as a report shows it.")
    return list(items.values())


def why(app: Application, key: str, only: User | None = None) -> Why:
    """What was decided about an item, why, and which versions are kept. Raises Unfit."""
    (user, item), *others = find_item(app, key, only)
    link = link_of(app, user.id, item)
    with app.store.read() as tx:
        entries = journal.for_item(tx, user.id, item)
        kept = journal.versions(tx, user.id, item)
        lines = problems.of_item(tx, user.id, item)
        waiting = [row for row in held.of_user(tx, user.id) if _same(row.item, item)]
    return Why(
        item={
            "user": user.x3_user,
            "type": item.type.value,
            "x3_key": item.x3_key or (link.x3_key if link else ""),
            "outlook_id": item.outlook_key or (link.outlook_key if link else ""),
            "state": link.state.value if link else "not linked",
            "born": link.born.value if link else "",
            "made_by_sync": bool(link and link.made),
        },
        decisions=[_decision(entry) for entry in entries],
        versions=[
            {"n": v.n, "at": v.at.isoformat(), "side": v.side.value, "content": codec.builtins(v.content)} for v in kept
        ],
        problems=[problem_row(user.x3_user, line) for line in lines],
        held=[held_row(user.x3_user, row) for row in waiting],
        others=[{"user": owner.x3_user, "type": other.type.value, "x3_key": other.x3_key} for owner, other in others],
    )


def _same(one: ItemKey, other: ItemKey) -> bool:
    by_x3 = bool(one.x3_key) and (one.type, one.x3_key) == (other.type, other.x3_key)
    return by_x3 or (bool(one.outlook_key) and one.outlook_key == other.outlook_key)


def _decision(entry: journal.Entry) -> dict[str, str]:
    return {
        "at": entry.at.isoformat(),
        "pass": entry.pass_id,
        "rule": entry.rule.value,
        "action": entry.action,
        "on": entry.side.value if entry.side else "",
        "why": entry.why,
        "outcome": entry.outcome,
        "cause": entry.cause,
    }
