"""`python -m tests.soak [--minutes N] [--histories N] [--seed S] [--database KIND]`: random histories.

Each seed is a history: people work on both sides, servers fail, processes are killed, passes run; then all comes to rest
and both sides are compared (`check.py`). A failure is told whole, with the command that plays it again. The last line is
`histories=N seeds=A..B duplicates=0 lost=0 wrongly_deleted=0 mails=0 leaks=0`; the exit code is 1 if any is not 0.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak import database
from tests.soak.check import NAMES
from tests.soak.history import History, Told
from tests.soak.mutants import MUTANTS
from tests.soak.stage import Stage
from tests.system.servers import Servers
from worker.processes import embedded_valkey

SAY_EVERY = 20.0  # seconds


def main(arguments: list[str] | None = None) -> int:
    """Play histories until the time or their number is over."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    if asked.mutate:
        MUTANTS[asked.mutate].apply(intact=asked.intact)
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="x3soak")))
        state = stack.enter_context(database.opened(asked.database, home))
        servers = Servers.start()
        stack.callback(servers.stop)
        stage = Stage(servers, home, state)
        stack.callback(stage.close)
        run = Run(stage, asked)
        if asked.workers:
            run.broker = stack.enter_context(embedded_valkey())
        run.play()
    print(run.last_line(), flush=True)
    return 1 if any(run.found[name] for name in NAMES) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Random histories with faults")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long to go on")
    parser.add_argument("--histories", type=int, default=0, help="how many at most; 1 without --minutes")
    parser.add_argument("--seed", type=int, default=1, help="the first one; each next history has the next seed")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="every N-th history with real Celery workers")
    parser.add_argument(
        "--kills", type=int, default=0, metavar="STEP", help="kill a pass at this step and every one after it"
    )
    parser.add_argument("--mutate", choices=sorted(MUTANTS), help="take one safeguard away; the failures must be found")
    parser.add_argument(
        "--intact", action="store_true", help="with --mutate: the same histories with the safeguard in place"
    )
    parser.add_argument("--until-found", action="store_true", help="end at the first failure")
    parser.add_argument("--tell", action="store_true", help="tell every history, not only those that fail")
    return parser


@dataclass(slots=True)
class Run:
    """What was played so far, and what was found."""

    stage: Stage
    asked: argparse.Namespace
    broker: str = ""
    played: int = 0
    killed: int = 0
    last: int = 0
    found: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)

    def play(self) -> None:
        """Until the time or the number is over."""
        asked = self.asked
        begun = said = time.monotonic()
        most = asked.histories or (sys.maxsize if asked.minutes else 1)
        seed, step = asked.seed, asked.kills
        while self.played < most and (not asked.minutes or time.monotonic() - begun < asked.minutes * 60):
            told, how = self._next(seed, step)
            self._count(told, how)
            if asked.until_found and self.found:
                break
            # A pass that ended by itself has no more steps: the next world begins at its first.
            step = step + 1 if step and told.killed else min(step, 1)
            seed += 0 if asked.kills and told.killed else 1
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                print(
                    f"{self.played} histories in {said - begun:.0f} s, {self.killed} kills, {self._sum()} findings",
                    flush=True,
                )
        print(f"{self.killed} passes or workers were killed; a person was told instead: {dict(self.excused)}", flush=True)

    def _next(self, seed: int, step: int) -> tuple[Told, str]:
        history = History(self.stage, seed)
        self.last = seed
        if step:
            return history.play_killed(step), f"--kills {step} "
        if self.broker and (seed - self.asked.seed) % self.asked.workers == 0:
            return history.play_with_workers(self.broker), "--workers 1 "
        return history.play(), ""

    def _count(self, told: Told, how: str) -> None:
        self.played += 1
        self.killed += told.killed
        self.excused += told.excused
        self.found.update(finding.figure for finding in told.findings)
        if told.findings or self.asked.tell:
            print(told.text())
            print(f"again: python -m tests.soak --seed {told.seed} {how}--database {self.asked.database}\n", flush=True)

    def _sum(self) -> int:
        return sum(self.found.values())

    def last_line(self) -> str:
        """The line that contract.md fixes."""
        figures = " ".join(f"{name}={self.found[name]}" for name in NAMES)
        return f"histories={self.played} seeds={self.asked.seed}..{self.last} {figures}"


if __name__ == "__main__":
    sys.exit(main())
