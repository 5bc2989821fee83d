"""Forced synchronisation: the worker's clock and Microsoft's differ; slices of it beside ordinary passes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.system.servers import Servers
from tests.worker.fleet import Told, app, broker, causes, clock_of, enable, servers, settings, valkey
from worker import desk
from worker.bootstrap import Application
from worker.rounds import AT_ONCE
from worker.state import passes, problems
from worker.state.users import User
from worker.tasks import force_resync, sync_user

__all__ = ["app", "broker", "servers", "settings", "valkey"]
EVENTS = 3 * AT_ONCE


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
    asked = desk.forced_of(app, user, desk.Request(source="outlook"))
    report = await desk.pass_or_pause(app, user, cause="forced", forced=asked)
    assert report.counts["appointment"]["x3"]["created"] == 1


# -------------------------------------------------------------------------------------------------- slices


class Counted(Told):
    """A clock by which each look at it takes a second, so that a slice ends after as many items on a slow machine."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture
async def asked(app: Application, servers: Servers) -> AsyncIterator[User]:
    """A user for whom many old events are forced, in slices too short for them."""
    app.settings = app.settings.model_copy(update={"slice_seconds": 60.0, "lease_seconds": 100_000.0})
    app.clock = Counted()
    user = await enable(app, 1)
    servers.advance(2)
    for number in range(EVENTS):
        await new_event(app, f"Event {number}", number - 90)
    assert await force_resync.run(app, "REP1", "outlook", types="appointment") == (user.id,)
    yield user
    servers.mend()


def created(app: Application, user: User) -> list[int]:
    """How many records each slice made in X3."""
    with app.store.read() as tx:
        runs = [run for run in passes.latest(tx, user.id, limit=100) if run.cause == "forced"]
    return [run.report["counts"]["appointment"]["x3"]["created"] for run in runs]


async def slices(app: Application, user: User, *causes: str) -> int:
    """Pass by pass to the end, with marks of these causes between; how many there were."""
    for number in range(1, EVENTS):
        if await sync_user.run(app, user.id) == ():
            return number
        if causes:
            desk.mark_dirty(app, [user], *causes)
    raise AssertionError("it does not end")


async def test_f2_f4_slices_keep_the_date_while_ordinary_passes_go_on(app: Application, asked: User) -> None:
    """The default date is the last pass before it was asked for, not one between two slices."""
    assert await slices(app, asked, "poll") > 1
    assert sum(created(app, asked)) == EVENTS  # each once
    assert max(created(app, asked)) < EVENTS
    assert (causes(app, asked), desk.next_forced(app, asked)) == ([], None)


async def test_a7_f4_what_was_refused_in_a_slice_is_not_sent_again_in_the_next(
    app: Application, asked: User, servers: Servers
) -> None:
    servers.fault("refuse", {"operation": "save", "object": "ZBAP"}, port="x3", message="Not today.", every=True)
    assert await slices(app, asked) > 1
    assert servers.fired() == EVENTS  # each once
    with app.store.read() as tx:
        assert len(problems.of_user(tx, asked.id)) == EVENTS  # and none is forgotten by the ordinary passes between (R4)


async def test_f4_what_is_called_off_ends_and_what_is_asked_anew_begins_anew(app: Application, asked: User) -> None:
    assert await sync_user.run(app, asked.id) == (asked.id,)
    assert [row.action for row in await desk.pending(app, asked) if "forced" in row.why] == ["R"]
    assert desk.stop_forced(app, asked) == 1
    assert desk.next_forced(app, asked) is None
    await sync_user.run(app, asked.id)
    done = sum(created(app, asked))
    assert 0 < done < EVENTS
    assert await force_resync.run(app, "REP1", since="2026-01-01", types="appointment") == (asked.id,)
    await slices(app, asked)
    assert sum(created(app, asked)) == EVENTS
