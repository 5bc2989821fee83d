"""A forced pass (F1-F4): only what is forced is decided, and nothing deleted.

Cursors, marks and X3's queue stay as they are, so the next ordinary pass sees everything else that happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reconcile.actions import Decision, Gate, Rule
from reconcile.context import Context, Force
from worker import persons as crm
from worker.forced import Forced, scope_of, with_cards
from worker.observed import Gathered
from worker.registrar import Registrar
from worker.report import HELD, LATER, MOVED, SKIPPED, Outcome, Report
from worker.rounds import ROUNDS, Round
from worker.settle import Settling
from x3_adapter.scope import CrmPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedPlan:
    """A forced pass before it writes: the decisions on `persons`, CRM contacts without a card, come first."""

    force: Force
    persons: Sequence[CrmPerson]
    seen: Gathered
    context: Context
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedPass:
    """One forced synchronisation of a user, by the rounds of his pass. It is stopped between two items (F4)."""

    round: Round
    asked: Forced
    settling: Settling

    async def plan(self, report: Report, force: Force | None = None) -> ForcedPlan:
        """Observe and decide what is forced; with `force` after the CRM contacts got their cards."""
        persons: Sequence[CrmPerson] = ()
        met: Mapping[str, crm.Met] = {}
        report.full = True
        if force is None:
            self.round.progress("scope", 0, 1)
            scope = await scope_of(self.asked, self.round.worlds.x3)
            persons, met = scope.persons, await crm.meet(self.round.worlds.x3, scope.persons)
            force = with_cards(scope.force, (one.card.key for one in met.values() if one.card is not None))
            self.round.progress("scope", 1, 1)
        seen = await self.round.observe((), {}, full=True, force=force)
        also = partial(crm.decide, persons, met)
        context, decisions = await self.round.decide(seen, seen.matching.pairs, also)
        return ForcedPlan(force=force, persons=persons, seen=seen, context=context, decisions=decisions)

    async def apply(self, report: Report) -> None:
        """Carry it out (F1-F3). Raises TryLater, Stop and leases.LeaseLost."""
        plan = await self.plan(report)
        whole = next((d.gate_why for d in plan.decisions if d.gate_rule is Rule.G7), "")
        if whole:
            report.whole_hold = whole
            report.alerts.append("a forced pass that is held as a whole is not kept: ask for the same with --go (G7)")
            for decision in plan.decisions:
                report.add(Outcome(decision, SKIPPED if decision.gate is Gate.SKIPPED else HELD, []))
            return
        first = plan.decisions[: len(plan.persons)]
        if plan.persons:
            cards = await self._registrar(report).register(plan.persons, first, plan.context)
            if cards:
                plan = await self.plan(report, with_cards(plan.force, cards))
                first = ()
        self.round.describe(report, plan.seen)
        outcomes = await self._carry_out(plan, plan.decisions[len(first) :], report)
        for _ in range(ROUNDS - 1):
            if self.round.left or not any(outcome.status == MOVED for outcome in outcomes):
                break
            again = replace(self, round=replace(self.round, goes_on=True))
            plan = await again.plan(report, plan.force)
            outcomes = await again._carry_out(plan, plan.decisions, report)
        await self.settling.cure_carded()
        self._tell_the_rest(outcomes, report)

    async def _carry_out(self, plan: ForcedPlan, decisions: Sequence[Decision], report: Report) -> list[Outcome]:
        outcomes = await self.round.carry_out(plan.seen, plan.context, decisions, report)
        self.settling.store_forced_holds(outcomes, plan.context.force)
        return outcomes

    def _tell_the_rest(self, outcomes: Sequence[Outcome], report: Report) -> None:
        """No ordinary pass would make up for what was put off, where it lies outside the window. A forced pass in slices
        goes on with it as long as that brings it further."""
        if report.unfinished or self.round.left:
            report.unfinished = True
            report.alerts.append("it ended between two items: what was not begun was left (F4)")
        if put_off := sum(outcome.status in (LATER, MOVED) for outcome in outcomes):
            report.unfinished = report.unfinished or any(outcome.steps for outcome in outcomes)
            report.alerts.append(f"{put_off} items did not let themselves be written now: ask for the same again (F4)")

    def _registrar(self, report: Report) -> Registrar:
        return Registrar(
            store=self.round.store,
            clock=self.round.clock,
            x3=self.round.worlds.x3,
            user_id=self.round.user.id,
            pass_id=self.round.pass_id,
            cause=self.round.cause,
            lease=self.round.lease,
            request_seconds=self.round.worlds.request_seconds,
            stopped=self.round.stopped,
            progress=self.round.progress,
            report=report,
        )
