"""Subscriptions at the Graph emulator, and what they bring to the web service: a real server that Graph posts to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import delete
from structlog.testing import capture_logs

from graph_adapter.subscriptions import Subscriptions
from reconcile.model import Kind
from tests.system.servers import Servers
from tests.worker.fleet import (
    Told,
    app,
    broker,
    causes,
    clear,
    clock_of,
    enable,
    free_port,
    servers,
    settings,
    until,
    valkey,
)
from worker import desk, identity, people, subscribe
from worker.bootstrap import Application
from worker.settings import Settings
from worker.state import passes, users
from worker.state.tables import SubscriptionRow
from worker.state.users import User
from worker.web.app import create_app

__all__ = ["app", "broker", "servers", "settings", "valkey"]
DAY = 86_400


@dataclass(slots=True)
class Site:
    """An installation whose web service Graph reaches."""

    app: Application
    port: int
    servers: Servers

    async def renew(self, **how: Any) -> tuple[int, int, int]:
        done = await subscribe.renew(self.app, **how)
        return done.created, done.renewed, len(done.refused)

    def rows(self) -> dict[str, passes.Subscription]:
        with self.app.store.read() as tx:
            return {one.id: one for one in passes.subscriptions(tx)}

    async def listed(self) -> dict[str, str]:
        """What Graph has: id -> notificationUrl."""
        return {one.id: one.notification_url or "" for one in await Subscriptions(self.app.graph()).list()}

    async def new_event(self, user: User) -> None:
        when = {"dateTime": f"{datetime.now(UTC):%Y-%m-%d}T10:00:00", "timeZone": "UTC"}
        async with httpx.AsyncClient(headers={"Authorization": "Bearer emulator"}) as outlook:
            address = f"{self.servers.graph}/v1.0/users/{user.address}/events"
            answer = await outlook.post(address, json={"subject": "Told by Graph", "start": when, "end": when})
            assert answer.status_code == 201

    def days_pass(self, days: float) -> None:
        clock_of(self.app).pass_by(days * DAY)
        self.servers.advance(days * DAY)

    def moved_to(self, public_url: str, installation: str = "") -> Application:
        """The same database, opened by an installation at another address."""
        changes = {"public_url": public_url} | ({"installation": installation} if installation else {})
        other = Application.open(self.app.settings.model_copy(update=changes))
        other.clock = self.app.clock
        return other


@pytest.fixture
async def site(servers: Servers, settings: Settings) -> AsyncIterator[Site]:
    servers.control("POST", "clock", {"reset": True})
    port = free_port()
    app = Application.open(settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}))
    app.store.upgrade()
    app.clock = Told()
    # All names of this machine: a second address is another one to Graph.
    web = uvicorn.Server(uvicorn.Config(create_app(app), port=port, log_config=None))
    serving = asyncio.create_task(web.serve())
    await until(lambda: web.started)
    yield Site(app, port, servers)
    web.should_exit = True
    await serving
    await app.aclose()


async def test_without_a_public_address_nothing_is_subscribed(app: Application) -> None:
    await enable(app, 1)
    assert (await subscribe.renew(app)).counts() == {"created": 0, "renewed": 0, "refused": 0}


async def test_g7_nothing_is_subscribed_before_the_first_pass_is_released(site: Site) -> None:
    user = await people.add(site.app, "REP1", "rep1@contoso.example", people.FolderChoice())
    assert await site.renew() == (0, 0, 0)
    await site.app.run_pass(user, cause="test", go=True)
    assert await site.renew() == (2, 0, 0)


async def test_subscriptions_are_made_bring_notifications_and_are_renewed_before_they_end(site: Site) -> None:
    user = await enable(site.app, 1)
    assert await site.renew() == (2, 0, 0)
    assert causes(site.app, user) == [("notification",)]  # what happened before was told to nobody
    clear(site.app, user)
    assert await site.renew() == (0, 0, 0)
    await site.new_event(user)
    await until(lambda: causes(site.app, user) == [("notification",)])
    site.days_pass(4)  # of seven
    assert await site.renew() == (0, 0, 0)
    first = sorted(site.rows())
    site.days_pass(1.5)
    assert await site.renew() == (0, 2, 0)
    assert sorted(site.rows()) == first
    assert all(row.expires > site.app.clock.now() + timedelta(days=6) for row in site.rows().values())


def test_a_fleet_subscribed_in_one_night_is_not_renewed_in_one_night() -> None:
    before = sorted(subscribe.renew_before(f"id {n}") for n in range(1000))
    assert before[0] >= timedelta(days=1.5)
    assert before[-1] <= timedelta(days=2.5)
    assert before[749] - before[249] > timedelta(hours=10)


async def test_silently_dropped_subscriptions_come_back_and_what_was_missed_is_looked_for(site: Site) -> None:
    user = await enable(site.app, 1)
    await site.renew()
    clear(site.app, user)
    assert await site.renew() == (0, 0, 0)
    site.servers.fault("drop_subscriptions", silent=True)
    site.days_pass(1 / 24)
    assert await site.renew() == (2, 0, 0)
    assert causes(site.app, user) == [("notification",)]
    assert set(await site.listed()) == set(site.rows())


async def test_an_empty_listing_ends_nothing(site: Site) -> None:
    await enable(site.app, 1)
    await site.renew()
    first = set(site.rows())
    site.days_pass(1 / 24)
    site.servers.fault("empty_listing", {"method": "GET", "path": "/subscriptions"})
    assert await site.renew() == (0, 2, 0)
    assert set(site.rows()) == first == set(await site.listed())


async def test_a_subscription_whose_row_was_lost_is_adopted_and_its_notifications_are_believed(site: Site) -> None:
    user = await enable(site.app, 1)
    await site.renew()
    first = set(site.rows())
    with site.app.store.begin() as tx:
        tx.execute(delete(SubscriptionRow))
    assert await site.renew() == (2, 0, 0)
    assert set(site.rows()) == first == set(await site.listed())
    clear(site.app, user)
    await site.new_event(user)
    await until(lambda: causes(site.app, user) == [("notification",)])


async def test_one_adopted_with_the_secret_of_a_lost_installation_is_replaced_at_its_first_notification(site: Site) -> None:
    """Graph never tells a clientState: that it is not ours shows when a notification comes."""
    user = await enable(site.app, 1)
    await site.renew()
    first = set(site.rows())
    site.app.settings.installation_path.unlink()
    with pytest.raises(identity.NotOurs):
        await site.renew()
    identity.claim(site.app.settings, site.app.store, site.app.clock, site.app.fp)
    assert await site.renew() == (2, 0, 0)
    assert set(site.rows()) == first  # adopted: they point to us
    clear(site.app, user)
    await site.new_event(user)
    await until(lambda: any(not row.client_state for row in site.rows().values()))
    assert causes(site.app, user) == []  # a notification that cannot be verified is not believed
    assert await site.renew() == (1, 0, 0)
    assert causes(site.app, user) == [("notification",)]  # what it told of is looked for
    clear(site.app, user)
    await site.new_event(user)
    await until(lambda: causes(site.app, user) == [("notification",)])
    assert await site.renew() == (0, 0, 0)
    assert set(await site.listed()) == set(site.rows())


async def test_a_web_service_with_another_key_says_so_and_replaces_nothing(
    site: Site,
) -> None:
    """The workers' secret cannot be verified here: made anew, it would be the same again, for ever."""
    user = await enable(site.app, 1)
    await site.renew()
    clear(site.app, user)
    console = site.app.settings.console.model_copy(update={"session_key": SecretStr("k" * 32)})
    mine = site.app.settings
    site.app.settings = mine.model_copy(update={"console": console})  # of the web service alone
    with capture_logs() as lines:
        await site.new_event(user)
        await until(lambda: [line["subscriptions"] for line in lines if line["event"] == "webhook_with_other_key"] == [2])
        await until(lambda: b'outcome="rejected"} 2.0' in site.app.metrics.text())  # created and updated
    site.app.settings = mine
    assert causes(site.app, user) == []
    assert await site.renew() == (0, 0, 0)


async def test_an_answer_lost_after_the_create_leaves_one_subscription(site: Site) -> None:
    await enable(site.app, 1)
    site.servers.fault("drop_after_commit", {"method": "POST", "path": "/subscriptions"})
    assert await site.renew() == (1, 0, 1)
    clock_of(site.app).pass_by(600)
    assert await site.renew() == (1, 0, 0)
    assert set(site.rows()) == set(await site.listed())
    assert len(site.rows()) == 2


async def test_two_workers_at_once_make_one_subscription_of_each(site: Site) -> None:
    user = await enable(site.app, 1)
    await asyncio.gather(*(site.renew() for _ in range(3)))
    assert len(site.rows()) == 2
    assert set(site.rows()) == set(await site.listed())
    clear(site.app, user)
    await site.new_event(user)
    await until(lambda: causes(site.app, user) == [("notification",)])


async def test_of_two_that_graph_made_of_one_resource_only_one_is_kept(site: Site) -> None:
    await enable(site.app, 1)
    await site.renew()
    row = next(row for row in site.rows().values() if row.resource.endswith("events"))
    with site.app.store.begin() as tx:
        passes.save_subscription(tx, replace(row, id="a second one", expires=row.expires - timedelta(hours=1)))
    assert await site.renew() == (0, 1, 0)
    assert set(site.rows()) == set(await site.listed())


async def test_another_installations_subscriptions_are_told_and_left_alone(site: Site) -> None:
    user = await enable(site.app, 1)
    elsewhere = f"http://localhost:{site.port}"
    for kind in (Kind.EVENT, Kind.CONTACT):
        await Subscriptions(site.app.graph()).create(
            user.mailbox,
            kind,
            notify=f"{elsewhere}/graph/notifications",
            lifecycle=f"{elsewhere}/graph/lifecycle",
            client_state="theirs",
            now=site.app.clock.now(),
        )
    theirs = await site.listed()
    done = await subscribe.renew(site.app)
    assert [(who, elsewhere in why) for who, _, why in done.refused] == [("REP1", True), ("REP1", True)]
    assert await site.listed() == theirs
    asked = site.servers.control("GET", "stats")["requests"]["total"]
    assert await site.renew() == (0, 0, 0)  # not asked again at once
    assert site.servers.control("GET", "stats")["requests"]["total"] == asked
    assert await site.renew(now_all=True) == (0, 0, 2)
    site.days_pass(8)
    assert await site.renew() == (2, 0, 0)  # theirs have ended


async def test_our_own_of_an_older_public_address_are_replaced(site: Site) -> None:
    await enable(site.app, 1)
    await site.renew()
    first = set(site.rows())
    moved = site.moved_to(f"http://localhost:{site.port}")
    identity.claim(moved.settings, moved.store, moved.clock, moved.fp)
    done = await subscribe.renew(moved)
    assert (done.created, done.refused) == (2, [])
    listed = await site.listed()
    assert set(listed.values()) == {f"http://localhost:{site.port}/graph/notifications"}
    assert set(listed) == set(site.rows())
    assert not first & set(listed)
    await moved.aclose()


async def test_g6_a_copied_database_does_not_end_the_subscriptions_of_its_original(site: Site) -> None:
    await enable(site.app, 1)
    await site.renew()
    theirs = await site.listed()
    copy = site.moved_to(f"http://localhost:{site.port}", installation="another")
    with pytest.raises(identity.NotOurs):
        await subscribe.renew(copy)
    with pytest.raises(identity.NotOurs):
        await subscribe.drop(copy, desk.everyone(copy))
    assert await site.listed() == theirs
    identity.claim(copy.settings, copy.store, copy.clock, copy.fp)
    assert len((await subscribe.renew(copy)).refused) == 2
    assert await site.listed() == theirs
    await copy.aclose()


@pytest.mark.parametrize("event", ["missed", "reauthorizationRequired", "subscriptionRemoved"])
async def test_what_graph_says_about_subscriptions_is_acted_on(site: Site, event: str) -> None:
    user = await enable(site.app, 1)
    await site.renew()
    clear(site.app, user)
    first = site.rows()
    site.days_pass(1)
    if event == "subscriptionRemoved":
        site.servers.fault("drop_subscriptions")
    else:
        assert site.servers.control("POST", "lifecycle", {"event": event})["sent"] == 2
    await until(lambda: causes(site.app, user) == [("notification",)])  # everything is looked at again
    if event == "missed":
        assert site.rows() == first
        return
    renewed = event == "reauthorizationRequired"
    await until(lambda: not site.rows() or all(row.expires <= site.app.clock.now() for row in site.rows().values()))
    assert await site.renew() == ((0, 2, 0) if renewed else (2, 0, 0))
    assert (set(site.rows()) == set(first)) is renewed
    assert all(row.expires > site.app.clock.now() + timedelta(days=6) for row in site.rows().values())


async def test_g2_one_mailbox_that_cannot_be_subscribed_stops_no_other(site: Site) -> None:
    gone, full, well = await enable(site.app, 1), await enable(site.app, 2), await enable(site.app, 3)
    site.servers.control("POST", "user-actions", {"mailbox": gone.address, "action": "unlicense"})
    site.servers.control("POST", "switches", {"subscriptions_per_mailbox": 1})
    done = await subscribe.renew(site.app)
    refused = {(who, resource.rpartition("/")[2]) for who, resource, _ in done.refused}
    assert refused == {("REP1", "events"), ("REP1", "contacts"), ("REP2", "contacts"), ("REP3", "contacts")}
    assert sorted(done.fresh) == [full.id, well.id]
    with site.app.store.read() as tx:
        assert {user.state for user in users.everyone(tx)} == {users.UserState.ACTIVE}
    site.servers.control("POST", "user-actions", {"mailbox": gone.address, "action": "license"})


async def test_dropped_by_hand_they_are_ended_also_without_their_rows(site: Site) -> None:
    one, two = await enable(site.app, 1), await enable(site.app, 2)
    await site.renew()
    with site.app.store.begin() as tx:
        tx.execute(delete(SubscriptionRow).where(SubscriptionRow.user_id == one.id))
    await subscribe.drop(site.app, [one])
    assert set(await site.listed()) == set(site.rows())
    assert {row.user_id for row in site.rows().values()} == {two.id}
