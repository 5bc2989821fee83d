"""The pass: change source -> dirty mark -> observe -> match -> decide -> guard -> apply -> link + journal.

One user, one lease. Everything is observed before anything is decided, everything is decided before anything is written;
contacts are carried out first, because the others name them, and deletions last (S8). Cursors are saved last: a crash
repeats work, never skips it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconcile import guard, plan
from reconcile.actions import Decision, Gate, Rule
from reconcile.context import Context, Force
from reconcile.guard import Ledger
from reconcile.model import ItemType, Kind, Pair, Side
from reconcile.port import Ref, Stop, Stream
from worker.apply import Executor
from worker.clock import Clock
from worker.directory import DirectoryReader
from worker.forced import Forced, newcomers, scope_of, with_cards
from worker.gather import Gatherer
from worker.items import ref_of
from worker.observed import Gathered
from worker.recall import Recall
from worker.registrar import Registrar
from worker.report import HELD, MOVED, PLANNED, SKIPPED, Outcome, Report
from worker.settings.tree import GuardSettings
from worker.settle import WHOLE, Settling, cursor_name
from worker.state import attempts, dirty, held, journal, leases, links, passes, problems, users
from worker.state.held import HeldState
from worker.state.items import ItemKey
from worker.state.leases import Lease
from worker.state.store import Store
from worker.state.users import User
from worker.worlds import Worlds
from x3_adapter.scope import CrmPerson

ROUNDS = 3  # how often a pass looks again at items that changed under its hands
AT_ONCE = 8  # decisions carried out at the same time; the adapters limit what reaches the servers

Progress = Callable[[str, int, int], None]


class Busy(Exception):
    """Another worker has the user's lease: try later."""


@dataclass(frozen=True, slots=True)
class _ForcedPlan:
    """A forced pass before it writes: the decisions on `persons`, CRM contacts without a card, come first."""

    force: Force
    persons: Sequence[CrmPerson]
    seen: Gathered
    context: Context
    decisions: tuple[Decision, ...]


@dataclass(slots=True, kw_only=True)
class Pass:
    """One pass for one user. `forced` makes it a forced synchronisation, which `stopped` ends between two items (F4)."""

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
        """Carry the pass through. Raises Busy, TryLater and Stop; a dry run writes nothing anywhere (G4)."""
        report = Report(
            user=self.user.x3_user,
            pass_id=self.id,
            cause=self.cause,
            mode="dry-run" if self.dry_run else "apply",
            full=self.full,
            started=self.clock.now(),
        )
        before, begun = dict(self.worlds.requests()), self.clock.monotonic()
        if self.dry_run:
            await self._preview(report)
        else:
            await self._leased(report)
        report.seconds = self.clock.monotonic() - begun
        report.requests = {name: count - before.get(name, 0) for name, count in self.worlds.requests().items()}
        if not self.dry_run:
            self._save_report(report)
        return report

    # -------------------------------------------------------------------------------------------- lease

    async def _leased(self, report: Report) -> None:
        owner = f"pass-{self.id}"
        with self.store.begin() as tx:
            self._lease = leases.acquire(tx, self.user.id, owner, self.lease_seconds, monotonic=self.clock.monotonic())
        if self._lease is None:
            raise Busy(f"a pass for {self.user.x3_user} is under way")
        keeper = asyncio.create_task(self._keep_lease())
        try:
            await (self._apply(report) if self.forced is None else self._force(report, self.forced))
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError, leases.LeaseLost):
                await keeper
            with self.store.begin() as tx:
                leases.release(tx, self._lease)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            with self.store.begin() as tx:
                self._lease = leases.renew(tx, self.lease(), self.lease_seconds, monotonic=self.clock.monotonic())

    def lease(self) -> Lease:
        """The lease as it was last renewed."""
        assert self._lease is not None
        return self._lease

    # ------------------------------------------------------------------------------------------ observe

    def _folders(self) -> dict[Kind, tuple[str, ...]]:
        with self.store.read() as tx:
            managed = users.folders(tx, self.user.id)
        return {kind: tuple(f.folder_id for f in managed if f.kind is kind) for kind in Kind}

    def _gatherer(self, force: Force | None = None) -> Gatherer:
        return Gatherer(
            x3=self.worlds.x3,
            outlook=self.worlds.outlook,
            questions=self.worlds.x3,
            outlook_questions=self.worlds.outlook,
            as_linked=self.worlds.as_linked,
            memory=Recall(self.store, self.user.id, self.worlds.fp),
            fp=self.worlds.fp,
            mailbox=self.user.mailbox,
            representative=self.user.representative,
            folders=self._folders(),
            force=force or Force(),
        )

    def _asked(self, marks: Iterable[dirty.Mark]) -> list[Ref]:
        """Items that must be looked at whatever the streams say: marked, held, or in the middle of a create (G3, M7)."""
        refs = [ref for mark in marks if mark.item and (ref := ref_of(mark.item)) is not None]
        with self.store.read() as tx:
            refs.extend(ref for one in held.of_user(tx, self.user.id) for ref in _refs_of_key(one.item))
            for attempt in attempts.of_user(tx, self.user.id):
                if attempt.side is Side.X3:
                    refs.append(Ref(kind=attempt.type.kind, key=attempt.source_key, folder=attempt.folder))
                else:
                    refs.append(Ref(type=attempt.type, key=attempt.source_key))
            folders = {
                link.outlook_key: link.folder
                for kind in Kind
                for link in links.by_outlook(tx, self.user.id, kind, [ref.key for ref in refs if ref.kind is kind])
            }
        placed = [replace(ref, folder=folders.get(ref.key, ref.folder)) if ref.kind else ref for ref in refs]
        # To Do finds a task only in its list; one whose list is not known is seen by the next complete listing.
        return [ref for ref in placed if ref.kind is not Kind.TASK or ref.folder]

    async def _observe(
        self, marks: Sequence[dirty.Mark], cursors: Mapping[Stream, str], *, full: bool, force: Force | None = None
    ) -> Gathered:
        self.progress("observe", 0, 1)
        seen = await self._gatherer(force).gather(cursors, self._asked(marks), full=full)
        self.progress("observe", 1, 1)
        return seen

    def _cursors(self) -> dict[Stream, str]:
        with self.store.read() as tx:
            stored = dirty.cursors(tx, self.user.id)
        streams = self._gatherer().streams
        return {stream: stored[name] for stream in streams if (name := cursor_name(stream)) in stored}

    # --------------------------------------------------------------------------------------- decide, guard

    async def _context(self, seen: Gathered, pairs: Sequence[Pair]) -> Context:
        reader = DirectoryReader(self.store, self.user.id, self.worlds.x3, self.worlds.representatives)
        directory = await reader.read(pairs)
        silent = {stream.folder for stream in seen.silent_folders}
        with self.store.read() as tx:
            folders = users.folders(tx, self.user.id)
        return Context(
            mailbox=self.user.mailbox,
            fp=self.worlds.fp,
            representative=self.user.representative,
            window=self.worlds.window,
            rules=self.worlds.rules,
            directory=directory,
            limits={Side.X3: self.worlds.x3.limits, Side.OUTLOOK: self.worlds.outlook.limits},
            now=seen.now,
            complete=seen.complete_kinds,
            default_folders={f.kind: f.folder_id for f in folders if f.is_default and f.folder_id not in silent},
            links_url=self.worlds.links_url,
            force=seen.force,
        )

    def _ledger(self, seen: Gathered) -> Ledger:
        since = self.clock.now() - timedelta(hours=24)
        with self.store.read() as tx:
            said = held.of_user(tx, self.user.id)
            whole = [one for one in said if one.item == WHOLE and one.state is HeldState.RELEASED]
            return Ledger(
                links=links.count(tx, self.user.id),
                deleted={
                    (item_type, side): journal.deletions_since(tx, side, since, user_id=self.user.id, item_type=item_type)
                    for item_type in ItemType
                    for side in Side
                },
                fleet_links=sum(links.count(tx).values()),
                fleet_deleted={side: journal.deletions_since(tx, side, since) for side in Side},
                emptied=frozenset(seen.emptied),
                first_pass=not self.user.first_pass_done,
                go=self.go or bool(whole),
                deletions_least=self.guards.deletions_least,
                deletions_share=self.guards.deletions_percent / 100,
                creations_most=self.guards.creations_most,
                released=frozenset(one.x3_fingerprint for one in said if one.state is HeldState.RELEASED),
                rejected=frozenset(one.x3_fingerprint for one in said if one.state is HeldState.REJECTED),
            )

    async def _decide(
        self, seen: Gathered, pairs: Sequence[Pair], persons: Sequence[CrmPerson] = ()
    ) -> tuple[Context, tuple[Decision, ...]]:
        context = await self._context(seen, pairs)
        decisions = (*newcomers(persons, context), *plan.plan(pairs, context))
        return context, guard.guard(decisions, self._ledger(seen))

    def _described(self, report: Report, seen: Gathered) -> None:
        report.observe(seen.outlook)
        report.in_step(seen.in_step)
        report.foreign += seen.matching.foreign
        report.waiting += len(seen.unread)
        silent = [f"folder {stream.folder} does not answer (S9)" for stream in seen.silent_folders]
        met = [f"{note.key}: {note.message}" for note in self.worlds.outlook.notes]
        report.alerts.extend(alert for alert in (*silent, *met) if alert not in report.alerts)

    # -------------------------------------------------------------------------------------------- preview

    async def _preview(self, report: Report) -> None:
        with self.store.read() as tx:
            marks = dirty.take(tx, self.user.id)
        full = self.full or _wants_all(marks)
        if self.forced is not None:
            forced = await self._forced_plan(report, self.forced)
            seen, decisions = forced.seen, forced.decisions
        else:
            seen = await self._observe(marks, self._cursors(), full=full)
            _, decisions = await self._decide(seen, seen.matching.pairs)
        self._described(report, seen)
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
        cursors = self._cursors()
        full = self.full or _wants_all(marks)
        report.full = full
        for _ in range(ROUNDS):
            seen = await self._observe(marks, cursors, full=full)
            self._described(report, seen)
            context, decisions = await self._decide(seen, seen.matching.pairs)
            whole = next((d.gate_why for d in decisions if d.gate_rule is Rule.G7), "")
            if whole:
                self._settling().hold_whole(report, decisions, whole)
                return
            outcomes = await self._carry_out(seen, context, decisions)
            for outcome in outcomes:
                report.add(outcome)
            self._settling().store_holds(seen, outcomes)
            cursors = {stream: listing.cursor for stream, listing in seen.listings.items() if listing.answered}
            await self._settling().finish(seen, cursors, marks, full=full)
            full = False
            if not any(outcome.status == MOVED for outcome in outcomes):
                return
            with self.store.read() as tx:
                marks = dirty.take(tx, self.user.id)

    # --------------------------------------------------------------------------------------------- forced

    async def _forced_plan(self, report: Report, asked: Forced, force: Force | None = None) -> _ForcedPlan:
        """Observe and decide what is forced; with `force` after the CRM contacts got their cards."""
        persons: Sequence[CrmPerson] = ()
        report.full = True
        if force is None:
            self.progress("scope", 0, 1)
            scope = await scope_of(asked, self.worlds.x3, self.user.last_pass_at)
            self.progress("scope", 1, 1)
            force, persons = scope.force, scope.persons
        seen = await self._observe((), {}, full=True, force=force)
        context, decisions = await self._decide(seen, seen.matching.pairs, persons)
        return _ForcedPlan(force, persons, seen, context, decisions)

    async def _force(self, report: Report, asked: Forced) -> None:
        """F1-F3: only what is forced is decided, and nothing deleted. Cursors, marks and the queue stay as they are, so the
        next ordinary pass sees everything else that happened."""
        plan_ = await self._forced_plan(report, asked)
        whole = next((d.gate_why for d in plan_.decisions if d.gate_rule is Rule.G7), "")
        if whole:
            report.whole_hold = whole
            for decision in plan_.decisions:
                report.add(Outcome(decision, SKIPPED if decision.gate is Gate.SKIPPED else HELD, []))
            return
        first = plan_.decisions[: len(plan_.persons)]
        if plan_.persons:
            cards = await self._registrar(report).register(plan_.persons, first, plan_.context)
            if cards:
                plan_ = await self._forced_plan(report, asked, with_cards(plan_.force, cards))
                first = ()
        self._described(report, plan_.seen)
        outcomes = await self._carry_out(plan_.seen, plan_.context, plan_.decisions[len(first) :])
        for outcome in outcomes:
            report.add(outcome)
        held_back = sum(outcome.status == HELD for outcome in outcomes)
        if held_back:
            report.alerts.append(f"{held_back} forced changes are held and not done; allow them and force again (A6, U4)")
        if self.stopped():
            report.alerts.append("stopped by hand: what was not begun was left (F4)")

    def _registrar(self, report: Report) -> Registrar:
        return Registrar(
            store=self.store,
            clock=self.clock,
            x3=self.worlds.x3,
            user_id=self.user.id,
            pass_id=self.id,
            cause=self.cause,
            lease=self.lease,
            request_seconds=self.worlds.request_seconds,
            stopped=self.stopped,
            progress=self.progress,
            report=report,
        )

    async def _carry_out(self, seen: Gathered, context: Context, decisions: Sequence[Decision]) -> list[Outcome]:
        """Contacts first; what names them is then planned again with the contacts that have just come (K rules)."""
        executor = self._executor(context)
        of_contacts = [d for d in decisions if d.pair.type is ItemType.CONTACT and d.deletes_on is None]
        outcomes = await self._all(executor, of_contacts, "contacts")
        rest = [d for d in decisions if d not in of_contacts]
        if any(outcome.steps for outcome in outcomes):
            pairs = [pair for pair in seen.matching.pairs if pair.type is not ItemType.CONTACT]
            executor.context, again = await self._decide(seen, pairs)
            rest = [
                *(d for d in again if d.gate_rule is not Rule.G7),
                *(d for d in rest if d.pair.type is ItemType.CONTACT),
            ]
        outcomes += await self._all(executor, [d for d in rest if d.deletes_on is None], "items")
        outcomes += await self._all(executor, [d for d in rest if d.deletes_on is not None], "deletions")
        return outcomes

    def _executor(self, context: Context) -> Executor:
        with self.store.read() as tx:
            lines: dict[ItemKey, list[problems.ProblemLine]] = {}
            for line in problems.of_user(tx, self.user.id):
                lines.setdefault(line.item, []).append(line)
        return Executor(
            store=self.store,
            clock=self.clock,
            endpoints={Side.X3: self.worlds.x3, Side.OUTLOOK: self.worlds.outlook},
            user_id=self.user.id,
            mailbox=self.user.mailbox,
            fp=self.worlds.fp,
            pass_id=self.id,
            cause=self.cause,
            lease=self.lease,
            request_seconds=self.worlds.request_seconds,
            x3_limit=self.worlds.x3_limit,
            context=context,
            known_problems=lines,
        )

    async def _all(self, executor: Executor, decisions: Sequence[Decision], phase: str) -> list[Outcome]:
        """Carry out independent decisions side by side; the first Stop ends them all (G5)."""
        places, done = asyncio.Semaphore(AT_ONCE), 0

        async def one(decision: Decision) -> Outcome | None:
            nonlocal done
            async with places:
                if self.stopped():
                    return None
                outcome = await executor.carry_out(decision)
                done += 1
                self.progress(phase, done, len(decisions))
                return outcome

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(decision)) for decision in decisions]
        except* (Stop, leases.LeaseLost) as stopped:
            raise stopped.exceptions[0] from None
        return [outcome for task in tasks if (outcome := task.result()) is not None]

    # --------------------------------------------------------------------------------------------- remember

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


def _refs_of_key(item: ItemKey) -> list[Ref]:
    refs = []
    if item.x3_key:
        refs.append(Ref(type=item.type, key=item.x3_key))
    if item.outlook_key:
        refs.append(Ref(kind=item.type.kind, key=item.outlook_key))
    return refs


def _wants_all(marks: Iterable[dirty.Mark]) -> bool:
    """Whether somebody asked for a complete listing (changed settings, an administrator)."""
    return any(not mark.item and "full" in mark.causes for mark in marks)
