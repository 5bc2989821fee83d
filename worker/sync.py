"""The pass: change source -> dirty mark -> observe -> match -> decide -> guard -> apply -> link + journal.

One user, one lease. Everything is observed before anything is decided, everything is decided before anything is written;
contacts are carried out first, because the others name them, and deletions last (S8). Cursors are saved last: a crash
repeats work, never skips it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from reconcile.actions import Gate, Rule
from reconcile.model import Side
from reconcile.port import Refused, Stop, TryLater
from worker import wall_times
from worker.clock import Clock
from worker.forced import Forced
from worker.forced_pass import ForcedPass
from worker.log import logger
from worker.report import HELD, MOVED, PLANNED, SKIPPED, Outcome, Report
from worker.rounds import ROUNDS, Progress, Round
from worker.settings.tree import GuardSettings
from worker.settle import Settling
from worker.state import dirty, leases, passes
from worker.state.leases import Lease
from worker.state.store import Store
from worker.state.users import User
from worker.worlds import Worlds

__all__ = ["Busy", "Pass", "Progress"]


class Busy(Exception):
    """Another worker has the user's lease: try later."""


@dataclass(slots=True, kw_only=True)
class Pass:
    """One pass for one user; `forced` makes it a forced synchronisation. `stopped` ends it between two items
    (F4), so that the next goes on with what is left."""

    store: Store
    clock: Clock
    user: User
    worlds: Worlds
    cause: str
    full: bool = False
    dry_run: bool = False
    go: bool = False
    forced: Forced | None = None
    stopped: Callable[[], bool] = lambda: False
    lease_seconds: float = 300.0
    guards: GuardSettings = field(default_factory=GuardSettings)
    progress: Progress = lambda _phase, _done, _of: None
    on_alert: Callable[[str, str], None] = lambda _name, _why: None
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    _lease: Lease | None = None

    async def run(self) -> Report:
        """Carry the pass through. Raises Busy, TryLater, Stop, Refused and leases.LeaseLost; a dry run writes nothing
        anywhere (G4). A pass that ends early, too, leaves a report of what it did, and of why it ended (R1)."""
        report = Report(
            user=self.user.x3_user,
            pass_id=self.id,
            cause=self.cause,
            mode="dry-run" if self.dry_run else "apply",
            full=self.full,
            started=self.clock.now(),
        )
        before, begun = dict(self.worlds.requests()), self.clock.monotonic()
        try:
            await (self._preview(report) if self.dry_run else self._leased(report))
        except (TryLater, Stop, Refused, leases.LeaseLost) as early:
            report.ended = str(early)
            self._close(report, before, begun)
            raise
        self._close(report, before, begun)
        return report

    def _close(self, report: Report, before: Mapping[str, int], begun: float) -> None:
        report.seconds = self.clock.monotonic() - begun
        report.requests = {name: count - before.get(name, 0) for name, count in self.worlds.requests().items()}
        if not self.dry_run:
            self._save_report(report)

    # -------------------------------------------------------------------------------------------- lease

    async def _leased(self, report: Report) -> None:
        owner = f"pass-{self.id}"
        with self.store.begin() as tx:
            self._lease = leases.acquire(tx, self.user.id, owner, self.lease_seconds, monotonic=self.clock.monotonic())
        if self._lease is None:
            raise Busy(f"a pass for {self.user.x3_user} is under way")
        self.worlds.watch.outlives = lambda seconds: self.lease().outlives(seconds, self.clock.monotonic())
        keeper = asyncio.create_task(self._keep_lease())
        try:
            wall_times.adopt(self.store, self.user, self._lease, self.worlds.zone)
            await (self._apply(report) if self.forced is None else self._forced_pass(self.forced).apply(report))
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError, leases.LeaseLost):
                await keeper
            with self.store.begin() as tx:
                leases.release(tx, self._lease)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            try:
                with self.store.begin() as tx:
                    self._lease = leases.renew(tx, self.lease(), self.lease_seconds, monotonic=self.clock.monotonic())
            except DBAPIError as away:
                # It holds for a while yet, and is asked for again before it ends.
                logger().warning("lease_not_renewed", user=self.user.x3_user, error=type(away).__name__)

    def lease(self) -> Lease:
        """The lease as it was last renewed."""
        assert self._lease is not None
        return self._lease

    # -------------------------------------------------------------------------------------------- preview

    async def _preview(self, report: Report) -> None:
        with self.store.read() as tx:
            marks = dirty.take(tx, self.user.id)
        round_ = self._round()
        if self.forced is not None:
            forced = await self._forced_pass(self.forced).plan(report)
            seen, decisions = forced.seen, forced.decisions
        else:
            seen, _, decisions = await round_.look(marks, round_.cursors(), full=self.full or _wants_all(marks))
        round_.describe(report, seen)
        for decision in decisions:
            status = {Gate.OPEN: PLANNED, Gate.HELD: HELD, Gate.SKIPPED: SKIPPED}[decision.gate]
            # A first pass is held as a whole; its preview is what a release would do.
            if decision.gate is Gate.HELD and decision.gate_rule is Rule.G7:
                report.whole_hold, status = decision.gate_why, PLANNED
            steps = list(decision.steps) if status == PLANNED else []
            report.add(Outcome(decision, status, steps, list(decision.problems)))
        report.writes = {side.value: 0 for side in Side}

    # ---------------------------------------------------------------------------------------------- apply

    async def _apply(self, report: Report) -> None:
        with self.store.read() as tx:
            marks = dirty.take(tx, self.user.id)
        round_ = self._round()
        cursors = round_.cursors()
        full = self.full or _wants_all(marks)
        report.full = full
        begun = None
        for _ in range(ROUNDS):
            seen, context, decisions = await round_.look(marks, cursors, full=full)
            begun = begun or seen.begun
            round_.describe(report, seen)
            whole = next((d.gate_why for d in decisions if d.gate_rule is Rule.G7), "")
            if whole:
                self._settling().hold_whole(report, decisions, whole)
                return
            outcomes = await round_.carry_out(seen, context, decisions, report)
            if round_.left:
                # A slice of a long pass: cursors, marks and holds stay as they were, so that the next slice sees the rest.
                report.unfinished = True
                return
            self._settling().store_holds(seen, outcomes, context.force)
            cursors = {stream: listing.cursor for stream, listing in seen.listings.items() if listing.answered}
            await self._settling().finish(seen, cursors, marks, begun=begun, full=full)
            full = False
            room = self._settling().try_again(outcomes)
            if not room and not any(outcome.status == MOVED for outcome in outcomes):
                return
            with self.store.read() as tx:
                marks = dirty.take(tx, self.user.id)

    # --------------------------------------------------------------------------------------------- parts

    def _round(self) -> Round:
        return Round(
            store=self.store,
            clock=self.clock,
            user=self.user,
            worlds=self.worlds,
            pass_id=self.id,
            cause=self.cause,
            go=self.go,
            guards=self.guards,
            lease=self.lease,
            progress=self.progress,
            stopped=self.stopped,
            goes_on=self.forced is not None and self.forced.goes_on,
        )

    def _forced_pass(self, asked: Forced) -> ForcedPass:
        return ForcedPass(round=self._round(), asked=asked, settling=self._settling())

    def _settling(self) -> Settling:
        return Settling(
            store=self.store,
            clock=self.clock,
            user_id=self.user.id,
            lease=self.lease,
            x3=self.worlds.x3,
            x3_limit=self.worlds.x3_limit,
            on_alert=self.on_alert,
        )

    def _save_report(self, report: Report) -> None:
        with self.store.begin() as tx:
            passes.save(
                tx,
                passes.PassRun(
                    id=self.id,
                    user_id=self.user.id,
                    cause=self.cause,
                    mode=report.mode,
                    started=report.started,
                    seconds=report.seconds,
                    full=report.full,
                    report=report.document(),
                ),
            )


def _wants_all(marks: Iterable[dirty.Mark]) -> bool:
    """Whether somebody asked for a complete listing (changed settings, an administrator)."""
    return any(not mark.item and "full" in mark.causes for mark in marks)
