"""Containers: calendars, contact folders, To Do lists and the well-known mail folders."""

from __future__ import annotations

from typing import Any

from infra.emulators.graph import extprops
from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, invalid
from infra.emulators.graph.model import CALENDARS, CONTACTS, LISTS, MAIL, Folder, Mailbox
from infra.emulators.graph.odata import listing, project, shape
from infra.emulators.graph.tenant import Tenant

_NAME = {CALENDARS: "name", CONTACTS: "displayName", LISTS: "displayName", MAIL: "displayName"}


class Folders:
    """Handlers of the containers themselves."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store

    def mount(self, router: Router) -> None:
        user = "users/{user}"
        for path, kind in (
            ("calendars", CALENDARS),
            ("contactFolders", CONTACTS),
            ("todo/lists", LISTS),
            ("mailFolders", MAIL),
        ):
            self._mount(router, f"{user}/{path}", kind, path)
        router.add("GET", f"{user}/calendar", lambda call, user: self._one(call, user, "calendar", CALENDARS, "calendars"))
        router.add(
            "GET",
            f"{user}/contactFolders/{{folder}}/childFolders",
            lambda call, user, folder: self._children(call, user, folder),
        )

    def _mount(self, router: Router, path: str, kind: str, context: str) -> None:
        router.add("GET", path, lambda call, user: self._list(call, user, kind, context))
        router.add("GET", f"{path}/{{folder}}", lambda call, user, folder: self._one(call, user, folder, kind, context))
        if kind == MAIL:
            return
        router.add("POST", path, lambda call, user: self._create(call, user, kind, context))
        router.add(
            "PATCH", f"{path}/{{folder}}", lambda call, user, folder: self._change(call, user, folder, kind, context)
        )
        router.add("DELETE", f"{path}/{{folder}}", lambda call, user, folder: self._delete(call, user, folder, kind))

    def row(self, mailbox: Mailbox, folder: Folder, call: Call | None = None) -> dict[str, Any]:
        """A container with what was expanded."""
        render = self.tenant.render
        match folder.kind:
            case "calendar":
                row = render.calendar(mailbox, folder)
            case "contacts":
                row = render.contact_folder(folder)
            case "list":
                row = render.task_list(folder)
            case _:
                row = {
                    "id": folder.id,
                    "displayName": folder.name,
                    "parentFolderId": folder.parent,
                    "childFolderCount": 0,
                    "totalItemCount": len(folder.items),
                    "unreadItemCount": 0,
                    "isHidden": folder.well_known == "recoverableitemsdeletions",
                }
        if call is None:
            return row
        wanted = shape(call)
        if single := [{"id": k, "value": folder.single[k]} for k in wanted.single if k in folder.single]:
            row["singleValueExtendedProperties"] = single
        return project(row, wanted)

    def _list(self, call: Call, user: str, kind: str, context: str) -> Answer:
        mailbox = self.store.mailbox(user)
        folders = mailbox.of_kind(kind)
        if kind == CONTACTS:  # the default folder is not listed
            folders = [f for f in folders if f.well_known != "contacts"]
        if kind == MAIL:
            folders = [f for f in folders if f.well_known not in ("msgfolderroot", "recoverableitemsdeletions")]
        return self._page(call, mailbox, folders, context)

    def _children(self, call: Call, user: str, folder: str) -> Answer:
        mailbox = self.store.mailbox(user)
        parent = self.store.folder(mailbox, CONTACTS, folder)
        return self._page(call, mailbox, [f for f in mailbox.of_kind(CONTACTS) if f.parent == parent.id], "contactFolders")

    def _page(self, call: Call, mailbox: Mailbox, folders: list[Folder], context: str) -> Answer:
        return listing(
            call,
            f"users('{mailbox.id}')/{context}",
            folders,
            lambda f: self.row(mailbox, f),
            lambda f: self.row(mailbox, f, call),
        )

    def _answer(self, call: Call, mailbox: Mailbox, folder: Folder, context: str, status: int) -> Answer:
        head = {"@odata.context": f"{call.base}/$metadata#users('{mailbox.id}')/{context}/$entity"}
        return Answer(status, {**head, **self.row(mailbox, folder, call)})

    def _one(self, call: Call, user: str, folder: str, kind: str, context: str) -> Answer:
        mailbox = self.store.mailbox(user)
        return self._answer(call, mailbox, self.store.folder(mailbox, kind, folder), context, 200)

    def _create(self, call: Call, user: str, kind: str, context: str) -> Answer:
        mailbox = self.store.mailbox(user)
        body = call.json_object()
        name = str(body.get(_NAME[kind]) or "").strip()
        if not name:
            raise invalid(f"{_NAME[kind]} is required.", "ErrorInvalidRequest")
        if kind != LISTS and any(f.name.casefold() == name.casefold() for f in mailbox.of_kind(kind)):
            raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")
        folder = self.store.add_folder(mailbox, kind, name)
        self._properties(folder, body)
        return self._answer(call, mailbox, folder, context, 201)

    def _change(self, call: Call, user: str, folder: str, kind: str, context: str) -> Answer:
        mailbox = self.store.mailbox(user)
        found = self.store.folder(mailbox, kind, folder)
        body = call.json_object()
        if name := str(body.get(_NAME[kind]) or "").strip():
            if kind == LISTS and found.well_known:
                raise invalid("A built-in list cannot be renamed.", "invalidRequest")
            found.name = name
        self._properties(found, body)
        self.store.touch_folder(mailbox, found)
        return self._answer(call, mailbox, found, context, 200)

    @staticmethod
    def _properties(folder: Folder, body: dict[str, Any]) -> None:
        for key, value in extprops.single(body.get("singleValueExtendedProperties") or []).items():
            if value is None:
                folder.single.pop(key, None)
            else:
                folder.single[key] = value

    def _delete(self, call: Call, user: str, folder: str, kind: str) -> Answer:
        mailbox = self.store.mailbox(user)
        found = self.store.folder(mailbox, kind, folder)
        if found.well_known:
            raise GraphError(400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        self.store.delete_folder(mailbox, found)
        return Answer(204)
