"""What a person sees: a line a step, and small tables where looking beats reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

TYPES = ("contact", "task", "call", "appointment")


class Show:
    """Prints to the terminal."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def begin(self, name: str) -> None:
        """A step begins."""
        if self.console.is_terminal:
            self.console.print(f"[dim]… {escape(name)}[/dim]", end="\r")

    def end(self, name: str, seconds: float, detail: str, *, ok: bool) -> None:
        """A step has ended."""
        mark = "[bold green]✔[/bold green]" if ok else "[bold red]✘[/bold red]"
        self.console.print(f"{mark} {escape(name)}  [dim]{seconds:.1f} s[/dim]\n    {escape(detail)}", soft_wrap=True)

    def say(self, text: str) -> None:
        """A line."""
        self.console.print(escape(text), soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A small table."""
        grid = Table(title=title, title_justify="left", title_style="italic", box=None, padding=(0, 2))
        for n, column in enumerate(columns):
            grid.add_column(column, justify="left" if n == 0 else "right")
        for row in rows:
            grid.add_row(*(escape(cell) for cell in row))
        self.console.print(grid)

    def counts(self, title: str, rows: Sequence[tuple[str, dict[str, Any], int]]) -> None:
        """Creations of each user and type, in X3 and in Outlook."""

        def cell(count: dict[str, Any]) -> str:
            return f"{count['x3']['created']} | {count['outlook']['created']}"

        lines = [(who, *(cell(counts[name]) for name in TYPES), str(mails)) for who, counts, mails in rows]
        self.table(f"{title} (in X3 | in Outlook)", ("user", *TYPES, "would mail"), lines)
