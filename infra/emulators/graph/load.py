"""Fills the tenant from a seed's World."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date
from typing import Any

from infra.emulators.graph import contacts, eventdata, extprops, meetings, tasks
from infra.emulators.graph.model import CALENDARS, CONTACT, CONTACTS, EVENT, LISTS, TASK, Item, Mailbox
from infra.emulators.graph.store import Store
from infra.emulators.seed.model import Address, Event, MailContact, MailTask, World

_KINDS = {"calendar": CALENDARS, "contacts": CONTACTS, "list": LISTS}
_KNOWN = {CALENDARS: "calendar", CONTACTS: "contacts", LISTS: "defaultList"}
_NAMES = {
    "en": ("Calendar", "Contacts", "Tasks", "Flagged Emails", "Birthdays"),
    "fr": ("Calendrier", "Contacts", "Tâches", "E-mails avec indicateur", "Anniversaires"),
    "de": ("Kalender", "Kontakte", "Aufgaben", "Gekennzeichnete E-Mails", "Geburtstage"),
}
_COMMON = "{00062008-0000-0000-c000-000000000046}"
COMPANIES = f"StringArray {_COMMON} Id 0x8539"
LINKED_CONTACTS = f"StringArray {_COMMON} Id 0x853a"


def load(store: Store, world: World) -> None:
    """Replace all mailboxes by the world's. No mail is counted and nobody is notified."""
    store.clear(world.name)
    for box in world.mailboxes:
        mailbox = Mailbox(id=box.object_id, address=box.address, name=box.name, locale=box.locale, zone=box.zone)
        store.add_mailbox(mailbox)
        for folder in box.folders:
            kind = _KINDS[folder.kind]
            store.add_folder(mailbox, kind, folder.name, _KNOWN[kind] if folder.default else "")
        _complete(store, mailbox)
    for contact in world.mail_contacts:
        _contact(store, contact)
    for task in world.mail_tasks:
        _task(store, task)
    for event in world.events:
        _event(store, event)
    store.attendee_mails = 0
    store.mails.clear()


def _complete(store: Store, mailbox: Mailbox) -> None:
    names = _NAMES.get(mailbox.locale[:2].lower(), _NAMES["en"])
    for kind, name in zip((CALENDARS, CONTACTS, LISTS), names, strict=False):
        if not any(f.well_known == _KNOWN[kind] for f in mailbox.of_kind(kind)):
            store.add_folder(mailbox, kind, name, _KNOWN[kind])
    store.add_folder(mailbox, LISTS, names[3], "flaggedEmails")
    store.add_folder(mailbox, CALENDARS, names[4], "birthdays", can_edit=False)
    for number, color in enumerate(("Blue", "Green", "Orange", "Purple", "Red", "Yellow")):
        mailbox.categories.append({"id": store.ids.guid(), "displayName": f"{color} category", "color": f"preset{number}"})


def _place(store: Store, address: str, kind: str, folder: str) -> tuple[Mailbox, str]:
    mailbox = store.mailbox(address)
    named = next((f.id for f in mailbox.of_kind(kind) if f.name == folder), "")
    return mailbox, named or store.default(mailbox, kind).id


def _address(value: Address) -> dict[str, str]:
    pairs = {
        "street": value.street,
        "city": value.city,
        "state": value.state,
        "countryOrRegion": value.country,
        "postalCode": value.zip,
    }
    return {k: v for k, v in pairs.items() if v}


def _contact(store: Store, seed: MailContact) -> None:
    mailbox, folder = _place(store, seed.mailbox, CONTACTS, seed.folder)
    item = store.new_item(mailbox, CONTACT, mailbox.folders[folder], contacts.defaults())
    body: dict[str, Any] = {
        "surname": seed.surname or None,
        "givenName": seed.given or None,
        "title": seed.title or None,
        "companyName": seed.company or None,
        "jobTitle": seed.job or None,
        "department": seed.department or None,
        "emailAddresses": [{"address": a, "name": f"{seed.given} {seed.surname}".strip()} for a in seed.emails],
        "businessPhones": list(seed.business_phones),
        "homePhones": list(seed.home_phones),
        "mobilePhone": seed.mobile or None,
        "businessAddress": _address(seed.business),
        "homeAddress": _address(seed.home),
        "birthday": seed.birthday.isoformat() if seed.birthday else None,
    }
    contacts.apply(item, body, slots=True, creating=True)
    if seed.private:
        item.single[extprops.SENSITIVITY] = "2"
        item.single[f"Boolean {_COMMON} Id 0x8506"] = "true"
    _dated(store, mailbox, item, seed.modified)


def _dated(store: Store, mailbox: Mailbox, item: Item, modified: Any) -> None:
    item.created = item.modified = modified.astimezone(UTC)
    store.insert(mailbox, item, quiet=True)


def _day(value: date | None) -> dict[str, str] | None:
    return {"dateTime": f"{value.isoformat()}T00:00:00", "timeZone": "UTC"} if value else None


def _task(store: Store, seed: MailTask) -> None:
    mailbox, folder = _place(store, seed.mailbox, LISTS, seed.folder)
    item = store.new_item(mailbox, TASK, mailbox.folders[folder], tasks.defaults(seed.modified.astimezone(UTC)))
    body: dict[str, Any] = {
        "title": seed.title,
        "body": {"content": seed.body, "contentType": "text"},
        "startDateTime": _day(seed.start),
        "dueDateTime": _day(seed.due),
        "status": seed.status,
        "importance": seed.importance,
        "categories": list(seed.categories),
    }
    tasks.apply(item, body, seed.modified.astimezone(UTC), via_utc=False)
    for application, names in (("Company", seed.companies), ("Contact", seed.contacts)):
        for name in names:
            link = {"applicationName": application, "displayName": name, "externalId": None, "webUrl": None}
            item.linked.append({**link, "id": store.ids.guid()})
    _dated(store, mailbox, item, seed.modified)


def _event(store: Store, seed: Event) -> None:
    mailbox, folder = _place(store, seed.mailbox, CALENDARS, seed.folder)
    item = store.new_item(mailbox, EVENT, mailbox.folders[folder], eventdata.defaults(mailbox, store.ids.ical()))
    pattern = "%Y-%m-%dT%H:%M:%S"
    body: dict[str, Any] = {
        "subject": seed.subject,
        "body": {"contentType": "html" if seed.html else "text", "content": seed.body},
        "start": {"dateTime": seed.start.strftime(pattern), "timeZone": seed.zone},
        "end": {"dateTime": seed.end.strftime(pattern), "timeZone": seed.zone},
        "isAllDay": seed.all_day,
        "sensitivity": seed.sensitivity,
        "categories": list(seed.categories),
        "location": {"displayName": seed.location},
        "attendees": [_attendee(a) for a in seed.attendees],
    }
    if seed.recurrence:
        body["recurrence"] = _plain(seed.recurrence)
    eventdata.apply(item, body, creating=True)
    for key, names in ((LINKED_CONTACTS, seed.linked_contacts), (COMPANIES, seed.companies)):
        if names:
            item.multi[key] = list(names)
    _dated(store, mailbox, item, seed.modified)
    for one in seed.attendees:
        theirs = store.by_address.get(one.address.lower())
        if theirs is not None and theirs is not mailbox:
            copy = meetings.deliver(store, item, theirs)
            copy.created = copy.modified = item.modified
            if one.response in meetings.SHOWS:
                copy.data["responseStatus"] = {"response": one.response, "time": "2020-01-01T00:00:00Z"}
                copy.data["showAs"] = meetings.SHOWS[one.response]


def _attendee(seed: Any) -> dict[str, Any]:
    return {
        "type": seed.kind,
        "emailAddress": {"name": seed.name, "address": seed.address},
        "status": {"response": seed.response, "time": "0001-01-01T00:00:00Z"},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
