"""Apply: carry out decisions, one item at a time, and remember what each side then looks like.

A failed step leaves what it would have carried unsettled, so the next pass plans it anew; nothing is queued. Creates are
bracketed by an attempt (M7), X3 writes by a lock of their record, every write by the user's lease. One item's link,
journal, problem lines and attempt change in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from reconcile import events, gate, series
from reconcile import fields as crossing
from reconcile.actions import Assign, Create, Decision, Delete, Drop, Gate, Mark, Problem, Step, Update
from reconcile.context import Context
from reconcile.model import Absent, Contact, Content, Link, LinkState, Pair, Present, Private, Side, Where
from reconcile.port import Endpoint, Moved, Ref, Refused, TryLater
from reconcile.remember import before_deletion, found_again, link_after, strayed
from worker import newcomers, refusals
from worker.clock import Clock
from worker.items import mark_of, refs_of
from worker.observed import X3Questions
from worker.report import DONE, HELD, LATER, MOVED, PROBLEM, SKIPPED, Outcome
from worker.state import attempts, claims, dirty, journal, leases, links
from worker.state.attempts import Attempt
from worker.state.items import ItemKey
from worker.state.leases import Lease, LockBusy
from worker.state.problems import ProblemLine
from worker.state.store import Store


class _Postponed(Exception):
    """The step cannot be taken now; the item is marked dirty and comes again."""


@dataclass(slots=True)
class _Progress:
    """What the steps of one decision achieved so far."""

    looks: dict[Side, Present] = field(default_factory=dict)
    written: set[Side] = field(default_factory=set)
    gone: set[Side] = field(default_factory=set)
    done: list[Step] = field(default_factory=list)
    failed: list[Step] = field(default_factory=list)
    dropped: list[Step] = field(default_factory=list)  # updates of single fields that were refused by name
    problems: list[Problem] = field(default_factory=list)
    attempt: Attempt | None = None
    found: tuple[Create, Present] | None = None  # what an earlier attempt made (M7)
    hidden: list[Ref] = field(default_factory=list)  # what an earlier attempt made, and is private now (S5)
    differs: bool = False  # a side is not as it was to become, so both have to be looked at again
    meeting: tuple[str, datetime | None] | None = None
    failing: Side | None = None  # the side that is there, and failed over this item without refusing it (G2)

    def asked(self, decision: Decision) -> Side:
        """The side of the step that was not carried out."""
        return next(step.side for step in decision.steps if step not in self.done)


@dataclass(slots=True, kw_only=True)
class Executor:
    """Carries out the decisions of one pass for one user. `x3_limit` is X3's execution limit: an open attempt there is
    looked up only after it (M7). `goes_on`: a forced pass has tried before, so refusals stand as they do in any pass."""

    store: Store
    clock: Clock
    endpoints: Mapping[Side, Endpoint]
    user_id: int
    mailbox: str
    fp: str
    pass_id: str
    cause: str
    lease: Callable[[], Lease]
    request_seconds: float
    x3_limit: timedelta
    context: Context
    persons: X3Questions
    candidates: frozenset[str]  # the CORs that the match knew
    known_problems: Mapping[ItemKey, list[ProblemLine]]
    goes_on: bool = False

    async def carry_out(self, decision: Decision) -> Outcome:
        """Do what the decision says. Raises Stop and leases.LeaseLost; every other failure is in the outcome."""
        if decision.gate is not Gate.OPEN:
            return self._gated(decision)
        planned, standing = decision, None
        if self._forces(planned.pair):
            decision = refusals.not_again(planned, self.known_problems)
            standing = refusals.LEFT_BY_FORCE if planned.steps and not decision.steps else None
        if standing is None and (self.goes_on or not self._forces(planned.pair)):
            standing = refusals.standing(decision, self.known_problems)
        if standing is not None:
            return Outcome(planned, PROBLEM, why=f"refused before, and neither side changed since: {standing}")
        self._forewarn(decision)
        progress = _Progress()
        status, why = DONE, ""
        try:
            async with self._locks(decision):
                for step in decision.steps:
                    await self._take(decision, step, progress)
        except (Moved, LockBusy) as moved:
            status, why = MOVED, str(moved)
            if isinstance(moved, Moved):
                progress.failing = progress.asked(decision)
        except (TryLater, _Postponed) as later:
            status, why = LATER, str(later)
            if isinstance(later, TryLater) and later.at_item:
                progress.failing = progress.asked(decision)
        except Refused as refused:
            progress.problems.append(refusals.refusal(refused, decision.pair, progress.asked(decision)))
            status, why = PROBLEM, f"refused: {refused}"
        progress.failed.extend(step for step in decision.steps if step not in progress.done)
        return self._remember(decision, progress, status, why)

    def _forces(self, pair: Pair) -> bool:
        return self.context.force.winner(pair) is not None

    def _forewarn(self, decision: Decision) -> None:
        """S7: a deletion of our own is on record before it is sent, lest an item that is gone without an answer count as
        deleted by a person (D2)."""
        link = decision.pair.link
        if link is not None and (before := before_deletion(decision, link)) != link:
            with self.store.begin(self.lease()) as tx:
                links.save(tx, self.user_id, before)

    # ------------------------------------------------------------------------------------------ not now

    def _gated(self, decision: Decision) -> Outcome:
        link = decision.pair.link
        if link is not None and isinstance(decision.after, LinkState) and link.state is not decision.after:
            with self.store.begin(self.lease()) as tx:
                links.save(tx, self.user_id, replace(link, state=decision.after))
        return Outcome(decision, HELD if decision.gate is Gate.HELD else SKIPPED)

    # -------------------------------------------------------------------------------------------- steps

    def _locks(self, decision: Decision) -> AbstractAsyncContextManager[None]:
        """X3 writes of one record are serialised across passes; so are contact creates of one address (M4), and those of
        one shared card (D4)."""
        keys: set[str] = set()
        for step in decision.steps:
            if step.side is not Side.X3:
                continue
            if not isinstance(step, Create):
                keys.add(step.target.key)
            elif (card := newcomers.card_of(decision)) is not None:
                keys |= newcomers.locks(card) | ({f"again:{step.sync_id}"} if step.sought else set())
        return leases.x3_locks(self.store.begin, decision.pair.type, keys, seconds=2 * self.request_seconds)

    async def _take(self, decision: Decision, step: Step, progress: _Progress) -> None:
        if not self.lease().outlives(self.request_seconds, self.clock.monotonic()):
            raise _Postponed("the lease would end before the answer")
        look: Present | None
        match step:
            case Create():
                look = await self._create(decision, step, progress)
                if self._handed_on(decision.pair, step, look) and progress.attempt is not None:
                    self._forget(progress.attempt)
                    look = await self._create(decision, series.anew(step), progress)
                self._is_this_users(decision, step, look, progress)
                if isinstance(look.content, Contact) and step.side is Side.X3:
                    look = await self._assigned(step, look)
            case Mark(marker=marker) if not marker.x3_key:
                look = await self._apply(replace(step, marker=replace(marker, x3_key=progress.looks[Side.X3].key)))
            case Update():
                look = await self._update(decision.pair, step, progress)
            case _:
                target = progress.looks.get(step.side)
                look = await self._apply(replace(step, target=target) if target is not None else step)
        if look is None:
            progress.gone.add(step.side)
        else:
            progress.looks[step.side] = look
            progress.written.add(step.side)
        progress.done.append(step)

    def _is_this_users(self, decision: Decision, step: Create, look: Present, progress: _Progress) -> None:
        """M6: X3 answers the create of a meeting that has a record already with that one (M7). Where the user is not in it,
        he has to join it: the next look finds it by the claim. Raises Moved."""
        item = decision.pair.outlook
        event = item.outlook.event if step.side is Side.X3 and isinstance(item, Present) else None
        if event is None or not event.ical_uid or self.context.representative in look.x3.representatives:
            return
        with self.store.begin(self.lease()) as tx:
            attempts.close(tx, [progress.attempt] if progress.attempt else [])
            meeting = (event.ical_uid, event.original_start)
            claims.found(tx, self.fp, step.type, *meeting, look.key, self.clock.now())
        raise Moved("the meeting has a record of another mailbox")

    async def _assigned(self, step: Create, card: Present) -> Present:
        """D4: a card that another user's edit brought back becomes this representative's, too."""
        if step.representative in card.x3.representatives:
            return card
        return await self._apply(Assign(target=card, representative=step.representative)) or card

    async def _apply(self, step: Step) -> Present | None:
        return await self.endpoints[step.side].apply(step)

    async def _update(self, pair: Pair, step: Update, progress: _Progress) -> Present | None:
        """What fits is written, a field that the side refuses by name becomes a problem line (C6)."""
        while True:
            try:
                look = await self._apply(step)
                progress.problems += refusals.left_alone(step, look, pair, forced=self._forces(pair))
                return look
            except Refused as refused:
                if refused.field not in step.changes or len(step.changes) == 1:
                    raise
                progress.problems.append(refusals.refusal(refused, pair, step.side))
                progress.dropped.append(replace(step, changes={refused.field: step.changes[refused.field]}))
                rest = {name: value for name, value in step.changes.items() if name != refused.field}
                step = replace(step, changes=rest)

    async def _create(self, decision: Decision, step: Create, progress: _Progress) -> Present:
        """M7: look for an unanswered earlier attempt first, then send, with the attempt on record."""
        endpoint, item = self.endpoints[step.side], decision.pair.outlook
        self._claim(decision, step, progress)
        now = self.clock.now()
        wanted = Attempt(
            type=step.type,
            side=step.side,
            source_key=decision.pair.key(step.side.other),
            token=uuid.uuid4().hex,
            sent_at=now,
            sync_id=step.sync_id,
            marker=step.marker.encode() if step.marker else "",
            folder=item.outlook.folder if isinstance(item, Present) else "",
            invited=isinstance(item, Present) and events.invited(item),
        )
        with self.store.begin(self.lease()) as tx:
            attempt = attempts.begin(tx, self.user_id, [wanted])[0]
        step = replace(step, token=attempt.token)
        tried = attempt.token != wanted.token
        if tried and step.side is Side.X3 and now < attempt.sent_at + self.x3_limit:
            raise _Postponed("an earlier create may still be under way in X3")
        if tried or step.sought:
            found = await endpoint.find(step)
            if isinstance(found, Private):
                progress.hidden = [Ref(key=found.key, kind=step.type.kind, folder=step.folder)]
                raise _Postponed("what an earlier create made is private now")
            if found is not None:
                progress.attempt, progress.found = attempt, (step, found)
                return found
        try:
            if step.side is Side.X3 and decision.pair.link is None:
                card = newcomers.card_of(decision)
                await newcomers.none_came_before(self.store, self.user_id, self.persons, card, self.candidates)
            look = await self._send_create(decision.pair, step, progress)
        except TryLater as later:
            if not (later.sent or tried):  # what an earlier one sent may still appear
                self._forget(attempt)
            raise
        except (Moved, Refused):
            self._forget(attempt, progress.meeting)
            raise
        progress.attempt = attempt
        return look

    def _handed_on(self, pair: Pair, step: Create, look: Present) -> bool:
        """A8: whether the record once made of this occurrence is another one's now; then it needs one of its own."""
        if step.side is not Side.X3 or pair.link is not None:
            return False
        with self.store.read() as tx:
            return any(one.auuid == look.x3.auuid for one in links.by_x3(tx, self.user_id, [(step.type, look.key)]))

    async def _send_create(self, pair: Pair, step: Create, progress: _Progress) -> Present:
        while True:
            try:
                look = await self._apply(step)
            except Refused as refused:
                empty = getattr(crossing.blank(step.type, step.content), refused.field, None) if refused.field else None
                if empty is None or getattr(step.content, refused.field) == empty:
                    raise
                progress.problems.append(refusals.refusal(refused, pair, step.side))
                step = replace(step, content=replace(step.content, **{refused.field: empty}))
                continue
            assert look is not None
            return look

    def _claim(self, decision: Decision, step: Create, progress: _Progress) -> None:
        """M6: a meeting's record is made by the mailbox that claimed it first."""
        item = decision.pair.outlook
        if step.side is not Side.X3 or not isinstance(item, Present):
            return
        event = item.outlook.event
        if event is None or not event.ical_uid or (event.organizer and not event.attendees):
            return
        meeting, now, x3 = (event.ical_uid, event.original_start), self.clock.now(), decision.pair.x3
        gone = x3.key if isinstance(x3, Absent) else ""
        with self.store.begin(self.lease()) as tx:
            left_before = now - self.x3_limit
            claim = claims.take(tx, self.fp, self.user_id, step.type, *meeting, now, left_before=left_before, gone=gone)
        if claim.user_id != self.user_id:
            raise _Postponed("another mailbox makes the record of this meeting")
        progress.meeting = meeting

    def _forget(self, attempt: Attempt, meeting: tuple[str, datetime | None] | None = None) -> None:
        """Nothing was made: no attempt stands, and the meeting is anybody's again."""
        with self.store.begin(self.lease()) as tx:
            attempts.close(tx, [attempt])
            if meeting is not None:
                claims.release(tx, self.fp, *meeting)

    # ----------------------------------------------------------------------------------------- remember

    def _remember(self, decision: Decision, progress: _Progress, status: str, why: str) -> Outcome:
        """Store the link as it is now, the journal line, problem lines; close the attempt."""
        pair = decision.pair
        failures, before = progress.problems, pair.link
        link = self._link_now(decision, progress, status)
        created = any(isinstance(step, Create) for step in progress.done)
        x3_key, outlook_key = (link or pair).key(Side.X3), (link or pair).key(Side.OUTLOOK)
        item = ItemKey(pair.type, x3_key, outlook_key)
        drops = decision.after is Drop.LINK and status == DONE
        with self.store.begin(self.lease()) as tx:
            if drops and before is not None:
                links.drop(tx, self.user_id, [before.id])
                self._free_claim(tx, before, pair, progress)
            elif link is not None and link != before and not drops:
                event = pair.outlook.outlook.event if isinstance(pair.outlook, Present) else None
                links.save(tx, self.user_id, link, event=event)
            if decision.erase and (before is not None or journal.knows(tx, self.user_id, item)):
                journal.erase_outlook_content(
                    tx, self.user_id, item, pass_id=self.pass_id, at=self.clock.now(), cause=self.cause
                )
            else:
                self._write_journal(tx, decision, progress, item, status, why)
            known, now = self.known_problems, self.clock.now()
            poisoned = refusals.poisoned(tx, self.user_id, item, progress.failing, why, now)
            failures += poisoned
            linked, given_up = link is not None, bool(poisoned)
            refusals.put(tx, self.user_id, decision, item, failures, known, now, linked=linked, given_up=given_up)
            if created or (link is not None and status == DONE):
                attempts.close_of(tx, self.user_id, item)
            if progress.meeting is not None and created:
                claims.settle(tx, self.fp, *progress.meeting, x3_key)
            if not poisoned and (status in (LATER, MOVED) or progress.failed or progress.differs):
                refs = (*refs_of(replace(pair, link=link)), *progress.hidden)
                dirty.mark(tx, [mark_of(ref, self.user_id, now, status) for ref in refs])
        return Outcome(decision, status, progress.done, [*decision.problems, *failures], why, x3_key, outlook_key)

    def _link_now(self, decision: Decision, progress: _Progress, status: str) -> Link | None:
        """The link as the steps that were carried out leave it; the stored one when none was."""
        pair = decision.pair
        if status != DONE and not progress.done:
            return pair.link
        looks: dict[Side, Present] = {
            side: look for side in Side if isinstance(look := progress.looks.get(side) or pair.on(side), Present)
        }
        # Of a deletion that failed half-way nothing is remembered: it is planned anew.
        after = None if status != DONE and decision.after is Drop.LINK else decision.after
        waiting = [*progress.failed, *progress.dropped]
        actual = replace(decision, after=after, unsettled=gate.unsettled(decision, waiting))
        if progress.found is not None:
            actual = found_again(actual, *progress.found)
            progress.differs = bool(actual.unsettled) or progress.found[1].where is Where.ELSEWHERE
        progress.differs |= any(strayed(side, actual, looks[side]) for side in progress.written if side in looks)
        return link_after(actual, pair.link, looks, progress.written, self.context)

    def _free_claim(self, tx: Session, link: Link, pair: Pair, progress: _Progress) -> None:
        """The meeting is anybody's again once its record is deleted, another mailbox's once only the user has left it."""
        if link.ical_uid and any(isinstance(step, Delete) and step.side is Side.X3 for step in progress.done):
            claims.release(tx, self.fp, link.ical_uid, link.original_start)
        elif link.invited and isinstance(pair.x3, Present):
            claims.leave(tx, self.fp, self.user_id, link.type, link.x3_key)

    def _write_journal(
        self, tx: Session, decision: Decision, progress: _Progress, item: ItemKey, status: str, why: str
    ) -> None:
        pair = decision.pair
        before: dict[Side, Content] = {
            side: look.content for side in Side if isinstance(look := pair.on(side), Present) and pair.link is not None
        }
        before |= dict(decision.lost)
        # R2: told once, or `why` would count the same two versions again with every further step.
        last = len(decision.steps or (None,)) - 1
        entries = [
            journal.Entry(
                pass_id=self.pass_id,
                at=self.clock.now(),
                item=item,
                rule=decision.rule,
                why=why or decision.why,
                action=type(step).__name__.lower() if step else (decision.verb if decision.after else ""),
                side=step.side if step else None,
                outcome=status if step is None or step not in progress.done else DONE,
                cause=self.cause,
                series_id=pair.link.series_id if pair.link else "",
                before=before if number == 0 else {},
                after={side: look.content for side, look in progress.looks.items()} if number == last else {},
            )
            for number, step in enumerate(decision.steps or (None,))
        ]
        if decision.steps or (decision.after is not None and (pair.link is None or decision.after != pair.link.state)):
            journal.append(tx, self.user_id, entries)
