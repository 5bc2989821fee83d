"""What every command stands in: settings, the application, its one event loop, and how failures are said.

A foreseen failure is one sentence on what is wrong and one on how to mend it, never a traceback. With --json the same is
the one document on stdout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import typer
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

from reconcile.port import CursorExpired, Moved, Refused, Stop, TryLater
from worker import log
from worker.bootstrap import Application
from worker.cli import shown
from worker.desk.passes import NotActive, Unfit
from worker.identity import MEND, NotOurs
from worker.settings import Settings, SettingsProblem, load
from worker.state.leases import LeaseLost, LockBusy
from worker.state.users import Taken
from worker.sync import Busy

T = TypeVar("T")
DONE, FAILED, USAGE, CHECK_FAILED, TRY_LATER = 0, 1, 2, 3, 75
_AGAIN = "Try again in a moment."


class NotBuilt(Exception):
    """A flag of the contract whose effect this version does not have."""


FORESEEN = (
    SettingsProblem,
    Unfit,
    NotBuilt,
    NotActive,
    NotOurs,
    Taken,
    Busy,
    LeaseLost,
    LockBusy,
    TryLater,
    Moved,
    CursorExpired,
    Refused,
    Stop,
    OperationalError,
)


def guarded(command: TyperGroup, arguments: list[str]) -> int:
    """Run a command and answer its exit code. An unforeseen exception goes through: Python shows it and leaves with 1."""
    as_json = "--json" in arguments
    try:
        command(arguments, prog_name="x3sync")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except FORESEEN as failure:
        code, what, mend = explained(failure)
        shown.failure(what, mend, as_json=as_json)
        return code
    return DONE


def explained(failure: BaseException) -> tuple[int, str, str]:
    """(exit code, what is wrong, how to mend it) of a failure in FORESEEN."""
    match failure:
        case SettingsProblem(problems=problems):
            return USAGE, "The settings are not usable.", "\n".join(str(problem) for problem in problems)
        case Unfit(mend=mend):
            return USAGE, str(failure), mend
        case NotBuilt():
            return USAGE, str(failure), "Leave it out; the help says what this version does."
        case Busy() | LeaseLost() | LockBusy():
            return (
                TRY_LATER,
                f"Somebody works on this user: {failure}.",
                f"{_AGAIN} A word about held changes or problems is kept.",
            )
        case Moved() | CursorExpired():
            return TRY_LATER, f"It changed while it was looked at: {failure}", _AGAIN
        case TryLater():
            return TRY_LATER, str(failure), "Try again later; `x3sync check` says which part does not answer."
        case OperationalError():
            return TRY_LATER, "The database does not answer.", "Check X3SYNC_DATABASE_URL and the server, then try again."
        case Stop(mend=mend):
            return FAILED, str(failure), mend
        case Refused(log_code=code):
            return (
                FAILED,
                f"Distant server message: {failure}" + (f" (log code {code})" if code else ""),
                "Correct the item.",
            )
        case NotOurs():
            return FAILED, str(failure).replace(f" {MEND}", ""), MEND
        case NotActive():
            return FAILED, str(failure), "`x3sync check USER` says what is wrong; then `x3sync users resume USER`."
        case Taken():
            return FAILED, f"{str(failure)[:1].upper()}{str(failure)[1:]} (U1).", "`x3sync users list` shows who has what."
        case _:
            raise AssertionError("not a foreseen failure") from failure


# ---------------------------------------------------------------------------------------------- the application


def settings(*, complete: bool = True) -> Settings:
    """The settings, with logging set up by them. Raises SettingsProblem."""
    loaded = load(complete=complete)
    log.configure(loaded.log_format, loaded.log_level)
    return loaded


@contextmanager
def opened(*, complete: bool = True, migrated: bool = True) -> Iterator[Application]:
    """The application for a command that awaits nothing. Raises SettingsProblem, and Unfit for an old database."""
    app = _open(settings(complete=complete), migrated=migrated)
    try:
        yield app
    finally:
        app.store.close()


def work(job: Callable[[Application], Awaitable[T]]) -> T:
    """Run a coroutine over an application that lives as long as the command: one loop, closed at its end."""
    loaded = settings()

    async def whole() -> T:
        app = _open(loaded, migrated=True)
        try:
            return await job(app)
        finally:
            await app.aclose()

    return asyncio.run(whole())


def _open(loaded: Settings, *, migrated: bool) -> Application:
    try:
        app = Application.open(loaded)
    except ValueError as wrong:
        raise Unfit(f"The database cannot be opened: {wrong}.", mend="Correct X3SYNC_DATABASE_URL.") from wrong
    if migrated and not app.store.up_to_date():
        app.store.close()
        raise Unfit("The database is not of this version.", mend="Run `x3sync db upgrade`.")
    return app


def leave(failures: Sequence[BaseException]) -> None:
    """Leave with the gravest of several failures that were shown already: failed before try later."""
    codes = {explained(failure)[0] for failure in failures}
    if codes:
        raise typer.Exit(TRY_LATER if codes == {TRY_LATER} else FAILED)
