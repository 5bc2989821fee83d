"""Sending: retries (M7), the dry run's switch (G4), counts, four places a mailbox, credentials."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graph_adapter.batch import gather
from graph_adapter.client import Graph
from graph_adapter.connection import GraphConnection
from graph_adapter.lanes import Lanes
from graph_adapter.mailbox import Mailbox
from graph_adapter.requests import Requests
from reconcile.actions import Delete
from reconcile.model import ItemType, Kind, Present, Side
from reconcile.port import Stop, TryLater
from tests.graph_adapter.conftest import Box


async def present(box: Box, kind: Kind, key: str) -> Present:
    ref = box.ref(kind, key)
    found = (await box.endpoint.read([ref]))[ref]
    assert isinstance(found, Present)
    return found


@pytest.mark.parametrize(
    "connection",
    [
        GraphConnection(static_token="emulator"),
        GraphConnection(base_url="https://graph.example/v1.0", static_token="emulator"),
        GraphConnection(),
        GraphConnection(tenant_id="t", client_id="c", certificate_path="/nowhere.pem"),
    ],
)
def test_an_unusable_credential_stops_at_once(connection: GraphConnection) -> None:
    with pytest.raises(Stop) as caught:
        Graph.connect(connection)
    assert caught.value.mend
    assert caught.value.side is Side.OUTLOOK


async def test_a_wrong_token_stops(box: Box) -> None:
    graph = Graph.connect(GraphConnection(base_url=f"{box.root}/v1.0", static_token="wrong"))
    with pytest.raises(Stop) as caught:
        await Mailbox(graph, box.scope).changes(box.stream(Kind.CONTACT), None)
    assert caught.value.side is Side.OUTLOOK
    await graph.aclose()


async def test_a_server_that_is_not_there_is_tried_later() -> None:
    graph = Graph.connect(GraphConnection(base_url="http://127.0.0.1:9/v1.0", static_token="x"))
    with pytest.raises(TryLater) as caught:
        await graph.send(graph.users.by_user_id("u").to_get_request_information(), "u")
    assert not caught.value.sent
    await graph.aclose()


async def test_g4_a_dry_run_refuses_every_write_in_the_transport(box: Box) -> None:
    key = await box.new_contact()
    seen = await present(box, Kind.CONTACT, key)
    dry = box.graph.view(read_only=True)
    endpoint = Mailbox(dry, box.scope)
    refs = [box.ref(Kind.CONTACT, key), box.ref(Kind.EVENT, await box.new_event())]
    assert all(isinstance(o, Present) for o in (await endpoint.read(refs)).values())  # a $batch of GETs passes
    with pytest.raises(Stop):
        await endpoint.apply(Delete(side=Side.OUTLOOK, type=ItemType.CONTACT, target=seen))
    assert dry.counts().writes == 0
    assert await present(box, Kind.CONTACT, key) == seen


async def test_reads_are_tried_again_and_counted(box: Box) -> None:
    key = await box.new_contact()
    await box.fault("status", path="/contacts/", status=503, retry_after=0, code="ErrorServerBusy")
    view = box.graph.view()
    await Mailbox(view, box.scope).read([box.ref(Kind.CONTACT, key)])
    counts = view.reset_counts()
    assert (counts.requests, counts.parts, counts.writes) == (2, 0, 0)
    assert view.counts().requests == 0


async def test_a_long_wait_is_given_back(box: Box) -> None:
    key = await box.new_contact()
    await box.fault("status", path="/contacts", status=429, retry_after=120, code="ApplicationThrottled")
    with pytest.raises(TryLater) as caught:
        await box.endpoint.changes(box.stream(Kind.CONTACT), None)
    assert caught.value.retry_after == 120
    assert await present(box, Kind.CONTACT, key)


async def test_a_proxys_page_is_tried_later(box: Box) -> None:
    await box.control("faults", {"match": {"path": "/contacts"}, "action": "html_502", "times": 3})
    with pytest.raises(TryLater):
        await box.endpoint.changes(box.stream(Kind.CONTACT), None)


async def test_throttled_parts_of_a_batch_are_sent_again(box: Box) -> None:
    keys = [await box.new_contact(surname=f"S{n}") for n in range(3)]
    await box.fault("status", path=f"/contacts/{keys[1]}", status=429, retry_after=1, code="ApplicationThrottled")
    found = await box.endpoint.read([box.ref(Kind.CONTACT, key) for key in keys])
    assert all(isinstance(o, Present) for o in found.values())


async def test_a_batch_holds_at_most_twenty(box: Box) -> None:
    view = box.graph.view()
    requests = Requests(view, box.scope)
    parts = await gather(view, [requests.folder(k, f) for k, f in box.folders.items()] * 8, box.scope.mailbox)
    assert [part.error for part in parts] == [None] * 24
    assert (view.counts().requests, view.counts().parts) == (2, 24)


async def test_the_pace_is_asked_before_anything_is_sent(box: Box) -> None:
    asked: list[tuple[str, int]] = []

    async def pace(mailbox: str, parts: int) -> None:
        asked.append((mailbox, parts))

    view = box.graph.view(pace=pace)
    requests = Requests(view, box.scope)
    await gather(view, [requests.folder(k, f) for k, f in box.folders.items()], box.scope.mailbox)
    assert asked == [(box.scope.mailbox, 3)]


async def test_four_requests_at_most_are_in_flight(box: Box) -> None:
    await box.control("faults", {"match": {"path": "contactFolders"}, "action": "delay", "seconds": 0.05, "times": 12})
    requests = Requests(box.graph, box.scope)
    infos: list[Any] = [requests.folder(Kind.CONTACT, box.folders[Kind.CONTACT]) for _ in range(12)]
    await asyncio.gather(*(box.graph.send(info, box.scope.mailbox) for info in infos))
    stats = (await box.http.get(f"{box.root}/_emulator/stats")).json()
    assert max(stats["peak_concurrency"].values()) <= 4
    assert stats["throttled"] == 0


async def test_a_batch_is_not_overtaken_for_ever() -> None:
    lane, order = Lanes().of("m"), list[str]()

    async def hold(name: str, places: int) -> None:
        async with lane.hold(places):
            order.append(name)
            await asyncio.sleep(0.01)

    await asyncio.gather(hold("one", 1), hold("batch", 4), hold("late", 1))
    assert order == ["one", "batch", "late"]


async def test_a_cancelled_waiter_gives_its_places_back() -> None:
    lane = Lanes().of("m")
    async with lane.hold(2):
        waiting = asyncio.create_task(lane.hold(4).__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(1), lane.hold(4):
        pass


async def test_a_link_to_another_host_is_not_followed(box: Box) -> None:
    with pytest.raises(Stop):
        box.graph.own("https://elsewhere.example/v1.0/users")
