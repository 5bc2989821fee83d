"""What a mailbox holds. Items keep Graph's own member names in `data`; identity and hidden facts are attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EVENT, CONTACT, TASK = "event", "contact", "task"
CALENDARS, CONTACTS, LISTS, MAIL = "calendar", "contacts", "list", "mail"


@dataclass(slots=True, kw_only=True, eq=False)
class Item:
    """An event, a contact or a task; also, unsaved, an occurrence seen through its master."""

    kind: str
    mailbox: str
    rest_id: str
    immutable_id: str
    folder: str
    data: dict[str, Any]
    created: datetime
    modified: datetime
    change_key: str
    single: dict[str, str] = field(default_factory=dict)
    multi: dict[str, list[str]] = field(default_factory=dict)
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    linked: list[dict[str, Any]] = field(default_factory=list)
    checklist: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    came_from: str = ""  # the folder it was deleted from
    start: datetime | None = None
    end: datetime | None = None
    cancelled: set[str] = field(default_factory=set)
    exceptions: dict[str, Item] = field(default_factory=dict)
    master: Item | None = None
    day: str = ""  # YYYYMMDD of an occurrence
    custom_zone: str = ""  # a zone only one client knew: times are told in it
    version: int = 0
    cache: dict[Any, Any] = field(default_factory=dict)

    @property
    def is_series(self) -> bool:
        return bool(self.data.get("recurrence"))


@dataclass(slots=True)
class Change:
    """One line of a folder's change log; `gone` is the REST id an item had when it left the folder."""

    seq: int
    immutable_id: str
    gone: str = ""
    purged: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Folder:
    """A calendar, contact folder, To Do list or mail folder."""

    kind: str
    id: str
    name: str
    well_known: str = ""
    parent: str = ""
    can_edit: bool = True
    change_key: str = ""
    items: dict[str, Item] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    single: dict[str, str] = field(default_factory=dict)
    multi: dict[str, list[str]] = field(default_factory=dict)
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Mailbox:
    """A user of the tenant with his mailbox (`licensed` False: a user without one)."""

    id: str
    address: str
    name: str
    locale: str = "en-US"
    zone: str = "UTC"
    licensed: bool = True
    folders: dict[str, Folder] = field(default_factory=dict)
    index: dict[str, Item] = field(default_factory=dict)  # by either id
    transactions: dict[str, str] = field(default_factory=dict)
    meetings: dict[str, str] = field(default_factory=dict)  # iCalUId -> immutable id of our copy
    categories: list[dict[str, Any]] = field(default_factory=list)
    folder_log: list[Change] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)
    seq: int = 0

    def of_kind(self, kind: str) -> list[Folder]:
        return [f for f in self.folders.values() if f.kind == kind]

    def known(self, well_known: str) -> Folder:
        """The folder with that well-known name (every mailbox has those asked for here)."""
        return next(f for f in self.folders.values() if f.well_known == well_known)
