"""What all kinds share: extended properties, markers, bodies, companies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.multi_value_legacy_extended_property import MultiValueLegacyExtendedProperty
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty

from graph_adapter import wire
from graph_adapter.html import classify, to_text
from graph_adapter.scope import MailboxScope
from reconcile.model import (
    Appointment,
    Body,
    Born,
    Call,
    Company,
    Content,
    ItemType,
    Marker,
    Person,
    Present,
    Private,
    Unread,
)
from reconcile.text import canonical, line, split_details, with_details

# Our own GUID: one named property in every mailbox, because Exchange's quota of them is finite.
MARKER = "String {7d3f0c52-6b0e-4a86-9f55-2f4f3f0b8a11} Name X3SyncMarker"
SENSITIVITY = "Integer 0x36"
PRIVATE_FLAG = "Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506"
FAX = "String 0x3A24"
PERSONS = "StringArray {00062008-0000-0000-C000-000000000046} Id 0x853A"
COMPANIES = "StringArray {00062008-0000-0000-C000-000000000046} Id 0x8539"

_HEX = re.compile(r"\b0x0*([0-9a-f]+)\b", re.IGNORECASE)
_COMPANY = re.compile(r"^(?P<name>.*?)\s*#(?P<number>[^#]+)#\s*$")


class Unreadable(Exception):
    """The item cannot be understood (an unknown zone, a date that is none): Unread, and reported. Says no content."""


@lru_cache(maxsize=256)
def same_id(text: str) -> str:
    """A property id for comparison: the server may write the number, the type and the GUID in another way; only the Name
    part is case-sensitive."""
    head, name, rest = text.strip().partition(" Name ")
    return _HEX.sub(lambda m: f"0x{int(m[1], 16):x}", head.casefold()) + name + rest


def single(item: wire.Item, wanted: str) -> str | None:
    """The value of a single-value extended property."""
    key = same_id(wanted)
    return next((p.value for p in item.single if same_id(p.id) == key), None)


def several(item: wire.Item, wanted: str) -> list[str]:
    """The values of a multi-value extended property."""
    key = same_id(wanted)
    return next((p.value or [] for p in item.multi if same_id(p.id) == key), [])


def expand(singles: Iterable[str], multis: Iterable[str] = ()) -> list[str]:
    """The `$expand` of extended properties; they cannot be listed without being named."""
    found = []
    for navigation, ids in (("singleValueExtendedProperties", singles), ("multiValueExtendedProperties", multis)):
        test = " or ".join(f"id eq '{i}'" for i in ids)
        if test:
            found.append(f"{navigation}($filter={test})")
    return found


def marker_of(item: wire.Item, scope: MailboxScope, item_type: ItemType) -> Marker | None:
    """Our marker, or the old add-in's property, which counts as one of state l (M2). That names a record of `item_type`:
    what the item would become in X3."""
    text = single(item, MARKER)
    if text:
        return Marker.parse(text)
    legacy = single(item, scope.legacy_property) if scope.legacy_property else None
    if not legacy or not legacy.strip():
        return None
    return Marker(fp=scope.fp, mailbox=scope.mailbox, type=item_type, x3_key=legacy.strip(), born=Born.LINKED)


def marker_filter(marker: Marker) -> str:
    """The `$filter` that finds a marker; the server compares without case, so the caller compares again."""
    value = marker.encode().replace("'", "''")
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '{value}')"


def clear(model: Any, name: str) -> None:
    """Write `name` (as Graph spells it) as null. Assigning None to the model's attribute writes Python's spelling of the
    name, which Graph refuses (kiota 1.16)."""
    model.additional_data = {**(model.additional_data or {}), name: None}


def property_model(name: str, value: str) -> Any:
    """A single-value property to write; a blank text empties it."""
    return SingleValueLegacyExtendedProperty(id=name, value=value)


def properties_model(name: str, values: Sequence[str]) -> Any:
    """A multi-value property to write."""
    return MultiValueLegacyExtendedProperty(id=name, value=list(values))


def body_model(report: str, details: Sequence[str]) -> Any:
    """A text body, with the details block above it when there are lines for it (C7)."""
    return ItemBody(content_type=BodyType.Text, content=with_details(list(details), report) if details else report)


def look(body: wire.ItemBody | None, *, online: bool = False) -> tuple[str, bool, Body]:
    """(report, whether the details block stands there, whose formatting it is) of a body (C7, C8)."""
    content = (body.content if body else None) or ""
    html = body is not None and body.content_type.lower() == "html"
    found, report = split_details(to_text(content) if html else canonical(content))
    return report, found, classify(content, html=html, online=online)


def company_of(text: str) -> Company:
    """`NAME   #BPRNUM#` (K5); a text without number is a name."""
    clean = line(text)
    found = _COMPANY.match(clean)
    return Company(number=found["number"].strip(), name=found["name"]) if found else Company(name=clean)


def company_text(company: Company) -> str:
    """`NAME   #BPRNUM#` (K5), blank for none."""
    return f"{company.name}   #{company.number}#" if company.number else company.name


def person_text(person: Person) -> str:
    """What a person is called in a list of names."""
    return person.name or person.email or person.cor


def retype(observed: Present | Private | Unread, item_type: ItemType | None) -> Present | Private | Unread:
    """An event seen as the type its link says, whatever its categories say now (rules, table of calls)."""
    if not isinstance(observed, Present) or item_type is None:
        return observed
    content = as_type(observed.content, item_type)
    if content is observed.content:
        return observed
    return Present(
        key=observed.key,
        version=observed.version,
        modified_at=observed.modified_at,
        content=content,
        facts=observed.facts,
        where=observed.where,
    )


def as_type(content: Content, item_type: ItemType) -> Content:
    """The content of an event as the one of that type."""
    match content, item_type:
        case Appointment(), ItemType.CALL:
            return Call(
                when=content.when,
                subject=content.subject,
                report=content.report,
                done=content.done,
                relation=content.relation,
            )
        case Call(), ItemType.APPOINTMENT:
            return Appointment(
                when=content.when,
                subject=content.subject,
                report=content.report,
                done=content.done,
                relation=content.relation,
            )
        case _:
            return content
