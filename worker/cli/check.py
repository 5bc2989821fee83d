"""`x3sync check`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from worker import checks
from worker.cli import frame, shown


def check(
    user: Annotated[str, typer.Argument(help="X3 user or mailbox; all users without it.")] = "",
    as_json: shown.Json = False,
) -> None:
    """Test every connection, permission, publication, mailbox and folder; nothing is written."""
    findings = asyncio.run(checks.check(user))
    if as_json:
        shown.document({"findings": findings})
    else:
        for finding in findings:
            why = f": {finding.why}" if finding.why else ""
            mend = f" {finding.mend}" if finding.mend and not finding.ok else ""
            shown.say(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}{why}{mend}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(frame.CHECK_FAILED)
