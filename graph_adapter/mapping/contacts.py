"""contact <-> reconcile.model.Contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time
from typing import Any

from msgraph.generated.models.contact import Contact as ContactModel
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.physical_address import PhysicalAddress
from msgspec import UNSET

from graph_adapter import wire
from graph_adapter.mapping.common import (
    FAX,
    MARKER,
    PRIVATE_FLAG,
    SENSITIVITY,
    clear,
    expand,
    marker_of,
    property_model,
    single,
)
from graph_adapter.scope import MailboxScope
from graph_adapter.zones import birthday, stamp
from reconcile.model import (
    UNREAD,
    Address,
    Body,
    Contact,
    ItemType,
    Kind,
    Marker,
    OutlookFacts,
    PersonName,
    Present,
    Private,
    Unread,
    Where,
)
from reconcile.text import canonical, line

_NOON = time(11, 59, tzinfo=UTC)  # Exchange's own hour of a birthday: the same day nearly everywhere


def contact_expand(scope: MailboxScope) -> list[str]:
    """What has to be expanded to know a contact: marker, privacy, fax."""
    legacy = [scope.legacy_property] if scope.legacy_property else []
    return expand([MARKER, *legacy, SENSITIVITY, PRIVATE_FLAG, FAX])


def contact(item: wire.Contact, scope: MailboxScope, *, expanded: bool) -> Present | Private | Unread:
    """The look of a contact. `expanded` says that `contact_expand` was asked for: Graph leaves out properties an item
    lacks, so only the request tells "not private" from "not read" (S3). Being in the bin is the caller's business."""
    if not expanded:
        return UNREAD
    if _private(item):
        return Private(key=item.id, marker=marker_of(item, scope, ItemType.CONTACT))
    facts = OutlookFacts(
        kind=Kind.CONTACT,
        folder=item.parent_folder_id,
        marker=marker_of(item, scope, ItemType.CONTACT),
        body=Body.PLAIN,
    )
    return Present(
        key=item.id,
        version=item.etag,
        modified_at=stamp(item.last_modified),
        content=contact_content(item, scope),
        facts=facts,
        where=Where.HERE if scope.manages(Kind.CONTACT, item.parent_folder_id) else Where.ELSEWHERE,
    )


def _private(item: wire.Contact) -> bool:
    level = (single(item, SENSITIVITY) or "0").strip()
    flag = (single(item, PRIVATE_FLAG) or "").strip().lower()
    return level != "0" or flag in ("true", "1")


def contact_content(item: wire.Contact, scope: MailboxScope) -> Contact:
    """What of a contact crosses, whatever its privacy: only for one that is known not to be private."""
    tables, (work, home, more) = scope.tables, emails(item)
    return Contact(
        name=PersonName(surname=line(item.surname or ""), given=line(item.given_name or "")),
        title=tables.title(item.title),
        function=line(item.job_title or ""),
        department=line(item.department or ""),
        company=line(item.company_name or ""),
        work_address=_address(item.business_address, scope),
        work_phone=_first(item.business_phones),
        work_fax=line(single(item, FAX) or ""),
        mobile=line(item.mobile_phone or ""),
        work_email=work,
        home_address=_address(item.home_address, scope),
        home_phone=_first(item.home_phones),
        home_email=home,
        more_emails=more,
        birthday=birthday(item.birthday),
    )


def emails(item: wire.Contact) -> tuple[str, str, tuple[str, ...]]:
    """(work, home, further ones): the server's own slots where it knows them, else the first two of the list."""
    listed = [mail for a in item.email_addresses or [] if (mail := _mail(a))]
    if _has_slots(item):
        work, home = _mail(item.primary or None), _mail(item.secondary or None)
        return work, home, tuple(mail for mail in listed if mail not in (work, home))
    work, home, *more = [*listed, "", ""][: max(len(listed), 2)]
    return work, home, tuple(more)


def keep_slots(now: Contact, seen: Contact) -> Contact:
    """For servers without slots, whose list closes every gap: no address of `now` has another slot than in `seen`, what the
    contact last looked like, because an earlier one went (fields table, contact). One that stands before another which had
    that slot and is still there was put there by a person.
    """
    slots = (seen.work_email, seen.home_email)
    placed: tuple[list[str], ...] = ([], [], [])  # work, home, further ones
    place, last = 0, len(slots)
    for mail in now.emails:
        own = slots.index(mail) if mail in slots else last if mail in seen.more_emails else place
        if not any(slot in now.emails for slot in slots[place:own]):
            place = max(place, own)
        placed[place].append(mail)
        place = min(place + 1, last)
    work, home, more = placed
    return replace(now, work_email="".join(work), home_email="".join(home), more_emails=tuple(more))


def slotted(item: wire.Contact, now: Contact, seen: Contact) -> Contact:
    """`now`, the content of `item`, with its addresses in the slots where `seen` has them; a server that has slots of its
    own knows better."""
    return now if _has_slots(item) else keep_slots(now, seen)


def _has_slots(item: wire.Contact) -> bool:
    return item.primary is not UNSET or item.secondary is not UNSET


def _mail(address: wire.EmailAddress | None) -> str:
    return line((address.address if address else None) or "")


def _first(numbers: Sequence[str] | None) -> str:
    return line(numbers[0]) if numbers else ""


def _address(found: wire.PhysicalAddress | None, scope: MailboxScope) -> Address:
    if found is None:
        return Address()
    return Address(
        street=canonical(found.street or ""),
        postal_code=line(found.postal_code or ""),
        city=line(found.city or ""),
        state=line(found.state or ""),
        country=scope.tables.country(found.country_or_region),
    )


# ----------------------------------------------------------------------------------------------- writing

_PLAIN = {
    "title": "title",
    "function": "job_title",
    "department": "department",
    "company": "company_name",
    "mobile": "mobile_phone",
}
_LISTED = {"work_phone": "business_phones", "home_phone": "home_phones"}
_POSTAL = {"work_address": "business_address", "home_address": "home_address"}
READS_FIRST = frozenset({"work_email", "home_email", "work_phone", "home_phone"})  # lists whose other entries are kept


def fresh_contact_changes(content: Contact) -> dict[str, Any]:
    """What a create writes: the fields that hold something."""
    blank = Contact()
    names = [f.name for f in fields(Contact)]
    return {name: getattr(content, name) for name in names if getattr(content, name) != getattr(blank, name)}


def contact_body(
    changes: Mapping[str, Any],
    scope: MailboxScope,
    *,
    current: wire.Contact | None,
    seen: Contact | None = None,
    marker: Marker | None = None,
) -> Any:
    """The SDK's model of a create (`current` None) or of a change of exactly those fields (C2). `seen` is the content
    that is changed: it knows the slots of the addresses where the server does not."""
    model = ContactModel()
    for name, value in changes.items():
        match name:
            case "name":
                _write_name(model, value)
            case _ if name in _PLAIN:
                setattr(model, _PLAIN[name], value)
            case _ if name in _POSTAL:
                setattr(model, _POSTAL[name], _postal(value, scope))
            case _ if name in _LISTED:
                others = (getattr(current, _LISTED[name]) or [])[1:] if current else []
                setattr(model, _LISTED[name], [value, *others] if value else others)
            case "birthday":
                _write_birthday(model, value)
            case _:
                continue  # e-mail addresses and fax, below
    _write_emails(model, changes, current, seen)
    properties = [property_model(FAX, changes["work_fax"])] if "work_fax" in changes else []
    if marker is not None:
        properties.append(property_model(MARKER, marker.encode()))
    if properties:
        model.single_value_extended_properties = properties
    return model


def _write_name(model: Any, name: PersonName) -> None:
    model.surname, model.given_name = name.surname, name.given
    # Graph keeps the old displayName when only the names change, and Outlook shows that one.
    model.display_name = name.full


def _postal(address: Address, scope: MailboxScope) -> Any:
    return PhysicalAddress(
        street=address.street.replace("\n", "\r\n"),
        postal_code=address.postal_code,
        city=address.city,
        state=address.state,
        country_or_region=scope.tables.country_name(address.country),
    )


def _write_birthday(model: Any, day: date | None) -> None:
    if day is None:
        clear(model, "birthday")
    else:
        model.birthday = datetime.combine(day, _NOON)


def _write_emails(model: Any, changes: Mapping[str, Any], current: wire.Contact | None, seen: Contact | None) -> None:
    if not changes.keys() & {"work_email", "home_email"}:
        return
    if current is not None and _has_slots(current):
        _write_slot(model, "primary_email_address", "primaryEmailAddress", changes.get("work_email"))
        _write_slot(model, "secondary_email_address", "secondaryEmailAddress", changes.get("home_email"))
        return
    by_place = emails(current)[:2] if current else ("", "")
    was = (seen.work_email, seen.home_email) if seen else by_place
    slots = [changes.get("work_email", was[0]), changes.get("home_email", was[1])]
    listed = (current.email_addresses or []) if current else []
    others = [a.address for a in listed if _mail(a) not in (*was, *slots)]
    model.email_addresses = [EmailAddress(address=text, name=text) for text in [*slots, *others] if text]


def _write_slot(model: Any, attribute: str, name: str, text: str | None) -> None:
    """`text` None: the slot is not changed."""
    if text:
        setattr(model, attribute, EmailAddress(address=text, name=text))
    elif text is not None:
        clear(model, name)
