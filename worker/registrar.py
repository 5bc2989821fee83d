"""The cards (CORRESPOND) that a forced synchronisation makes in X3 for CRM contacts that have none (F1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconcile.actions import Decision, Gate
from reconcile.context import Context
from reconcile.model import ItemType, Present, Side
from reconcile.port import Refused, TryLater
from worker.clock import Clock
from worker.forced import ForcedQuestions, sync_id
from worker.report import DONE, LATER, PROBLEM, SKIPPED, Outcome, Report
from worker.state import journal, leases
from worker.state.items import ItemKey
from worker.state.leases import Lease
from worker.state.store import Store
from x3_adapter.scope import CrmPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Makes cards for one user in one pass. An attempt needs no record: a card's ZSYNCID comes from its CRM contact, so a
    second one is refused by X3 itself and the first is the answer (M7)."""

    store: Store
    clock: Clock
    x3: ForcedQuestions
    user_id: int
    pass_id: str
    cause: str
    lease: Callable[[], Lease]
    request_seconds: float
    stopped: Callable[[], bool]
    progress: Callable[[str, int, int], None]
    report: Report

    async def register(self, persons: Sequence[CrmPerson], decisions: Sequence[Decision], context: Context) -> list[str]:
        """Carry out the decisions, one a person; the keys of the cards that were made. Raises Stop."""
        cards: list[str] = []
        for done, (person, decision) in enumerate(zip(persons, decisions, strict=True), start=1):
            if self.stopped():
                break
            if decision.gate is not Gate.OPEN:
                self.report.add(Outcome(decision, SKIPPED))
                continue
            alone = replace(decision, steps=decision.steps[:1], after=None)
            made = await self._one(person, alone, sync_id(person, context))
            if made is not None:
                cards.append(made.key)
            self.progress("cards", done, len(persons))
        return cards

    async def _one(self, person: CrmPerson, decision: Decision, sync: str) -> Present | None:
        if not self.lease().outlives(self.request_seconds, self.clock.monotonic()):
            self.report.add(Outcome(decision, LATER, why="the lease would end before the answer"))
            return None
        owner, seconds = self.lease().owner, 2 * self.request_seconds
        try:
            async with leases.x3_lock(
                self.store.begin, ItemType.CONTACT, f"person:{person.number}", owner, seconds=seconds
            ):
                made = await self.x3.register(person, sync)
        except (TryLater, leases.LockBusy) as later:
            self.report.add(Outcome(decision, LATER, why=str(later)))
            return None
        except Refused as refused:
            self.report.add(Outcome(decision, PROBLEM, why=f"refused: {refused}"))
            return None
        self._journal(decision, made)
        self.report.add(Outcome(decision, DONE, list(decision.steps), x3_key=made.key))
        return made

    def _journal(self, decision: Decision, made: Present) -> None:
        line = journal.Entry(
            pass_id=self.pass_id,
            at=self.clock.now(),
            item=ItemKey(ItemType.CONTACT, made.key),
            rule=decision.rule,
            why=decision.why,
            action="create",
            side=Side.X3,
            cause=self.cause,
            after={Side.X3: made.content},
        )
        with self.store.begin(self.lease()) as tx:
            journal.append(tx, self.user_id, [line])
