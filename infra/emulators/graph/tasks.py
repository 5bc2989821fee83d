"""To Do tasks and their linked resources (docs: resources/todotask, linkedresource). To Do ignores IdType and zones."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta
from typing import Any

from infra.emulators.graph import recurrence, zones
from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, invalid, not_found
from infra.emulators.graph.eventdata import moment
from infra.emulators.graph.model import LISTS, TASK, Item, Mailbox
from infra.emulators.graph.odata import listing, shape
from infra.emulators.graph.schema import check_members
from infra.emulators.graph.tenant import Tenant

ENUMS = {
    "status": ("notStarted", "inProgress", "completed", "waitingOnOthers", "deferred"),
    "importance": ("low", "normal", "high"),
}
_DAYS = ("startDateTime", "dueDateTime", "completedDateTime")
_READ_ONLY = frozenset(
    ["id", "createdDateTime", "lastModifiedDateTime", "bodyLastModifiedDateTime", "hasAttachments", "attachments"]
)
TITLE_LENGTH = 255


def defaults(now: datetime) -> dict[str, Any]:
    """A new task."""
    return {
        "importance": "normal",
        "isReminderOn": False,
        "status": "notStarted",
        "title": "",
        "categories": [],
        "body": {"content": "", "contentType": "text"},
        "bodyLastModifiedDateTime": zones.stamp(now),
        "recurrence": None,
        "startDateTime": None,
        "dueDateTime": None,
        "completedDateTime": None,
        "reminderDateTime": None,
    }


def apply(item: Item, body: dict[str, Any], now: datetime, *, via_utc: bool) -> bool:
    """Write the members of `body` into the task. True when it has just become completed."""
    check_members("todoTask", body)
    data = item.data
    was_done = data["status"] == "completed"
    for name, allowed in ENUMS.items():
        if name in body and body[name] not in allowed:
            raise invalid(f"Requested value '{body[name]}' was not found.", "invalidRequest")
    for name, value in body.items():
        if (
            name in _READ_ONLY
            or "@" in name
            or name in ("linkedResources", "checklistItems", "extensions", "completedDateTime")
        ):
            continue
        match name:
            case "title":
                if not str(value or "").strip() or len(str(value)) > TITLE_LENGTH:
                    raise invalid("The title is empty or longer than 255 characters.", "invalidRequest")
                data["title"] = str(value)
            case "startDateTime" | "dueDateTime":
                data[name] = _day(value, name, via_utc=via_utc)
            case "reminderDateTime":
                data[name] = {"dateTime": zones.wall(moment(value, name), "UTC"), "timeZone": "UTC"} if value else None
                data["isReminderOn"] = bool(body.get("isReminderOn", bool(value)))
            case "body":
                value = value or {}
                data["body"] = {
                    "content": str(value.get("content") or ""),
                    "contentType": value.get("contentType") or "text",
                }
                data["bodyLastModifiedDateTime"] = zones.stamp(now)
            case "recurrence":
                first = date.fromisoformat((data["dueDateTime"] or {"dateTime": now.isoformat()})["dateTime"][:10])
                data["recurrence"] = recurrence.check(value, first) if value else None
            case "categories":
                data["categories"] = [str(c) for c in value or []]
            case _:
                data[name] = value
    done = data["status"] == "completed"
    if done and not was_done:
        given = _day(body.get("completedDateTime"), "completedDateTime", via_utc=via_utc)
        data["completedDateTime"] = given or {"dateTime": f"{now:%Y-%m-%d}T00:00:00.0000000", "timeZone": "UTC"}
    elif not done:
        data["completedDateTime"] = None
    return done and not was_done


def _day(value: Any, name: str, *, via_utc: bool) -> dict[str, str] | None:
    """To Do keeps the date only: a 17:00 due becomes 00:00 (O365-HomeAssistant#93)."""
    if not value:
        return None
    when = moment(value, name)
    text = zones.wall(when, "UTC") if via_utc else zones.wall(when, str(value.get("timeZone") or "UTC"))
    return {"dateTime": f"{text[:10]}T00:00:00.0000000", "timeZone": "UTC"}


class Tasks:
    """Handlers below /users/{user}/todo/lists/{list}/tasks."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store
        self.render = tenant.render

    def mount(self, router: Router) -> None:
        tasks = "users/{user}/todo/lists/{list_id}/tasks"
        router.add("GET", tasks, self.collection)
        router.add("POST", tasks, self.create)
        router.add("GET", f"{tasks}/{{task}}", self.get)
        router.add("PATCH", f"{tasks}/{{task}}", self.change)
        router.add("DELETE", f"{tasks}/{{task}}", self.delete)
        for name in ("linkedResources", "checklistItems"):
            router.add("GET", f"{tasks}/{{task}}/{name}", self.parts)
            router.add("POST", f"{tasks}/{{task}}/{name}", self.add_part)
            router.add("GET", f"{tasks}/{{task}}/{name}/{{part}}", self.get_part)
            router.add("PATCH", f"{tasks}/{{task}}/{name}/{{part}}", self.change_part)
            router.add("DELETE", f"{tasks}/{{task}}/{name}/{{part}}", self.delete_part)
        self.tenant.extensions.mount(router, f"{tasks}/{{task}}", lambda m, ids: self.find(m, ids["list_id"], ids["task"]))

    def find(self, mailbox: Mailbox, list_id: str, task: str) -> Item:
        """A task of that list: 404 of the list has its own code, the task's is a switch."""
        home = self.store.folder(mailbox, LISTS, list_id)
        item = self.store.find(mailbox, TASK, task)
        if item.folder != home.id:
            raise not_found(self.store.switches["todo_not_found_code"])
        return item

    def collection(self, call: Call, user: str, list_id: str) -> Answer:
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, LISTS, list_id)
        wanted = shape(call)
        return listing(
            call,
            f"users('{mailbox.id}')/todo/lists('{home.id}')/tasks",
            list(home.items.values()),
            lambda i: self.render.filterable(i, call.prefer),
            lambda i: self.render.raw(i, call.prefer, wanted),
        )

    def get(self, call: Call, user: str, list_id: str, task: str) -> Answer:
        mailbox = self.store.mailbox(user)
        return self.tenant.one(call, mailbox, self.find(mailbox, list_id, task), "todo/lists/tasks")

    def create(self, call: Call, user: str, list_id: str) -> Answer:
        mailbox = self.store.mailbox(user)
        home = self.store.folder(mailbox, LISTS, list_id)
        body = call.json_object()
        now = self.store.clock.now()
        if not body.get("title"):
            raise invalid("A task needs a title.", "invalidRequest")
        item = self.store.new_item(mailbox, TASK, home, defaults(now))
        apply(item, body, now, via_utc=self.store.switches["todo_dates_via_utc"])
        item.linked = [self._part("linkedResources", p) for p in body.get("linkedResources") or []]
        item.checklist = [self._part("checklistItems", p) for p in body.get("checklistItems") or []]
        self.tenant.extensions.inline(item, body)
        self.store.insert(mailbox, item)
        return self.tenant.written(call, mailbox, item, "todo/lists/tasks", 201)

    def change(self, call: Call, user: str, list_id: str, task: str) -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, list_id, task)
        body = call.json_object()
        self.tenant.check_match(call, item)
        kept = copy.deepcopy(item.data)
        try:
            completed = apply(item, body, self.store.clock.now(), via_utc=self.store.switches["todo_dates_via_utc"])
        except GraphError:
            item.data = kept
            raise
        self.store.touch(mailbox, item)
        if completed and item.data["recurrence"]:
            self._spawn(mailbox, item)
        return self.tenant.written(call, mailbox, item, "todo/lists/tasks", 200)

    def delete(self, call: Call, user: str, list_id: str, task: str) -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, list_id, task)
        self.tenant.check_match(call, item)
        self.store.soft_delete(mailbox, item)
        return Answer(204)

    def _spawn(self, mailbox: Mailbox, item: Item) -> None:
        """Completing a recurring task makes the next one; the completed one recurs no more."""
        due = date.fromisoformat((item.data["dueDateTime"] or item.data["completedDateTime"])["dateTime"][:10])
        following = next((d for d in recurrence.dates(item.data["recurrence"]) if d > due), None)
        if following is None:
            return
        data = copy.deepcopy(item.data)
        shift = following - due
        for name in ("startDateTime", "dueDateTime", "reminderDateTime"):
            if data[name]:
                old = data[name]["dateTime"]
                moved = date.fromisoformat(old[:10]) + timedelta(days=shift.days)
                data[name]["dateTime"] = moved.isoformat() + old[10:]
        data.update({"status": "notStarted", "completedDateTime": None})
        item.data["recurrence"] = None
        made = self.store.new_item(mailbox, TASK, mailbox.folders[item.folder], data)
        if self.store.switches["spawned_task_keeps_links"]:
            made.linked = [{**link, "id": self.store.ids.guid()} for link in item.linked]
        self.store.insert(mailbox, made)

    # -- linked resources and checklist items ----------------------------------------------------------------------

    def _part(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        check_members("linkedResource" if name == "linkedResources" else "checklistItem", body)
        made: dict[str, Any] = {k: v for k, v in body.items() if "@" not in k}
        if name == "linkedResources":
            made = {"webUrl": None, "applicationName": None, "displayName": None, "externalId": None, **made}
        else:
            made = {"displayName": "", "isChecked": False, "createdDateTime": zones.stamp(self.store.clock.now()), **made}
        made["id"] = self.store.ids.guid()
        return made

    def _parts(self, call: Call, user: str, list_id: str, task: str) -> tuple[Mailbox, Item, str, list[dict[str, Any]]]:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, list_id, task)
        name = "linkedResources" if call.segments[7].lower() == "linkedresources" else "checklistItems"
        return mailbox, item, name, item.linked if name == "linkedResources" else item.checklist

    def parts(self, call: Call, user: str, list_id: str, task: str) -> Answer:
        return Answer(200, {"value": list(self._parts(call, user, list_id, task)[3])})

    def add_part(self, call: Call, user: str, list_id: str, task: str) -> Answer:
        mailbox, item, name, rows = self._parts(call, user, list_id, task)
        made = self._part(name, call.json_object())
        rows.append(made)
        self._part_written(mailbox, item)
        return Answer(201, dict(made))

    def get_part(self, call: Call, user: str, list_id: str, task: str, part: str) -> Answer:
        return Answer(200, dict(self._one(self._parts(call, user, list_id, task)[3], part)))

    def change_part(self, call: Call, user: str, list_id: str, task: str, part: str) -> Answer:
        mailbox, item, name, rows = self._parts(call, user, list_id, task)
        found = self._one(rows, part)
        body = call.json_object()
        check_members("linkedResource" if name == "linkedResources" else "checklistItem", body)
        found.update({k: v for k, v in body.items() if "@" not in k and k != "id"})
        self._part_written(mailbox, item)
        return Answer(200, dict(found))

    def delete_part(self, call: Call, user: str, list_id: str, task: str, part: str) -> Answer:
        mailbox, item, _, rows = self._parts(call, user, list_id, task)
        rows.remove(self._one(rows, part))
        self._part_written(mailbox, item)
        return Answer(204)

    def _one(self, rows: list[dict[str, Any]], part: str) -> dict[str, Any]:
        found: dict[str, Any] | None = next((r for r in rows if r["id"] == part), None)
        if found is None:
            raise not_found(self.store.switches["todo_not_found_code"])
        return found

    def _part_written(self, mailbox: Mailbox, item: Item) -> None:
        self.store.touch(mailbox, item)
        self.store.bump(mailbox, item)
