"""Subscriptions: created, adopted, renewed, ended. The receiver is a plain HTTP server of this test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from graph_adapter.subscriptions import Subscriptions
from reconcile.model import Kind
from tests.graph_adapter.conftest import Box
from tests.strategies import NOW


@pytest.fixture
async def hook() -> AsyncIterator[str]:
    """An address that answers the validation echo."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.query.get("validationToken", ""), content_type="text/plain")

    app = web.Application()
    app.router.add_post("/{name}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_create_adopt_renew_delete(box: Box, hook: str) -> None:
    subscriptions = Subscriptions(box.graph)

    async def create(path: str = "/n") -> str:
        made = await subscriptions.create(
            box.scope.mailbox,
            Kind.EVENT,
            notify=f"{hook}{path}",
            lifecycle=f"{hook}/l",
            client_state="secret",
            now=NOW,
        )
        assert made.expires > NOW
        return made.id

    first = await create()
    assert await create() == first
    assert [s.id for s in await subscriptions.list()] == [first]
    renewed = await subscriptions.renew(first, now=NOW + timedelta(hours=1))
    assert renewed is not None
    assert renewed.expires > NOW + timedelta(days=6)
    moved = await create("/other")
    assert moved != first
    await subscriptions.delete(moved)
    await subscriptions.delete(moved)
    assert await subscriptions.renew(moved, now=NOW) is None
    assert await subscriptions.list() == []
