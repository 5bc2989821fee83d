"""What a person does in Outlook, by REST; written against Graph's documentation, sharing nothing with the product."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from tests.system.servers import Servers

Json = dict[str, Any]
ZONE = "Europe/Paris"
PERSONS = "StringArray {00062008-0000-0000-c000-000000000046} Id 0x853a"
COMPANIES = "StringArray {00062008-0000-0000-c000-000000000046} Id 0x8539"
SENSITIVITY = "Integer 0x36"
FAX = "String 0x3A24"
_MULTI = f"multiValueExtendedProperties($filter=id eq '{PERSONS}' or id eq '{COMPANIES}')"
_TEXT = 'IdType="ImmutableId", outlook.body-content-type="text"'


def stop(when: str, zone: str = ZONE) -> Json:
    """Graph's dateTimeTimeZone of a wall time `YYYY-MM-DDTHH:MM`."""
    return {"dateTime": f"{when}:00", "timeZone": zone}


def day(when: date | str) -> Json:
    """Graph's dateTimeTimeZone of a date, as To Do and all-day events want it."""
    return {"dateTime": f"{when}T00:00:00", "timeZone": ZONE}


def attendee(address: str, name: str = "") -> Json:
    """A required attendee."""
    return {"type": "required", "emailAddress": {"address": address, "name": name or address}}


def persons(*names: str) -> Json:
    """The linked contacts of an event (K), as Outlook keeps them."""
    return {"id": PERSONS, "value": list(names)}


@dataclass(slots=True)
class Outlook:
    """One person's mailbox. Ids are immutable ids."""

    servers: Servers
    address: str
    http: httpx.Client = field(init=False)
    _list: str = ""

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=f"{self.servers.graph}/v1.0/users/{self.address}",
            headers={"Authorization": "Bearer emulator", "Prefer": _TEXT},
            timeout=60,
            verify=False,  # no TLS here, and loading the authorities costs more than a request
        )

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """A request that must succeed; its JSON."""
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def rows(self, path: str) -> list[Json]:
        """All rows of a collection."""
        page = self.ok("GET", path)
        found: list[Json] = page["value"]
        while "@odata.nextLink" in page:
            page = self.http.get(page["@odata.nextLink"]).json()
            found += page["value"]
        return found

    def act(self, action: str, key: str, **more: Any) -> Json:
        """What Graph has no call for: move, copy, restore, delete_folder … (FIDELITY.md)."""
        body = {"mailbox": self.address, "action": action, "id": key, **more}
        done: Json = self.servers.control("POST", "user-actions", body)
        return done

    # ---------------------------------------------------------------------------------------------- events

    def new_event(self, subject: str, start: str, end: str = "", *, zone: str = ZONE, **more: Any) -> Json:
        """An event from wall time `start` to `end` (an hour when blank)."""
        if not end:
            end = (datetime.fromisoformat(start) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
        body = {"subject": subject, "start": stop(start, zone), "end": stop(end, zone), **more}
        made: Json = self.ok("POST", "/events", body)
        return made

    def event(self, key: str) -> Json | None:
        """The event with text body and linked persons; None when it is in no calendar any more. `persons` and
        `companies` are added as lists."""
        answer = self.http.get(f"/events/{key}", params={"$expand": _MULTI})
        if answer.status_code == 404 or self.http.get(f"/events/{key}/calendar").status_code == 404:
            return None
        return _with_people(answer.json())

    def events(self) -> list[Json]:
        """All events of the default calendar, masters for series."""
        return [_with_people(row) for row in self.rows(f"/events?$top=200&$expand={_MULTI}")]

    def occurrences(self, first: str, last: str) -> list[Json]:
        """What the calendar shows between two dates."""
        return self.rows(f"/calendarView?startDateTime={first}T00:00:00Z&endDateTime={last}T00:00:00Z&$top=500")

    def change_event(self, key: str, **fields: Any) -> Json:
        """Edit an event."""
        changed: Json = self.ok("PATCH", f"/events/{key}", fields)
        return changed

    def delete_event(self, key: str) -> None:
        """Delete as Graph does: to Deleted Items."""
        self.ok("DELETE", f"/events/{key}")

    # ----------------------------------------------------------------------------------------------- tasks

    @property
    def default_list(self) -> str:
        """The id of the default To Do list."""
        rows = self.rows("/todo/lists")
        return str(next(row["id"] for row in rows if row["wellknownListName"] == "defaultList"))

    def new_task(self, title: str, *, into: str = "", **more: Any) -> Json:
        """A task in the default list."""
        made: Json = self.ok("POST", f"/todo/lists/{into or self.default_list}/tasks", {"title": title, **more})
        return made

    def tasks(self, within: str = "") -> list[Json]:
        """All tasks of a list, with their linked resources."""
        return self.rows(f"/todo/lists/{within or self.default_list}/tasks?$top=200&$expand=linkedResources")

    def task(self, key: str, within: str = "") -> Json | None:
        """One task with its linked resources."""
        return next((row for row in self.tasks(within) if row["id"] == key), None)

    def change_task(self, key: str, within: str = "", **fields: Any) -> Json:
        """Edit a task."""
        changed: Json = self.ok("PATCH", f"/todo/lists/{within or self.default_list}/tasks/{key}", fields)
        return changed

    def link_contact(self, task: str, name: str, external: str = "") -> None:
        """Add a contact to a task, as a linkedResource of the application "Contact" (K)."""
        body = {"applicationName": "Contact", "displayName": name, "externalId": external}
        self.ok("POST", f"/todo/lists/{self.default_list}/tasks/{task}/linkedResources", body)

    def delete_task(self, key: str, within: str = "") -> None:
        """Delete a task."""
        self.ok("DELETE", f"/todo/lists/{within or self.default_list}/tasks/{key}")

    # -------------------------------------------------------------------------------------------- contacts

    def new_contact(self, surname: str, given: str = "", **more: Any) -> Json:
        """A contact in the default folder."""
        made: Json = self.ok("POST", "/contacts", {"surname": surname, "givenName": given, **more})
        return made

    def contacts(self) -> list[Json]:
        """All contacts of the default folder; `fax` is added."""
        expand = f"singleValueExtendedProperties($filter=id eq '{FAX}')"
        rows = self.rows(f"/contacts?$top=200&$expand={expand}")
        for row in rows:
            row["fax"] = next((p["value"] for p in row.get("singleValueExtendedProperties", [])), "")
        return rows

    def contact(self, key: str) -> Json | None:
        """One contact, if it is in the default folder."""
        return next((row for row in self.contacts() if row["id"] == key), None)

    def change_contact(self, key: str, **fields: Any) -> Json:
        """Edit a contact."""
        changed: Json = self.ok("PATCH", f"/contacts/{key}", fields)
        return changed

    def delete_contact(self, key: str) -> None:
        """Delete a contact: to Deleted Items."""
        self.ok("DELETE", f"/contacts/{key}")

    # --------------------------------------------------------------------------------------------- folders

    def new_calendar(self, name: str) -> str:
        """A further calendar; its id."""
        return str(self.ok("POST", "/calendars", {"name": name})["id"])

    def new_contact_folder(self, name: str) -> str:
        """A further contact folder; its id."""
        return str(self.ok("POST", "/contactFolders", {"displayName": name})["id"])

    def new_list(self, name: str) -> str:
        """A further To Do list; its id."""
        return str(self.ok("POST", "/todo/lists", {"displayName": name})["id"])


def _with_people(row: Json) -> Json:
    found = {p["id"].casefold(): p["value"] for p in row.get("multiValueExtendedProperties", [])}
    return {**row, "persons": found.get(PERSONS.casefold(), []), "companies": found.get(COMPANIES.casefold(), [])}


def text(item: Json) -> str:
    """The body as a person reads it, LF only, without blanks at the ends."""
    body = item.get("body") or {}
    content = str(body.get("content") or "")
    if str(body.get("contentType", "")).lower() == "html":
        content = re.sub(r"(?i)<br\s*/?>|</p>|</div>", "\n", content)
        content = re.sub(r"<[^>]+>", "", content)
    return content.replace("\r\n", "\n").strip()


def below_details(item: Json) -> str:
    """The body without the block of details that the sync puts above it (C7)."""
    return re.sub(r"(?s)^-+ Sage X3 -+\n.*?-+ / Sage X3 -+\n?", "", text(item)).strip()
