"""A reference shell in memory: gather, match, plan, guard, apply, remember, for one user over two memory endpoints.

It does what `worker/sync.py` does, without a database: reads both halves of every touched link and what the matching still
wants, takes steps in order, looks a lost create up before sending it again (M7), keeps what could not be decided dirty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from reconcile.actions import Create, Decision, Gate, Mark, Rule, Step
from reconcile.content import Contact, ItemType, Kind, Side
from reconcile.context import ContactEntry, Context, Directory, Rules
from reconcile.guard import Ledger, guard
from reconcile.match import match
from reconcile.matching import Matching, Observed
from reconcile.model import Absent, Link, Meeting, Observation, Pair, Present, Private, Unread
from reconcile.plan import plan
from reconcile.port import CursorExpired, Listing, Moved, Ref, Refused, Stream, TryLater
from reconcile.remember import before_deletion, found_again, link_after
from tests.memory import MemoryEndpoint
from tests.reconcile import build


@dataclass(slots=True)
class Shell:
    """One user's passes. `links` and what else is remembered outlive a pass; `decisions` are the last pass's."""

    ends: dict[Side, MemoryEndpoint]
    directory: Directory
    rules: Rules = field(default_factory=Rules)
    links: list[Link] = field(default_factory=list)
    cursors: dict[Stream, str] = field(default_factory=dict)
    dirty: set[Ref] = field(default_factory=set)
    attempts: dict[tuple[Side, ItemType, str], Create] = field(default_factory=dict)
    sent: int = 0  # creates so far
    refused: set[str] = field(default_factory=set)
    seen: dict[Ref, Observation] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()

    def run(self, *, full: bool = False, stop_after: int | None = None) -> None:
        """One pass. `stop_after`: the process dies after so many decisions, before anything else is stored."""
        self.seen = {}
        listings = {stream: self._listing(side, stream, full) for side in Side for stream in self.ends[side].streams}
        if not all(listing.answered for stream, listing in listings.items() if stream.kind is None):
            return  # X3 is away: without it nothing can be told from what is new (M4)
        asked, self.dirty = set(self.dirty), set()
        for side, item_type, key in self.attempts:
            asked.add(Ref(key=key, kind=item_type.kind) if side is Side.X3 else Ref(key=key, type=item_type))
        for stream, listing in listings.items():
            asked |= self._sighted(stream, listing)
        self._read(asked)
        matching = self._settle()
        self.dirty |= {ref for ref, observed in self.seen.items() if isinstance(observed, Unread)}
        self.decisions = guard(plan(matching.pairs, self._context(listings)), Ledger(links=dict.fromkeys(ItemType, 1000)))
        stored: dict[tuple[ItemType, str, str], Link | None] = {}
        for number, decision in enumerate(self.decisions):
            if number == stop_after:
                self.dirty |= asked  # the marks and cursors of an unfinished pass stay
                return
            self._carry_out(decision, stored)
        self.cursors.update({stream: listing.cursor for stream, listing in listings.items() if listing.answered})
        x3 = self.ends[Side.X3]
        x3.acknowledge([hint.number for listing in listings.values() for hint in listing.hints])

    # ------------------------------------------------------------------------------------------ observe

    def _listing(self, side: Side, stream: Stream, full: bool) -> Listing:
        end = self.ends[side]
        try:
            return end.list_changes(stream, None if full else self.cursors.get(stream))
        except CursorExpired:
            return end.list_changes(stream, None)

    def _sighted(self, stream: Stream, listing: Listing) -> set[Ref]:
        asked = {sighting.ref for sighting in listing.sightings if sighting.observation is None}
        self.seen.update({s.ref: s.observation for s in listing.sightings if s.observation is not None})
        asked |= {Ref(key=hint.key, type=hint.type) for hint in listing.hints}
        if listing.complete:
            of_stream = [link for link in self.links if stream.kind is None or link.folder == stream.folder]
            side = Side.X3 if stream.kind is None else Side.OUTLOOK
            asked |= {_ref(link, side) for link in of_stream}
        return asked

    def _read(self, refs: Iterable[Ref]) -> None:
        # In a fixed order, whatever the hashes, so that a history can be told again.
        refs = sorted(refs, key=lambda ref: (str(ref.kind), str(ref.type), ref.key, ref.folder))
        wanted = [ref for ref in refs if not any(_same(ref, known) for known in self.seen)]
        for side in Side:
            of_side = [ref for ref in wanted if (ref.kind is None) is (side is Side.X3)]
            self.seen.update(self.ends[side].look_up(of_side) if of_side else {})

    def _settle(self) -> Matching:
        while True:
            touched = [link for link in self.links if self._touched(link)]
            self._read(_ref(link, side) for link in touched for side in Side)
            for link in touched:
                self._seek(link)
            known = Observed(
                links=touched,
                x3={(ref.type, ref.key): o for ref, o in self.seen.items() if ref.type is not None},
                outlook={(ref.kind, ref.key): o for ref, o in self.seen.items() if ref.kind is not None},
                candidates=self._candidates(),
                attempts={step.sync_id: key for (side, _, key), step in self.attempts.items() if side is Side.X3},
                creating=frozenset((t, key) for (side, t, key) in self.attempts if side is Side.OUTLOOK),
            )
            matching = match(known, fp=build.FP, mailbox=build.MAILBOX)
            wanted = {Ref(key=key, type=item_type) for item_type, key in matching.wanted}
            if all(any(_same(ref, known) for known in self.seen) for ref in wanted):
                return matching
            self._read(wanted)

    def _seek(self, link: Link) -> None:
        """S8: moving a task changes its id, so a vanished one is sought by its marker in all lists. One that is private
        there counts as the linked item become private."""
        ref = _ref(link, Side.OUTLOOK)
        old = next(known for known in self.seen if _same(ref, known))
        if link.type is not ItemType.TASK or not isinstance(self.seen[old], Absent):
            return
        end = self.ends[Side.OUTLOOK]
        for item in end.world.living():
            if item.marker and (item.marker.type, item.marker.x3_key) == (link.type, link.x3_key):
                found = replace(ref, key=item.key, folder=item.places[0])
                if item.private:
                    self.seen[old] = Private(key=ref.key)
                elif not any(_same(found, known) for known in self.seen):
                    self.seen[found] = end.look(item)

    def _touched(self, link: Link) -> bool:
        named = {
            (o.outlook.marker.type, o.outlook.marker.x3_key)
            for ref, o in self.seen.items()
            if ref.kind is not None and isinstance(o, Present) and o.outlook.marker
        }
        sides = any(_same(_ref(link, side), ref) for side in Side for ref in self.seen)
        return sides or (link.type, link.x3_key) in named

    def _candidates(self) -> list[Present]:
        """M4: CORs that could be a contact in the mailbox, whoever has them."""
        end = self.ends[Side.X3]
        return [end.look(item) for item in end.world.living() if isinstance(item.content, Contact)]

    def _context(self, listings: dict[Stream, Listing]) -> Context:
        silent = {stream.folder for stream, listing in listings.items() if not listing.answered}
        now = {side: self.ends[side].world.now for side in Side}
        made = build.context(self.rules, directory=self.directory, now=now)
        return replace(
            made,
            limits={side: self.ends[side].limits for side in Side},
            complete=frozenset(k for k in Kind if not any(s.kind is k and s.folder in silent for s in listings)),
            default_folders={k: folder for k, folder in made.default_folders.items() if folder not in silent},
        )

    # -------------------------------------------------------------------------------------------- apply

    def _carry_out(self, decision: Decision, stored: dict[tuple[ItemType, str, str], Link | None]) -> None:
        pair = decision.pair
        key = (pair.type, pair.key(Side.X3), pair.key(Side.OUTLOOK))
        link = stored.get(key, pair.link)
        looks = {side: o for side in Side if isinstance(o := pair.on(side), Present)}
        written: set[Side] = set()
        if decision.gate is not Gate.OPEN or pair.meeting is Meeting.AMBIGUOUS or decision.rule is Rule.S8:
            self.dirty |= set(_refs(pair))
        try:
            for step in decision.steps if decision.gate is Gate.OPEN else ():
                found = self._found(decision, step)
                look = found or self._take(decision, step, looks)
                if found is not None and isinstance(step, Create):
                    decision = found_again(decision, step, found)
                    self.dirty |= set(_refs(pair))
                written.add(step.side)
                if look is not None:
                    looks[step.side] = look
        except (Moved, TryLater):
            self.dirty |= set(_refs(pair))
            if link is not None:
                self.links = [before_deletion(decision, known) if known.id == link.id else known for known in self.links]
            return
        except Refused:
            # A problem line: sent again only when either side changes (A7).
            self.refused |= {pair.key(side) for side in Side}
            self._close(pair)
            return
        after = link_after(decision, link, looks, written, self._context({}))
        if after is not None or decision.after is not None:
            self._close(pair)
        self.links = [known for known in self.links if pair.link is None or known.id != pair.link.id]
        self.links = [known for known in self.links if link is None or known.id != link.id]
        if after is not None:
            after = replace(after, id=after.id or max((known.id for known in self.links), default=0) + 1)
            self.links.append(after)
        stored[key] = after

    def _found(self, decision: Decision, step: Step) -> Present | None:
        """M7: what an earlier attempt made."""
        if not isinstance(step, Create) or _attempt(decision, step) not in self.attempts:
            return None
        found = self.ends[step.side].look_for(self.attempts[_attempt(decision, step)])
        if isinstance(found, Private):
            self.dirty.add(Ref(key=found.key, kind=step.type.kind, folder=step.folder))
            raise Moved("what an earlier attempt made is private now")
        return found

    def _close(self, pair: Pair) -> None:
        for side in Side:
            self.attempts.pop((side, pair.type, pair.key(side.other)), None)

    def _take(self, decision: Decision, step: Step, looks: dict[Side, Present]) -> Present | None:
        end = self.ends[step.side]
        if isinstance(step, Create):
            self.sent += 1
            step = replace(step, token=f"attempt-{self.sent}")
            self.attempts[_attempt(decision, step)] = step
            return end.carry_out(step)
        target = looks.get(step.side, step.target)
        if isinstance(step, Mark) and not step.marker.x3_key:
            step = replace(step, marker=replace(step.marker, x3_key=looks[Side.X3].key))
        return end.carry_out(replace(step, target=target))


def directory_of(people: Collection[ContactEntry]) -> Directory:
    """The directory of `build`, with these persons."""
    return replace(build.DIRECTORY, contacts={entry.cor: entry for entry in people})


def _attempt(decision: Decision, step: Create) -> tuple[Side, ItemType, str]:
    return step.side, step.type, decision.pair.key(step.side.other)


def _same(one: Ref, other: Ref) -> bool:
    return (one.key, one.kind, one.type) == (other.key, other.kind, other.type)


def _ref(link: Link, side: Side) -> Ref:
    if side is Side.X3:
        return Ref(key=link.x3_key, type=link.type)
    return Ref(key=link.outlook_key, kind=link.type.kind, folder=link.folder)


def _refs(pair: Pair) -> Iterable[Ref]:
    if key := pair.key(Side.X3):
        yield Ref(key=key, type=pair.type)
    if key := pair.key(Side.OUTLOOK):
        folder = pair.outlook.outlook.folder if isinstance(pair.outlook, Present) else ""
        yield Ref(key=key, kind=pair.type.kind, folder=folder or (pair.link.folder if pair.link else ""))
