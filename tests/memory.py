"""The memory endpoint: one user's view of a world in memory, with the semantics an adapter has (house.md 17).

`MemoryEndpoint` implements `reconcile.port.Endpoint` for either side. Its four methods are thin async covers over
synchronous ones (`list_changes`, `look_up`, `carry_out`, `look_for`), which stateful tests call directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import assert_never

from reconcile.actions import Assign, Create, Delete, Identify, Join, Mark, Step, Unassign, Update, Withdraw
from reconcile.contacts import PLACES
from reconcile.model import (
    UNREAD,
    Absent,
    Appointment,
    Call,
    Changes,
    Contact,
    Content,
    EventFacts,
    Facts,
    ItemType,
    Kind,
    Observation,
    OutlookFacts,
    Present,
    Private,
    Relation,
    Side,
    Task,
    TaskDates,
    Where,
    Window,
    X3Facts,
)
from reconcile.port import CursorExpired, Limits, Listing, Moved, Ref, Refused, Sighting, Stream, TryLater
from tests.contract.world import Clock, Faults, Item, World

__all__ = ["LIMITS", "Clock", "Faults", "Item", "MemoryEndpoint", "World"]

LIMITS: dict[Side, Limits] = {
    Side.X3: {(ItemType.CONTACT, "function"): 50, (ItemType.CONTACT, "work_email"): 80},
    Side.OUTLOOK: {(item_type, "subject"): 255 for item_type in ItemType if item_type is not ItemType.CONTACT},
}
# What an event keeps in categories and extended properties: written without a mail to attendees (A10).
SILENT = frozenset({"done", "relation"})


class MemoryEndpoint:
    """One user's view of a world. `mine` are his managed folders, or his representative."""

    def __init__(self, world: World, *mine: str, window: Window | None = None, limits: Limits | None = None) -> None:
        self.world = world
        self.mine = mine
        self.window = window
        self._limits = LIMITS[world.side] if limits is None else limits

    @property
    def side(self) -> Side:
        """Which side this is."""
        return self.world.side

    @property
    def limits(self) -> Limits:
        """Known limits of texts (C6)."""
        return self._limits

    @property
    def streams(self) -> tuple[Stream, ...]:
        """One per managed folder, or the representative's."""
        return tuple(Stream(kind=self.world.places[place], folder=place) for place in self.mine)

    async def changes(self, stream: Stream, cursor: str | None) -> Listing:
        """See `Endpoint.changes`."""
        return self.list_changes(stream, cursor)

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Observation]:
        """See `Endpoint.read`."""
        return self.look_up(refs)

    async def apply(self, step: Step) -> Present | None:
        """See `Endpoint.apply`."""
        return self.carry_out(step)

    async def find(self, step: Create) -> Present | Private | None:
        """See `Endpoint.find`."""
        return self.look_for(step)

    # ------------------------------------------------------------------------------------- looking

    def list_changes(self, stream: Stream, cursor: str | None) -> Listing:
        """A complete listing holds what is in the user's scope; a delta names every id touched since `cursor`."""
        self._fail()
        world = self.world
        here = f"{world.epoch}:{len(world.log)}"
        hints = tuple(row for place, row in world.queue.values() if place == stream.folder)
        if stream in world.faults.silent or stream.folder not in world.places:
            return Listing(sightings=(), cursor=cursor or "", complete=False, now=world.now, answered=False)
        if cursor is None:
            emptied = stream in world.faults.emptied
            items = [] if emptied else [i for i in world.living() if self._listed(i, stream)]
            sightings = tuple(self._sight(item.key, stream, embed=self.side is Side.OUTLOOK) for item in items)
            return Listing(sightings=sightings, cursor=here, complete=True, now=world.now, hints=hints)
        epoch, _, position = cursor.partition(":")
        if int(epoch) != world.epoch:
            raise CursorExpired(stream.folder)
        touched = dict.fromkeys(key for place, key in world.log[int(position) :] if place == stream)
        sightings = tuple(self._sight(key, stream) for key in touched)
        return Listing(sightings=sightings, cursor=here, complete=False, now=world.now, hints=hints)

    def look_up(self, refs: Sequence[Ref]) -> dict[Ref, Observation]:
        """Unread where a fault says so or the item's place is silent; Absent is always a proof here (S8)."""
        self._fail()
        return {ref: self._observe(ref) for ref in refs}

    def look_for(self, step: Create) -> Present | Private | None:
        """M7: Outlook by marker or transactionId, X3 by ZSYNCID."""
        self._fail()
        for item in self.world.living():
            if self._made_by(item, step):
                return Private(key=item.key) if item.private else self.look(item)
        return None

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """R3: rows that were read leave the queue; unknown numbers are no error."""
        for number in numbers:
            self.world.queue.pop(number, None)

    def ref(self, key: str) -> Ref:
        """How a living or remembered item is named in a read."""
        item = self.world.items[key]
        return self._ref(item, item.places[0] if item.places else "")

    def look(self, item: Item) -> Present:
        """How an item looks to this user."""
        modified = item.changed.replace(microsecond=0)
        facts: Facts
        if self.side is Side.X3:
            facts = X3Facts(type=item.type, auuid=item.auuid, representatives=item.places, sync_id=item.sync_id)
        else:
            facts = OutlookFacts(
                kind=item.type.kind,
                folder=item.places[0],
                marker=item.marker,
                body=item.body,
                details=item.details,
                event=item.event,
            )
        return Present(
            key=item.key,
            version=str(item.revision),
            modified_at=modified,
            content=item.content,
            facts=facts,
            where=self._where(item),
        )

    def _where(self, item: Item) -> Where:
        if not set(item.places) & set(self.mine):
            return Where.ELSEWHERE
        return Where.HERE if self.window is None or _inside(self.window, item.content) else Where.OUT_OF_WINDOW

    def _listed(self, item: Item, stream: Stream) -> bool:
        return (
            stream.folder in item.places
            and stream.kind is self.world.kind_of(item)
            and self._where(item) is not Where.OUT_OF_WINDOW
        )

    def _ref(self, item: Item, folder: str) -> Ref:
        if self.side is Side.X3:
            return Ref(key=item.key, type=item.type)
        return Ref(key=item.key, kind=item.type.kind, folder=folder)

    def _sight(self, key: str, stream: Stream, *, embed: bool = False) -> Sighting:
        item = self.world.items[key]
        ref = self._ref(item, stream.folder)
        if not item.alive or item.private:
            return Sighting(ref=ref, observation=Private(key=key) if embed else None)
        look = self.look(item)
        return Sighting(ref=ref, version=look.version, observation=look if embed and key not in self._unread else None)

    @property
    def _unread(self) -> set[str]:
        return self.world.faults.unread

    def _observe(self, ref: Ref) -> Observation:
        item = self.world.items.get(ref.key)
        silent = {stream.folder for stream in self.world.faults.silent}
        if ref.key in self._unread or silent & {ref.folder, *(item.places if item else ())}:
            return UNREAD
        if item is None or not item.alive or (ref.type or item.type) is not item.type:
            return Absent(key=ref.key)
        return Private(key=ref.key) if item.private else self.look(item)

    # ------------------------------------------------------------------------------------- writing

    def carry_out(self, step: Step) -> Present | None:
        """Do one step, conditional on what was observed, and answer the new look.

        Outlook bumps the version once more after the answer (graph.md 3.4), so an echo never has the version answered.
        """
        self._fail()
        item = self._create(step) if isinstance(step, Create) else self._write(step)
        self.world.writes += 1
        answer = self.look(item) if item and item.alive else None
        if item and self.side is Side.OUTLOOK:
            self.world.bump(item)
        if self.world.faults.lose_answers:
            self.world.faults.lose_answers -= 1
            raise TryLater("the answer was lost", sent=True)
        return answer

    def _fail(self) -> None:
        if self.world.faults.raise_next:
            raise self.world.faults.raise_next.pop(0)

    def _create(self, step: Create) -> Item:
        self._check_limits(step.type, {f.name: getattr(step.content, f.name) for f in fields(step.content)})
        for item in self.world.living():
            if step.token and item.token == step.token:
                return item  # a used transactionId answers the event it made
            if step.sync_id and item.sync_id == step.sync_id:
                raise Refused(f"ZSYNCID {step.sync_id} is used by {item.key}")
        place = step.representative if self.side is Side.X3 else step.folder
        item = Item(
            key="",
            content=step.content,
            places=(place,),
            changed=self.world.now,
            sync_id=step.sync_id,
            marker=step.marker,
            details=bool(step.details),
            token=step.token if step.type.kind is Kind.EVENT else "",
        )
        return self.world.add(item)

    def _write(self, step: Update | Delete | Assign | Identify | Unassign | Withdraw | Join | Mark) -> Item | None:
        item = self._target(step.target)
        if item is None:
            if isinstance(step, Delete | Unassign | Withdraw):
                return None  # D5: gone already
            raise Moved(step.target.key)
        match step:
            case Update():
                self._check_limits(step.type, step.changes)
                self._check_due(step.changes)
                item.marker = step.marker or item.marker
                if set(step.changes) - SILENT:
                    self._mail(item)
                self.world.write(item, _keeping_attendees(item, step.changes))
            case Delete():
                self._mail(item)
                self.world.delete(item.key)
            case Assign() | Join():
                self.world.move(item.key, *dict.fromkeys((*item.places, step.representative)))
            case Unassign() | Withdraw():
                self.world.move(item.key, *(place for place in item.places if place != step.representative))
            case Identify():
                pass  # nothing that the world in memory shows
            case Mark():
                item.marker = step.marker
                self.world.touched(item)
            case _:
                assert_never(step)
        return item

    def _target(self, target: Present) -> Item | None:
        """The row a step means, None when it is gone.

        Another version of the same content is our own echo and no reason to stop (house.md, "Runtime").
        """
        item = self.world.items.get(target.key)
        if item is None or not item.alive:
            return None
        now = self.look(item)
        if item.private or (now.version != target.version and _essence(now) != _essence(target)):
            raise Moved(target.key)
        return item

    def _made_by(self, item: Item, step: Create) -> bool:
        if self.side is Side.X3:
            return bool(step.sync_id) and item.sync_id == step.sync_id
        same_marker = step.marker and item.marker and replace(item.marker, born=step.marker.born) == step.marker
        return bool(same_marker) or (bool(step.token) and item.token == step.token)

    def _check_limits(self, item_type: ItemType, changes: Mapping[str, object]) -> None:
        for name, value in changes.items():
            longest = self._limits.get((item_type, name))
            if longest is not None and isinstance(value, str) and len(value) > longest:
                raise Refused(f"{name} is longer than {longest} characters", field=name)
            if self.side is Side.X3 and isinstance(value, Relation) and len(value.people) > PLACES[item_type]:
                raise Refused(f"{item_type} has room for {PLACES[item_type]} persons", field=name)

    def _check_due(self, changes: Changes) -> None:
        dates = changes.get("dates")
        if self.world.due_required and isinstance(dates, TaskDates) and dates.due is None:
            raise Refused("X3 keeps no task without a due date", field="dates")

    def _mail(self, item: Item) -> None:
        if item.event and item.event.organizer:
            self.world.mails += item.event.attendees


def _essence(look: Present) -> tuple[Content, str | EventFacts | None]:
    """What a write is conditional on: the content, and whether it is still the same record or meeting."""
    return look.content, look.facts.auuid if isinstance(look.facts, X3Facts) else look.facts.event


def _keeping_attendees(item: Item, changes: Changes) -> Changes:
    """K3, A6: a written contact list never touches the attendees, which are the entries with an address."""
    relation = changes.get("relation")
    if item.event is None or not isinstance(relation, Relation) or isinstance(item.content, Contact):
        return changes
    attendees = tuple(person for person in item.content.relation.people if person.email)
    listed = tuple(person for person in relation.people if not person.email)
    return {**changes, "relation": replace(relation, people=listed + attendees)}


def _inside(window: Window, content: Content) -> bool:
    match content:
        case Contact():
            return True
        case Task():
            return window.holds_task(content)
        case Call() | Appointment():
            return window.overlaps(content.when)
        case _:
            assert_never(content)
