"""What commands print: one JSON document, or tables and sentences for people. Progress goes to stderr, and only there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from worker.report import as_text
from worker.sync import Progress as Report

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


def plain(value: Any) -> Any:
    """A value as JSON types: our frozen rows, dates, enumerations."""
    return msgspec.to_builtins(value)


def document(value: Mapping[str, Any]) -> None:
    """The one document of a command with --json."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """A sentence for people, as it stands: brackets in it are no markup."""
    sys.stdout.write(text + "\n")


def failure(what: str, mend: str, *, as_json: bool) -> None:
    """A failure: to people on stderr, to machines as the document."""
    if as_json:
        document({"error": {"what": what, "mend": mend}})
    sys.stderr.write(what + (f"\n{mend}" if mend else "") + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str) -> None:
    """Rows for people; `nothing` is said when there are none. On a terminal as wide as it is, else as wide as needed."""
    lines = [[escape(_word(cell)) for cell in row] for row in rows]
    if not lines:
        say(nothing)
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for line in lines:
        grid.add_row(*line)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=240)
    console.print(grid)


def _word(cell: object) -> str:
    match cell:
        case None:
            return ""
        case True:
            return "yes"
        case False:
            return "no"
        case _:
            return str(cell)


def reports(found: Sequence[Mapping[str, Any]], *, as_json: bool, key: str = "passes") -> None:
    """Reports of passes: the text of R1 for people."""
    if as_json:
        document({key: list(found)})
        return
    for report in found:
        say(as_text(report))


@contextmanager
def progress(*, as_json: bool) -> Iterator[Report | None]:
    """A bar a phase on stderr, when that is a terminal; never with --json."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def step(phase: str, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=of)
            bars.update(tasks[phase], completed=done, total=of)

        yield step
