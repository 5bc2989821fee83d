"""Subscriptions at the Graph emulator, and what they bring to the web service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import uvicorn

from tests.system.servers import Servers
from tests.worker.fleet import Told, app, broker, causes, clock_of, enable, free_port, servers, settings, until, valkey
from worker import subscribe
from worker.bootstrap import Application
from worker.settings import Settings
from worker.web.app import create_app

__all__ = ["app", "broker", "servers", "settings", "valkey"]


async def test_without_a_public_address_nothing_is_subscribed(app: Application) -> None:
    await enable(app, 1)
    assert await subscribe.renew(app) == {"created": 0, "renewed": 0, "refused": 0}


async def test_subscriptions_are_made_kept_and_bring_notifications(servers: Servers, settings: Settings) -> None:
    port = free_port()
    app = Application.open(settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}))
    app.store.upgrade()
    app.clock = Told()
    web = uvicorn.Server(uvicorn.Config(create_app(app), port=port, log_config=None))
    serving = asyncio.create_task(web.serve())
    try:
        user = await enable(app, 1)
        await until(lambda: web.started)
        assert await subscribe.renew(app) == {"created": 2, "renewed": 0, "refused": 0}
        assert await subscribe.renew(app) == {"created": 0, "renewed": 0, "refused": 0}
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        when = {"dateTime": f"{day}T10:00:00", "timeZone": "UTC"}
        async with httpx.AsyncClient(headers={"Authorization": "Bearer emulator"}) as outlook:
            address = f"{servers.graph}/v1.0/users/{user.address}/events"
            answer = await outlook.post(address, json={"subject": "Told by Graph", "start": when, "end": when})
            assert answer.status_code == 201
        await until(lambda: causes(app, user) == [("notification",)])
        _days_pass(servers, app, 6)  # of seven
        assert await subscribe.renew(app) == {"created": 0, "renewed": 2, "refused": 0}
        servers.control("POST", "faults", {"action": "drop_subscriptions"})
        _days_pass(servers, app, 6)
        assert await subscribe.renew(app) == {"created": 2, "renewed": 0, "refused": 0}
    finally:
        web.should_exit = True
        await serving
        await app.aclose()


def _days_pass(servers: Servers, app: Application, days: int) -> None:
    clock_of(app).pass_by(days * 86_400)
    servers.advance(days * 86_400)
