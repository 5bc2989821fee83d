"""`x3sync held …` (G3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from worker import desk
from worker.bootstrap import Application
from worker.cli import shown
from worker.cli.frame import work
from worker.report import Report
from worker.sync import Progress

Ids = Annotated[list[int] | None, typer.Argument(metavar="ID", help="The changes' numbers.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]
OfUser = Annotated[str, typer.Option("--user", help="All that wait of this user.")]
Say = Callable[[Application, Sequence[int], Progress | None], Awaitable[list[Report]]]


def list_held(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox; all users without it.")] = "",
    versions: Annotated[bool, typer.Option("--versions", help="Also read how both sides look now.")] = False,
    as_json: shown.Json = False,
) -> None:
    """What waits for a person's word, and how many people it would mail."""

    async def job(app: Application) -> list[desk.HeldRow]:
        rows = desk.held_rows(app, desk.find_user(app, user) if user else None)
        return await desk.held_versions(app, rows) if versions else rows

    rows = work(job)
    if as_json:
        shown.document({"held": rows})
        return
    shown.table(
        ["id", "user", "type", "X3 key", "rule", "action", "on", "mails", "state", "why"],
        [[r.id, r.user, r.type, r.x3_key, r.rule, r.action, r.on, r.would_mail, r.state, r.why] for r in rows],
        nothing="Nothing is held.",
    )
    for row in rows if versions else ():
        shown.say(f"{row.id} X3: {dict(row.x3) if row.x3 else '-'}")
        shown.say(f"{row.id} Outlook: {dict(row.outlook) if row.outlook else '-'}")


def release(ids: Ids = None, everything: All = False, user: OfUser = "", as_json: shown.Json = False) -> None:
    """Let exactly these changes through once, in a pass now."""
    _say(desk.release, ids, user, everything=everything, as_json=as_json)


def reject(ids: Ids = None, everything: All = False, user: OfUser = "", as_json: shown.Json = False) -> None:
    """These changes count as seen, the sides stay different; a pass now."""
    _say(desk.reject, ids, user, everything=everything, as_json=as_json)


def _say(say: Say, ids: list[int] | None, user: str, *, everything: bool, as_json: bool) -> None:
    if not ids and not everything and not user:
        raise desk.Unfit("Say which changes.", mend="Give their numbers, --user USER or --all.")
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> list[Report]:
            chosen = list(ids or [])
            if everything or user:
                chosen += [row.id for row in desk.held_rows(app, desk.find_user(app, user) if user else None)]
            return await say(app, list(dict.fromkeys(chosen)), progress)

        reports = work(job)
    shown.reports([report.document() for report in reports], as_json=as_json)
