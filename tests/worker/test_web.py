"""The web service over ASGI, on a real database and a real Valkey."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from tests.worker.broker import broker, valkey
from tests.worker.conftest import NOW, add_user
from tests.worker.fleet import until
from worker.bootstrap import Application
from worker.celery_app import Sender, sender_of
from worker.settings import Settings, SignIn
from worker.settings.tree import ConsoleSettings
from worker.state import dirty, passes
from worker.state.passes import PassRun, Subscription
from worker.state.store import Store
from worker.state.users import User
from worker.subscribe import client_state, key_of
from worker.web.app import create_app

__all__ = ["broker", "valkey"]
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def settings(database_url: str, broker: str, tmp_path: Path) -> Settings:
    (tmp_path / "installation").write_text("an id outside the database\n")
    return Settings.model_validate(
        {
            "database_url": database_url,
            "redis_url": broker,
            "timezone": "Europe/Paris",
            "installation_path": tmp_path / "installation",
        }
    )


@pytest.fixture
def application(settings: Settings) -> Iterator[Application]:
    opened = Application.open(settings)
    yield opened
    opened.store.close()


@pytest.fixture
def sender(settings: Settings) -> Sender:
    return sender_of(settings)


@pytest.fixture
async def web(application: Application, sender: Sender) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(application, sender)) as client:
        yield client


def client_of(app: FastAPI, host: str = "127.0.0.1:8800") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")


@pytest.fixture
def subscription(store: Store, user: User) -> Subscription:
    one = Subscription(
        id="sub-1",
        user_id=user.id,
        resource="users/oid-rep1/events",
        expires=NOW + timedelta(days=3),
        client_state="a digest",
    )  # fmt: skip
    with store.begin() as tx:
        passes.save_subscription(tx, one)
    return one


def body(subscription: str, state: str, **more: str) -> bytes:
    value = {"subscriptionId": subscription, "clientState": state, "resource": "Users/oid-rep1/Events/x", **more}
    return json.dumps({"value": [value]}).encode()


def secret(application: Application, resource: str = "users/oid-rep1/events") -> str:
    return client_state(key_of(application.settings), application.settings.public_url, resource)


def marks(store: Store, user: User) -> list[dirty.Mark]:
    with store.read() as tx:
        return dirty.take(tx, user.id)


# ------------------------------------------------------------------------------------------------ webhook


@pytest.mark.parametrize("path", ["/graph/notifications", "/graph/lifecycle"])
async def test_the_validation_token_is_echoed_as_plain_text(web: httpx.AsyncClient, path: str) -> None:
    token = "<b>Validation: ein Wert</b> 1&2"
    answer = await web.post(path, params={"validationToken": token})
    assert (answer.status_code, answer.text) == (200, token)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_token_of_any_length_is_not_echoed(web: httpx.AsyncClient) -> None:
    assert (await web.post("/graph/notifications", params={"validationToken": "x" * 5000})).status_code == 400


async def test_a_notification_is_a_stored_mark_and_then_202(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription, sender: Sender
) -> None:
    answer = await web.post("/graph/notifications", content=body("sub-1", secret(application)))
    assert answer.status_code == 202
    assert [mark.causes for mark in marks(store, user)] == [("notification",)]
    await until(lambda: sender.turns.redis.exists(sender.turns._key(user.id)))  # a hint was sent


@pytest.mark.parametrize("state", ["", "wrong", "a digest"])
async def test_a_wrong_client_state_marks_nothing_and_is_counted(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription, state: str
) -> None:
    answer = await web.post("/graph/notifications", content=body("sub-1", state))
    assert answer.status_code == 202  # who guesses learns nothing
    assert marks(store, user) == []
    assert b'x3sync_notifications_total{outcome="rejected"} 1.0' in application.metrics.text()


async def test_an_unknown_subscription_is_ignored_and_counted(
    web: httpx.AsyncClient, application: Application, store: Store, user: User
) -> None:
    assert (await web.post("/graph/notifications", content=body("sub-9", "x"))).status_code == 202
    assert marks(store, user) == []
    assert b'x3sync_notifications_total{outcome="unknown"} 1.0' in application.metrics.text()


@pytest.mark.parametrize(("content", "status"), [(b"no json", 400), (b"[]", 400), (b"x" * (1024 * 1024 + 1), 413)])
async def test_what_is_no_notification_is_refused(web: httpx.AsyncClient, content: bytes, status: int) -> None:
    assert (await web.post("/graph/notifications", content=content)).status_code == status


async def test_a_body_that_does_not_tell_its_length_is_cut_off_too(web: httpx.AsyncClient) -> None:
    sent = list[int]()

    async def endless() -> AsyncIterator[bytes]:
        for n in range(1000):
            sent.append(n)
            yield b"x" * 65_536

    assert (await web.post("/graph/notifications", content=endless())).status_code == 413
    assert len(sent) < 20  # of a thousand


async def test_a_removed_subscription_is_forgotten_and_everything_is_looked_at(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    told = body("sub-1", secret(application), lifecycleEvent="subscriptionRemoved")
    assert (await web.post("/graph/lifecycle", content=told)).status_code == 202
    assert len(marks(store, user)) == 1
    with store.read() as tx:
        assert passes.subscription(tx, "sub-1") is None


async def test_without_a_broker_the_mark_is_stored_all_the_same(
    application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    async with client_of(create_app(application)) as web:
        told = body("sub-1", secret(application))
        assert (await web.post("/graph/notifications", content=told)).status_code == 202
    assert len(marks(store, user)) == 1


async def test_a_subscription_made_a_moment_ago_is_known(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    assert (await web.post("/graph/notifications", content=body("sub-1", secret(application)))).status_code == 202
    later = replace(subscription, id="sub-2", resource="users/oid-rep1/contacts")
    with store.begin() as tx:
        passes.save_subscription(tx, later)
        dirty.clear(tx, dirty.take(tx, user.id))
    told = body("sub-2", secret(application, later.resource))
    assert (await web.post("/graph/notifications", content=told)).status_code == 202
    assert len(marks(store, user)) == 1
    assert b'x3sync_notifications_total{outcome="unknown"} 0.0' in application.metrics.text()


async def test_a_flood_of_strangers_is_cut_off_and_costs_few_queries_while_ours_are_heard(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    queries = list[str]()
    event.listen(application.store.engine, "before_cursor_execute", lambda *given: queries.append(given[2]))
    strange = [web.post("/graph/notifications", content=body(f"sub-{n}", "x")) for n in range(2, 702)]
    ours = web.post("/graph/notifications", content=body("sub-1", secret(application)))
    statuses = [answer.status_code for answer in await asyncio.gather(*strange, ours)]
    assert statuses.pop() == 202
    assert set(statuses) == {202, 429}
    assert statuses.count(429) >= 100
    assert len([one for one in queries if "subscription" in one]) <= 4
    assert len(marks(store, user)) == 1
    many = [web.post("/graph/notifications", params={"validationToken": "x"}) for _ in range(100)]
    assert {answer.status_code for answer in await asyncio.gather(*many)} & {429}


async def test_what_the_database_does_not_take_graph_is_asked_to_send_again(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    told = body("sub-1", secret(application))
    with store.begin() as tx:
        tx.execute(text("ALTER TABLE dirty RENAME TO away"))
    answer = await web.post("/graph/notifications", content=told)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    with store.begin() as tx:
        tx.execute(text("ALTER TABLE away RENAME TO dirty"))
    assert (await web.post("/graph/notifications", content=told)).status_code == 202
    assert len(marks(store, user)) == 1


async def test_many_requests_are_one_commit(
    web: httpx.AsyncClient, application: Application, store: Store, user: User, subscription: Subscription
) -> None:
    told = body("sub-1", secret(application))
    assert (await web.post("/graph/notifications", content=told)).status_code == 202
    commits = list[object]()
    event.listen(application.store.engine, "commit", commits.append)
    answers = await asyncio.gather(*(web.post("/graph/notifications", content=told) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(commits) < 50
    assert len(marks(store, user)) == 1


async def test_the_webhook_never_calls_graph_nor_x3(
    web: httpx.AsyncClient, application: Application, subscription: Subscription
) -> None:
    for word in ({}, {"lifecycleEvent": "missed"}, {"lifecycleEvent": "reauthorizationRequired"}):
        told = body("sub-1", secret(application), **word)
        assert (await web.post("/graph/lifecycle", content=told)).status_code == 202
    assert (application._graph, application._x3) == (None, None)


# --------------------------------------------------------------------------------------- health and reading


async def test_health_readiness_metrics_and_the_front_page(web: httpx.AsyncClient, user: User) -> None:
    assert (await web.get("/healthz")).json() == {"ok": True}
    assert (await web.get("/readyz")).json() == {"ok": True, "checks": {"database": True, "broker": True}}
    assert 'x3sync_held{user="REP1"} 0.0' in (await web.get("/metrics")).text
    page = await web.get("/")
    assert "<script" not in page.text
    assert all(link in page.text for link in ("/healthz", "/metrics", "/api/openapi.json"))
    assert {"/graph/notifications", "/api/v1/users"} <= (await web.get("/api/openapi.json")).json()["paths"].keys()


async def test_not_ready_without_broker_or_tables(settings: Settings, tmp_path: Path) -> None:
    bare = settings.model_copy(update={"database_url": type(settings.database_url)(f"sqlite:///{tmp_path}/bare.db")})
    away = settings.model_copy(update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")})
    application = Application.open(bare)
    async with client_of(create_app(application, sender_of(away))) as web:
        answer = await web.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (503, {"database": False, "broker": False})
    application.store.close()


async def test_users_and_passes_as_json(web: httpx.AsyncClient, store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    with store.begin() as tx:
        for n, who in enumerate((user, other, user)):
            started = NOW + timedelta(minutes=n)
            run = PassRun(id=f"p{n}", user_id=who.id, cause="poll", mode="apply", started=started, report={"pass": f"p{n}"})
            passes.save(tx, run)
    rows = (await web.get("/api/v1/users")).json()["users"]
    assert [(row["x3_user"], row["mailbox"], row["state"]) for row in rows] == [
        ("REP1", "REP1@contoso.example", "active"),
        ("REP2", "REP2@contoso.example", "active"),
    ]
    assert [row["pass"] for row in (await web.get("/api/v1/passes")).json()["passes"]] == ["p2", "p1", "p0"]
    assert [row["pass"] for row in (await web.get("/api/v1/passes?user=rep1&limit=1")).json()["passes"]] == ["p2"]
    assert (await web.get("/api/v1/passes?user=nobody")).status_code == 404
    assert (await web.get("/api/v1/passes?limit=0")).status_code == 422


# -------------------------------------------------------------------------------------------------- access

GUARDED = ["/", "/metrics", "/api/v1/users", "/api/v1/passes"]


@pytest.mark.parametrize("path", GUARDED)
async def test_without_sign_in_only_this_machine_may_look(application: Application, path: str) -> None:
    app = create_app(application)
    async with client_of(app, "x3sync.contoso.example") as elsewhere:
        assert (await elsewhere.get(path)).status_code == 403
        assert (await elsewhere.get("/healthz")).status_code == 200
    async with client_of(app) as here:
        assert (await here.get(path)).status_code == 200
        assert (await here.get(path, headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 403


@pytest.mark.parametrize("path", GUARDED)
async def test_with_a_password_only_who_knows_it_may_look(settings: Settings, path: str) -> None:
    console = ConsoleSettings.model_validate(
        {"sign_in": SignIn.PASSWORD, "username": "admin", "password": "pässword", "session_key": "k" * 32}
    )
    application = Application.open(settings.model_copy(update={"console": console}))
    async with client_of(create_app(application), "x3sync.contoso.example") as web:
        assert (await web.get(path)).status_code == 401
        assert (await web.get(path, auth=httpx.BasicAuth("admin", "wrong"))).status_code == 401
        assert (await web.get(path, auth=httpx.BasicAuth("admin", "pässword"))).status_code == 200
    application.store.close()
