"""Documents made from the sources: written with --write, compared with --check and by the tests."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A generated file: where it lies below the root, and the command that makes it."""

    path: str
    module: str

    @property
    def command(self) -> str:
        """What a person types to make it anew."""
        return f"python -m {self.module} --write"

    def differences(self, fresh: str) -> str:
        """How the file differs from what the sources say now, and how to mend it; blank when it does not."""
        file = ROOT / self.path
        stale = file.read_text(encoding="utf-8") if file.is_file() else ""
        lines = list(
            difflib.unified_diff(stale.splitlines(), fresh.splitlines(), self.path, "the sources", lineterm="", n=0)
        )
        if stale == fresh:
            return ""
        return "\n".join([*lines[:40], f"{self.path} is out of date. Run `{self.command}` and commit it."])

    def main(self, fresh: str, arguments: list[str]) -> int:
        """--write makes the file, --check compares it; anything else prints what it would be. The exit code."""
        match arguments:
            case ["--write"]:
                (ROOT / self.path).write_text(fresh, encoding="utf-8")
                return 0
            case ["--check"]:
                wrong = self.differences(fresh)
                print(wrong or f"{self.path} is up to date.", file=sys.stderr if wrong else sys.stdout)
                return 1 if wrong else 0
            case _:
                print(fresh, end="")
                return 0
