"""A person at Outlook: Microsoft Graph over HTTP, as any other client of the mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

CONTACTS_PROPERTY = "StringArray {00062008-0000-0000-C000-000000000046} Id 0x853A"
PRIVATE_PROPERTY = "Integer 0x36"
Row = dict[str, Any]


class Mailbox:
    """One mailbox. Every call raises httpx.HTTPStatusError for an answer that is no success."""

    def __init__(self, http: httpx.Client, address: str) -> None:
        self._http = http
        self.address = address
        self._list = ""

    def _call(self, method: str, path: str, body: Row | None = None, **query: str) -> Row:
        answer = self._http.request(
            method, f"/v1.0/users/{self.address}{path}", json=body, params=query or None,
            headers={"Authorization": "Bearer emulator", "Prefer": 'IdType="ImmutableId"'},
        )  # fmt: skip
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def _rows(self, path: str, **query: str) -> Iterator[Row]:
        page = self._call("GET", path, None, **{"$top": "100", **query})
        while True:
            yield from page["value"]
            following = page.get("@odata.nextLink")
            if not following:
                return
            answer = self._http.get(following, headers={"Authorization": "Bearer emulator"})
            answer.raise_for_status()
            page = answer.json()

    @property
    def tasks_path(self) -> str:
        """Where the default To Do list keeps its tasks."""
        if not self._list:
            rows = self._call("GET", "/todo/lists")["value"]
            self._list = next(row["id"] for row in rows if row["wellknownListName"] == "defaultList")
        return f"/todo/lists/{self._list}/tasks"

    # ------------------------------------------------------------------------------------------- reading

    def tasks(self) -> list[Row]:
        """The default list's tasks, with their linked resources."""
        return list(self._rows(self.tasks_path, **{"$expand": "linkedResources"}))

    def contacts(self) -> list[Row]:
        """The contacts of the default folder, with the property that says whether they are private."""
        expand = f"singleValueExtendedProperties($filter=id eq '{PRIVATE_PROPERTY}')"
        return list(self._rows("/contacts", **{"$expand": expand}))

    def events(self) -> list[Row]:
        """The events of the default calendar."""
        return list(self._rows("/calendar/events"))

    def event(self, event: str) -> Row:
        """One event."""
        return self._call("GET", f"/events/{event}")

    def occurrences(self) -> list[Row]:
        """What stands in the calendar from 30 days ago to 180 days ahead, each occurrence of a series by itself."""
        today = datetime.now(UTC).date()
        first, last = today - timedelta(days=30), today + timedelta(days=180)
        days = {"startDateTime": f"{first}T00:00:00Z", "endDateTime": f"{last}T23:59:59Z"}
        return list(self._rows("/calendar/calendarView", **days))

    def linked_contacts(self, event: str) -> list[str]:
        """The names in Outlook's own list of linked contacts."""
        expand = f"multiValueExtendedProperties($filter=id eq '{CONTACTS_PROPERTY}')"
        row = self._call("GET", f"/events/{event}", None, **{"$expand": expand})
        return [name for one in row.get("multiValueExtendedProperties", []) for name in one["value"]]

    # ------------------------------------------------------------------------------------------- writing

    def add_task(self, title: str, **more: Any) -> Row:
        """A new task."""
        return self._call("POST", self.tasks_path, {"title": title, **more})

    def add_event(self, subject: str, start: str, end: str, zone: str, **more: Any) -> Row:
        """A new event; `start` and `end` are wall times of `zone`."""
        when = {"start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end, "timeZone": zone}}
        return self._call("POST", "/calendar/events", {"subject": subject, **when, **more})

    def add_contact(self, **fields: Any) -> Row:
        """A new contact."""
        return self._call("POST", "/contacts", fields)

    def change_task(self, task: str, **fields: Any) -> Row:
        """Edit a task."""
        return self._call("PATCH", f"{self.tasks_path}/{task}", fields)

    def change_event(self, event: str, **fields: Any) -> Row:
        """Edit an event."""
        return self._call("PATCH", f"/events/{event}", fields)

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self._call("DELETE", f"/events/{event}")

    def delete_contact(self, contact: str) -> None:
        """Delete a contact."""
        self._call("DELETE", f"/contacts/{contact}")


def is_private(contact: Row) -> bool:
    """Whether a contact is marked private in Outlook."""
    return any(one["value"] != "0" for one in contact.get("singleValueExtendedProperties", []))
