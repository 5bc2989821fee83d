"""The contract over `graph_adapter.Mailbox` and the Graph emulator; the mailbox's owner comes in by plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from graph_adapter.client import Graph
from graph_adapter.connection import GraphConnection
from graph_adapter.mailbox import Mailbox
from graph_adapter.scope import MailboxScope
from reconcile.actions import Create
from reconcile.model import Content, ItemType, Kind, Side
from reconcile.port import Stream
from tests.contract.cases import StepMaker
from tests.emulators.conftest import Emulators
from tests.strategies import NOW, WINDOW

ADDRESS = "rep1@contoso.example"
HEADERS = {"Authorization": "Bearer emulator", "Prefer": 'IdType="ImmutableId"'}
# The property that holds the type's TEXT_FIELD.
PROPERTIES = {
    ItemType.CONTACT: "jobTitle",
    ItemType.TASK: "title",
    ItemType.CALL: "subject",
    ItemType.APPOINTMENT: "subject",
}


class GraphCase:
    """The endpoint of a freshly seeded mailbox with its three default folders."""

    side = Side.OUTLOOK

    def __init__(self, running: Emulators, graph: Graph, http: httpx.AsyncClient, ids: dict[str, Any]) -> None:
        self._folders: dict[Kind, str] = ids["folders"]
        folders = {kind: (folder,) for kind, folder in self._folders.items()}
        scope = MailboxScope(mailbox=ids["mailbox"], fp="fp1", folders=folders, window=WINDOW, zone="Europe/Paris")
        self.endpoint = Mailbox(graph, scope)
        self._running = running
        self._http = http
        self._steps = StepMaker(side=Side.OUTLOOK, mailbox=ids["mailbox"], representative="", folders=self._folders)

    def stream(self, item_type: ItemType) -> Stream:
        """See `EndpointCase`."""
        return Stream(kind=item_type.kind, folder=self._folders[item_type.kind])

    def new(self, item_type: ItemType, content: Content) -> Create:
        """See `EndpointCase`."""
        return self._steps.new(item_type, content)

    async def user_writes(self, item_type: ItemType, key: str, text: str) -> None:
        """See `EndpointCase`."""
        answer = await self._http.patch(self._path(item_type.kind, key), json={PROPERTIES[item_type]: text})
        assert answer.status_code == 200, answer.text

    async def user_deletes(self, item_type: ItemType, key: str) -> None:
        """See `EndpointCase`."""
        answer = await self._http.delete(self._path(item_type.kind, key))
        assert answer.status_code == 204, answer.text

    def time_passes(self) -> None:
        """See `EndpointCase`."""
        self._running.control("POST", "clock", {"advance_seconds": 5})

    def _path(self, kind: Kind, key: str) -> str:
        match kind:
            case Kind.CONTACT:
                return f"contacts/{key}"
            case Kind.EVENT:
                return f"events/{key}"
            case Kind.TASK:
                return f"todo/lists/{self._folders[kind]}/tasks/{key}"


async def _ids(http: httpx.AsyncClient) -> dict[str, Any]:
    """The mailbox's object id and its default folders."""

    async def get(path: str) -> dict[str, Any]:
        answer = await http.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    lists = (await get("todo/lists"))["value"]
    folders = {
        Kind.CONTACT: (await get("contactFolders/contacts"))["id"],
        Kind.EVENT: (await get("calendar"))["id"],
        Kind.TASK: next(entry["id"] for entry in lists if entry["wellknownListName"] == "defaultList"),
    }
    return {"mailbox": (await get(""))["id"], "folders": folders}


@asynccontextmanager
async def open_graph(running: Emulators) -> AsyncIterator[GraphCase]:
    """A case over the running emulators, seeded anew and set to the strategies' time."""
    running.control("POST", "reset", {"seed": "empty"})
    running.control("POST", "clock", {"now": NOW.isoformat()})
    graph = Graph.connect(GraphConnection(base_url=f"{running.graph}/v1.0", static_token="emulator"))
    try:
        root = f"{running.graph}/v1.0/users/{ADDRESS}/"
        async with httpx.AsyncClient(base_url=root, headers=HEADERS) as http:
            yield GraphCase(running, graph, http, await _ids(http))
    finally:
        await graph.aclose()
