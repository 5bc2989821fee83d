"""The command line `x3sync`. `contract.md` fixes its names, flags, documents and exit codes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from worker.cli import frame


def main() -> None:
    """The entry point: run what the arguments say, and leave with the exit code of contract.md."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command in this process and answer its exit code."""
    # Not before it is needed: `main` is imported by every entry point. Nothing of what is loaded is garbage, and looking
    # for some takes a sixth of the start.
    gc.disable()
    from worker.cli.tree import command

    gc.enable()
    return frame.guarded(command(), list(arguments))
