"""What people do in Outlook and Graph has no call for: POST /_emulator/user-actions. Described in ../FIDELITY.md."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from infra.emulators.graph import eventdata
from infra.emulators.graph.errors import invalid, not_found
from infra.emulators.graph.events import Events
from infra.emulators.graph.model import CALENDARS, CONTACT, CONTACTS, EVENT, LISTS, MAIL, TASK, Folder, Item, Mailbox
from infra.emulators.graph.tenant import Tenant

_KINDS = {EVENT: CALENDARS, CONTACT: CONTACTS, TASK: LISTS}


class UserActions:
    """What `run` knows; each is described in FIDELITY.md."""

    def __init__(self, tenant: Tenant, events: Events) -> None:
        self.tenant = tenant
        self.store = tenant.store
        self.events = events

    def run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Do one action; answers the item's or folder's ids as they are afterwards."""
        user, action = str(body.get("mailbox") or ""), str(body.get("action") or "")
        found = self.store.mailboxes.get(user.lower()) or self.store.by_address.get(user.lower())
        if found is None:
            raise not_found("ErrorInvalidUser")
        match action:
            case "license" | "unlicense":
                found.licensed = action == "license"
                return {"mailbox": found.id, "licensed": found.licensed}
            case "delete_folder":
                self.store.delete_folder(found, self._folder(found, str(body.get("id") or ""), ""))
                return {"deleted": body.get("id")}
            case "set_read_only":
                folder = self._folder(found, str(body.get("id") or ""), "")
                folder.can_edit = not bool(body.get("value", True))
                return {"id": folder.id, "canEdit": folder.can_edit}
        item = found.index.get(str(body.get("id") or ""))
        if item is None:
            raise not_found()
        match action:
            case "move":
                self.store.move(found, item, self._folder(found, str(body.get("to_folder") or ""), item.kind))
            case "copy":
                target = str(body.get("to_folder") or item.folder)
                item = self._copy(found, item, self._folder(found, target, item.kind))
            case "purge":
                self.store.purge(found, item)
            case "restore":
                home = found.folders.get(item.came_from)
                if not self.store.in_bin(found, item) or home is None:
                    raise invalid("The item is not in the bin, or its folder is gone.")
                self.store.move(found, item, home)
            case "set_zone":
                item.custom_zone = str(body.get("value") or "")
                for one in item.exceptions.values():
                    one.cache.clear()
                self.tenant.touch(found, item)
            case "save_draft":
                if item.kind != EVENT or not item.data["isOrganizer"]:
                    raise invalid("Only the organizer of an event saves it without sending it.")
                eventdata.apply(item, {"attendees": body.get("attendees") or []}, creating=False)
                item.data["isDraft"] = bool(item.data["attendees"])
                self.tenant.touch(found, item)
            case "delete":
                self.events.remove(found, item) if item.kind == EVENT else self.store.soft_delete(found, item)
            case _:
                raise invalid(
                    f"unknown action {action!r}; known: move, copy, purge, restore, delete, delete_folder, set_read_only, "
                    "set_zone, save_draft, license, unlicense"
                )
        return {"id": item.rest_id, "immutableId": item.immutable_id, "folder": item.folder}

    def _folder(self, mailbox: Mailbox, key: str, kind: str) -> Folder:
        for folder in mailbox.folders.values():
            fits = not kind or folder.kind in (_KINDS[kind], MAIL)
            named = key.casefold() in (folder.name.casefold(), folder.well_known.casefold())
            if fits and key and (key == folder.id or named):  # two ids may differ by case alone
                return folder
        raise not_found()

    def _copy(self, mailbox: Mailbox, item: Item, target: Folder) -> Item:
        """Copy and paste: new ids, new iCalUId; extended properties and linked resources come along (switch)."""
        data = copy.deepcopy(item.data)
        if item.kind == EVENT:
            data["iCalUId"] = self.store.ids.ical()
            data.pop("transactionId", None)
        made = self.store.new_item(mailbox, item.kind, target, data)
        made.start, made.end = item.start, item.end
        if self.store.switches["copy_keeps_properties"]:
            made.single, made.multi = dict(item.single), {k: list(v) for k, v in item.multi.items()}
            made.extensions = copy.deepcopy(item.extensions)
            made.linked = [{**link, "id": self.store.ids.guid()} for link in item.linked]
        made.cancelled = set(item.cancelled)
        for day, one in item.exceptions.items():
            made.exceptions[day] = replace(
                one,
                rest_id=made.rest_id,
                immutable_id=f"{made.immutable_id}#{day}",
                folder=made.folder,
                data={**copy.deepcopy(one.data), "iCalUId": made.data["iCalUId"]},
                master=made,
                cache={},
            )
        self.store.insert(mailbox, made)
        return made
