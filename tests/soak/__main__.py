"""`python -m tests.soak [--minutes N] [--histories N] [--seed S] [--database KIND]`: random histories.

Each seed is a history: people work on both sides, servers fail, processes are killed, passes run; then all comes to rest
and both sides are compared (`check.py`). A failure is told whole, with the command that plays it again. The last line is
`histories=N seeds=A..B duplicates=0 lost=0 wrongly_deleted=0 mails=0 leaks=0`; the exit code is 1 if any is not 0.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.soak import database
from tests.soak.check import NAMES
from tests.soak.history import History, Told
from tests.soak.mutants import MUTANTS
from tests.soak.stage import Stage
from tests.system.servers import Servers

SAY_EVERY = 20.0  # seconds


def main(arguments: list[str] | None = None) -> int:
    """Play histories until the time or their number is over."""
    asked = _parser().parse_args(arguments)
    found: Counter[str] = Counter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    if asked.mutate:
        MUTANTS[asked.mutate]()
    with tempfile.TemporaryDirectory(prefix="x3soak") as home, database.opened(asked.database, Path(home)) as state:
        servers = Servers.start()
        stage = Stage(servers, Path(home), state)
        try:
            played = _played(stage, asked, found)
        finally:
            stage.close()
            servers.stop()
    figures = " ".join(f"{name}={found[name]}" for name in NAMES)
    print(f"histories={played} seeds={asked.seed}..{asked.seed + max(0, played - 1)} {figures}", flush=True)
    return 1 if any(found[name] for name in NAMES) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Random histories with faults")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long to go on")
    parser.add_argument("--histories", type=int, default=0, help="how many at most; 1 without --minutes")
    parser.add_argument("--seed", type=int, default=1, help="the first one; each next history has the next seed")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--mutate", choices=sorted(MUTANTS), help="take one safeguard away; the failures must be found")
    parser.add_argument("--tell", action="store_true", help="tell every history, not only those that fail")
    return parser


def _played(stage: Stage, asked: argparse.Namespace, found: Counter[str]) -> int:
    begun = said = time.monotonic()
    most = asked.histories or (sys.maxsize if asked.minutes else 1)
    played, killed, excused = 0, 0, Counter[str]()
    while played < most and (not asked.minutes or time.monotonic() - begun < asked.minutes * 60):
        told = History(stage, asked.seed + played).play()
        played += 1
        killed += told.killed
        excused += told.excused
        found.update(finding.figure for finding in told.findings)
        if told.findings or asked.tell:
            _tell(told, asked.database)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(f"{played} histories in {said - begun:.0f} s, {killed} kills, {sum(found.values())} findings", flush=True)
    print(f"{killed} passes were killed; excused: {dict(excused)}", flush=True)
    return played


def _tell(told: Told, kind: str) -> None:
    print(told.text())
    print(f"again: python -m tests.soak --seed {told.seed} --histories 1 --database {kind}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
