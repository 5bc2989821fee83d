"""The tenant's data for tests (`GET dump`) and for people (`/_emulator/`)."""

from __future__ import annotations

from html import escape
from typing import Any

from infra.emulators import view
from infra.emulators.graph.model import CALENDARS, CONTACTS, LISTS, Item, Mailbox
from infra.emulators.graph.odata import Shape
from infra.emulators.graph.prefer import Prefer
from infra.emulators.graph.subscriptions import Subscriptions
from infra.emulators.graph.tenant import Tenant

_PREFER = Prefer(immutable=True, body="text")
_SHAPE = Shape(nested=frozenset({"linkedresources", "checklistitems"}))
_SHOWN = 200


def _item(tenant: Tenant, item: Item) -> dict[str, Any]:
    row = tenant.render.item(item, _PREFER, _SHAPE)
    row["immutableId"], row["restId"] = item.immutable_id, item.rest_id
    row["singleValueExtendedProperties"] = [{"id": k, "value": v} for k, v in item.single.items()]
    row["multiValueExtendedProperties"] = [{"id": k, "value": v} for k, v in item.multi.items()]
    if item.exceptions:
        row["exceptionOccurrences"] = [tenant.render.full(e, _PREFER) for e in item.exceptions.values()]
    if item.cancelled:
        row["cancelledDays"] = sorted(item.cancelled)
    return row


def _mailbox(tenant: Tenant, mailbox: Mailbox) -> dict[str, Any]:
    folders = [
        {
            "kind": folder.kind,
            "id": folder.id,
            "name": folder.name,
            "wellKnown": folder.well_known,
            "canEdit": folder.can_edit,
            "items": [_item(tenant, i) for i in folder.items.values()],
        }
        for folder in mailbox.folders.values()
    ]
    return {
        "id": mailbox.id,
        "address": mailbox.address,
        "name": mailbox.name,
        "licensed": mailbox.licensed,
        "received": list(mailbox.received),
        "folders": folders,
    }


def dump(tenant: Tenant, subscriptions: Subscriptions) -> dict[str, Any]:
    """Everything: mailboxes with folders (bin included), mails to attendees, subscriptions, switches."""
    return {
        "mailboxes": [_mailbox(tenant, m) for m in tenant.store.mailboxes.values()],
        "mails": list(tenant.store.mails),
        "subscriptions": [{k: v for k, v in r.items() if not k.startswith("_")} for r in subscriptions.rows.values()],
        "switches": dict(tenant.switches),
    }


def page(tenant: Tenant, stats: dict[str, Any]) -> str:
    """One page of tables, a mailbox after the other."""
    parts = [view.table(("figure", "value"), stats.items())]
    for mailbox in tenant.store.mailboxes.values():
        parts.append(view.heading(f"{mailbox.name} <{mailbox.address}>"))
        for folder in mailbox.folders.values():
            if not folder.items:
                continue
            parts.append(f"<h3>{escape(folder.name)}</h3>")
            rows = [_line(tenant, i) for i in list(folder.items.values())[:_SHOWN]]
            heads = {
                CALENDARS: ("subject", "start", "end", "type", "privacy", "categories", "attendees"),
                CONTACTS: ("name", "company", "e-mail", "phone", "privacy", "categories", ""),
                LISTS: ("title", "due", "status", "importance", "linked", "categories", ""),
            }
            parts.append(view.table(heads.get(folder.kind, ("item", "", "", "", "", "", "")), rows))
            if len(folder.items) > _SHOWN:
                parts.append(f"<p class=faint>{len(folder.items) - _SHOWN} more</p>")
    return view.page("Microsoft 365 (emulated)", parts)


def _line(tenant: Tenant, item: Item) -> tuple[object, ...]:
    data, row = item.data, tenant.render.full(item, _PREFER)
    categories = ", ".join(data["categories"])
    match item.kind:
        case "event":
            people = ", ".join(a["emailAddress"]["address"] for a in data["attendees"])
            times = (row["start"]["dateTime"][:16], row["end"]["dateTime"][:16])
            return data["subject"], *times, row["type"], data["sensitivity"], categories, people
        case "contact":
            mail = ", ".join(a["address"] for a in row["emailAddresses"])
            private = "private" if item.single.get("Integer 0x36", "0") != "0" else ""
            return data["displayName"], data["companyName"], mail, data["mobilePhone"], private, categories, ""
        case _:
            linked = ", ".join(f"{p['applicationName']}: {p['displayName']}" for p in item.linked)
            due = (data["dueDateTime"] or {"dateTime": ""})["dateTime"][:10]
            return data["title"], due, data["status"], data["importance"], linked, categories, ""
