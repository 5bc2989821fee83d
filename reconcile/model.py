"""The nouns of the synchronisation, as frozen values: what is observed, what is linked, what stands together.

Law of this file: a value here knows what it *is*, never how it is fetched, stored or shown. Nothing here does I/O, reads
a clock or draws a random number. The contents themselves are in `content.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from reconcile.content import (
    CONTENT_TYPES,
    Address,
    Appointment,
    Call,
    Changes,
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
    Priority,
    Relation,
    Side,
    Task,
    TaskDates,
    When,
    field_names,
    type_of,
)

__all__ = [
    "CONTENT_TYPES",
    "UNREAD",
    "Absent",
    "Address",
    "Appointment",
    "Body",
    "Born",
    "Call",
    "Changes",
    "Company",
    "Contact",
    "Content",
    "Direction",
    "EventFacts",
    "Facts",
    "ItemType",
    "Kind",
    "Link",
    "LinkState",
    "Marker",
    "Meeting",
    "Observation",
    "OutlookFacts",
    "Pair",
    "Person",
    "PersonName",
    "Place",
    "PlaceKind",
    "Present",
    "Priority",
    "Private",
    "Relation",
    "Response",
    "Seen",
    "Shape",
    "Side",
    "Task",
    "TaskDates",
    "Unread",
    "Went",
    "When",
    "Where",
    "Window",
    "X3Facts",
    "field_names",
    "type_of",
]


class LinkState(StrEnum):
    """What a link does (house.md, "Core types")."""

    LINKED = "linked"
    ASLEEP = "asleep"  # S6: outside the window
    DETACHED = "detached"  # S5: became private
    RELEASED = "released"  # S6, G3, A4: carries and creates nothing
    PENDING_DELETE = "pending_delete"  # D6: a forbidden deletion waits


class Where(StrEnum):
    """Where a living item stands, seen from the user (rules S1, S2, S6)."""

    HERE = "here"
    OUT_OF_WINDOW = "out_of_window"
    ELSEWHERE = "elsewhere"  # Outlook: an unmanaged folder; X3: another representative's


# ----------------------------------------------------------------------------------------------- markers


class Born(StrEnum):
    """How an Outlook item got its marker (M2)."""

    CREATED = "c"
    LINKED = "l"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """`v1|fp|mailbox object id|type|X3 key|c or l` (M2), kept on the Outlook item itself."""

    fp: str
    mailbox: str
    type: ItemType
    x3_key: str
    born: Born

    def encode(self) -> str:
        """The stored text."""
        return "|".join(("v1", self.fp, self.mailbox, self.type.value, self.x3_key, self.born.value))

    @classmethod
    def parse(cls, text: str) -> Marker | None:
        """The marker in `text`, or None when it is not one of this version (then it is not ours to touch)."""
        parts = text.split("|")
        if len(parts) != 6 or parts[0] != "v1":
            return None
        try:
            return cls(fp=parts[1], mailbox=parts[2], type=ItemType(parts[3]), x3_key=parts[4], born=Born(parts[5]))
        except ValueError:
            return None


# ------------------------------------------------------------------------------------------ observations


class Body(StrEnum):
    """Whose formatting an Outlook body has (C8)."""

    PLAIN = "plain"  # text, or formatting that the sync itself wrote
    RICH = "rich"  # a person's formatting: never flattened
    ONLINE = "online"  # carries an online meeting's join block: never written


class Response(StrEnum):
    """The user's answer to an event (A4, A5)."""

    ORGANIZER = "organizer"
    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    NOT_RESPONDED = "not_responded"
    DECLINED = "declined"


class Shape(StrEnum):
    """The `type` of an event."""

    SINGLE = "single"
    MASTER = "master"
    OCCURRENCE = "occurrence"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What only events have. `attendees` counts everyone but the organiser himself."""

    ical_uid: str = ""
    shape: Shape = Shape.SINGLE
    series_id: str = ""
    original_start: datetime | None = None
    organizer: bool = True
    organizer_email: str = ""
    attendees: int = 0
    response: Response = Response.ORGANIZER
    cancelled: bool = False
    draft: bool = False
    call: bool = False  # carries the category "X3 Call"

    @property
    def organized_by(self) -> str:
        """Whether two series have the same organiser, and no more (A8): blank for the user himself, else a digest, for
        the address of somebody else is not the sync's to keep (S4)."""
        return "" if self.organizer else hashlib.sha256(self.organizer_email.casefold().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookFacts:
    """Facts of an Outlook item beside its content."""

    kind: Kind
    folder: str
    marker: Marker | None = None
    body: Body = Body.PLAIN
    details: bool = False  # the marked details block stands in the body (C7)
    event: EventFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class X3Facts:
    """Facts of an X3 record beside its content. `representatives`: the owner or organiser first; `person`: the CRM contact
    that a contact is (CNTNUM), blank where X3 does not say."""

    type: ItemType
    auuid: str
    representatives: tuple[str, ...] = ()
    sync_id: str = ""
    person: str = ""


Facts = OutlookFacts | X3Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """An item that was read in this pass. `version` is opaque to everybody but its adapter; `modified_at` is aware, UTC,
    None when the side gives no usable stamp."""

    key: str
    version: str
    modified_at: datetime | None
    content: Content
    facts: Facts
    where: Where = Where.HERE

    @property
    def outlook(self) -> OutlookFacts:
        """The facts of an Outlook item; AssertionError for an X3 record."""
        assert isinstance(self.facts, OutlookFacts)
        return self.facts

    @property
    def x3(self) -> X3Facts:
        """The facts of an X3 record; AssertionError for an Outlook item."""
        assert isinstance(self.facts, X3Facts)
        return self.facts


class Went(StrEnum):
    """How an occurrence went, as far as its series tells (A8, D8)."""

    UNTOLD = "untold"  # also: no occurrence
    ALONE = "alone"  # it was taken out of a series that goes on
    CHANGED = "changed"  # its series was changed, or deleted as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Proven gone in this pass (S8)."""

    key: str
    went: Went = Went.UNTOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """A private Outlook item: only its opaque id is known, and kept (S4). While a pass lasts, its marker (M2) and the
    iCalUId of a single event say which link's item it is now."""

    key: str
    marker: Marker | None = field(default=None, compare=False, repr=False)
    ical_uid: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Not looked at in this pass: NOT absent; no decision may delete on it."""


UNREAD = Unread()
Observation = Present | Absent | Private | Unread

# ------------------------------------------------------------------------------------------ links, pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one side last looked like (C1). `written_at`: the modification instant that side reported after our own last
    write there (C4: a stamp not later than this is ours)."""

    content: Content | None = None
    version: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """(user, type, X3 key, AUUID) <-> (mailbox, kind, Outlook id), unique both ways (M1)."""

    type: ItemType
    state: LinkState
    x3_key: str
    auuid: str
    outlook_key: str
    folder: str = ""
    born: Side = Side.X3  # the side where the item was created first
    made: bool = False  # the sync created the Outlook item (marker state c)
    ical_uid: str = ""  # events only: M6, S8
    series_id: str = ""  # occurrences only: the id of the series (A8)
    original_start: datetime | None = None
    organized_by: str = ""  # see EventFacts; blank also in links of before it was remembered
    owner: str = ""  # the record's first representative when it was last read: whether D2 or D7 applies (A2)
    invited: bool = False  # the user is an attendee of somebody else's meeting, so that D7 applies to it (A4)
    x3: Seen = Seen()
    outlook: Seen = Seen()
    id: int = 0  # the state's row, 0 before it is stored

    def seen(self, side: Side) -> Seen:
        """What `side` last looked like."""
        return self.x3 if side is Side.X3 else self.outlook

    def key(self, side: Side) -> str:
        """The item's key on `side`."""
        return self.x3_key if side is Side.X3 else self.outlook_key

    def of_event(self, event: EventFacts) -> Link:
        """The link with what it remembers to know this event again by."""
        return replace(
            self,
            ical_uid=event.ical_uid,
            series_id=event.series_id,
            original_start=event.original_start,
            organized_by=event.organized_by,
            invited=not event.organizer,
        )


class Meeting(StrEnum):
    """How the two halves of a pair without a link came together."""

    ALONE = "alone"  # one half only
    MARKER = "marker"  # M2: adoption
    MEETING = "meeting"  # M6: the record that another mailbox made of the same meeting
    NATURAL = "natural"  # M4: natural key
    AMBIGUOUS = "ambiguous"  # M4: several candidates, nothing is done
    CLAIMED = "claimed"  # M6: a record of a meeting whose event has not appeared in this mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What stands on the two sides for one item, ready to be decided."""

    type: ItemType
    link: Link | None
    x3: Observation
    outlook: Observation
    meeting: Meeting = Meeting.ALONE
    note: str = ""  # why the match is as it is, for the report

    def on(self, side: Side) -> Observation:
        """The observation of `side`."""
        return self.x3 if side is Side.X3 else self.outlook

    def key(self, side: Side) -> str:
        """The item's key on `side`, blank when it has none yet."""
        observed = self.on(side)
        if not isinstance(observed, Unread):
            return observed.key
        return self.link.key(side) if self.link else ""

    @property
    def half_read(self) -> bool:
        """Whether a half that should be there was not seen in this pass: nothing can be said about it."""
        return self.link is not None and (isinstance(self.x3, Unread) or isinstance(self.outlook, Unread))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The user's window for time-bound items (U5): calendar days in his zone, both included, and the same as UTC
    instants [start, end)."""

    first: date
    last: date
    start: datetime = field()
    end: datetime = field()

    def overlaps(self, when: When) -> bool:
        """Whether a time-bound item touches the window."""
        if when.first is not None and when.last is not None:
            return when.first <= self.last and when.last >= self.first
        assert when.start is not None
        assert when.end is not None
        return when.start < self.end and (when.end > self.start or when.start >= self.start)

    def holds_task(self, task: Task) -> bool:
        """A task is in the window when it is not done, or due within it (started, where it has no due date). Neither side
        says on which day a task was done."""
        day = task.dates.due or task.dates.start
        return not task.done or day is None or self.first <= day <= self.last
