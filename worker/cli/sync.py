"""`x3sync sync` and `x3sync resync` (F rules)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from worker import desk
from worker.bootstrap import Application
from worker.cli import frame, shown
from worker.forced import Source
from worker.report import Report
from worker.state.users import User, UserState

DryRun = Annotated[bool, typer.Option("--dry-run", help="Preview: decide everything, write nothing (G4).")]


def sync(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Every active user.")] = False,
    dry_run: DryRun = False,
    full: Annotated[bool, typer.Option("--full", help="Complete listings instead of changes.")] = False,
    go: Annotated[bool, typer.Option("--go", help="Release a pass that is held as a whole (G7).")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Hand it to the workers instead.")] = False,
    as_json: shown.Json = False,
) -> None:
    """One pass now, in this process."""
    if bool(user) is everyone:
        raise desk.Unfit("Say which user, or --all.", mend="`x3sync sync USER` or `x3sync sync --all`.")
    if queue:
        if dry_run or go:
            raise desk.Unfit("--queue hands over an ordinary pass.", mend="Leave --dry-run and --go to `x3sync sync USER`.")
        _queue(user, full=full, as_json=as_json)
        return
    _run(user, cause="cli", dry_run=dry_run, full=full, go=go, as_json=as_json)


def resync(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox.")],
    source: Annotated[Source | None, typer.Option("--from", help="The side to look at, whatever its dates.")] = None,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Outlook: changed after this date.")] = "",
    types: Annotated[str, typer.Option("--types", help="contact,task,call,appointment")] = "",
    keys: Annotated[str, typer.Option("--keys", metavar="A..B", help="A range of X3 keys.")] = "",
    contacts: Annotated[str, typer.Option("--contacts", help="total, own, reps:A..B or leads")] = "",
    dry_run: DryRun = False,
    go: Annotated[bool, typer.Option("--go", help="Release a forced pass that is held as a whole (G7).")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Call off what the workers have not carried through (F4).")] = False,
    as_json: shown.Json = False,
) -> None:
    """Forced synchronisation: look at everything again, whatever its dates. It never does more than the user's settings
    allow, and deletes nothing (F rules). Ctrl-C stops it between two items; --stop one that the workers carry out."""
    if stop is (source is not None):
        raise desk.Unfit("Say from which side, or --stop.", mend="`x3sync resync USER --from x3`, outlook or both.")
    if source is None:
        _call_off(user, as_json=as_json)
        return
    request = desk.Request(source=source.value, since=since, types=types, keys=keys, contacts=contacts)
    interrupt = _Stop()
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> Report:
            one = desk.find_user(app, user)
            forced = desk.forced_of(app, one, request)
            with interrupt.listening():
                return await desk.pass_or_pause(
                    app,
                    one,
                    cause="forced",
                    dry_run=dry_run,
                    go=go,
                    progress=progress,
                    forced=forced,
                    stopped=lambda: interrupt.asked,
                )

        report = frame.work(job)
    document = report.document() | {"from": source.value, "stopped": interrupt.asked}
    if as_json:
        shown.document(document)
    else:
        shown.reports([document], as_json=False)
        if document["held_as_a_whole"] and not dry_run:
            shown.say("Release it by the same command with --go.")
    if interrupt.asked:
        raise typer.Exit(frame.TRY_LATER)


def _call_off(user: str, *, as_json: bool) -> None:
    with frame.opened() as app:
        one = desk.find_user(app, user)
        called_off = desk.stop_forced(app, one)
    if as_json:
        shown.document({"user": one.x3_user, "called_off": called_off})
        return
    shown.say("Called off: what is under way ends between two items." if called_off else "The workers have nothing of it.")


@dataclass(slots=True)
class _Stop:
    """Ctrl-C: the first stops between two items (F4), a second one at once."""

    asked: bool = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While a loop runs in the main thread."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            self.asked = True
            loop.remove_signal_handler(signal.SIGINT)

        loop.add_signal_handler(signal.SIGINT, heard)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _run(user: str, *, cause: str, dry_run: bool, full: bool, go: bool, as_json: bool) -> None:
    failures: list[tuple[User, BaseException]] = []
    with shown.progress(as_json=as_json) as progress:

        async def job(app: Application) -> list[Report]:
            found, reports = _chosen(app, user), []
            for one in found:
                try:
                    reports.append(
                        await desk.pass_or_pause(
                            app, one, cause=cause, dry_run=dry_run, full=full, go=go, progress=progress
                        )
                    )
                except frame.FORESEEN as failure:
                    # One user's failure never delays another (G2).
                    if user:
                        raise
                    failures.append((one, failure))
            return reports

        reports = frame.work(job)
    documents = [report.document() for report in reports]
    if user and as_json:
        shown.document(documents[0])
    else:
        _print(documents, failures, as_json=as_json)
    frame.leave([failure for _, failure in failures])


def _print(documents: list[dict[str, Any]], failures: Sequence[tuple[User, BaseException]], *, as_json: bool) -> None:
    told = [(user.x3_user, *frame.explained(failure)[1:]) for user, failure in failures]
    if as_json:
        failed = [{"user": code, "what": what, "mend": mend} for code, what, mend in told]
        shown.document({"passes": documents, "failed": failed})
        return
    shown.reports(documents, as_json=False)
    for code, what, mend in told:
        shown.failure(f"{code}: {what}", mend, as_json=False)
    for row in documents:
        if row["held_as_a_whole"] and row["mode"] == "apply":
            shown.say(f"Release it with `x3sync sync {row['user']} --go`.")


def _chosen(app: Application, user: str) -> list[User]:
    if user:
        return [desk.find_user(app, user)]
    return [one for one in desk.everyone(app) if one.state is UserState.ACTIVE]


def _queue(user: str, *, full: bool, as_json: bool) -> None:
    from worker import tasks  # it loads Celery, which a pass in this process does not need

    with frame.opened() as app:
        found = _chosen(app, user)
        desk.mark_dirty(app, found, "cli", *(["full"] if full else []))
        sent = [one.x3_user for one in found if tasks.enqueue_pass(one.id, app.settings)]
    if as_json:
        shown.document({"queued": [one.x3_user for one in found], "sent": sent})
        return
    shown.say(f"Marked: {', '.join(one.x3_user for one in found) or 'nobody'}.")
    if len(sent) < len(found):
        shown.say("Without a broker, or where a message waits already, the workers' next sweep finds the marks.")
