"""What a side has to offer so that the contract suite can run over it, and the two cases in memory.

A case is an endpoint together with its own users: they change and delete items behind the endpoint's back. The cases over
the emulators stand in modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Protocol

from reconcile.actions import Create
from reconcile.model import (
    Address,
    Appointment,
    Born,
    Call,
    Contact,
    Content,
    Direction,
    ItemType,
    Kind,
    Marker,
    PersonName,
    Place,
    PlaceKind,
    Priority,
    Side,
    Task,
    TaskDates,
    When,
)
from reconcile.port import Endpoint, Stream
from tests.memory import Clock, MemoryEndpoint, World

# The merge field that a case's user changes, per type. One line of text that every side keeps as it is given.
TEXT_FIELD = {
    ItemType.CONTACT: "function",
    ItemType.TASK: "subject",
    ItemType.CALL: "subject",
    ItemType.APPOINTMENT: "subject",
}
UNKNOWN_KEYS = {Side.X3: "NEVERWAS01", Side.OUTLOOK: "AAMkNeverWasThere="}


class EndpointCase(Protocol):
    """One side with an endpoint of one user, and that side's own users."""

    @property
    def side(self) -> Side:
        """Which side it is."""
        ...

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint under test."""
        ...

    def stream(self, item_type: ItemType) -> Stream:
        """The stream that tells of items made by `new`."""
        ...

    def new(self, item_type: ItemType, content: Content) -> Create:
        """A create step as a plan would hold it, with a marker, sync id and token of its own."""
        ...

    async def user_writes(self, item_type: ItemType, key: str, text: str) -> None:
        """A user of the side sets the type's `TEXT_FIELD`, not through the endpoint."""
        ...

    async def user_deletes(self, item_type: ItemType, key: str) -> None:
        """A user of the side deletes the item, not through the endpoint."""
        ...

    def time_passes(self) -> None:
        """Some seconds pass on the side's clock: X3's stamps are whole seconds, so what changes twice within one can only
        be told apart later."""
        ...


@dataclass
class StepMaker:
    """Makes create steps that are unique within a test session."""

    side: Side
    mailbox: str
    representative: str
    folders: dict[Kind, str]
    run: str = "t"
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self, item_type: ItemType, content: Content) -> Create:
        """See `EndpointCase.new`."""
        number = next(self._numbers)
        if self.side is Side.X3:
            sync_id = f"sync-{self.run}-{number:06}"
            return Create(
                side=Side.X3, type=item_type, content=content, sync_id=sync_id, representative=self.representative
            )
        return Create(
            side=Side.OUTLOOK,
            type=item_type,
            content=content,
            marker=Marker(
                fp="fp1", mailbox=self.mailbox, type=item_type, x3_key=f"{self.run}{number:06}", born=Born.CREATED
            ),
            folder=self.folders[item_type.kind],
            token=f"{self.run}-{number:06}",
        )


class MemoryCase:
    """Either side in memory: what is right for one must be right for both."""

    def __init__(self, side: Side) -> None:
        self.world = World(side, Clock())
        if side is Side.X3:
            self._streams = dict.fromkeys(Kind, self.world.add_place("R001"))
            self.endpoint = MemoryEndpoint(self.world, "R001")
        else:
            self._streams = {kind: self.world.add_place(f"my-{kind}", kind) for kind in Kind}
            self.endpoint = MemoryEndpoint(self.world, *(stream.folder for stream in self._streams.values()))
        folders = {kind: stream.folder for kind, stream in self._streams.items()}
        self._steps = StepMaker(side=side, mailbox="mailbox-1", representative="R001", folders=folders)
        self.side = side

    def stream(self, item_type: ItemType) -> Stream:
        """See `EndpointCase`."""
        return self._streams[item_type.kind]

    def new(self, item_type: ItemType, content: Content) -> Create:
        """See `EndpointCase`."""
        return self._steps.new(item_type, content)

    async def user_writes(self, item_type: ItemType, key: str, text: str) -> None:
        """See `EndpointCase`."""
        self.world.edit(key, **{TEXT_FIELD[item_type]: text})

    async def user_deletes(self, item_type: ItemType, key: str) -> None:
        """See `EndpointCase`."""
        self.world.delete(key)

    def time_passes(self) -> None:
        """See `EndpointCase`."""
        self.world.clock.now += timedelta(seconds=5)


def sample(item_type: ItemType, side: Side, nth: int = 0) -> Content:
    """A content with most fields filled, in the side's shape; accents, an emoji and XML's own characters among them. The
    `nth` differs in time, because X3 refuses appointments that overlap (A7)."""
    start = datetime(2026, 3, 3, 9, 0, tzinfo=UTC) + nth * timedelta(hours=2)
    when = When(start=start, end=start + timedelta(minutes=90))
    x3 = side is Side.X3
    match item_type:
        case ItemType.CONTACT:
            return Contact(
                name=PersonName(surname="Müller", given="Zoë"),
                title="Mrs",
                function="Buyer & planner",
                department="Purchasing",
                work_address=Address(street="1 rue de l'Été\nBât. B", postal_code="75002", city="PARIS", country="FR"),
                work_phone="+33 140506070",
                mobile="+33 612345678",
                work_email="zoe@client.example",
                home_email="zoe@home.example",
                birthday=date(1980, 2, 29),
            )
        case ItemType.TASK:
            return Task(
                subject="Offer <2026> ✅",
                report="First line\nsecond line",
                dates=TaskDates(start=date(2026, 3, 3), due=date(2026, 3, 10)),
                priority=Priority.HIGH,
            )
        case ItemType.CALL:
            return Call(
                when=when,
                subject="Rappel à donner",
                report="About the offer",
                direction=Direction.OUTGOING if x3 else None,
                phone="+33 140506070" if x3 else None,
            )
        case ItemType.APPOINTMENT:
            return Appointment(
                when=when,
                subject="Visit 🚀",
                report="Agenda\n- one\n- two",
                place=Place(text="Room 4", kind=PlaceKind.OTHER if x3 else None),
                category=1 if x3 else None,
                participants=() if x3 else None,
            )
