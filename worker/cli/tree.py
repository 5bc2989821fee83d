"""The tree of commands: which name runs which function. Nothing is built on import."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from worker.cli import check, held, operations, problems, processes, reports, sync, users

Commands = Mapping[str, Callable[..., Any]]

_SINGLE: Commands = {
    "up": processes.up,
    "worker": processes.worker,
    "beat": processes.beat,
    "web": processes.web,
    "check": check.check,
    "sync": sync.sync,
    "resync": sync.resync,
    "report": reports.report,
    "pending": reports.pending,
    "why": reports.why,
    "restore": reports.restore,
    "version": operations.version,
}
_GROUPS: Mapping[str, tuple[str, Commands]] = {
    "users": (
        "Who is synchronised, and how.",
        {
            "list": users.list_users,
            "add": users.add,
            "set": users.set_user,
            "import": users.import_user,
            "pause": users.pause,
            "resume": users.resume,
            "remove": users.remove,
        },
    ),
    "problems": (
        "What was not carried.",
        {"list": problems.list_problems, "fix": problems.fix, "retry": problems.retry},
    ),
    "held": ("What waits for your word.", {"list": held.list_held, "release": held.release, "reject": held.reject}),
    "subscriptions": (
        "What Microsoft Graph notifies us of.",
        {"list": operations.list_subscriptions, "renew": operations.renew, "drop": operations.drop},
    ),
    "db": ("The database.", {"upgrade": operations.upgrade, "claim": operations.claim}),
}


@functools.cache
def command() -> TyperGroup:
    """The whole command line, built once a process."""
    return typer.main.get_group(_command_line())


def _command_line() -> typer.Typer:
    """The whole command line. Typer's own tracebacks are off: they could show local variables, and so content (S4)."""
    root = typer.Typer(
        help="Keeps the CRM of Sage X3 and Microsoft 365 mailboxes in step.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, function in _SINGLE.items():
        root.command(name)(function)
    for name, (told, commands) in _GROUPS.items():
        group = typer.Typer(help=told, no_args_is_help=True)
        for word, function in commands.items():
            group.command(word)(function)
        root.add_typer(group, name=name)
    return root
