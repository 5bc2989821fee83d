"""Subscriptions: created, adopted, renewed, ended. The receiver is a plain HTTP server of this test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from graph_adapter.subscriptions import Subscribed, Subscriptions
from reconcile.model import Kind
from reconcile.port import Refused
from tests.graph_adapter.conftest import Box
from tests.strategies import NOW


@dataclass
class Hook:
    """An address that answers the validation echo and keeps what it is told."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    one = Hook()

    async def receive(request: web.Request) -> web.Response:
        if "validationToken" in request.query:
            return web.Response(text=request.query["validationToken"], content_type="text/plain")
        one.told += (await request.json())["value"]
        one.heard.set()
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/{name}", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


async def create(box: Box, hook: Hook, notify: str = "/n", lifecycle: str = "/l") -> Subscribed:
    return await Subscriptions(box.graph).create(
        box.scope.mailbox,
        Kind.EVENT,
        notify=f"{hook.url}{notify}",
        lifecycle=f"{hook.url}{lifecycle}",
        client_state="secret",
        now=NOW,
    )


async def test_create_adopt_renew_delete(box: Box, hook: Hook) -> None:
    subscriptions = Subscriptions(box.graph)
    first = await create(box, hook)
    assert first.expires > NOW
    assert not first.adopted
    again = await create(box, hook)
    assert (again.id, again.adopted) == (first.id, True)
    assert [s.id for s in await subscriptions.list()] == [first.id]
    renewed = await subscriptions.renew(first.id, now=NOW + timedelta(hours=1))
    assert renewed is not None
    assert renewed.expires > NOW + timedelta(days=6)
    await subscriptions.delete(first.id)
    await subscriptions.delete(first.id)
    assert await subscriptions.renew(first.id, now=NOW) is None
    assert await subscriptions.list() == []


async def test_where_the_service_allows_less_it_lives_as_long_as_that(box: Box, hook: Hook) -> None:
    await box.control("switches", {"subscription_max_minutes": 4230})
    made = await create(box, hook)
    renewed = await Subscriptions(box.graph).renew(made.id, now=NOW + timedelta(minutes=10))
    assert renewed is not None
    assert timedelta(days=2.5) < made.expires - NOW < renewed.expires - NOW < timedelta(minutes=4230)


async def test_what_notifies_another_address_is_left_alone_and_told(box: Box, hook: Hook) -> None:
    first = await create(box, hook)
    with pytest.raises(Refused, match=f"subscribed for {hook.url}/n already"):
        await create(box, hook, notify="/other")
    assert [s.id for s in await Subscriptions(box.graph).list()] == [first.id]


async def test_one_that_points_to_us_without_our_lifecycle_address_is_made_anew(box: Box, hook: Hook) -> None:
    # Graph lets nobody add or change it later.
    first = await create(box, hook, lifecycle="/old")
    second = await create(box, hook)
    assert (second.id != first.id, second.adopted) == (True, False)
    assert [s.lifecycle_url for s in await Subscriptions(box.graph).list()] == [f"{hook.url}/l"]


async def test_notifications_carry_immutable_ids(box: Box, hook: Hook) -> None:
    await create(box, hook)
    key = await box.new_event()  # the box asks for immutable ids
    await asyncio.wait_for(hook.heard.wait(), 10)
    assert hook.told[0]["resourceData"]["id"] == key
    assert hook.told[0]["clientState"] == "secret"
