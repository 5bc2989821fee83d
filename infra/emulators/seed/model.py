"""What a seed is made of: plain values of no side, which each emulator's loader turns into its own records.

Instants are aware UTC datetimes. Wall times are naive and mean the zone named beside them; X3's wall times mean
`World.zone`. Codes are X3's where X3 has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

FLAGS: tuple[str, ...] = tuple(
    f"{kind}{side}{verb}"
    for kind in ("COR", "TSK", "CLL", "BAP")
    for side in ("OTK", "ADX")
    for verb in ("CRE", "UPD", "DLT")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    street: str = ""
    zip: str = ""
    city: str = ""
    state: str = ""
    country: str = ""  # ISO 3166, two letters


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    code: str  # X3 user, A5
    name: str
    representative: str
    representative_name: str
    mailbox: str
    object_id: str  # the mailbox owner's Entra object id
    language: str = "ENG"  # X3's code
    has_parameter: bool = True  # AUSCRMF names the representative; else only SALESREP.AUSNUM does
    enabled: bool = True
    appointment_category: int = 1  # CRMAPTTYP


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    kind: str  # "calendar" | "contacts" | "list"
    name: str
    default: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    address: str
    name: str
    object_id: str
    locale: str  # en-US, fr-FR
    zone: str  # IANA
    folders: tuple[Folder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    number: str
    name: str
    language: str
    address: Address
    representatives: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A CRM contact (CONTACTCRM), on the Contacts tab of `customer` when that is set."""

    number: str
    surname: str
    given: str
    title: int  # menu 941
    email: str = ""
    phone: str = ""
    mobile: str = ""
    address: Address = field(default_factory=Address)
    customer: str = ""
    lead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookContactRecord:
    """An Outlook contact as X3 keeps it (CORRESPOND), with the representatives who have it (CORREP)."""

    number: str
    surname: str
    given: str
    title: int = 1
    person: str = ""
    customer: str = ""
    company: str = ""
    job: str = ""
    department: str = ""
    work: Address = field(default_factory=Address)
    phone: str = ""
    fax: str = ""
    mobile: str = ""
    email: str = ""
    home: Address = field(default_factory=Address)
    home_phone: str = ""
    home_email: str = ""
    birthday: date | None = None
    language: str = "ENG"
    representatives: tuple[str, ...] = ()
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    number: str
    subject: str
    report: str = ""
    representative: str
    start: date
    due: date
    done: bool = False
    priority: str = ""
    category: str = ""
    customer: str = ""
    contact: str = ""  # CORRESPOND number
    person: str = ""  # CONTACTCRM number
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    number: str
    subject: str
    report: str = ""
    representative: str
    day: date
    hour: str  # HHMM
    minutes: int
    outgoing: bool = True
    done: bool = False
    phone: str = ""
    customer: str = ""
    contact: str = ""
    person: str = ""
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    number: str
    subject: str
    report: str = ""
    organiser: str
    representatives: tuple[str, ...] = ()
    start: datetime
    end: datetime
    all_day: bool = False
    category: str = "1"
    done: bool = False
    place: int = 1  # menu 955
    place_text: str = ""
    address: Address = field(default_factory=Address)
    customer: str = ""
    contacts: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    name: str
    address: str
    kind: str = "required"  # required | optional | resource
    response: str = "none"  # none | accepted | declined | tentativelyAccepted | notResponded


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Born in the organiser's mailbox; a meeting reaches the attendees' mailboxes as Exchange would deliver it."""

    mailbox: str
    folder: str  # a calendar's name
    subject: str
    body: str = ""
    html: bool = False
    start: datetime
    end: datetime
    zone: str
    all_day: bool = False
    sensitivity: str = "normal"  # normal | personal | private | confidential
    categories: tuple[str, ...] = ()
    location: str = ""
    attendees: tuple[Attendee, ...] = ()
    recurrence: Mapping[str, Any] | None = None  # pattern + range, as in Graph
    linked_contacts: tuple[str, ...] = ()  # names, property 0x853A
    companies: tuple[str, ...] = ()  # property 0x8539
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContact:
    mailbox: str
    folder: str
    surname: str
    given: str
    title: str = ""
    company: str = ""
    job: str = ""
    department: str = ""
    emails: tuple[str, ...] = ()
    business_phones: tuple[str, ...] = ()
    home_phones: tuple[str, ...] = ()
    mobile: str = ""
    business: Address = field(default_factory=Address)
    home: Address = field(default_factory=Address)
    birthday: date | None = None
    private: bool = False
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTask:
    mailbox: str
    folder: str  # a list's name
    title: str
    body: str = ""
    start: date | None = None
    due: date | None = None
    status: str = "notStarted"
    importance: str = "normal"
    categories: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """A SYNCPAR row: X3's own names of the 24 switches, True = yes."""

    user: str
    flags: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    name: str
    now: datetime
    zone: str
    users: tuple[User, ...]
    mailboxes: tuple[Mailbox, ...]
    customers: tuple[Customer, ...]
    settings: tuple[SyncSettings, ...]
    persons: tuple[Person, ...] = ()
    contacts: tuple[OutlookContactRecord, ...] = ()
    tasks: tuple[Task, ...] = ()
    calls: tuple[Call, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    events: tuple[Event, ...] = ()
    mail_contacts: tuple[MailContact, ...] = ()
    mail_tasks: tuple[MailTask, ...] = ()
    folder_switches: Mapping[str, bool] = field(
        default_factory=lambda: dict.fromkeys(("CRMSYNC", "CRMSYNCTSK", "CRMSYNCCLL", "CRMSYNCBAP", "CRMSYNCCOR"), True)
    )
