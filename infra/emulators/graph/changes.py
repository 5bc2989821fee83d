"""The delta functions of every collection, and what each refuses (docs: event-delta, contact-delta, todotask-delta)."""

from __future__ import annotations

from datetime import date
from typing import Any

from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.delta import Entry, Query, Unit, changes_since, plain_units, window_units
from infra.emulators.graph.errors import GraphError, invalid
from infra.emulators.graph.events import instant, window
from infra.emulators.graph.folders import Folders
from infra.emulators.graph.ids import occurrence_id
from infra.emulators.graph.model import CALENDARS, CONTACTS, LISTS, Folder, Item, Mailbox
from infra.emulators.graph.odata import Shape, option, shape
from infra.emulators.graph.series import occurrence
from infra.emulators.graph.tenant import Tenant

_TYPES = {"view": "event", "events": "event", "contacts": "contact", "tasks": "todoTask"}
_FOLDER_TYPES = {CONTACTS: "contactFolder", LISTS: "todoTaskList", CALENDARS: "calendar"}


class Changes:
    """Handlers of …/delta."""

    def __init__(self, tenant: Tenant, folders: Folders) -> None:
        self.tenant = tenant
        self.store = tenant.store
        self.render = tenant.render
        self.folders = folders

    def mount(self, router: Router) -> None:
        user = "users/{user}"
        for prefix in (user, f"{user}/calendar", f"{user}/calendars/{{folder}}"):
            router.add("GET", f"{prefix}/calendarView/delta", self.view)
            router.add("GET", f"{prefix}/events/delta", self.events)
        for prefix in (user, f"{user}/contactFolders/{{folder}}"):
            router.add("GET", f"{prefix}/contacts/delta", self.contacts)
        router.add("GET", f"{user}/contactFolders/delta", lambda call, user: self.containers(call, user, CONTACTS))
        router.add("GET", f"{user}/todo/lists/delta", lambda call, user: self.containers(call, user, LISTS))
        router.add("GET", f"{user}/todo/lists/{{folder}}/tasks/delta", self.tasks)

    def _refuse(self, call: Call, resource: str, names: tuple[str, ...]) -> None:
        found = [f"${n}" for n in names if option(call, n)]
        if found:
            raise invalid(
                "The following parameters are not supported with change tracking over the "
                f"'{resource}' resource: '{', '.join(found)}'.",
                "ErrorInvalidUrlQuery",
            )

    def _top(self) -> tuple[str, ...]:
        return ("top",) if self.store.switches["delta_rejects_top"] else ()

    def view(self, call: Call, user: str, folder: str = "") -> Answer:
        """calendarView/delta: the window is frozen in the token."""
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, CALENDARS, folder) if folder else self.store.default(mailbox, CALENDARS)
        if "extendedproperties" in option(call, "expand").lower() or "extensions" in option(call, "expand").lower():
            raise GraphError(500, "InternalServerError")
        self._refuse(call, "CalendarView", ("filter", "orderby", "search", "expand", *self._top()))
        if self.store.switches["calendar_delta_select"] == "refuse":
            self._refuse(call, "CalendarView", ("select",))
        asked = ("", "")
        if not (option(call, "deltatoken") or option(call, "skiptoken")):
            since, until = window(call)
            asked = (since.isoformat(), until.isoformat())
        query = Query(kind="view", mailbox=mailbox.id, folder=home.id, window=asked)

        def units(seq: int | None, frozen: Query) -> list[Unit]:
            times = (instant(frozen.window[0]), instant(frozen.window[1]))
            every = self.store.switches["series_removed_occurrences"]
            return window_units(mailbox, home, seq, times, each_occurrence=every)

        return self.tenant.deltas.answer(
            call, query, "Collection(event)", units, lambda e, _: self._entry(call, mailbox, home, e, Shape(), "event")
        )

    def events(self, call: Call, user: str, folder: str = "") -> Answer:
        """events/delta, undocumented on v1.0 but present: singles and masters, no window."""
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, CALENDARS, folder) if folder else self.store.default(mailbox, CALENDARS)
        if "extendedproperties" in option(call, "expand").lower():
            raise GraphError(500, "InternalServerError")
        self._refuse(call, "Events", ("filter", "orderby", "search", *self._top()))
        return self._plain(call, mailbox, home, "events", expand=False)

    def contacts(self, call: Call, user: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, CONTACTS, folder) if folder else self.store.default(mailbox, CONTACTS)
        self._refuse(call, "Contacts", ("filter", "orderby", "search", *self._top()))
        return self._plain(call, mailbox, home, "contacts", expand=self.store.switches["contact_delta_expand"])

    def tasks(self, call: Call, user: str, folder: str) -> Answer:
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, LISTS, folder)
        return self._plain(call, mailbox, home, "tasks", expand=self.store.switches["todo_delta_expand"])

    def _plain(self, call: Call, mailbox: Mailbox, home: Folder, kind: str, *, expand: bool) -> Answer:
        options = {n: option(call, n) for n in ("select", "expand") if option(call, n)}
        query = Query(kind=kind, mailbox=mailbox.id, folder=home.id, options=options)

        def units(seq: int | None, _: Query) -> list[Unit]:
            return plain_units(mailbox, home, seq, moved_back_stays=self.store.switches["moved_back_stays_removed"])

        def write(entry: Entry, carried: dict[str, str]) -> Any:
            asked = Call(method="GET", segments=[], query={f"${k}": v for k, v in carried.items()}, headers={})
            return self._entry(call, mailbox, home, entry, shape(asked, use_expand=expand), _TYPES[kind])

        return self.tenant.deltas.answer(call, query, f"Collection({_TYPES[kind]})", units, write)

    def _entry(self, call: Call, mailbox: Mailbox, home: Folder, entry: Entry, wanted: Shape, type_name: str) -> Any:
        """One row; what has left the folder since the round began comes as removed."""
        what, key, extra = entry
        item: Item | None = home.items.get(key)
        immutable = call.prefer.immutable and (type_name != "todoTask" or self.store.switches["todo_immutable_ids"])
        if what == "gone_occurrence":
            series = mailbox.index.get(key)
            return self._removed(type_name, occurrence_id(key if immutable or series is None else series.rest_id, extra))
        if what == "gone" or item is None:
            if what == "occurrence":
                return None
            other = item or mailbox.index.get(key)
            return self._removed(type_name, key if immutable else extra or (other.rest_id if other else key))
        if what == "occurrence":
            if not item.is_series or extra in item.cancelled:
                return None
            one = item.exceptions.get(extra) or occurrence(item, date.fromisoformat(extra))
            if extra not in item.exceptions:
                return self.render.skeleton(one, call.prefer)
            return {"@odata.type": "#microsoft.graph.event", **self.render.full(one, call.prefer)}
        return self.render.raw(item, call.prefer, wanted, type_name)

    def _removed(self, type_name: str, key: str) -> dict[str, Any] | None:
        """Its tombstone; none where deletions are missing."""
        if self.store.switches["delta_misses_deletions"]:
            return None
        reason = self.store.switches["removed_reason"]
        return {"@odata.type": f"#microsoft.graph.{type_name}", "id": key, "@removed": {"reason": reason}}

    def containers(self, call: Call, user: str, kind: str) -> Answer:
        """Delta over contact folders or To Do lists."""
        mailbox = self.store.mailbox(user)
        query = Query(kind="lists" if kind == LISTS else "folders", mailbox=mailbox.id, folder=kind)

        def units(seq: int | None, _: Query) -> list[Unit]:
            if seq is None:
                found = [f for f in mailbox.of_kind(kind) if f.well_known != "contacts"]
                return [[("item", f.id, "")] for f in found]
            lines = changes_since(mailbox.folder_log, seq)
            alive = [[("item", k, "")] for k in lines if k in mailbox.folders and mailbox.folders[k].kind == kind]
            return [*alive, *[[("gone", k, k)] for k, line in lines.items() if line.gone == kind]]

        def write(entry: Entry, _: dict[str, str]) -> Any:
            folder = mailbox.folders.get(entry[1])
            return self.folders.row(mailbox, folder) if folder else self._removed(_FOLDER_TYPES[kind], entry[1])

        return self.tenant.deltas.answer(call, query, f"Collection({_FOLDER_TYPES[kind]})", units, write)
