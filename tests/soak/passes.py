"""The ways in which passes happen in a history: alone, side by side, under faults, with people at work, killed.

A killed pass is the real command in a process of its own, forked from this one so that nothing has to be imported again; it
ends itself with SIGKILL at a step that was drawn before. Steps are a request about to be sent, its answer arriving, and a
transaction about to be committed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from reconcile.port import Stop, TryLater
from tests.soak import faults
from tests.soak.people import People
from tests.soak.stage import Stage, code
from tests.system import steps
from worker import desk
from worker.desk import NotActive
from worker.state.leases import LeaseLost
from worker.sync import Busy

LONGEST_PASS = 60.0  # seconds that a process may take
_EXPECTED = (Busy, TryLater, Stop, NotActive, LeaseLost, OperationalError)


@dataclass(slots=True)
class Passes:
    """Passes of the users `users`."""

    stage: Stage
    rng: random.Random
    users: tuple[int, ...]
    killed: int = 0
    aged: bool = field(default=False)

    async def one(self, number: int, *, full: bool = False) -> str:
        """A pass of a user, and how it ended."""
        user = desk.find_user(self.stage.app, code(number))
        try:
            report = await desk.pass_or_pause(self.stage.app, user, cause="soak", full=full)
        except _EXPECTED as ended:
            return f"{code(number)}: {type(ended).__name__}"
        return f"{code(number)}: {dict(report.writes)}"

    def _all(self, *numbers: int, full: bool = False) -> str:
        async def together() -> list[str]:
            return list(await asyncio.gather(*(self.one(number, full=full) for number in numbers)))

        return "; ".join(self.stage.wait(together()))

    def _some(self) -> tuple[int, ...]:
        return self.users if self.rng.random() < 0.5 else (self.rng.choice(self.users),)

    # --------------------------------------------------------------------------------------------- ways

    def plain(self) -> str:
        """Nothing goes wrong."""
        some, full = self._some(), self.rng.random() < 0.2
        return f"pass{' (full)' if full else ''}: {self._all(*some, full=full)}"

    def twice(self) -> str:
        """Two passes of the same user at once (the lease), another user's beside them."""
        number = self.rng.choice(self.users)
        return f"two passes at once: {self._all(number, number, *[n for n in self.users if n != number][:1])}"

    def faulty(self) -> str:
        """Servers that fail."""
        rules, some, full = faults.draw(self.rng), self._some(), self.rng.random() < 0.25
        faults.post(self.stage.servers, rules)
        try:
            done = self._all(*some, full=full)
            fired = self.stage.servers.fired()
        finally:
            self.stage.servers.mend()
        return f"pass{' (full)' if full else ''} with {[faults.told(r) for r in rules]} ({fired} struck): {done}"

    def troubled(self, rng: random.Random) -> str:
        """The credential, a right, a publication or a column is gone, and comes back (G5)."""
        (port, trouble), some = rng.choice(faults.TROUBLES), self.users if rng.random() < 0.5 else self.users[:1]
        full = rng.random() < 0.5
        self.stage.servers.control("POST", "switches", trouble, port=port)
        try:
            done = self._all(*some, full=full)
        finally:
            self.stage.servers.control("POST", "switches", faults.HEALTHY[port], port=port)
        return f"pass{' (full)' if full else ''} without {trouble}: {done}"

    def watched(self, people: People) -> str:
        """Somebody works while the passes run: at one of their steps, most often at one that writes."""
        some, writes = self._some(), self.rng.random() < 0.8
        n, told = self.rng.randint(1, 8 if writes else 40), "nobody"

        def deed() -> None:
            nonlocal told
            told = people.act(quiet=True)

        with steps.at(n, deed, writes=writes):
            done = self._all(*some)
        return f"{told}  -- at {'write ' if writes else ''}step {n} of: {done}"

    def cut(self) -> str:
        """The connections to the database break off while the passes run."""
        some, after = self._some(), self.rng.random() * 0.5

        async def broken() -> str:
            await asyncio.sleep(after)
            await asyncio.to_thread(self.stage.database.cut)
            return f"connections cut after {after:.2f} s"

        async def both() -> list[str]:
            return list(await asyncio.gather(broken(), *(self.one(number) for number in some)))

        told = "; ".join(self.stage.wait(both()))
        self.stage.database.age_leases()
        return told

    def kill(self) -> str:
        """The real command, killed with SIGKILL at a step."""
        number, full = self.rng.choice(self.users), self.rng.random() < 0.2
        writes, n = self.rng.random() < 0.7, self.rng.randint(1, 90)
        n = self.rng.randint(1, 8) if writes else n
        return self.killed_at(number, n, writes=writes, full=full)

    def killed_at(self, number: int, n: int, *, writes: bool = False, full: bool = False) -> str:
        """Kill a user's pass at its n-th step, or n-th step of a write."""
        code_ = self._forked(["sync", code(number), *(["--full"] if full else []), "--json"], n, writes=writes)
        ended = "killed" if code_ == -signal.SIGKILL else f"ended by itself with {code_}"
        if code_ == -signal.SIGKILL:
            self.killed += 1
            self.stage.database.age_leases()
        return f"{code(number)}: pass to be killed at {'write ' if writes else ''}step {n}: {ended}"

    def _forked(self, arguments: list[str], n: int, *, writes: bool) -> int:
        # Neither a database connection nor buffered output may cross a fork.
        self.stage.app.store.engine.dispose()
        sys.stdout.flush()
        sys.stderr.flush()
        heard = self.stage.home / "child.log"
        child = os.fork()
        if child == 0:
            _command(self.stage, arguments, heard, n, writes=writes)
        deadline = time.monotonic() + LONGEST_PASS
        ended, status = os.waitpid(child, os.WNOHANG)
        while not ended:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise AssertionError(f"x3sync {' '.join(arguments)} did not end:\n{heard.read_text()[-2000:]}")
            time.sleep(0.005)
            ended, status = os.waitpid(child, os.WNOHANG)
        self.stage.said.write(heard.read_text(errors="replace"))
        return os.waitstatus_to_exitcode(status)


# --------------------------------------------------------------------------------------------- in the child


def _command(stage: Stage, arguments: list[str], heard: Path, n: int, *, writes: bool) -> None:
    """Become the command `x3sync`; does not return."""
    status: Any = 70
    try:
        out = os.open(heard, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        asyncio.set_event_loop(None)
        for name in [name for name in os.environ if name.startswith("X3SYNC_")]:
            del os.environ[name]
        os.environ.update(stage.settings)
        os.chdir(stage.home)
        sys.argv = ["x3sync", *arguments]
        from worker.cli import main

        with _ending_at(n, writes=writes):
            main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


def _ending_at(n: int, *, writes: bool) -> AbstractContextManager[None]:
    """Count the steps, and die at the n-th."""
    left = n

    def step(_: Any = None) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if not writes:
        event.listen(Engine, "commit", step)
    return steps.heard(step, writes=writes)
