"""X3's fields <-> reconcile's values. The only place with X3 field names, one module a table.

The four tables differ in names only, so the endpoint speaks to one `Form` per type: how to read a record, how to write one
merge field, which screen fields must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from reconcile.model import Appointment, Call, Changes, Content, ItemType, When
from reconcile.port import Limits
from x3_adapter.discovery import Description
from x3_adapter.mapping import activities, appointments, contacts
from x3_adapter.mapping.values import Fields, Tables, Terms, needed, retold
from x3_adapter.payload import Data

__all__ = ["FORMS", "Form", "Tables", "Terms", "changed_fields", "created_fields", "limits", "read_again"]

STAMP, IDENTITY = "UPDDATTIM", "AUUID"  # every table's audit columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one type lives in X3. `names`: X3 field -> merge field; `owner`: the field of the representative, or "" (a
    contact has lines instead); `limits`: merge field (or a part of it, dotted) -> the text field that bounds it."""

    type: ItemType
    key: str
    owner: str
    read: Callable[[Data, Terms], Content | None]
    write: Callable[[str, Any, Data | None, Terms], Fields]
    names: Mapping[str, str]
    created: Fields = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    short: frozenset[str] = frozenset()  # fields that only stand in where a long text is not published

    def needs(self, screen: Description, sync_id: str) -> list[str]:
        """The fields that have to be on the screen and are not."""
        wanted = {self.key, sync_id, *self.names, *([self.owner] if self.owner else [contacts.LINES_FIELD])}
        absent = set(screen.missing(wanted - self.short - _OPTIONAL))
        for full in ("FULOBJ", "FULRPO"):
            # One of the two columns of a text is enough.
            if any(screen.has(name) and self.names[name] == self.names.get(full) for name in self.short):
                absent.discard(full)
        return sorted(absent)


_OPTIONAL = frozenset({"FNC", "TSKCCN", "CLLCCN", "APTCCNNUM"})  # read where they are, never required
_LONG = {"subject": "FULOBJ", "report": "FULRPO"}

FORMS: Mapping[ItemType, Form] = {
    ItemType.CONTACT: Form(
        type=ItemType.CONTACT,
        key=contacts.KEY,
        owner="",
        read=contacts.read,
        write=contacts.write,
        names=contacts.NAMES,
        limits=contacts.LIMITS,
    ),
    ItemType.TASK: Form(
        type=ItemType.TASK,
        key=activities.TASK_KEY,
        owner=activities.TASK_OWNER,
        read=activities.read_task,
        write=activities.write_task,
        names=activities.TASK_NAMES,
        created=activities.TASK_CREATED,
        limits=_LONG,
        short=frozenset({"TSKDES", "TSKRPO"}),
    ),
    ItemType.CALL: Form(
        type=ItemType.CALL,
        key=activities.CALL_KEY,
        owner=activities.CALL_OWNER,
        read=activities.read_call,
        write=activities.write_call,
        names=activities.CALL_NAMES,
        created=activities.CALL_CREATED,
        limits=_LONG | {"phone": "CLLETS"},
        short=frozenset({"CLLOBJ", "CLLRPO"}),
    ),
    ItemType.APPOINTMENT: Form(
        type=ItemType.APPOINTMENT,
        key=appointments.KEY,
        owner=appointments.OWNER,
        read=appointments.read,
        write=appointments.write,
        names=appointments.NAMES,
        created=appointments.CREATED,
        limits=_LONG | appointments.LIMITS,
        short=frozenset({"APTOBJ", "APTRPO"}),
    ),
}


def created_fields(content: Content, form: Form, terms: Terms) -> Fields:
    """All X3 fields of a new record. Raises Refused for what X3 cannot hold (C6), with the merge field."""
    written: Fields = {name: value for name, value in form.created.items() if terms.screen.has(name)}
    for merge_field in fields(content):
        sent = form.write(merge_field.name, getattr(content, merge_field.name), None, terms)
        # A new record is blank already, so blanks are not sent: what X3 proposes by itself then stays.
        written |= {name: value for name, value in sent.items() if _filled(value)}
    return needed(terms.screen, written, form.names)


def changed_fields(changes: Changes, form: Form, current: Data, terms: Terms) -> Fields:
    """The X3 fields that `changes` really alter in `current` (C2). Raises Refused as above."""
    written: Fields = {}
    for name, value in changes.items():
        written |= form.write(name, value, current, terms)
    return needed(terms.screen, {n: v for n, v in written.items() if not _same(current, n, v)}, form.names)


def _filled(value: str | list[str]) -> bool:
    return value not in ("", "0") if isinstance(value, str) else any(value)


def _same(current: Data, name: str, value: str | list[str]) -> bool:
    held = current.fields.get(name)
    if isinstance(value, list):
        texts = current.texts(name)
        return texts + [""] * (len(value) - len(texts)) == value
    return held == value or (held == "" and value == "0")


def read_again(content: Content, before: ZoneInfo, now: ZoneInfo) -> Content:
    """How a record that was read as `content` in the zone `before` is read in the zone `now`: its wall times are the same.

    Of a wall time that clocks in `before` skipped, only the one they showed instead is known.
    """
    if not isinstance(content, Appointment | Call) or content.when.start is None or content.when.end is None:
        return content
    start, end = (retold(moment, before, now) for moment in (content.when.start, content.when.end))
    if isinstance(content, Call):  # X3 keeps its length
        end = start + (content.when.end - content.when.start)
    return replace(content, when=When(start=start, end=max(start, end)))


def limits(screens: Mapping[ItemType, Description]) -> Limits:
    """The known lengths of texts (C6): (type, merge field) -> characters. Parts of a field are dotted (`name.surname`)."""
    found: dict[tuple[ItemType, str], int] = {}
    for item_type, screen in screens.items():
        for merge_field, name in FORMS[item_type].limits.items():
            short = next((s for s in FORMS[item_type].short if FORMS[item_type].names[s] == merge_field), name)
            length = screen.length(name if screen.has(name) else short)
            if length:
                found[item_type, merge_field] = length
    return found
