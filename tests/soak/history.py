"""One history: what a seed makes people, servers and passes do, the settling after it, and what is found then."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tests.soak import faults
from tests.soak.check import Checker, Finding, overheard
from tests.soak.fleet import Fleet
from tests.soak.passes import Passes
from tests.soak.people import People
from tests.soak.stage import LOOSE_BRAKES, USERS, Stage
from tests.system.world import X3_LIMIT
from worker import desk

ROUNDS = 9  # of passes of everybody, until nothing is written any more
_STEPS = (("act", 52), ("plain", 14), ("faulty", 14), ("watched", 5), ("twice", 5), ("kill", 5), ("cut", 3), ("time", 5))


@dataclass(slots=True)
class Told:
    """A history as it went. `broke` is set when it could not be played to its end."""

    seed: int
    steps: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)
    killed: int = 0

    def text(self) -> str:
        """The whole of it, for a person."""
        steps = "\n".join(f"  {n:3} {line}" for n, line in enumerate(self.steps, 1))
        found = "\n".join(f"  {one.figure}: {one.what}" for one in self.findings)
        return f"history of seed {self.seed}\n{steps}\nfound\n{found}"


@dataclass(slots=True)
class History:
    """Plays the history of one seed on a stage, or, with `rng`, the one that this draws."""

    stage: Stage
    seed: int
    rng: random.Random | None = None
    more: random.Random = field(default_factory=random.Random)  # draws what was thought of later than the first seeds

    def play(self) -> Told:
        """The history, told; never raises for what the product does."""
        return self._told(self._played)

    def play_killed(self, n: int) -> Told:
        """A pass with something to do in all directions, killed at its n-th step; `killed` is 0 if it has not so many."""
        return self._told(lambda told: self._killed(told, n))

    def play_with_workers(self, broker: str) -> Told:
        """The same with real workers instead of passes in this process, on the broker of that address."""
        return self._told(lambda told: self._with_workers(told, broker))

    def _told(self, play: Callable[[Told], None]) -> Told:
        told = Told(self.seed)
        try:
            play(told)
        except Exception:
            if self.stage.servers.process.poll() is not None:
                raise  # without servers they are not; an interrupt ends them, too
            told.findings.append(Finding("lost", f"the history broke off: {traceback.format_exc()}"))
        return told

    def _begun(self, told: Told, most: int = 3) -> tuple[random.Random, People, Passes]:
        rng = self.rng or random.Random(self.seed)
        numbers = USERS[: min(most, rng.choice((1, 2, 2, 2, 3)))]
        error = timedelta(seconds=rng.choice((0, 0, 0, -300, 300)))
        brakes = LOOSE_BRAKES if rng.random() < 0.6 else {}
        self.more = self.rng or random.Random(f"more of {self.seed}")
        unknowns = faults.Unknowns.draw(self.more)
        self.stage.begin(numbers, brakes | unknowns.settings, error=error)
        switched = faults.turn(self.stage.servers, rng, unknowns)
        told.steps.append(f"users {numbers}, clock {error.total_seconds():+.0f} s, brakes {brakes or 'usual'}, {switched}")
        people = People(self.stage, rng, numbers)
        told.steps += [people.act() for _ in range(3)]
        return rng, people, Passes(self.stage, rng, numbers)

    def _played(self, told: Told) -> None:
        rng, people, passes = self._begun(told)
        for _ in range(rng.randint(8, 18)):
            told.steps.append(self._step(rng, people, passes))
            if self.more.random() < 0.07:
                told.steps.append(passes.troubled(self.more))
                self.stage.resume(passes.users)
            told.findings += overheard(self.stage)
        told.killed = passes.killed
        finish(self.stage, people, passes, told)

    def _killed(self, told: Told, n: int) -> None:
        _, people, passes = self._begun(told, most=1 if self.seed % 3 else 2)
        told.steps += [people.act() for _ in range(4)]
        told.steps.append(passes.plain())
        told.steps += [people.act() for _ in range(8)]
        told.steps.append(passes.killed_at(passes.users[0], n))
        told.killed = passes.killed
        finish(self.stage, people, passes, told)

    def _with_workers(self, told: Told, broker: str) -> None:
        rng, people, passes = self._begun(told)
        fleet = Fleet(self.stage, rng, passes.users, broker)
        fleet.start()
        try:
            fleet.subscribed()
            for _ in range(rng.randint(30, 50)):
                told.steps.append(fleet.step(people))
            told.steps.append(fleet.rest())
        finally:
            self.stage.servers.mend()
            fleet.stop()
        told.killed = fleet.killed
        finish(self.stage, people, passes, told)

    def _step(self, rng: random.Random, people: People, passes: Passes) -> str:
        kind = rng.choices([name for name, _ in _STEPS], [weight for _, weight in _STEPS])[0]
        self.stage.advance(rng.choice((3, 20, 61, 400)))
        match kind:
            case "act":
                return people.act()
            case "plain":
                return passes.plain()
            case "faulty":
                return passes.faulty()
            case "watched":
                return passes.watched(people)
            case "twice":
                return passes.twice()
            case "cut":
                return passes.cut()
            case "kill":
                return f"{people.act()}  -- then: {passes.kill()}"
            case _:
                seconds = rng.choice((3600, 7200, 86_400, 3 * 86_400))
                self.stage.advance(seconds)
                return f"{seconds / 3600:.0f} hours pass"


def finish(stage: Stage, people: People, passes: Passes, told: Told) -> None:
    """Bring the history to rest, and check it."""
    restless = settle(stage, people, passes, told)
    checker = Checker(stage, people, passes.users)
    if restless:
        told.findings.append(Finding("lost", restless))
    told.findings += checker.findings()
    told.excused = checker.excused


def settle(stage: Stage, people: People, passes: Passes, told: Told) -> str:
    """Quiet passes until nothing is written any more, the last of them full; people release and retry what waits for them.
    What is wrong with the rest is answered, blank when all is well."""
    stage.database.age_leases()
    said = ""
    for number in range(ROUNDS):
        stage.advance(X3_LIMIT)
        stage.resume(passes.users)
        before = written(stage)
        said = "; ".join(stage.wait(passes.one(user, full=number % 2 == 1)) for user in passes.users)
        helped = relieve(stage, people) if number in (1, 3) else ""
        told.steps.append(f"settling{' (full)' if number % 2 else ''}: {said} {helped}")
        if number % 2 == 1 and written(stage) == before and not helped:
            return ""
    return f"no rest: {said}"


def written(stage: Stage) -> tuple[int, int]:
    """Writes that both servers have carried out."""
    return stage.servers.writes("x3"), stage.servers.writes("graph")


def relieve(stage: Stage, people: People) -> str:
    """A person releases what mails nobody, and has what was refused tried again; what was done, in words."""
    held = [row for row in desk.held_rows(stage.app) if not row.would_mail]
    lines = [row for row in desk.problem_rows(stage.app) if not row.field]
    if held:
        people.let_be_made([row.outlook_id for row in held if (row.rule, row.action) == ("M2", "create")])
        stage.wait(desk.release(stage.app, [row.id for row in held]))
    if lines:
        there = {row.id for row in desk.problem_rows(stage.app)}
        stage.wait(desk.retry(stage.app, [row.id for row in lines if row.id in there]))
    told = [f"released {[(row.rule, row.action, row.x3_key) for row in held]}"] if held else []
    told += [f"retried {[row.message[:60] for row in lines]}"] if lines else []
    return " ".join(told)
