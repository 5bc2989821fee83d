"""What a pass leaves behind: holds, cursors, marks, the answered queue. Last of all, so that a crash repeats work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconcile import guard
from reconcile.actions import Decision, Gate, Rule
from reconcile.context import Force
from reconcile.model import Absent, ItemType, Link, Present, Side
from reconcile.port import Ref, Stream
from worker import persons, refusals
from worker.clock import Clock
from worker.items import mark_of, refs_of_item
from worker.observed import Gathered
from worker.report import DONE, HELD, PLANNED, PROBLEM, SKIPPED, Outcome, Report
from worker.state import attempts, dirty, held, links, problems, users
from worker.state.held import Held
from worker.state.items import ItemKey
from worker.state.leases import Lease
from worker.state.store import Store
from worker.worlds import X3Side

UNREAD_PATIENCE = timedelta(days=1)
WHOLE = ItemKey(ItemType.CONTACT)  # the held row of a pass that is held as a whole (G7) names no item


def cursor_name(stream: Stream) -> str:
    """The name under which a stream's cursor is stored."""
    return "x3" if stream.kind is None else f"{stream.kind.value}:{stream.folder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Stores the end of a pass for one user. `x3_limit` is X3's execution limit (M7)."""

    store: Store
    clock: Clock
    user_id: int
    lease: Callable[[], Lease]
    x3: X3Side
    x3_limit: timedelta
    on_alert: Callable[[str, str], None]

    def hold_whole(self, report: Report, decisions: Sequence[Decision], why: str) -> None:
        """G7: nothing is done and no cursor moves, so that the next pass sees it all again."""
        report.whole_hold = why
        for decision in decisions:
            status = {Gate.OPEN: PLANNED, Gate.HELD: HELD, Gate.SKIPPED: SKIPPED}[decision.gate]
            report.add(Outcome(decision, status, [], list(decision.problems)))
        mails = sum(decision.mails for decision in decisions)
        row = Held(item=WHOLE, rule=Rule.G7, why=why, action="pass", would_mail=mails, x3_fingerprint="whole")
        with self.store.begin(self.lease()) as tx:
            standing = held.of_user(tx, self.user_id)
            if not any(one.item == WHOLE for one in standing):
                held.put(tx, self.user_id, [row], self.clock.now())
                self.on_alert("pass_held", why)

    def store_holds(self, seen: Gathered, outcomes: Sequence[Outcome], force: Force) -> None:
        """G3: what is held now is stored by its fingerprint; what is no longer planned is gone."""
        rows = _holds(outcomes, force)
        kept = {row.item for row in rows}
        # A rejected creation leaves no link to remember it by, so its row stays.
        kept |= {_item(one.decision) for one in outcomes if one.decision.rule is Rule.G3 and one.decision.pair.link is None}
        kept |= {_item(one.decision) for one in outcomes if one.decision.pair.half_read}
        looked_at = {key for _, key in seen.x3} | {key for _, key in seen.outlook}
        self._hold(
            rows,
            lambda one: (
                one.item not in kept
                and (one.item == WHOLE or one.item.x3_key in looked_at or one.item.outlook_key in looked_at)
            ),
        )

    def store_forced_holds(self, outcomes: Sequence[Outcome], force: Force) -> None:
        """The same after a forced pass, which has a word only on what it settled: what it left to the next ordinary pass
        waits as before (F2)."""
        rows = _holds(outcomes, force)
        settled = {_item(one.decision) for one in outcomes if one.status in (DONE, PROBLEM)} - {row.item for row in rows}
        self._hold(rows, lambda one: one.item in settled)

    def _hold(self, rows: Sequence[Held], is_gone: Callable[[Held], bool]) -> None:
        with self.store.begin(self.lease()) as tx:
            standing = held.of_user(tx, self.user_id)
            held.drop_ids(tx, [one.id for one in standing if is_gone(one)])
            fresh = held.put(tx, self.user_id, rows, self.clock.now()) if rows else []
        known = {one.id for one in standing}
        if any(one.id not in known for one in fresh):
            self.on_alert("changes_held", f"{len(fresh)} changes wait for a release")

    async def finish(
        self, seen: Gathered, cursors: Mapping[Stream, str], marks: Sequence[dirty.Mark], *, begun: datetime, full: bool
    ) -> None:
        """Cursors, marks, folders, the queue: last, once everything they cover is stored. `begun` is when the pass first
        looked, by Outlook's clock."""
        now = self.clock.now()
        versions = [
            (link.id, side, version) for link in seen.echoes for side in Side if (version := _version(seen, link, side))
        ]
        if full:
            await self.cure_carded()
        with self.store.begin(self.lease()) as tx:
            # A create whose source is gone has nothing left to be answered for (M7).
            ended = [one for one in attempts.of_user(tx, self.user_id) if self._source_gone(seen, one)]
            attempts.close(tx, ended)
            links.look_again(tx, self.user_id, versions)
            dirty.put_cursors(tx, self.user_id, {cursor_name(s): value for s, value in cursors.items()}, now)
            dirty.mark(tx, self._still_unread(seen, marks))
            dirty.clear(tx, marks)
            users.folder_answered(tx, self.user_id, [s.folder for s in cursors if s.kind is not None], now)
            for stream in seen.silent_folders:
                if users.folder_silent(tx, self.user_id, stream.folder, "does not answer (S9)"):
                    self.on_alert("folder_silent", stream.folder)
            problems.cure(tx, self.user_id, refusals.ended(tx, self.user_id, seen))
            users.passed(tx, self.user_id, begun, full=full)
        if seen.hints:
            await self.x3.acknowledge([hint.number for hint in seen.hints])

    def try_again(self, outcomes: Sequence[Outcome]) -> bool:
        """A7: what X3 refused as a whole, and room was made or found in its calendar since, is tried again: the items are
        marked. Answers whether there are any."""
        if not any(refusals.makes_room(outcome) for outcome in outcomes):
            return False
        with self.store.begin(self.lease()) as tx:
            lines = [line for line in problems.of_user(tx, self.user_id) if refusals.waits_for_room(line)]
            problems.retry(tx, [line.id for line in lines])
            items = [(line.item, links.of_item(tx, self.user_id, line.item)) for line in lines]
            dirty.mark(tx, [self._mark(ref, "room") for item, link in items for ref in refs_of_item(item, link)])
        return bool(lines)

    async def cure_carded(self) -> None:
        """Take away the lines of CRM contacts that have a card by now (F1, R4)."""
        with self.store.read() as tx:
            items = [line.item for line in problems.of_user(tx, self.user_id)]
        if carded := await persons.carded(items, self.x3):
            with self.store.begin(self.lease()) as tx:
                problems.cure(tx, self.user_id, carded)

    def _still_unread(self, seen: Gathered, marks: Sequence[dirty.Mark]) -> list[dirty.Mark]:
        """Items that could not be read stay marked, so that the saved cursors skip nothing; after a day the complete
        listings alone look for them (G2)."""
        given_up = {mark.item for mark in marks if mark.item and mark.since < self.clock.now() - UNREAD_PATIENCE}
        unread = [self._mark(ref, "unread") for ref in seen.unread]
        return [mark for mark in sorted(unread, key=lambda mark: mark.item) if mark.item not in given_up]

    def _mark(self, ref: Ref, cause: str) -> dirty.Mark:
        return mark_of(ref, self.user_id, self.clock.now(), cause)

    def _source_gone(self, seen: Gathered, attempt: attempts.Attempt) -> bool:
        if attempt.side is Side.X3:
            source = seen.outlook.get((attempt.type.kind, attempt.source_key))
        else:
            source = seen.x3.get((attempt.type, attempt.source_key))
        return isinstance(source, Absent) and self.clock.now() > attempt.sent_at + self.x3_limit


def _item(decision: Decision) -> ItemKey:
    return ItemKey(decision.pair.type, decision.pair.key(Side.X3), decision.pair.key(Side.OUTLOOK))


def _holds(outcomes: Sequence[Outcome], force: Force) -> list[Held]:
    """What is held now. A hold remembers that it was forced, and what both sides held then, so that later passes, which
    force nothing else, plan it too as long as they do."""
    return [
        Held(
            item=_item(d),
            rule=d.gate_rule or d.rule,
            why=f"{d.why}; {d.gate_why}",
            action=d.verb,
            side=d.steps[0].side if d.steps else None,
            would_mail=d.mails,
            x3_fingerprint=guard.fingerprint(d),
            forced=force.winner(d.pair),
            versions=guard.looks(d.pair) if force.winner(d.pair) is not None else "",
        )
        for outcome in outcomes
        if outcome.status == HELD and (d := outcome.decision)
    ]


def _version(seen: Gathered, link: Link, side: Side) -> str:
    """The version that a side showed, blank when it was not looked at."""
    if side is Side.X3:
        observed = seen.x3.get((link.type, link.x3_key))
    else:
        observed = seen.outlook.get((link.type.kind, link.outlook_key))
    return observed.version if isinstance(observed, Present) else ""
