"""What ordinary and forced passes share: observe, decide, carry out (house.md), for one user in one pass.

A round knows nothing of cursors to save, marks to clear or holds to store: what is kept of it is its pass's business.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from reconcile import guard, plan
from reconcile.actions import Decision, Gate, Rule
from reconcile.context import Context, Force, Verb
from reconcile.guard import Ledger
from reconcile.matching import X3Key
from reconcile.model import ItemType, Kind, Meeting, Pair, Present, Side
from reconcile.port import Ref, Stop, Stream
from worker.apply import Executor
from worker.clock import Clock
from worker.directory import DirectoryReader
from worker.gather import Gatherer
from worker.items import ref_of, refs_of_item
from worker.observed import Gathered
from worker.recall import Recall
from worker.report import Outcome, Report
from worker.settings.tree import GuardSettings
from worker.settle import WHOLE, cursor_name
from worker.state import attempts, dirty, held, journal, leases, links, problems, users
from worker.state.held import Held, HeldState
from worker.state.items import ItemKey
from worker.state.leases import Lease
from worker.state.store import Store
from worker.state.users import User
from worker.worlds import Worlds

ROUNDS = 3  # how often a pass looks again at items that changed under its hands, or that X3 has room for now
AT_ONCE = 8  # decisions carried out at the same time; the adapters limit what reaches the servers

Progress = Callable[[str, int, int], None]
Also = Callable[[Context], Iterable[Decision]]


def nothing_else(_context: Context) -> Iterable[Decision]:
    """No decisions beside those on pairs."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Observes, decides and carries out, as often as its pass asks. `stopped` ends it between two items (F4); `left` is
    what was not begun then."""

    store: Store
    clock: Clock
    user: User
    worlds: Worlds
    pass_id: str
    cause: str
    go: bool
    guards: GuardSettings
    lease: Callable[[], Lease]
    progress: Progress
    stopped: Callable[[], bool]
    goes_on: bool = False  # a later slice of a forced pass
    left: list[Decision] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------ observe

    def _folders(self) -> dict[Kind, tuple[str, ...]]:
        with self.store.read() as tx:
            managed = users.folders(tx, self.user.id)
        return {kind: tuple(f.folder_id for f in managed if f.kind is kind) for kind in Kind}

    def _gatherer(self, force: Force | None = None, unknown: frozenset[X3Key] = frozenset()) -> Gatherer:
        return Gatherer(
            x3=self.worlds.x3,
            outlook=self.worlds.outlook,
            questions=self.worlds.x3,
            outlook_questions=self.worlds.outlook,
            as_linked=self.worlds.as_linked,
            memory=Recall(self.store, self.user.id, self.worlds.fp, self.worlds.zone),
            fp=self.worlds.fp,
            mailbox=self.user.mailbox,
            representative=self.user.representative,
            folders=self._folders(),
            force=force or Force(),
            unknown=unknown,
        )

    def _asked(self, marks: Iterable[dirty.Mark]) -> list[Ref]:
        """Items that must be looked at whatever the streams say: marked, held, or in the middle of a create (G3, M7)."""
        refs = [ref for mark in marks if mark.item and (ref := ref_of(mark.item)) is not None]
        with self.store.read() as tx:
            refs.extend(ref for one in held.of_user(tx, self.user.id) for ref in refs_of_item(one.item, None))
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

    async def observe(
        self, marks: Sequence[dirty.Mark], cursors: Mapping[Stream, str], *, full: bool, force: Force | None = None
    ) -> Gathered:
        """Both sides, as far as marks, streams, holds and `force` ask for a look. Raises TryLater and Stop."""
        self.progress("observe", 0, 1)
        refs, unknown = self._asked(marks), self._unknown()
        if full:  # nothing tells that a person has become one of the user's contacts (K2)
            refs += [Ref(type=item_type, key=key) for item_type, key in unknown]
        seen = await self._gatherer(force or self._held_force(), unknown).gather(cursors, refs, full=full)
        self.progress("observe", 1, 1)
        return seen

    def _forced_holds(self) -> list[Held]:
        with self.store.read() as tx:
            return [one for one in held.of_user(tx, self.user.id) if one.forced is not None]

    def _held_force(self) -> Force:
        """G3: what a forced pass left on hold is planned anew by every pass, or its release would do nothing."""
        holds = self._forced_holds()
        return Force(
            x3=frozenset((one.item.type, one.item.x3_key) for one in holds if one.forced is Side.X3),
            outlook=frozenset((one.item.type, one.item.outlook_key) for one in holds if one.forced is Side.OUTLOOK),
        )

    def _held_looks(self) -> dict[tuple[ItemType, str], str]:
        return {
            (one.item.type, one.item.x3_key if one.forced is Side.X3 else one.item.outlook_key): one.versions
            for one in self._forced_holds()
        }

    def cursors(self) -> dict[Stream, str]:
        """Where the streams go on."""
        with self.store.read() as tx:
            stored = dirty.cursors(tx, self.user.id)
        streams = self._gatherer().streams
        return {stream: stored[name] for stream in streams if (name := cursor_name(stream)) in stored}

    # --------------------------------------------------------------------------------------- decide, guard

    async def look(
        self, marks: Sequence[dirty.Mark], cursors: Mapping[Stream, str], *, full: bool
    ) -> tuple[Gathered, Context, tuple[Decision, ...]]:
        """Observe and decide. Changes alone do not show items that have stood unlinked for long: where there may be such of
        a type, nothing new of it is made before everything was looked at (M4). Raises TryLater and Stop."""
        seen = await self.observe(marks, cursors, full=full)
        context, decisions = await self.decide(seen, seen.matching.pairs)
        if not full and _made(decisions) & self._standing_alone():
            seen = await self.observe(marks, {}, full=True)
            context, decisions = await self.decide(seen, seen.matching.pairs)
        return seen, context, decisions

    def _standing_alone(self) -> set[ItemType]:
        """The types of which items may stand on one side without a link: nobody knew to which other they belong, a server
        refused them, or a switch forbids to make them on the other side."""
        with self.store.read() as tx:
            lines = problems.of_user(tx, self.user.id)
        rules = self.worlds.rules
        forbidden = {t for t in ItemType for side in Side if not rules.allows(t, side, Verb.CREATE)}
        return forbidden | {line.item.type for line in lines if not (line.item.x3_key and line.item.outlook_key)}

    async def decide(
        self, seen: Gathered, pairs: Sequence[Pair], also: Also = nothing_else
    ) -> tuple[Context, tuple[Decision, ...]]:
        """The guarded plan for `pairs`, after what is decided beside them."""
        context = await self._context(seen, pairs)
        if not context.force.only:
            # What an R row forces (F5) is forced whatever was held of it before.
            held_ = {name: looks for name, looks in self._held_looks().items() if name not in seen.queued}
            context = replace(context, force=guard.still_forced(pairs, context.force, held_))
        decisions = (*also(context), *plan.plan(pairs, context))
        return context, guard.guard(decisions, self._ledger(seen))

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
            unknown=seen.unknown,
        )

    def _unknown(self) -> frozenset[X3Key]:
        """The records of lines on persons or companies that X3 did not know (K2, K5)."""
        with self.store.read() as tx:
            lines = problems.of_user(tx, self.user.id)
        return frozenset(
            (line.item.type, line.item.x3_key)
            for line in lines
            if line.problem.field == "relation" and not line.problem.kept and line.item.x3_key and line.item.outlook_key
        )

    def _ledger(self, seen: Gathered) -> Ledger:
        since = self.clock.now() - timedelta(hours=24)
        with self.store.read() as tx:
            said = held.of_user(tx, self.user.id)
            whole = [one for one in said if one.item == WHOLE and one.state is HeldState.RELEASED]
            deleted, fleet_deleted = journal.deletions_since(tx, since, self.user.id)
            return Ledger(
                links=links.count(tx, self.user.id),
                deleted=deleted,
                fleet_links=sum(links.count(tx).values()),
                fleet_deleted=fleet_deleted,
                emptied=frozenset(seen.emptied),
                first_pass=not self.user.first_pass_done,
                go=self.go or bool(whole),
                deletions_least=self.guards.deletions_least,
                deletions_share=self.guards.deletions_percent / 100,
                creations_most=self.guards.creations_most,
                released=frozenset(one.x3_fingerprint for one in said if one.state is HeldState.RELEASED),
                rejected=frozenset(one.x3_fingerprint for one in said if one.state is HeldState.REJECTED),
            )

    # ----------------------------------------------------------------------------------------- carry out

    async def carry_out(
        self, seen: Gathered, context: Context, decisions: Sequence[Decision], report: Report
    ) -> list[Outcome]:
        """Contacts first; what names them is then planned again with the contacts that have just come (K rules). Each
        outcome is reported, also when the pass ends before all are there."""
        executor = self._executor(seen, context)
        of_contacts = [d for d in decisions if d.pair.type is ItemType.CONTACT and d.deletes_on is None]
        outcomes = await self._all(executor, of_contacts, "contacts", report)
        rest = [d for d in decisions if d not in of_contacts]
        if any(outcome.steps for outcome in outcomes):
            pairs = [pair for pair in seen.matching.pairs if pair.type is not ItemType.CONTACT]
            executor.context, again = await self.decide(seen, pairs)
            rest = [d for d in rest if d.pair.type is ItemType.CONTACT] + [d for d in again if d.gate_rule is not Rule.G7]
        outcomes += await self._all(executor, [d for d in rest if d.deletes_on is None], "items", report)
        outcomes += await self._all(executor, self._braked_anew(rest, seen), "deletions", report)
        return outcomes

    def _braked_anew(self, decisions: Sequence[Decision], seen: Gathered) -> Sequence[Decision]:
        """G1: the deletions, of contacts and items together, counted with what other users' passes deleted meanwhile."""
        deletions = [_unbraked(decision) for decision in decisions if decision.deletes_on is not None]
        return guard.guard(deletions, self._ledger(seen)) if deletions else ()

    def _executor(self, seen: Gathered, context: Context) -> Executor:
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
            pass_id=self.pass_id,
            cause=self.cause,
            lease=self.lease,
            request_seconds=self.worlds.request_seconds,
            x3_limit=self.worlds.x3_limit,
            context=context,
            persons=self.worlds.x3,
            candidates=frozenset(one.key for one in seen.candidates),
            known_problems=lines,
            goes_on=self.goes_on,
        )

    async def _all(self, executor: Executor, decisions: Sequence[Decision], phase: str, report: Report) -> list[Outcome]:
        """Carry out independent decisions side by side; the first Stop ends them all (G5), as does a database that is away.
        What is to be written comes first, so that each slice of a long pass brings it further; once all of it is begun, the
        rest is only remembered, and a slice that got so far ends the pass."""
        decisions = sorted(decisions, key=lambda decision: not decision.steps)
        places = asyncio.Semaphore(AT_ONCE)
        # Occurrences share their series' change key: a write of one is a conflict for another under way (412).
        turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        done = dict[int, Outcome]()

        async def one(place: int, decision: Decision) -> None:
            series = _series_written(decision)
            async with turns[series] if series else nullcontext(), places:
                if self.left or (decision.steps and self.stopped()):
                    self.left.append(decision)
                    return
                done[place] = await executor.carry_out(decision)
                self.progress(phase, len(done), len(decisions))

        try:
            async with asyncio.TaskGroup() as group:
                for place, decision in enumerate(decisions):
                    group.create_task(one(place, decision))
        except* (Stop, leases.LeaseLost, DBAPIError) as stopped:
            raise stopped.exceptions[0] from None
        finally:
            outcomes = [done[place] for place in sorted(done)]
            for outcome in outcomes:
                report.add(outcome)
        return outcomes

    # ------------------------------------------------------------------------------------------- report

    def describe(self, report: Report, seen: Gathered) -> None:
        """Say in the report what was observed."""
        report.observe(seen.outlook)
        report.in_step(seen.in_step)
        report.foreign += seen.matching.foreign
        report.waiting += len(seen.unread)
        silent = [f"folder {stream.folder} does not answer (S9)" for stream in seen.silent_folders]
        met = [f"{note.key}: {note.message}" for note in self.worlds.outlook.notes]
        report.alerts.extend(alert for alert in (*silent, *met) if alert not in report.alerts)


def _unbraked(decision: Decision) -> Decision:
    """As it was before G1, whose brake is decided anew."""
    if decision.gate_rule is not Rule.G1:
        return decision
    return replace(decision, gate=Gate.OPEN, gate_rule=None, gate_why="")


def _made(decisions: Iterable[Decision]) -> set[ItemType]:
    """The types of what would be made because it seems to be new."""
    alone = (d for d in decisions if d.pair.link is None and d.pair.meeting is Meeting.ALONE and d.gate is Gate.OPEN)
    return {decision.pair.type for decision in alone if decision.creates_on is not None}


def _series_written(decision: Decision) -> str:
    """The series of which the decision writes an occurrence in Outlook, blank for none."""
    outlook = decision.pair.outlook
    event = outlook.outlook.event if isinstance(outlook, Present) else None
    return event.series_id if event is not None and any(step.side is Side.OUTLOOK for step in decision.steps) else ""
