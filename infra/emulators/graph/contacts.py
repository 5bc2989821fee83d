"""Contacts (docs: resources/contact): three e-mail slots, normalised birthday, legacy properties."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from infra.emulators.graph import extprops
from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, invalid, not_found
from infra.emulators.graph.eventdata import set_multi, set_single
from infra.emulators.graph.model import CONTACT, CONTACTS, Folder, Item, Mailbox
from infra.emulators.graph.odata import listing, shape
from infra.emulators.graph.render import SLOTS
from infra.emulators.graph.schema import check_members
from infra.emulators.graph.tenant import Tenant

_TEXTS = [
    "assistantName",
    "businessHomePage",
    "companyName",
    "department",
    "displayName",
    "fileAs",
    "generation",
    "givenName",
    "initials",
    "jobTitle",
    "manager",
    "middleName",
    "mobilePhone",
    "nickName",
    "officeLocation",
    "personalNotes",
    "profession",
    "spouseName",
    "surname",
    "title",
    "yomiCompanyName",
    "yomiGivenName",
    "yomiSurname",
]
_LISTS = {"businessPhones": 2, "homePhones": 2, "imAddresses": 3, "children": 100}
_ADDRESSES = ("businessAddress", "homeAddress", "otherAddress")
_READ_ONLY = frozenset(["id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", "photo"])


def defaults() -> dict[str, Any]:
    """A contact with nothing in it."""
    data: dict[str, Any] = {"categories": [], "birthday": None}
    data.update(dict.fromkeys(_TEXTS))
    data.update({name: [] for name in _LISTS})
    data.update({name: {} for name in _ADDRESSES})
    data.update(dict.fromkeys(SLOTS))
    return data


def apply(item: Item, body: dict[str, Any], *, slots: bool, creating: bool) -> None:
    """Write the members of `body` into the contact. `slots`: the three address members are writable."""
    check_members("contact", body)
    data = item.data
    for name, value in body.items():
        if name in _READ_ONLY or "@" in name:
            continue
        if name in _TEXTS:
            if value is not None and not isinstance(value, str):
                raise invalid(f"Cannot convert the value of '{name}' to Edm.String.", "RequestBodyRead")
            data[name] = value
        elif name in _LISTS:
            data[name] = [str(v) for v in value or [] if v][: _LISTS[name]]
        elif name in _ADDRESSES:
            data[name] = {k: v for k, v in {**data[name], **(value or {})}.items() if v and "@" not in k} if value else {}
        elif name in SLOTS:
            if slots:
                data[name] = _address(value)
        elif name == "emailAddresses":
            found = [_address(v) for v in value or []][:3]
            data.update(dict(zip(SLOTS, [*found, None, None, None], strict=False)))
        elif name == "birthday":
            data["birthday"] = _birthday(value)
        elif name == "categories":
            data["categories"] = [str(c) for c in value or []]
        elif name == "singleValueExtendedProperties":
            set_single(item, extprops.single(value))
        elif name == "multiValueExtendedProperties":
            set_multi(item, extprops.multi(value))
    if not data["displayName"] and (creating or "displayName" not in body):
        names = " ".join(filter(None, (data["givenName"], data["middleName"], data["surname"])))
        data["displayName"] = names or data["companyName"] or None
    if not data["fileAs"] and data["surname"]:
        data["fileAs"] = ", ".join(filter(None, (data["surname"], data["givenName"])))


def _address(value: Any) -> dict[str, str] | None:
    if not value or not value.get("address"):
        return None
    return {"name": str(value.get("name") or value["address"]), "address": str(value["address"])}


def _birthday(value: Any) -> str | None:
    # Exchange keeps the date and shows it at 11:59 UTC, so that it is the same day nearly everywhere.
    if not value:
        return None
    try:
        return f"{date.fromisoformat(str(value)[:10]).isoformat()}T11:59:00Z"
    except ValueError:
        raise invalid(f"Cannot convert '{value}' to Edm.DateTimeOffset.", "RequestBodyRead") from None


class Contacts:
    """Handlers below /users/{user}/contacts and /contactFolders."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store
        self.render = tenant.render

    def mount(self, router: Router) -> None:
        user = "users/{user}"
        for prefix in (f"{user}/contacts", f"{user}/contactFolders/{{folder}}/contacts"):
            router.add("GET", prefix, self.collection)
            router.add("POST", prefix, self.create)
            router.add("GET", f"{prefix}/{{contact}}", self.get)
            router.add("PATCH", f"{prefix}/{{contact}}", self.change)
            router.add("DELETE", f"{prefix}/{{contact}}", self.delete)
            self.tenant.extensions.mount(router, f"{prefix}/{{contact}}", lambda m, ids: self.find(m, ids["contact"]))

    def folder(self, mailbox: Mailbox, folder: str) -> Folder:
        return self.store.folder(mailbox, CONTACTS, folder) if folder else self.store.default(mailbox, CONTACTS)

    def find(self, mailbox: Mailbox, contact: str, folder: str = "") -> Item:
        home = self.folder(mailbox, folder).id if folder else ""
        item = self.store.find(mailbox, CONTACT, contact)
        if home and home != item.folder:
            raise not_found()
        return item

    def collection(self, call: Call, user: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        wanted = shape(call)
        return listing(
            call,
            f"users('{mailbox.id}')/contacts",
            list(self.folder(mailbox, folder).items.values()),
            lambda i: self.render.filterable(i, call.prefer),
            lambda i: self.render.raw(i, call.prefer, wanted),
        )

    def get(self, call: Call, user: str, contact: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        return self.tenant.one(call, mailbox, self.find(mailbox, contact, folder), "contacts")

    def create(self, call: Call, user: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        body = call.json_object()
        item = self.store.new_item(mailbox, CONTACT, self.folder(mailbox, folder), defaults())
        apply(item, body, slots=self.store.switches["contact_email_slots"], creating=True)
        self.tenant.extensions.inline(item, body)
        self.store.insert(mailbox, item)
        if self.store.switches["notify_created_twice"]:
            self.tenant.tell_updated(mailbox, item)
        return self.tenant.written(call, mailbox, item, "contacts", 201)

    def change(self, call: Call, user: str, contact: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, contact, folder)
        body = call.json_object()
        self.tenant.check_match(call, item)
        kept = (copy.deepcopy(item.data), dict(item.single), dict(item.multi))
        try:
            apply(item, body, slots=self.store.switches["contact_email_slots"], creating=False)
        except GraphError:
            item.data, item.single, item.multi = kept
            raise
        self.store.touch(mailbox, item)
        return self.tenant.written(call, mailbox, item, "contacts", 200)

    def delete(self, call: Call, user: str, contact: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, contact, folder)
        self.tenant.check_match(call, item)
        self.store.soft_delete(mailbox, item)
        return Answer(204)
