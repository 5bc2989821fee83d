"""Forced synchronisation where the worker's clock and Microsoft's differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.system.servers import Servers
from tests.worker.fleet import app, broker, clock_of, enable, servers, settings, valkey
from worker import desk
from worker.bootstrap import Application

__all__ = ["app", "broker", "servers", "settings", "valkey"]


async def new_event(app: Application, subject: str, days: int) -> None:
    """An event of Alice's, an hour long."""
    start = datetime.now(UTC) + timedelta(days=days)
    span = {"start": start, "end": start + timedelta(hours=1)}
    body = {name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for name, at in span.items()}
    async with httpx.AsyncClient(headers={"Authorization": "Bearer emulator"}) as http:
        url = f"{app.settings.graph.base_url}/users/rep1@contoso.example/events"
        answer = await http.post(url, json={"subject": subject, **body})
    assert answer.is_success, answer.text


@pytest.mark.parametrize("ahead", [300, -300])
async def test_f2_the_last_pass_counts_by_outlooks_clock(app: Application, servers: Servers, ahead: float) -> None:
    await new_event(app, "Early", -90)
    servers.advance(2)  # Graph tells its clock in whole seconds
    clock_of(app).pass_by(ahead)
    user = await enable(app, 1)
    await new_event(app, "Late", -90)
    user = desk.find_user(app, user.x3_user)
    report = await desk.pass_or_pause(app, user, cause="forced", forced=desk.forced_of(app, user, "outlook"))
    assert report.counts["appointment"]["x3"]["created"] == 1
