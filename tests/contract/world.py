"""One side's database in memory, with the operations its own users have: X3 for all users, Outlook for one mailbox.

An item stands in *places*: its folder in Outlook, its representatives in X3 (owner first). So moving and reassigning are
one operation, and almost everything is written once over `Side`. `tests.memory` gives the sync's view of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

from reconcile.model import Appointment, Body, Content, EventFacts, ItemType, Kind, Marker, Side, Task, type_of
from reconcile.port import Hint, Stream
from tests.contract.shapes import shape


@dataclass(slots=True, kw_only=True)
class Clock:
    """A clock that moves by `step` with every write, so that two writes never share a stamp unless `step` is zero."""

    now: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    step: timedelta = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Item:
    """One stored row of either side. Mutable: it stands for another machine's database."""

    key: str
    content: Content
    places: tuple[str, ...]
    changed: datetime
    revision: int = 0
    alive: bool = True  # Outlook: False means in Deleted Items, from where the user can take it back
    auuid: str = ""
    sync_id: str = ""
    private: bool = False
    marker: Marker | None = None
    body: Body = Body.PLAIN
    details: bool = False
    event: EventFacts | None = None
    token: str = ""

    @property
    def type(self) -> ItemType:
        """The type, as its content says."""
        return type_of(self.content)


@dataclass(slots=True, kw_only=True)
class Faults:
    """What can go wrong, to be set by a test. Everything is off at first."""

    raise_next: list[Exception] = field(default_factory=list)  # one per call, raised before anything is done
    lose_answers: int = 0  # so many writes are done and their answers lost (M7)
    unread: set[str] = field(default_factory=set)  # keys that nothing can be said about
    silent: set[Stream] = field(default_factory=set)  # streams that do not answer (S9)
    emptied: set[Stream] = field(default_factory=set)  # streams whose complete listing is empty (G1)


class World:
    """One side's data with its own clock, and what its users do there.

    `skew` is how far its clock is from the tests' clock. `queue_fed` says whether X3 feeds SYNCDATA (R3), `due_required`
    that X3 keeps no task without a due date.
    """

    def __init__(
        self,
        side: Side,
        clock: Clock,
        *,
        skew: timedelta = timedelta(0),
        queue_fed: bool = True,
        due_required: bool = False,
    ) -> None:
        self.due_required = due_required and side is Side.X3
        self.side = side
        self.items: dict[str, Item] = {}
        self.faults = Faults()
        self.mails = 0  # people whom the sync's own writes have mailed (A6)
        self.writes = 0  # of the sync
        self.queue: dict[int, tuple[str, Hint]] = {}  # SYDNUM -> (representative, row)
        self.epoch = 1
        self.log: list[tuple[Stream, str]] = []
        self.places: dict[str, Kind | None] = {}
        self.clock = clock
        self._skew = skew
        self._queue_fed = queue_fed and side is Side.X3
        self._numbers = {"ACT": 0, "COR": 0, "id": 0, "queue": 0, "revision": 0}

    @property
    def now(self) -> datetime:
        """This side's own clock."""
        return self.clock.now + self._skew

    def add_place(self, place: str, kind: Kind | None = None) -> Stream:
        """A folder of `kind`, or (kind None) a representative."""
        assert (kind is None) == (self.side is Side.X3)
        self.places[place] = kind
        return Stream(kind=kind, folder=place)

    def living(self) -> list[Item]:
        """What a user sees, oldest first."""
        return [item for item in self.items.values() if item.alive]

    # ------------------------------------------------------------------------------ what users do

    def create(
        self, content: Content, *places: str, key: str = "", private: bool = False, event: EventFacts | None = None
    ) -> Item:
        """A new item in a folder, or of representatives (owner first). `key` reuses an X3 number (M1)."""
        item = Item(key=key, content=content, places=places, changed=self.now, private=private, event=event)
        return self.add(item)

    def edit(self, key: str, /, **changes: object) -> Item:
        """A user changes some fields."""
        item = self.items[key]
        self.write(item, changes)
        return item

    def delete(self, key: str) -> None:
        """Outlook keeps it in Deleted Items; X3 forgets it."""
        item = self.items[key]
        item.alive = False
        self.touched(item, left=item.places, action="A")

    def undelete(self, key: str) -> None:
        """Outlook only: taken back from Deleted Items into its folder."""
        assert self.side is Side.OUTLOOK
        self.items[key].alive = True
        self.touched(self.items[key])

    def move(self, key: str, *places: str) -> Item:
        """To another folder, or to other representatives (S7). A task in another list gets another id, as in To Do."""
        item = self.items[key]
        if item.type is ItemType.TASK and self.side is Side.OUTLOOK:
            self.delete(key)
            return self.add(replace(item, key="", places=places, alive=True, token=""))
        left = tuple(place for place in item.places if place not in places)
        item.places = places
        item.content = shape(self.side, item.content, item.places, item.event)
        self.touched(item, left=left, action="P" if left else "M")
        return item

    def copy(self, key: str, place: str) -> Item:
        """A copy in Outlook carries the hidden marker along (M3)."""
        item = self.items[key]
        event = replace(item.event, ical_uid="") if item.event else None
        return self.add(replace(item, key="", places=(place,), event=event, token=""))

    def make_private(self, key: str, private: bool = True) -> None:
        """Outlook's padlock (S3)."""
        self.items[key].private = private
        self.touched(self.items[key])

    def expire_cursors(self) -> None:
        """Every cursor given so far is forgotten."""
        self.epoch += 1

    # --------------------------------------------------------------------------------- bookkeeping

    def add(self, item: Item) -> Item:
        """Store a new row under a key of its own, with what the side itself gives it."""
        if self.side is Side.X3:
            counter = "COR" if item.type is ItemType.CONTACT else "ACT"
            item.key = item.key or f"{counter}{self._number(counter):06}"
            item.auuid = md5(f"{item.key}/{self._number('id')}".encode(), usedforsecurity=False).hexdigest()
        else:
            item.key = item.key or f"AAMk{self._number('id'):06}="
            if item.type.kind is Kind.EVENT:
                facts = item.event or EventFacts()
                ical_uid = facts.ical_uid or f"uid-{item.key}"
                item.event = replace(facts, ical_uid=ical_uid, call=item.type is ItemType.CALL)
        if self.due_required and isinstance(item.content, Task) and item.content.dates.due is None:
            due = item.content.dates.start or self.now.date()
            item.content = replace(item.content, dates=replace(item.content.dates, due=due))
        if isinstance(item.content, Appointment) and self.side is Side.X3:
            item.places = tuple(dict.fromkeys((*item.places, *(item.content.participants or ()))))
        item.content = shape(self.side, item.content, item.places, item.event)
        self.items[item.key] = item
        self.touched(item, action="C")
        return item

    def write(self, item: Item, changes: Mapping[str, object]) -> None:
        """Change fields of the content; an appointment's participants are places, too (A3)."""
        unknown = set(changes) - {f.name for f in fields(item.content)}
        assert not unknown, unknown
        left: tuple[str, ...] = ()
        participants = changes.get("participants")
        if self.side is Side.X3 and isinstance(participants, tuple):
            left = tuple(place for place in item.places[1:] if place not in participants)
            item.places = tuple(dict.fromkeys((item.places[0], *participants)))
        altered: Content = replace(item.content, **dict[str, Any](changes))
        item.content = shape(self.side, altered, item.places, item.event)
        self.touched(item, left=left)

    def touched(self, item: Item, *, left: Sequence[str] = (), action: str = "M") -> None:
        """Stamp a change and tell the streams of it.

        Outlook's delta tells of what left a folder, too. X3's change list holds living records only: what went away stands
        in its queue, if that is fed, or is found by a complete listing (x3.md 1.3).
        """
        item.changed = self.now
        self.bump(item)
        self.clock.now += self.clock.step
        stay = item.places if item.alive else ()
        for place in dict.fromkeys((*stay, *(left if self.side is Side.OUTLOOK else ()))):
            self.log.append((Stream(kind=self.kind_of(item), folder=place), item.key))
        if self._queue_fed:
            for place in dict.fromkeys((*left, *stay)):
                number = self._number("queue")
                word = action if place in left or not left else "M"
                self.queue[number] = (place, Hint(number=number, type=item.type, key=item.key, action=word))

    def bump(self, item: Item) -> None:
        """Another version, never given before, not even to an earlier record of the same number."""
        item.revision = self._number("revision")

    def kind_of(self, item: Item) -> Kind | None:
        """The kind of the streams an item is in: X3 has one stream for everything."""
        return item.type.kind if self.side is Side.OUTLOOK else None

    def _number(self, counter: str) -> int:
        self._numbers[counter] += 1
        return self._numbers[counter]
