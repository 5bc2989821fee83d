"""The few Graph shapes that are read, as msgspec Structs (ADR 0001). Members not named here are skipped unparsed.

UNSET means that the server did not send the member at all, which for privacy means "not read" (S3).
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

T = TypeVar("T")


class ErrorDetail(Struct, frozen=True):
    """`error` of Graph's error body."""

    code: str = ""
    message: str = ""
    existing: str = field(default="", name="@event.existingEventId")


class ErrorBody(Struct, frozen=True):
    """Graph's error body."""

    error: ErrorDetail


class Property(Struct, frozen=True):
    """A single-value extended property."""

    id: str
    value: str | None = None


class MultiProperty(Struct, frozen=True):
    """A multi-value extended property."""

    id: str
    value: list[str] | None = None


class ItemBody(Struct, frozen=True, rename="camel"):
    """A body: `contentType` is text or html."""

    content_type: str = "text"
    content: str | None = ""


class EmailAddress(Struct, frozen=True):
    """Name and address."""

    name: str | None = None
    address: str | None = None


class PhysicalAddress(Struct, frozen=True, rename="camel"):
    """A postal address; `street` has CRLF line ends."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country_or_region: str | None = None


class Stamp(Struct, frozen=True, rename="camel"):
    """dateTimeTimeZone: wall time with seven fractional digits and the name of a zone."""

    date_time: str
    time_zone: str | None = None


class Item(Struct, frozen=True, rename="camel", kw_only=True):
    """What every Outlook item has; `removed` is set on what delta reports as gone."""

    id: str
    etag: str = field(default="", name="@odata.etag")
    removed: dict[str, str] | None = field(default=None, name="@removed")
    last_modified: str | None = field(default=None, name="lastModifiedDateTime")
    categories: list[str] | None = None
    single: list[Property] = field(default_factory=list, name="singleValueExtendedProperties")
    multi: list[MultiProperty] = field(default_factory=list, name="multiValueExtendedProperties")


class Contact(Item, frozen=True, rename="camel", kw_only=True):
    """contact. The three e-mail slots are UNSET on servers that do not know them."""

    parent_folder_id: str = ""
    given_name: str | None = None
    surname: str | None = None
    title: str | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    business_address: PhysicalAddress | None = None
    home_address: PhysicalAddress | None = None
    business_phones: list[str] | None = None
    home_phones: list[str] | None = None
    mobile_phone: str | None = None
    email_addresses: list[EmailAddress] | None = None
    primary: EmailAddress | UnsetType | None = field(default=UNSET, name="primaryEmailAddress")
    secondary: EmailAddress | UnsetType | None = field(default=UNSET, name="secondaryEmailAddress")
    birthday: str | None = None


class Attendee(Struct, frozen=True, rename="camel"):
    """An attendee; `type` is required, optional or resource."""

    type: str | None = None
    email_address: EmailAddress | None = None


class Recipient(Struct, frozen=True, rename="camel"):
    """The organiser."""

    email_address: EmailAddress | None = None


class ResponseStatus(Struct, frozen=True):
    """The user's answer."""

    response: str | None = None


class Location(Struct, frozen=True, rename="camel"):
    """A place."""

    display_name: str | None = None


class Event(Item, frozen=True, rename="camel", kw_only=True):
    """event. A skeletal occurrence of delta has neither subject nor sensitivity."""

    subject: str | None = None
    body: ItemBody | None = None
    start: Stamp | None = None
    end: Stamp | None = None
    is_all_day: bool = False
    location: Location | None = None
    sensitivity: str | UnsetType | None = UNSET
    type: str | None = None
    series_master_id: str | None = None
    original_start: str | None = None
    original_start_time_zone: str | None = None
    cancelled_occurrences: list[str] | UnsetType | None = UNSET
    ical_uid: str | None = field(default=None, name="iCalUId")
    is_organizer: bool | None = None
    organizer: Recipient | None = None
    attendees: list[Attendee] | None = None
    response_status: ResponseStatus | None = None
    is_cancelled: bool = False
    is_draft: bool = False
    is_online_meeting: bool = False
    online_meeting: msgspec.Raw | None = None
    transaction_id: str | None = None


class LinkedResource(Struct, frozen=True, rename="camel"):
    """A To Do task's link to something elsewhere."""

    id: str = ""
    application_name: str | None = None
    display_name: str | None = None
    external_id: str | None = None
    web_url: str | None = None


class Task(Item, frozen=True, rename="camel", kw_only=True):
    """todoTask. `linked` is UNSET when the server did not expand it."""

    title: str | None = None
    body: ItemBody | None = None
    status: str | None = None
    importance: str | None = None
    start: Stamp | None = field(default=None, name="startDateTime")
    due: Stamp | None = field(default=None, name="dueDateTime")
    linked: list[LinkedResource] | UnsetType = field(default=UNSET, name="linkedResources")


class Folder(Struct, frozen=True, rename="camel", kw_only=True):
    """A calendar, contact folder, To Do list or mail folder: they name themselves in two ways."""

    id: str
    name: str | None = None
    display_name: str | None = None
    parent_folder_id: str | None = None
    is_default: bool = field(default=False, name="isDefaultCalendar")
    can_edit: bool = True
    is_owner: bool = True
    wellknown: str | None = field(default=None, name="wellknownListName")


class User(Struct, frozen=True, rename="camel", kw_only=True):
    """A directory user."""

    id: str
    display_name: str | None = None
    mail: str | None = None
    principal: str | None = field(default=None, name="userPrincipalName")


class Subscription(Struct, frozen=True, rename="camel", kw_only=True):
    """A change subscription."""

    id: str
    resource: str = ""
    change_type: str = ""
    notification_url: str | None = None
    lifecycle_url: str | None = field(default=None, name="lifecycleNotificationUrl")
    expires: str = field(default="", name="expirationDateTime")


class Page(Struct, Generic[T], frozen=True):
    """A page of a collection: exactly one of the links, or none. It may be empty and still go on."""

    value: list[T] = []
    next_link: str = field(default="", name="@odata.nextLink")
    delta_link: str = field(default="", name="@odata.deltaLink")


class PartAnswer(Struct, frozen=True):
    """One answer in a `$batch`."""

    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"null")


class BatchAnswer(Struct, frozen=True):
    """The answer to a `$batch`, in any order."""

    responses: list[PartAnswer]
