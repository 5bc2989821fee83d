"""The poll of X3: one call for everybody, rows that come late, and the queue, answered once what it told of is stored."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from reconcile.port import TryLater
from tests.system.servers import Servers
from tests.worker.fleet import app, broker, causes, clear, clock_of, enable, new_task, servers, settings, valkey
from worker import people, poll
from worker.bootstrap import Application
from worker.state import dirty, users
from worker.state.tables import JournalRow, PassRow
from worker.state.users import User
from worker.tasks import sync_user

__all__ = ["app", "broker", "servers", "settings", "valkey"]
PERIOD = 15.0  # POLL__X3_SECONDS


def queue(servers: Servers) -> list[str]:
    """Whose rows wait in X3's own queue."""
    rows = servers.control("GET", "dump", port="x3")["SYNCDATA"]
    return sorted(row["SYDUSR"] for row in rows)


def titles(app: Application, user: User) -> list[str]:
    """What stands in the user's To Do."""
    root = f"{app.settings.graph.base_url}/users/{user.address}/todo/lists"
    with httpx.Client(headers={"Authorization": "Bearer emulator"}) as http:
        lists = http.get(root).json()["value"]
        chosen = next(row["id"] for row in lists if row["wellknownListName"] == "defaultList")
        return sorted(row["title"] for row in http.get(f"{root}/{chosen}/tasks", params={"$top": "100"}).json()["value"])


def written_behind(servers: Servers, number: str, moment: datetime, **values: Any) -> None:
    """A direct write with a stamp of its own, as other programs leave it."""
    given = {**values, "UPDDATTIM": f"{moment:%Y%m%d%H%M%S}"}
    asked = {"action": "sql", "table": "TASK", "key": number, "set": given}
    servers.control("POST", "user-actions", asked, port="x3")


async def begun(app: Application, *numbers: int) -> list[User]:
    """Users whom the poll knows already."""
    people = [await enable(app, number) for number in numbers]
    await poll.poll_x3(app)
    for user in people:
        clear(app, user)
    return people


async def test_the_poll_is_one_call_however_many_users_there_are(app: Application) -> None:
    (one,) = await begun(app, 1)
    with app.store.begin() as tx:
        for n in range(400):
            users.add(
                tx, x3_user=f"U{n:03}", representative=f"T{n:03}", mailbox=f"oid-{n}", address=f"u{n}@contoso.example",
                now=app.clock.now(),
            )  # fmt: skip
    await new_task(app, "New in X3")
    clock_of(app).pass_by(60)
    before = app.x3().counters.requests
    assert await poll.poll_x3(app) == [one.id]
    assert app.x3().counters.requests == before + 1


async def test_an_edit_in_x3_reaches_outlook_within_a_period(app: Application) -> None:
    (user,) = await begun(app, 1)
    await new_task(app, "Soon in Outlook")
    clock_of(app).pass_by(PERIOD)
    for user_id in await poll.poll_x3(app):
        await sync_user.run(app, user_id)
    assert titles(app, user) == ["Soon in Outlook"]


async def test_r3_the_queue_is_answered_only_for_our_users_and_only_once_the_pass_has_stored_it(
    app: Application, servers: Servers
) -> None:
    (user,) = await begun(app, 1)
    await new_task(app, "Ours", "R001")
    await new_task(app, "Another's", "R002")
    assert queue(servers) == ["REP1", "REP2"]
    clock_of(app).pass_by(PERIOD)
    assert await poll.poll_x3(app) == [user.id]
    await app.run_pass(user, cause="test", dry_run=True)
    servers.fault("status", {"method": "GET"}, status=503, every=True)
    with pytest.raises(TryLater):
        await sync_user.run(app, user.id)
    servers.mend()
    assert queue(servers) == ["REP1", "REP2"]
    assert causes(app, user) == [("poll",)]
    await sync_user.run(app, user.id)
    assert queue(servers) == ["REP2"]
    assert titles(app, user) == ["Ours"]


async def test_a_stamp_in_local_time_is_found_by_the_full_pass(app: Application, servers: Servers) -> None:
    (user,) = await begun(app, 1)
    number = await new_task(app, "Before")
    clock_of(app).pass_by(PERIOD)
    await poll.poll_x3(app)
    await sync_user.run(app, user.id)
    written_behind(servers, number, datetime.now(UTC) - timedelta(hours=5), FULOBJ="Behind our back", TSKDES="Behind")
    clock_of(app).pass_by(300)
    assert await poll.poll_x3(app) == []
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("notification",))])
    await sync_user.run(app, user.id)
    assert titles(app, user) == ["Before"]  # the user's own cursor does not see it either
    await poll.everyone_fully(app)
    await sync_user.run(app, user.id)
    assert titles(app, user) == ["Behind our back"]


async def test_a_stamp_in_the_local_time_of_a_zone_ahead_does_not_ask_for_passes_for_hours(
    app: Application, servers: Servers
) -> None:
    (user,) = await begun(app, 1)
    number = await new_task(app, "Before")
    clock_of(app).pass_by(PERIOD)
    await poll.poll_x3(app)
    await sync_user.run(app, user.id)
    written_behind(servers, number, datetime.now(UTC) + timedelta(hours=2), FULOBJ="In two hours", TSKDES="In two hours")
    clock_of(app).pass_by(300)
    assert await poll.poll_x3(app) == [user.id]
    await sync_user.run(app, user.id)
    assert titles(app, user) == ["In two hours"]
    clock_of(app).pass_by(300)
    assert await poll.poll_x3(app) == []
    assert causes(app, user) == []


async def test_a_row_that_comes_late_is_found_within_the_overlap(app: Application, servers: Servers) -> None:
    (user,) = await begun(app, 1)
    number = await new_task(app, "Before")
    clock_of(app).pass_by(60)
    await poll.poll_x3(app)
    await sync_user.run(app, user.id)
    written_behind(servers, number, datetime.now(UTC) - timedelta(minutes=5), FULOBJ="Stamped before the last poll")
    clock_of(app).pass_by(300)
    assert await poll.poll_x3(app) == [user.id]
    await sync_user.run(app, user.id)
    assert titles(app, user) == ["Stamped before the last poll"]


async def test_a_commit_an_hour_later_than_its_stamp_is_told_by_x3s_queue(app: Application, servers: Servers) -> None:
    (user,) = await begun(app, 1)
    servers.fault("delay", {"operation": "save"}, port="x3", seconds=2.0)
    saving = asyncio.create_task(new_task(app, "Committed late"))
    await asyncio.sleep(0.7)  # its transaction has begun, and its stamp is taken
    servers.advance(3600)
    clock_of(app).pass_by(3600)
    assert await poll.poll_x3(app) == []
    await saving
    clock_of(app).pass_by(300)
    assert await poll.poll_x3(app) == [user.id]
    await sync_user.run(app, user.id)
    assert titles(app, user) == ["Committed late"]
    assert queue(servers) == []


def kept(app: Application, user: User) -> tuple[int, int, str]:
    """What is kept of a user: lines of the journal, reports, his address."""
    with app.store.read() as tx:
        row = users.by_id(tx, user.id)
        counted = [tx.scalar(select(func.count()).where(t.user_id == user.id)) for t in (JournalRow, PassRow)]
    assert row is not None
    return counted[0] or 0, counted[1] or 0, row.address


async def test_r2_r5_journal_reports_and_removed_users_are_forgotten_in_time(app: Application) -> None:
    stays, goes = await begun(app, 1, 2)
    await new_task(app, "Old", rep="R001")
    await new_task(app, "Old too", rep="R002")
    for user in (stays, goes):
        with app.store.begin() as tx:
            dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("poll",))])
        await sync_user.run(app, user.id)
    await people.remove(app, goes, take_out=False)
    assert all(kept(app, stays))
    assert all(kept(app, goes))
    clock_of(app).pass_by(91 * 86_400.0)
    await poll.everyone_fully(app)
    assert [kept(app, user)[1] for user in (stays, goes)] == [0, 0]  # KEEP__REPORTS_DAYS
    assert kept(app, stays)[0] > 0
    assert kept(app, goes)[0] > 0
    assert kept(app, goes)[2] == goes.address
    clock_of(app).pass_by(310 * 86_400.0)
    await poll.everyone_fully(app)
    assert kept(app, stays) == (0, 0, stays.address)  # KEEP__JOURNAL_DAYS
    assert kept(app, goes) == (0, 0, "")  # nothing is known of him any more but his code


async def test_r5_the_setting_erases_who_was_removed_before_it(app: Application) -> None:
    (goes,) = await begun(app, 1)
    await people.remove(app, goes, take_out=False)
    assert kept(app, goes)[1:] != (0, "")
    keep = app.settings.keep.model_copy(update={"removed_users": False})
    app.settings = app.settings.model_copy(update={"keep": keep})
    await poll.everyone_fully(app)
    assert kept(app, goes) == (0, 0, "")
