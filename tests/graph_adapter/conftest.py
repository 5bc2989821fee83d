"""The emulator as its own process, and one user's mailbox in it. The owner of the mailbox comes in by plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from graph_adapter.client import Graph
from graph_adapter.connection import GraphConnection
from graph_adapter.mailbox import Mailbox, MailboxScope
from reconcile.model import Born, ItemType, Kind, Marker
from reconcile.port import Ref, Stream
from tests.emulators.conftest import running
from tests.strategies import NOW, WINDOW

ADDRESS = "rep1@contoso.example"
HEADERS = {"Authorization": "Bearer emulator", "Prefer": 'IdType="ImmutableId"'}
FP = "fp1"


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of Graph's emulator."""
    with running() as emulators:
        yield emulators.graph


class Box:
    """A freshly seeded mailbox: our endpoint, and its owner's hands."""

    def __init__(self, root: str, graph: Graph, http: httpx.AsyncClient, mailbox: str, folders: dict[Kind, str]) -> None:
        self.root = root
        self.graph = graph
        self.http = http
        self.folders = folders
        managed = {kind: (folder,) for kind, folder in folders.items()}
        self.scope = MailboxScope(mailbox=mailbox, fp=FP, folders=managed, window=WINDOW, zone="Europe/Paris")
        self.endpoint = Mailbox(graph, self.scope)

    def scoped(self, **changes: Any) -> Mailbox:
        """An endpoint whose scope differs."""
        return Mailbox(self.graph, replace(self.scope, **changes))

    def stream(self, kind: Kind) -> Stream:
        return Stream(kind=kind, folder=self.folders[kind])

    def ref(self, kind: Kind, key: str, **more: Any) -> Ref:
        return Ref(key=key, kind=kind, folder=self.folders[kind], **more)

    def marker(self, item_type: ItemType, key: str = "K1") -> Marker:
        return Marker(fp=FP, mailbox=self.scope.mailbox, type=item_type, x3_key=key, born=Born.CREATED)

    async def owner(self, method: str, path: str, body: Any = None) -> Any:
        """What the owner does; the JSON answered."""
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def control(self, path: str, body: Any, method: str = "POST") -> Any:
        """The emulator's control plane."""
        answer = await self.http.request(method, f"{self.root}/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def act(self, action: str, key: str, **more: Any) -> Any:
        """What people do in Outlook and Graph has no call for."""
        return await self.control("user-actions", {"mailbox": ADDRESS, "action": action, "id": key, **more})

    async def fault(self, action: str, *, method: str = "", path: str = "", **more: Any) -> None:
        match = {k: v for k, v in (("method", method), ("path", path)) if v}
        await self.control("faults", {"match": match, "times": 1, "action": action, **more})

    async def new_event(self, **more: Any) -> str:
        """An event the owner makes; its id."""
        body = {
            "subject": "Visit",
            "start": {"dateTime": "2026-03-10T09:00:00", "timeZone": "Europe/Paris"},
            "end": {"dateTime": "2026-03-10T10:00:00", "timeZone": "Europe/Paris"},
            **more,
        }
        return str((await self.owner("POST", f"calendars/{self.folders[Kind.EVENT]}/events", body))["id"])

    async def new_contact(self, **more: Any) -> str:
        body = {"givenName": "Ada", "surname": "Byron", **more}
        return str((await self.owner("POST", f"contactFolders/{self.folders[Kind.CONTACT]}/contacts", body))["id"])

    async def new_task(self, **more: Any) -> str:
        body = {"title": "Call back", **more}
        return str((await self.owner("POST", f"todo/lists/{self.folders[Kind.TASK]}/tasks", body))["id"])

    def weekly(self, count: int = 4) -> dict[str, Any]:
        """A recurrence from 10 March 2026 on."""
        return {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
            "range": {"type": "numbered", "startDate": "2026-03-10", "numberOfOccurrences": count},
        }


@pytest.fixture
async def box(emulator: str) -> AsyncIterator[Box]:
    """A mailbox of an emulator seeded anew, at the strategies' time."""
    root = f"{emulator}/v1.0/users/{ADDRESS}/"
    async with httpx.AsyncClient(base_url=root, headers=HEADERS, timeout=30) as http:
        (await http.post(f"{emulator}/_emulator/reset", json={"seed": "empty"})).raise_for_status()
        (await http.post(f"{emulator}/_emulator/clock", json={"now": NOW.isoformat()})).raise_for_status()
        switches = await http.get(f"{emulator}/_emulator/switches")
        lists = (await http.get("todo/lists")).json()["value"]
        folders = {
            Kind.CONTACT: (await http.get("contactFolders/contacts")).json()["id"],
            Kind.EVENT: (await http.get("calendar")).json()["id"],
            Kind.TASK: next(entry["id"] for entry in lists if entry["wellknownListName"] == "defaultList"),
        }
        mailbox = (await http.get("")).json()["id"]
        graph = Graph.connect(GraphConnection(base_url=f"{emulator}/v1.0", static_token="emulator"))
        try:
            yield Box(emulator, graph, http, mailbox, folders)
        finally:
            await graph.aclose()
            await http.post(f"{emulator}/_emulator/switches", json=switches.json())
