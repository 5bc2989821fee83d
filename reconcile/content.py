"""The contents that cross: the four types with every field of the rules' tables.

Every attribute of a content type is one field of the merge (rule C2): what must change together is one nested value.
Texts are canonical (rule C8: NFC, LF, no trailing blanks; see `text.py`), instants are aware and in UTC, dates of all-day
items carry no zone, so equality of two values means "the same".
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """The two worlds."""

    X3 = "x3"
    OUTLOOK = "outlook"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.OUTLOOK if self is Side.X3 else Side.X3


class Kind(StrEnum):
    """The three kinds of Outlook items and folders."""

    CONTACT = "contact"
    TASK = "task"
    EVENT = "event"


class ItemType(StrEnum):
    """The four synchronised types of X3 records."""

    CONTACT = "contact"
    TASK = "task"
    CALL = "call"
    APPOINTMENT = "appointment"

    @property
    def code(self) -> str:
        """X3's object code, as SYNCDATA and SYNCPAR spell it."""
        return _CODES[self]

    @property
    def kind(self) -> Kind:
        """The kind of Outlook item that carries this type."""
        return _KINDS[self]

    @classmethod
    def of_code(cls, code: str) -> ItemType:
        """The type of an X3 object code.

        Raises ValueError for a code that is not synchronised.
        """
        for item_type, known in _CODES.items():
            if known == code:
                return item_type
        raise ValueError(f"not a synchronised X3 object: {code!r}")


_CODES = {ItemType.CONTACT: "COR", ItemType.TASK: "TSK", ItemType.CALL: "CLL", ItemType.APPOINTMENT: "BAP"}
_KINDS = {
    ItemType.CONTACT: Kind.CONTACT,
    ItemType.TASK: Kind.TASK,
    ItemType.CALL: Kind.EVENT,
    ItemType.APPOINTMENT: Kind.EVENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """Surname and given name: one field (C2)."""

    surname: str = ""
    given: str = ""

    @property
    def full(self) -> str:
        """Given name first, as people read it."""
        return " ".join(part for part in (self.given, self.surname) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address: one field (C2). `street` holds its lines separated by LF; `country` is an ISO 3166 alpha-2
    code where the settings' table knows the country, else the text the side holds."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    state: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One entry of an item's contact list (K rules).

    X3's own entries hold only `cor`, the CORRESPOND key. Outlook's hold what stands there: a name, an e-mail address of an
    attendee, and for a task's linkedResource the key it carries.
    """

    cor: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A business partner (K5). X3's own holds only `number`; Outlook's text `NAME   #BPRNUM#` gives both."""

    number: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Company and persons of an item: one field (C2)."""

    company: Company = Company()
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDates:
    """Start and due date of a task: one field (C2), dates only on both sides."""

    start: date | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Start, end and all-day of a time-bound item: one field (C2).

    A timed item has `start` and `end` (aware, UTC). An all-day item has `first` and `last`, calendar dates, both included,
    and no zone (A9).
    """

    start: datetime | None = None
    end: datetime | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        """Raises ValueError unless exactly one of the two forms is given, in order."""
        if self.start is not None and self.end is not None and self.first is None and self.last is None:
            if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
                raise ValueError("instants must be aware and in UTC")
            if self.end < self.start:
                raise ValueError("ends before it starts")
        elif self.first is not None and self.last is not None and self.start is None and self.end is None:
            if self.last < self.first:
                raise ValueError("ends before it starts")
        else:
            raise ValueError("either start and end, or first and last")

    @property
    def all_day(self) -> bool:
        """Whether it is an all-day item."""
        return self.first is not None

    @property
    def in_minutes(self) -> When:
        """The same without seconds, which X3 does not keep."""
        if self.start is None or self.end is None:
            return self
        return When(start=self.start.replace(second=0, microsecond=0), end=self.end.replace(second=0, microsecond=0))


class Priority(StrEnum):
    """Importance of a task, in Outlook's three steps; X3's table is a setting."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Direction(StrEnum):
    """Direction of a call (CLLTYP)."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class PlaceKind(StrEnum):
    """APTPLC."""

    CUSTOMER = "customer"
    PREMISES = "premises"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an appointment takes place. `text` is what Outlook shows as location; `kind` is X3's only."""

    text: str = ""
    kind: PlaceKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An Outlook contact and its CORRESPOND record. `title` is canonical (`Mr`, `Mrs`, `Ms`) where the table knows it.
    `more_emails` are Outlook's further addresses, for which X3 has no place."""

    name: PersonName = PersonName()
    title: str = ""
    function: str = ""
    department: str = ""
    company: str = ""
    work_address: Address = Address()
    work_phone: str = ""
    work_fax: str = ""
    mobile: str = ""
    work_email: str = ""
    home_address: Address = Address()
    home_phone: str = ""
    home_email: str = ""
    more_emails: tuple[str, ...] = ()
    birthday: date | None = None

    @property
    def emails(self) -> tuple[str, ...]:
        """Every address, work first."""
        return tuple(mail for mail in (self.work_email, self.home_email, *self.more_emails) if mail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A To Do task and its TASK record."""

    subject: str = ""
    report: str = ""
    dates: TaskDates = TaskDates()
    done: bool = False
    priority: Priority = Priority.NORMAL
    relation: Relation = Relation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An event of the category "X3 Call" and its PHONECALL record. Outlook shows direction and phone in the details block
    only, so there both are None: not held by that side."""

    when: When
    subject: str = ""
    report: str = ""
    done: bool = False
    direction: Direction | None = None
    phone: str | None = None
    relation: Relation = Relation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An event and its BAPPOINT record. `category` (APTTYP: 1 appointment, 2 meeting) and the representatives are X3's;
    an event holds category 2 when it has attendees, else None, and no representatives (None: not held by that side)."""

    when: When
    subject: str = ""
    report: str = ""
    place: Place = Place()
    done: bool = False
    category: int | None = None
    relation: Relation = Relation()
    participants: tuple[str, ...] | None = None  # APTREPNUM, without the organiser


Content = Contact | Task | Call | Appointment
CONTENT_TYPES: dict[ItemType, type[Contact] | type[Task] | type[Call] | type[Appointment]] = {
    ItemType.CONTACT: Contact,
    ItemType.TASK: Task,
    ItemType.CALL: Call,
    ItemType.APPOINTMENT: Appointment,
}


def type_of(content: Content) -> ItemType:
    """The item type of a content value."""
    for item_type, content_class in CONTENT_TYPES.items():
        if isinstance(content, content_class):
            return item_type
    raise TypeError(f"not a content value: {content!r}")


def field_names(item_type: ItemType) -> tuple[str, ...]:
    """The merge fields of a type, in declaration order."""
    return tuple(f.name for f in fields(CONTENT_TYPES[item_type]))


# A change: field name -> new value, in the shape of the side it is meant for.
Changes = dict[str, Any]
