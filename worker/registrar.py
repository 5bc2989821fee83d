"""The cards (CORRESPOND) that a forced synchronisation makes in X3, or finds, for CRM contacts that have none (F1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconcile import guard
from reconcile.actions import Create, Decision, Gate, Identify
from reconcile.context import Context
from reconcile.model import ItemType, Present, Side
from reconcile.port import Moved, Refused, TryLater
from worker import newcomers, persons, refusals
from worker.clock import Clock
from worker.report import DONE, LATER, PROBLEM, SKIPPED, Outcome, Report
from worker.state import journal, leases, problems
from worker.state.items import ItemKey
from worker.state.leases import Lease
from worker.state.store import Store
from worker.worlds import X3Side
from x3_adapter.scope import CrmPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Makes cards for one user in one pass. An attempt needs no record: a card's ZSYNCID comes from its CRM contact, so a
    second one is refused by X3 itself and the first is the answer (M7)."""

    store: Store
    clock: Clock
    x3: X3Side
    user_id: int
    pass_id: str
    cause: str
    lease: Callable[[], Lease]
    request_seconds: float
    stopped: Callable[[], bool]
    progress: Callable[[str, int, int], None]
    report: Report

    async def register(self, people: Sequence[CrmPerson], decisions: Sequence[Decision], context: Context) -> list[str]:
        """Carry out the decisions, one a person; the keys of the cards that were made or found. Raises Stop."""
        cards: list[str] = []
        for done, (person, decision) in enumerate(zip(people, decisions, strict=True), start=1):
            if self.stopped():
                self.report.unfinished = True
                break
            if decision.gate is not Gate.OPEN:
                self.report.add(Outcome(decision, SKIPPED))
                continue
            decision = _card_alone(decision)
            outcome = await self._one(person, decision, context) if decision.steps else Outcome(decision, PROBLEM)
            self._remember(person, outcome)
            if outcome.status == DONE:
                cards.append(outcome.x3_key)
            self.progress("cards", done, len(people))
        return cards

    async def _one(self, person: CrmPerson, decision: Decision, context: Context) -> Outcome:
        """M4 once more, under the locks of the person's addresses: he may have come from another mailbox meanwhile."""
        if not self.lease().outlives(self.request_seconds, self.clock.monotonic()):
            return Outcome(decision, LATER, why="the lease would end before the answer")
        keys = {f"person:{person.number}"} | newcomers.locks(person.content)
        try:
            async with leases.x3_locks(self.store.begin, ItemType.CONTACT, keys, seconds=self._seconds):
                met = (await persons.meet(self.x3, [person]))[person.number]
                decision = _card_alone(persons.decide_one(person, met, context))
                return await self._done(person, decision) if decision.steps else Outcome(decision, PROBLEM)
        except (TryLater, Moved, leases.LockBusy) as later:
            return Outcome(decision, LATER, why=str(later))
        except Refused as refused:
            line = refusals.refusal(refused, decision.pair, Side.X3)
            return Outcome(decision, PROBLEM, problems=[line], why=f"refused: {refused}")

    async def _done(self, person: CrmPerson, decision: Decision) -> Outcome:
        (step,) = decision.steps
        card: Present | None
        if isinstance(step, Identify):
            async with leases.x3_lock(self.store.begin, step.type, step.target.key, seconds=self._seconds):
                card = await self.x3.apply(step)
        else:
            assert isinstance(step, Create)
            card = await self.x3.register(person, step.sync_id)
        assert card is not None
        self._journal(decision, card)
        return Outcome(decision, DONE, [step], x3_key=card.key)

    @property
    def _seconds(self) -> float:
        return 2 * self.request_seconds

    def _remember(self, person: CrmPerson, outcome: Outcome) -> None:
        """The report, and a problem line (R4): of what X3 said, or that M4 is not sure who he is; until there is a card."""
        outcome.problems = [*outcome.decision.problems, *outcome.problems]
        self.report.add(outcome)
        if outcome.status == LATER:
            return
        item, versions = persons.cardless(person.number), guard.versions(outcome.decision)
        with self.store.begin(self.lease()) as tx:
            problems.put(tx, self.user_id, item, outcome.problems, versions, self.clock.now())

    def _journal(self, decision: Decision, card: Present) -> None:
        line = journal.Entry(
            pass_id=self.pass_id,
            at=self.clock.now(),
            item=ItemKey(ItemType.CONTACT, card.key),
            rule=decision.rule,
            why=decision.why,
            action=decision.verb,
            side=Side.X3,
            cause=self.cause,
            after={Side.X3: card.content},
        )
        with self.store.begin(self.lease()) as tx:
            journal.append(tx, self.user_id, [line])


def _card_alone(decision: Decision) -> Decision:
    """What is done in X3; the card's way to Outlook is planned when it is there."""
    return replace(decision, steps=decision.steps[:1], after=None)
