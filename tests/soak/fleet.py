"""Passes by real Celery workers over a real Valkey, beside each other and beside the people; Graph tells a real webhook.

Messages are hints: they are sent twice, lost with a flushed broker, and the processes are killed with SIGKILL and started
again. Notifications are lost, doubled and late, and subscriptions vanish. While passes may run, people do only what mails
nobody, so that every mail has its cause.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from redis import Redis

from tests.soak import faults
from tests.soak.people import People
from tests.soak.stage import Stage, code
from tests.system.servers import ROOT
from worker import desk
from worker.celery_app import PASS, RENEW, Sender, sender_of
from worker.state import dirty, leases

ROLES = ("web", "worker", "worker")
RESOURCES = 2  # subscriptions of a mailbox: its events and its contacts
PATIENCE = 40.0  # seconds until all that was sent is done
_STEPS = (("act", 55), ("hint", 10), ("poll", 10), ("faulty", 12), ("deaf", 5), ("flush", 4), ("kill", 4), ("rest", 7))
_DEAF = (
    {"action": "lose_notifications"},
    {"action": "double_notifications"},
    {"action": "delay_notifications", "seconds": 1.5},
    {"action": "drop_subscriptions"},
    {"action": "drop_subscriptions", "silent": True},
)


@dataclass(slots=True)
class Fleet:
    """The processes of one history."""

    stage: Stage
    rng: random.Random
    users: tuple[int, ...]
    broker: str
    killed: int = 0
    _running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _sender: Sender | None = None

    def start(self) -> None:
        """Start what is missing, and have everybody subscribed."""
        log = (self.stage.home / "processes.log").open("ab")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("X3SYNC_")}
        environment |= self.stage.settings | {"X3SYNC_REDIS_URL": self.broker, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from worker.cli import main; main()"]
        for n, role in enumerate(ROLES):
            if n not in self._running:
                self._running[n] = subprocess.Popen(
                    [*command, role], cwd=self.stage.home, env=environment, stdout=log, stderr=subprocess.STDOUT
                )
        log.close()
        _until(self._heard, "the webhook does not answer")
        self._told().send(RENEW)

    def subscribed(self) -> None:
        """Wait until Graph tells of everything."""
        wanted = RESOURCES * len(self.users)
        _until(lambda: self.stage.servers.control("GET", "stats")["subscriptions"] == wanted, "subscriptions are missing")

    def _heard(self) -> bool:
        try:
            return httpx.get(f"{self.stage.web}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End the processes, and hear what they said."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        log = self.stage.home / "processes.log"
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
            case "poll":
                for name in ("x3sync.poll_x3", "x3sync.poll_todo"):
                    self._told().send(name)
                return "polls"
            case "deaf":
                rule = self.rng.choice(_DEAF)
                self.stage.servers.control("POST", "faults", rule)
                return f"from now on: {rule}"
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
        victim = self.rng.randrange(len(ROLES))
        process = self._running.pop(victim)
        process.kill()
        process.wait()
        self.killed += 1
        self.stage.database.age_leases()
        self.start()
        return f"a {ROLES[victim]} was killed with SIGKILL, another one was started"

    def _busy(self) -> bool:
        with self.stage.app.store.read() as tx:
            users = [desk.find_user(self.stage.app, code(number)) for number in self.users]
            return any(leases.busy(tx, user.id) or dirty.take(tx, user.id) for user in users)

    def rest(self) -> str:
        """Wait until nobody works and nothing waits; whoever was paused goes on."""
        deadline = time.monotonic() + PATIENCE
        while self._busy() and time.monotonic() < deadline:
            self.stage.resume(self.users)
            self._told().send("x3sync.sweep")
            time.sleep(0.5)
        return "something waits for a person" if self._busy() else "all is done"


def _until(look: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
