"""`x3sync users …` (U rules, R5)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from worker import choices, desk, people, sides
from worker.bootstrap import Application
from worker.cli import frame, shown
from worker.report import Report

Who = Annotated[str, typer.Argument(metavar="USER", help="X3 user code or mailbox address.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it; without it the preview is shown and confirmed.")]
Calendars = Annotated[
    list[str] | None, typer.Option("--calendar", metavar="NAME|ID", help="Managed calendar; the first is the default.")
]
Contacts = Annotated[
    list[str] | None,
    typer.Option("--contacts", metavar="NAME|ID", help="Managed contact folder; the first is the default."),
]
Lists = Annotated[
    list[str] | None, typer.Option("--list", metavar="NAME|ID", help="Managed To Do list; the first is the default.")
]


def list_users(as_json: shown.Json = False) -> None:
    """Who is enabled, who is paused."""
    with frame.opened(complete=False) as app:
        rows = [people.document(app, user) for user in desk.everyone(app)]
        standing = sides.stopped(app)
    if as_json:
        still = [
            {"side": side.value, "why": one.why, "mend": one.mend, "since": one.since.isoformat()}
            for side, one in standing.items()
        ]
        shown.document({"users": rows, "stopped": still})
        return
    for side, one in standing.items():
        shown.say(f"{side.value} stands still for everybody since {one.since:%Y-%m-%d %H:%M} UTC: {one.why} {one.mend}")
    shown.table(
        ["X3 user", "representative", "mailbox", "state", "last pass", "why"],
        [[r["x3_user"], r["representative"], r["mailbox"], r["state"], r["last_pass_at"], r["paused_why"]] for r in rows],
        nothing="No user is enabled. `x3sync users add` enables one.",
    )


def add(
    x3_user: Annotated[str, typer.Option("--x3-user", help="X3 user code.")],
    mailbox: Annotated[str, typer.Option("--mailbox", help="Mailbox address, or Entra object id.")],
    create_folders: Annotated[bool, typer.Option("--create-folders", help='Add "Sage X3" folders as defaults.')] = False,
    calendar: Calendars = None,
    contacts: Contacts = None,
    lists: Lists = None,
    go: Annotated[bool, typer.Option("--go", help="Run the first pass now, released (G7).")] = False,
    as_json: shown.Json = False,
) -> None:
    """Enable a user: his representative, his mailbox, his folders, X3's own switches."""
    choice = _choice(calendar, contacts, lists, create=create_folders)
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> tuple[dict[str, Any], Report | None]:
            user = await people.add(app, x3_user, mailbox, choice)
            first = await desk.pass_or_pause(app, user, cause="cli", go=True, progress=progress) if go else None
            return people.document(app, desk.find_user(app, user.x3_user)), first

        row, report = frame.work(job)
    if as_json:
        shown.document({"user": row} | ({"pass": report.document()} if report else {}))
        return
    shown.say(f"{row['x3_user']} ({row['representative']}) is synchronised with {row['mailbox']}.")
    for folder in row["folders"]:
        shown.say(f"  {folder['kind']}: {folder['name']}{' (default)' if folder['default'] else ''}")
    if report:
        shown.reports([report.document()], as_json=False)
    else:
        shown.say(f"Preview: `x3sync sync {row['x3_user']} --dry-run`; start: `x3sync sync {row['x3_user']} --go`.")


def set_user(
    user: Who,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="TSKADXDLT=no conflict=x3 window=-30..180 …")
    ] = None,
    calendar: Calendars = None,
    contacts: Contacts = None,
    lists: Lists = None,
    yes: Yes = False,
    as_json: shown.Json = False,
) -> None:
    """Change switches, choices and managed folders."""
    choice = _choice(calendar, contacts, lists)

    async def job(app: Application) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
        found = desk.find_user(app, user)
        plan = await people.plan_folders(app, found, choice)
        if plan.released and not yes:
            _confirm(f"{len(plan.released)} links of folders that go would be released (S6).", as_json=as_json)
        changed = await choices.change(app, found, values or [])
        if plan.rows:
            people.change_folders(app, found, plan)
        return people.document(app, desk.find_user(app, user)), changed

    row, changed = frame.work(job)
    _changed(row, changed, as_json=as_json)


def import_user(user: Who, as_json: shown.Json = False) -> None:
    """Take the switches from X3's synchronization parameters (SYNCPAR)."""

    async def job(app: Application) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
        changed = await choices.import_switches(app, desk.find_user(app, user))
        return people.document(app, desk.find_user(app, user)), changed

    row, changed = frame.work(job)
    _changed(row, changed, as_json=as_json)


def pause(
    user: Who,
    why: Annotated[str, typer.Option("--why", help="Shown in `users list`.")] = "paused by an operator",
    as_json: shown.Json = False,
) -> None:
    """Do nothing more for a user until `resume`."""
    with frame.opened(complete=False) as app:
        people.pause(app, desk.find_user(app, user), why)
        row = people.document(app, desk.find_user(app, user))
    _state(row, as_json=as_json)


def resume(user: Who, as_json: shown.Json = False) -> None:
    """Go on from the old cursors."""
    with frame.opened(complete=False) as app:
        people.resume(app, desk.find_user(app, user))
        row = people.document(app, desk.find_user(app, user))
    _state(row, as_json=as_json)


def remove(
    user: Who,
    take_out: Annotated[bool, typer.Option("--take-out", help="Delete in Outlook what the sync itself made.")] = False,
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase his journal, kept versions and reports too, for good.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only the preview.")] = False,
    yes: Yes = False,
    as_json: shown.Json = False,
) -> None:
    """Off-board: unlink, or take out of Outlook only what the sync made. Nobody is mailed, X3 is not touched."""

    async def job(app: Application) -> tuple[list[people.TakeOut], bool]:
        if erase and (gone := people.removed(app, user)) is not None:
            if not (yes or dry_run):
                _confirm(f"What is kept of {gone.x3_user}, who is removed, will be erased.", as_json=as_json)
            if not dry_run:
                people.erase_removed(app, gone)
            return [], not dry_run
        found = desk.find_user(app, user)
        rows = await people.preview_take_out(app, found) if take_out else []
        if dry_run:
            return rows, False
        if not yes:
            _preview(rows, as_json=as_json)
            lost = ", his journal and reports erased" if erase else ""
            _confirm(f"{found.x3_user} will be removed{lost}.", as_json=as_json)
        return await people.remove(app, found, take_out=take_out, erase=erase), True

    rows, removed = frame.work(job)
    if as_json:
        shown.document({"removed": removed, "take_out": [row.document() for row in rows]})
        return
    if dry_run or yes:
        _preview(rows, as_json=False)
    shown.say("Removed." if removed else "Nothing was changed.")


# ------------------------------------------------------------------------------------------------ pieces


def _choice(
    calendar: list[str] | None, contacts: list[str] | None, lists: list[str] | None, *, create: bool = False
) -> people.FolderChoice:
    return people.FolderChoice(
        calendars=tuple(calendar or ()), contacts=tuple(contacts or ()), lists=tuple(lists or ()), create=create
    )


def _confirm(question: str, *, as_json: bool) -> None:
    """A person says yes at the terminal; a script says --yes."""
    if as_json:
        raise desk.Unfit(question, mend="Say --yes.")
    typer.confirm(f"{question} Go on?", abort=True, err=True)


def _changed(row: dict[str, Any], changed: dict[str, tuple[str, str]], *, as_json: bool) -> None:
    if as_json:
        shown.document({"user": row, "changed": {name: {"from": a, "to": b} for name, (a, b) in changed.items()}})
        return
    for name, (before, after) in changed.items():
        shown.say(f"{name}: {before} -> {after}")
    if not changed:
        shown.say("No choice was changed.")


def _state(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        shown.document({"user": row})
        return
    shown.say(f"{row['x3_user']} is {row['state']}.")


def _preview(rows: list[people.TakeOut], *, as_json: bool) -> None:
    if as_json or not rows:
        return
    shown.table(
        ["type", "X3 key", "what"],
        [[row.type, row.x3_key, f"stays: {row.stays}" if row.stays else "to Deleted Items"] for row in rows],
        nothing="",
    )
