"""The contract over `x3_adapter.Crm` and the X3 emulator; X3's own users come in by SOAP, without the adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from reconcile.actions import Create
from reconcile.model import Content, ItemType, Kind, Side
from reconcile.port import Stream
from tests.contract.cases import StepMaker
from tests.emulators.conftest import Emulators
from tests.emulators.x3.client import Soap
from tests.strategies import NOW, WINDOW
from x3_adapter import X3, Crm, CrmScope, X3Connection

REPRESENTATIVE = "R001"
ZONE = "Europe/Paris"
# Publication, key and the field that holds the type's TEXT_FIELD.
COLUMNS = {
    ItemType.CONTACT: ("ZCOR", "CORNUM", "FNCLIB"),
    ItemType.TASK: ("ZTSK", "TSKNUM", "FULOBJ"),
    ItemType.CALL: ("ZCLL", "CLLNUM", "FULOBJ"),
    ItemType.APPOINTMENT: ("ZBAP", "APTNUM", "FULOBJ"),
}


class X3Case:
    """REP1's endpoint over a freshly seeded folder."""

    side = Side.X3

    def __init__(self, running: Emulators, x3: X3, http: httpx.AsyncClient) -> None:
        scope = CrmScope(user="REP1", representative=REPRESENTATIVE, zone=ZONE, window=WINDOW)
        self.endpoint = Crm(x3, scope)
        self._running = running
        self._soap = Soap(http)
        folders = dict.fromkeys(Kind, "")
        self._steps = StepMaker(side=Side.X3, mailbox="", representative=REPRESENTATIVE, folders=folders)

    def stream(self, item_type: ItemType) -> Stream:
        """See `EndpointCase`."""
        return Stream(kind=None, folder=REPRESENTATIVE)

    def new(self, item_type: ItemType, content: Content) -> Create:
        """See `EndpointCase`."""
        return self._steps.new(item_type, content)

    async def user_writes(self, item_type: ItemType, key: str, text: str) -> None:
        """See `EndpointCase`."""
        publication, key_name, column = COLUMNS[item_type]
        answer = await self._soap.modify(publication, {key_name: key}, **{column: text})
        assert answer.status == 1, answer.text

    async def user_deletes(self, item_type: ItemType, key: str) -> None:
        """See `EndpointCase`."""
        publication, key_name, _ = COLUMNS[item_type]
        answer = await self._soap.delete(publication, **{key_name: key})
        assert answer.status == 1, answer.text

    def time_passes(self) -> None:
        """See `EndpointCase`."""
        self._running.control("POST", "clock", {"advance_seconds": 5})


@asynccontextmanager
async def open_x3(running: Emulators) -> AsyncIterator[X3Case]:
    """A case over the running emulators, seeded anew and set to the strategies' time."""
    running.control("POST", "reset", {"seed": "empty"})
    running.control("POST", "clock", {"now": NOW.isoformat()})
    x3 = X3.connect(X3Connection(base_url=running.x3, pool="SYNC", user="x3sync", password="x3sync"))
    try:
        async with httpx.AsyncClient(base_url=running.x3, auth=("x3sync", "x3sync")) as http:
            yield X3Case(running, x3, http)
    finally:
        await x3.aclose()
