"""A client of the emulated Graph, and small builders of bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.emulators.conftest import Emulators

Json = dict[str, Any]
MARKER = "String {6f0e6a1c-2f0b-4d6c-9a33-3a9e5f2f5a10} Name X3Key"
REP1, REP2, REP3 = (f"rep{n}@contoso.example" for n in (1, 2, 3))
WINDOW = "startDateTime=2026-06-01T00:00:00Z&endDateTime=2026-07-01T00:00:00Z"


class Graph:
    """Requests as one mailbox's worker sends them, with immutable ids unless told otherwise."""

    def __init__(self, emulators: Emulators, mailbox: str = REP1) -> None:
        self.emulators = emulators
        self.control = emulators.control
        self.client = httpx.Client(
            base_url=f"{emulators.graph}/v1.0",
            headers={"Authorization": "Bearer emulator", "Prefer": 'IdType="ImmutableId"'},
            timeout=30,
        )
        self.mailbox = mailbox

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Any request; `path` may be a whole link."""
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.request(method, path, json=body, headers=names)

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request below the mailbox (or a link) that must succeed; its JSON."""
        where = path if path.startswith("http") else f"/users/{self.mailbox}{path}"
        answer = self.send(method, where, body, **headers)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def error(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """A request that must fail: status and error code."""
        where = path if path.startswith(("http", "/users", "/subscriptions", "/$batch")) else f"/users/{self.mailbox}{path}"
        answer = self.send(method, where, body, **headers)
        assert not answer.is_success, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    def event(self, subject: str = "Visit", day: int = 10, **more: Any) -> Json:
        """A new event of one hour on that day of June 2026."""
        made: Json = self.ok("POST", "/events", event_body(subject, day, **more))
        return made

    def contact(self, **fields: Any) -> Json:
        made: Json = self.ok("POST", "/contacts", {"givenName": "Élodie", "surname": "Dupré", **fields})
        return made

    def list_id(self) -> str:
        lists = self.ok("GET", "/todo/lists")["value"]
        return str(next(x["id"] for x in lists if x["wellknownListName"] == "defaultList"))

    def task(self, title: str = "Call back", **fields: Any) -> Json:
        made: Json = self.ok("POST", f"/todo/lists/{self.list_id()}/tasks", {"title": title, **fields})
        return made

    def round(self, path: str, **headers: str) -> tuple[list[Json], str]:
        """Follow a delta to its deltaLink: every row of every page."""
        rows, _, link = self.pages(path, **headers)
        return rows, link

    def pages(self, path: str, **headers: str) -> tuple[list[Json], list[int], str]:
        """The same with the number of rows on each page."""
        rows: list[Json] = []
        sizes: list[int] = []
        page = self.ok("GET", path, **headers)
        while True:
            rows += page["value"]
            sizes.append(len(page["value"]))
            assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
            if "@odata.deltaLink" in page:
                return rows, sizes, page["@odata.deltaLink"]
            page = self.ok("GET", page["@odata.nextLink"], **headers)

    def switch(self, **values: Any) -> None:
        self.control("POST", "switches", values)

    def fault(self, action: str, **rule: Any) -> None:
        self.control("POST", "faults", {"action": action, **rule})

    def act(self, action: str, **more: Any) -> Json:
        done: Json = self.control("POST", "user-actions", {"mailbox": self.mailbox, "action": action, **more})
        return done

    def stats(self) -> Json:
        figures: Json = self.control("GET", "stats")
        return figures

    def mails(self) -> int:
        return int(self.stats()["attendee_mails"])


def event_body(subject: str = "Visit", day: int = 10, **more: Any) -> Json:
    return {
        "subject": subject,
        "start": {"dateTime": f"2026-06-{day:02}T09:00:00", "timeZone": "Romance Standard Time"},
        "end": {"dateTime": f"2026-06-{day:02}T10:00:00", "timeZone": "Romance Standard Time"},
        **more,
    }


def weekly(start: str = "2026-06-02", count: int = 4) -> Json:
    """A weekly Tuesday series."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        "range": {"type": "numbered", "startDate": start, "numberOfOccurrences": count},
    }


def attendee(address: str) -> Json:
    return {"type": "required", "emailAddress": {"address": address, "name": address}}


def marked(value: str) -> Json:
    return {"singleValueExtendedProperties": [{"id": MARKER, "value": value}]}


def ids(rows: list[Json]) -> set[str]:
    return {r["id"] for r in rows}


def removed(rows: list[Json]) -> set[str]:
    return {r["id"] for r in rows if "@removed" in r}


@pytest.fixture
def graph(emulators: Emulators) -> Iterator[Graph]:
    """A freshly seeded, empty tenant."""
    emulators.control("POST", "reset", {"seed": "empty"})
    client = Graph(emulators)
    yield client
    client.client.close()


@pytest.fixture
def other(graph: Graph) -> Callable[[str], Graph]:
    """Clients of other mailboxes of the same tenant."""
    return lambda address: Graph(graph.emulators, address)
