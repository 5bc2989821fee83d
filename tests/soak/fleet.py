"""Passes by real Celery workers over a real Valkey, beside each other and beside the people.

Messages are hints: they are sent twice, lost with a flushed broker, and the workers are killed with SIGKILL and started
again. While passes may run, people do only what mails nobody, so that every mail has its cause.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from redis import Redis

from tests.soak import faults
from tests.soak.people import People
from tests.soak.stage import Stage, code
from tests.system.servers import ROOT
from worker import desk
from worker.celery_app import PASS, Sender, sender_of
from worker.state import dirty, leases

WORKERS = 2
PATIENCE = 40.0  # seconds until all that was sent is done
_STEPS = (("act", 55), ("hint", 18), ("faulty", 12), ("flush", 4), ("kill", 4), ("rest", 7))


@dataclass(slots=True)
class Fleet:
    """The workers of one history."""

    stage: Stage
    rng: random.Random
    users: tuple[int, ...]
    broker: str
    killed: int = 0
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _sender: Sender | None = None

    def start(self) -> None:
        """Start what is missing."""
        log = (self.stage.home / "workers.log").open("ab")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("X3SYNC_")}
        environment |= self.stage.settings | {"X3SYNC_REDIS_URL": self.broker, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from worker.cli import main; main()", "worker"]
        while len(self._workers) < WORKERS:
            self._workers.append(
                subprocess.Popen(command, cwd=self.stage.home, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        log.close()

    def stop(self) -> None:
        """End the workers, and hear what they said."""
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self._workers.clear()
        log = self.stage.home / "workers.log"
        self.stage.said.write(log.read_text(errors="replace"))
        log.unlink()

    def step(self, people: People) -> str:
        """Something happens."""
        kind = self.rng.choices([name for name, _ in _STEPS], [weight for _, weight in _STEPS])[0]
        self.stage.advance(self.rng.choice((3, 20, 61, 400)))
        match kind:
            case "act":
                return people.act(quiet=self._busy())
            case "hint":
                return f"hints: {self._hint()}"
            case "faulty":
                rules = faults.draw(self.rng)
                faults.post(self.stage.servers, rules)
                said = self._hint()
                time.sleep(1.0)
                self.stage.servers.mend()
                return f"hints: {said} with {[faults.told(rule) for rule in rules]}"
            case "flush":
                self._hint()
                with Redis.from_url(self.broker) as redis:
                    redis.flushall()
                return "the broker forgot everything"
            case "kill":
                self._hint()
                time.sleep(self.rng.random())
                return self._kill()
            case _:
                return f"rest: {self.rest()}"

    def _hint(self) -> str:
        """Mark some users, and tell the workers, perhaps twice."""
        full, twice = self.rng.random() < 0.2, self.rng.random() < 0.3
        some = self.users if self.rng.random() < 0.5 else (self.rng.choice(self.users),)
        chosen = [desk.find_user(self.stage.app, code(number)) for number in some]
        desk.mark_dirty(self.stage.app, chosen, "full" if full else "notification")
        sender = self._told()
        sender.passes([user.id for user in chosen])
        if twice:
            for user in chosen:
                sender.send(PASS, user.id)
        return f"{[code(number) for number in some]}{' full' if full else ''}{' twice' if twice else ''}"

    def _told(self) -> Sender:
        if self._sender is None:
            settings = self.stage.app.settings
            self._sender = sender_of(settings.model_copy(update={"redis_url": type(settings.redis_url)(self.broker)}))
        return self._sender

    def _kill(self) -> str:
        victim = self._workers.pop(self.rng.randrange(len(self._workers)))
        victim.kill()
        victim.wait()
        self.killed += 1
        self.stage.database.age_leases()
        self.start()
        return "a worker was killed with SIGKILL, another one was started"

    def _busy(self) -> bool:
        with self.stage.app.store.read() as tx:
            users = [desk.find_user(self.stage.app, code(number)) for number in self.users]
            return any(leases.busy(tx, user.id) or dirty.take(tx, user.id) for user in users)

    def rest(self) -> str:
        """Wait until nobody works and nothing waits."""
        deadline = time.monotonic() + PATIENCE
        while self._busy() and time.monotonic() < deadline:
            self._told().send("x3sync.sweep")
            time.sleep(0.5)
        return "something waits for a person" if self._busy() else "all is done"
