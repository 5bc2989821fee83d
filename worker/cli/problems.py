"""`x3sync problems …` (R4)."""

from __future__ import annotations

from typing import Annotated

import typer

from reconcile.model import Side
from worker import desk
from worker.bootstrap import Application
from worker.cli import shown
from worker.cli.frame import opened, work
from worker.report import Report

_TYPED = (
    "The right value, typed: a text, a date (2026-03-02), a number, true or false; a company as NUMBER or NAME #NUMBER#, "
    "a contact as its number; a field with parts as JSON."
)


def list_problems(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox; all users without it.")] = "",
    as_json: shown.Json = False,
) -> None:
    """A line for each field or item that was not carried."""
    with opened(complete=False) as app:
        rows = desk.problem_rows(app, desk.find_user(app, user) if user else None)
    if as_json:
        shown.document({"problems": rows})
        return
    shown.table(
        ["id", "user", "type", "X3 key", "field", "X3", "Outlook", "message", "log code"],
        [
            [row.id, row.user, row.type, row.x3_key, row.field, row.x3, row.outlook, row.message, row.log_code]
            for row in rows
        ],
        nothing="There are no problems.",
    )


def fix(
    problem: Annotated[int, typer.Argument(metavar="ID", help="The line's number.")],
    side: Annotated[Side | None, typer.Argument(metavar="x3|outlook", help="Whose value is right.")] = None,
    value: Annotated[str | None, typer.Option("--value", metavar="TEXT", help=_TYPED)] = None,
    as_json: shown.Json = False,
) -> None:
    """Settle a line by X3's value, Outlook's or a typed one, and run a pass."""
    if (side is None) is (value is None):
        raise desk.Unfit("Choose one value.", mend="`x3sync problems fix ID x3`, `… outlook` or `… --value TEXT`.")
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> list[Report]:
            return await desk.fix(app, problem, side=side, value=value, progress=progress)

        reports = work(job)
    shown.reports([report.document() for report in reports], as_json=as_json)


def retry(
    problem: Annotated[list[int] | None, typer.Argument(metavar="ID", help="The lines' numbers.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All lines.")] = False,
    user: Annotated[str, typer.Option("--user", help="All lines of this user.")] = "",
    as_json: shown.Json = False,
) -> None:
    """Try lines again, also out of quarantine (G2), in a pass now."""
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> list[Report]:
            chosen = list(problem or [])
            if everything or user:
                chosen += [row.id for row in desk.problem_rows(app, desk.find_user(app, user) if user else None)]
            if not chosen and not everything and not user:
                raise desk.Unfit("Say which lines.", mend="Give their numbers, --user USER or --all.")
            return await desk.retry(app, chosen, progress)

        reports = work(job)
    shown.reports([report.document() for report in reports], as_json=as_json)
