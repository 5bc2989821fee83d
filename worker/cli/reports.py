"""`x3sync report`, `pending`, `why`, `restore` (R1-R3)."""

from __future__ import annotations

from typing import Annotated

import typer

from worker import desk
from worker.bootstrap import Application
from worker.cli import shown
from worker.cli.frame import opened, work
from worker.report import Report, as_csv, as_text

OnlyUser = Annotated[str, typer.Option("--user", help="Only this user's.")]
Item = Annotated[str, typer.Argument(metavar="KEY-OR-ID", help="X3 number or Outlook id.")]


def report(
    what: Annotated[str, typer.Argument(metavar="PASS|USER", help="A pass, or a user's last one.")] = "",
    text: Annotated[bool, typer.Option("--text", help="To be read or pasted into a mail (the default).")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One line a decision.")] = False,
    as_json: shown.Json = False,
) -> None:
    """The processing report of a pass."""
    if text + csv + as_json > 1:
        raise desk.Unfit("One form at a time.", mend="Keep one of --text, --csv and --json.")
    with opened(complete=False) as app:
        run = desk.report_of(app, what)
    if as_json:
        shown.document(run.report)
    elif csv:
        shown.say(as_csv(run.report).rstrip("\r\n"))
    else:
        shown.say(as_text(run.report))


def pending(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox; all users without it.")] = "",
    as_json: shown.Json = False,
) -> None:
    """What waits for a pass: X3's queue and changed records, marks, open creates, forbidden deletions."""

    async def job(app: Application) -> list[desk.Waiting]:
        return await desk.pending(app, desk.find_user(app, user) if user else None)

    rows = work(job)
    if as_json:
        shown.document({"pending": rows})
        return
    shown.table(
        ["user", "type", "key", "action", "why"],
        [[row.user, row.type, row.x3_key or row.outlook_id, row.action, row.why] for row in rows],
        nothing="Nothing waits.",
    )


def why(key: Item, user: OnlyUser = "", as_json: shown.Json = False) -> None:
    """What was decided about an item, by which rule, and which versions are kept."""
    with opened(complete=False) as app:
        told = desk.why(app, key, desk.find_user(app, user) if user else None)
    if as_json:
        shown.document(shown.plain(told))
        return
    item = told.item
    shown.say(f"{item['type']} {item['x3_key'] or '(not in X3)'} of {item['user']}: {item['state']}")
    for row in told.decisions:
        step = f"{row['action']} on {row['on']}" if row["on"] else row["action"] or "nothing"
        shown.say(f"{row['at']} [{row['rule']}] {step} - {row['outcome']} - {row['why']}")
    for row in told.versions:
        shown.say(f"version {row['n']} ({row['at']}, {row['side']}): {row['content']}")
    for line in told.problems:
        shown.say(f"problem {line.id} {line.field}: {line.message}")
    for waiting in told.held:
        shown.say(f"held {waiting.id} [{waiting.rule}] {waiting.why}")
    for other in told.others:
        shown.say(f"also: {other['type']} {other['x3_key']} of {other['user']} (--user {other['user']})")


def restore(
    key: Item,
    version: Annotated[int, typer.Option("--version", min=1, help="The number that `why` shows.")],
    user: OnlyUser = "",
    as_json: shown.Json = False,
) -> None:
    """Put a kept version back as an ordinary change, and run a pass."""
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> list[Report]:
            only = desk.find_user(app, user) if user else None
            return await desk.restore(app, key, version, only=only, progress=progress)

        reports = work(job)
    shown.reports([one.document() for one in reports], as_json=as_json)
