"""Ready-made values for the tests of the pure core: one user, representative R001, on Monday 2 March 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reconcile.content import (
    Appointment,
    Call,
    Company,
    Contact,
    Content,
    Direction,
    ItemType,
    Kind,
    Person,
    PersonName,
    Place,
    PlaceKind,
    Relation,
    Side,
    Task,
    TaskDates,
    When,
    type_of,
)
from reconcile.context import ALL_SWITCHES, ContactEntry, Context, Directory, RepresentativeEntry, Rules
from reconcile.model import (
    Born,
    EventFacts,
    Link,
    LinkState,
    Marker,
    Meeting,
    Observation,
    OutlookFacts,
    Pair,
    Present,
    Response,
    Seen,
    Where,
    Window,
    X3Facts,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
FP = "fp"
MAILBOX = "mailbox-1"
ME = "R001"
OTHER = "R002"
WINDOW = Window(
    first=date(2026, 1, 31),
    last=date(2026, 8, 29),
    start=datetime(2026, 1, 31, tzinfo=UTC),
    end=datetime(2026, 8, 30, tzinfo=UTC),
)
DIRECTORY = Directory(
    contacts={
        "COR1": ContactEntry(cor="COR1", name="Ada Byron", emails=("ada@north.example",), company="C001"),
        "COR2": ContactEntry(cor="COR2", name="Blaise Pascal", emails=("blaise@south.example",), company="C002"),
        "COR3": ContactEntry(cor="COR3", name="Charles Babbage", emails=("info@north.example",)),
        "COR4": ContactEntry(cor="COR4", name="Emmy Noether", emails=("info@north.example",)),
        "COR9": ContactEntry(cor="COR9", name="Not Mine", emails=("nobody@east.example",), mine=False),
    },
    representatives={
        ME: RepresentativeEntry(code=ME, name="Rosa One", emails=("rep1@contoso.example",)),
        OTHER: RepresentativeEntry(code=OTHER, name="Otto Two", emails=("rep2@contoso.example",)),
    },
    partners={"C001": "North Ltd", "C002": "South GmbH"},
)
LIMITS = {
    Side.X3: {(ItemType.CONTACT, "function"): 50, (ItemType.TASK, "subject"): 400},
    Side.OUTLOOK: {(t, "subject"): 255 for t in (ItemType.TASK, ItemType.CALL, ItemType.APPOINTMENT)},
}

WHEN = When(start=datetime(2026, 3, 5, 9, 0, tzinfo=UTC), end=datetime(2026, 3, 5, 10, 0, tzinfo=UTC))
LATER = When(start=datetime(2026, 3, 6, 9, 0, tzinfo=UTC), end=datetime(2026, 3, 6, 10, 0, tzinfo=UTC))
DUE = TaskDates(due=date(2026, 3, 9))

CONTACT = Contact(name=PersonName(surname="Byron", given="Ada"), function="Engineer", work_email="ada@north.example")
# The same item as each side shows it: X3 by number, Outlook by name.
TASK = {
    Side.X3: Task(
        subject="Offer", dates=DUE, relation=Relation(company=Company(number="C001"), people=(Person(cor="COR1"),))
    ),
    Side.OUTLOOK: Task(
        subject="Offer",
        dates=DUE,
        relation=Relation(company=Company(number="C001", name="North Ltd"), people=(Person(name="Ada Byron"),)),
    ),
}
CALL = {
    Side.X3: Call(when=WHEN, subject="Ring back", direction=Direction.OUTGOING, phone="+33 1 23 45"),
    Side.OUTLOOK: Call(when=WHEN, subject="Ring back"),
}
APPOINTMENT = {
    Side.X3: Appointment(
        when=WHEN, subject="Visit", place=Place(text="Lyon", kind=PlaceKind.OTHER), category=1, participants=()
    ),
    Side.OUTLOOK: Appointment(when=WHEN, subject="Visit", place=Place(text="Lyon")),
}
CONTENTS: dict[ItemType, dict[Side, Content]] = {
    ItemType.CONTACT: {Side.X3: CONTACT, Side.OUTLOOK: CONTACT},
    ItemType.TASK: {**TASK},
    ItemType.CALL: {**CALL},
    ItemType.APPOINTMENT: {**APPOINTMENT},
}


def without(*switches: str) -> Rules:
    """The default rules with some switches off (U2)."""
    return Rules(switches=frozenset(ALL_SWITCHES) - set(switches))


def context(rules: Rules | None = None, **changes: Any) -> Context:
    """The context of a pass in which everything answered."""
    made = Context(
        mailbox=MAILBOX,
        fp=FP,
        representative=ME,
        window=WINDOW,
        rules=rules or Rules(),
        directory=DIRECTORY,
        limits=LIMITS,
        now=dict.fromkeys(Side, NOW),
        default_folders={Kind.CONTACT: "contacts", Kind.TASK: "list", Kind.EVENT: "calendar"},
    )
    return replace(made, **changes)


def alter(content: Content, **changes: Any) -> Content:
    """The content with some fields changed."""
    return replace(content, **changes)


def x3(
    content: Content,
    *,
    key: str = "X1",
    where: Where = Where.HERE,
    reps: tuple[str, ...] = (ME,),
    auuid: str = "A1",
    modified_at: datetime | None = EARLIER,
    sync_id: str = "",
) -> Present:
    """An X3 record as it was read."""
    facts = X3Facts(type=type_of(content), auuid=auuid, representatives=reps, sync_id=sync_id)
    return Present(key=key, version="1", modified_at=modified_at, content=content, facts=facts, where=where)


def outlook(
    content: Content,
    *,
    key: str = "o1",
    where: Where = Where.HERE,
    event: EventFacts | None = None,
    modified_at: datetime | None = EARLIER,
    **facts: Any,
) -> Present:
    """An Outlook item as it was read; of calls and appointments an event of the user's own without attendees."""
    item_type = type_of(content)
    if item_type.kind is Kind.EVENT and event is None:
        event = EventFacts(ical_uid=f"uid-{key}", call=item_type is ItemType.CALL)
    made = OutlookFacts(kind=item_type.kind, folder="folder", event=event, **facts)
    return Present(key=key, version="1", modified_at=modified_at, content=content, facts=made, where=where)


def organised(attendees: int = 2, **changes: Any) -> EventFacts:
    """A meeting that the user organises."""
    return replace(EventFacts(ical_uid="uid-m", attendees=attendees), **changes)


def invitation(response: Response = Response.ACCEPTED, **changes: Any) -> EventFacts:
    """A meeting to which the user was invited."""
    made = EventFacts(
        ical_uid="uid-m", organizer=False, organizer_email="host@away.example", attendees=2, response=response
    )
    return replace(made, **changes)


def marker(item_type: ItemType, key: str = "X1", born: Born = Born.LINKED, **changes: Any) -> Marker:
    """Our own marker."""
    return replace(Marker(fp=FP, mailbox=MAILBOX, type=item_type, x3_key=key, born=born), **changes)


def link(item_type: ItemType, state: LinkState = LinkState.LINKED, *, owner: str = ME, **changes: Any) -> Link:
    """A link X1 <-> o1 that saw the ready-made contents."""
    seen = CONTENTS[item_type]
    made = Link(
        type=item_type,
        state=state,
        x3_key="X1",
        auuid="A1",
        outlook_key="o1",
        folder="folder",
        owner=owner,
        x3=Seen(content=seen[Side.X3], version="1"),
        outlook=Seen(content=seen[Side.OUTLOOK], version="1"),
        id=1,
    )
    return replace(made, **changes)


def pair(
    known: Link | None,
    x3_side: Observation,
    outlook_side: Observation,
    *,
    meeting: Meeting = Meeting.ALONE,
    item_type: ItemType | None = None,
) -> Pair:
    """A pair; its type is the link's, else its content's."""
    contents = [o.content for o in (x3_side, outlook_side) if isinstance(o, Present)]
    made = item_type or (known.type if known else type_of(contents[0]))
    return Pair(type=made, link=known, x3=x3_side, outlook=outlook_side, meeting=meeting, note="note")
