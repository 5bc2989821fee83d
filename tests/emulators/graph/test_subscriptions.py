"""Change notifications, with a real receiver on a socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from tests.emulators.graph.conftest import REP1, Graph


class Receiver(ThreadingHTTPServer):
    """Echoes validation tokens and keeps what is delivered; `refusals` deliveries are answered 503 first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.notices: list[dict[str, Any]] = []
        self.echo = True
        self.refusals = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/graph/notifications?x=1"

    def wait(self, count: int) -> list[dict[str, Any]]:
        until = time.monotonic() + 5
        while len(self.notices) < count and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        return list(self.notices)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(urlparse(self.path).query)
        status, text = 202, b""
        if "validationToken" in query:
            assert query["x"] == ["1"]
            status, text = 200, (query["validationToken"][0] if self.server.echo else "no").encode()
        elif self.server.refusals:
            self.server.refusals -= 1
            status = 503
        else:
            self.server.notices += json.loads(body)["value"]
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def body(receiver: Receiver, kind: str = "events", **more: Any) -> dict[str, Any]:
    expires = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": receiver.url,
        "lifecycleNotificationUrl": receiver.url,
        "resource": f"/users/{REP1}/{kind}",
        "expirationDateTime": expires,
        "clientState": "secret",
        **more,
    }


def subscribe(graph: Graph, receiver: Receiver, kind: str = "events", **more: Any) -> str:
    answer = graph.send("POST", "/subscriptions", body(receiver, kind, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_create_renew_list_delete(graph: Graph, receiver: Receiver) -> None:
    key = subscribe(graph, receiver)
    assert [s["id"] for s in graph.send("GET", "/subscriptions").json()["value"]] == [key]
    later = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    assert graph.send("PATCH", f"/subscriptions/{key}", {"expirationDateTime": later}).status_code == 200
    assert graph.send("POST", f"/subscriptions/{key}/reauthorize").status_code == 204
    assert graph.send("DELETE", f"/subscriptions/{key}").status_code == 204
    assert graph.error("PATCH", f"/subscriptions/{key}", {"expirationDateTime": later}) == (404, "ResourceNotFound")


def test_refusals(graph: Graph, receiver: Receiver) -> None:
    key = subscribe(graph, receiver)
    answer = graph.send("POST", "/subscriptions", body(receiver))
    assert answer.status_code == 409
    assert f"Subscription Id {key} already exists for the requested combination" in answer.json()["error"]["message"]
    tasks = body(receiver, f"todo/lists/{graph.list_id()}/tasks")
    assert graph.error("POST", "/subscriptions", tasks) == (400, "ExtensionError")
    far = (datetime.now(UTC) + timedelta(days=8)).isoformat()
    assert graph.error("POST", "/subscriptions", body(receiver, "contacts", expirationDateTime=far)) == (
        400,
        "InvalidRequest",
    )
    receiver.echo = False
    assert graph.error("POST", "/subscriptions", body(receiver, "contacts")) == (400, "ValidationError")


def test_a_short_expiry_is_raised_and_an_expired_one_is_gone(graph: Graph, receiver: Receiver) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    key = subscribe(graph, receiver, expirationDateTime=soon)
    graph.control("POST", "clock", {"advance_seconds": 40 * 60})
    assert graph.send("GET", f"/subscriptions/{key}").status_code == 200
    graph.control("POST", "clock", {"advance_seconds": 10 * 60})
    assert graph.send("GET", f"/subscriptions/{key}").status_code == 404


def test_notifications_of_a_create_an_update_and_a_delete(graph: Graph, receiver: Receiver) -> None:
    key = subscribe(graph, receiver)
    made = graph.event()
    notices = receiver.wait(2)
    assert sorted(n["changeType"] for n in notices) == ["created", "updated"]
    assert {n["subscriptionId"] for n in notices} == {key}
    assert {n["clientState"] for n in notices} == {"secret"}
    assert {n["resourceData"]["id"] for n in notices} == {made["id"]}
    graph.ok("DELETE", f"/events/{made['id']}")
    assert receiver.wait(3)[-1]["changeType"] == "deleted"
    assert graph.stats()["notifications"] == {"sent": 3, "failed": 0}


def test_a_refused_delivery_is_tried_again(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    receiver.refusals = 1
    graph.contact()
    assert [n["changeType"] for n in receiver.wait(1)] == ["created"]


def test_lost_and_doubled_notifications(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    graph.fault("lose_notifications")
    graph.contact()
    graph.control("DELETE", "faults")
    graph.fault("double_notifications", times=1)
    graph.contact(surname="B")
    assert len(receiver.wait(2)) == 2


def test_dropped_subscriptions_tell_the_lifecycle_url(graph: Graph, receiver: Receiver) -> None:
    key = subscribe(graph, receiver)
    assert graph.control("POST", "lifecycle", {"event": "missed"})["sent"] == 1
    graph.fault("drop_subscriptions")
    events = [(n["lifecycleEvent"], n["subscriptionId"]) for n in receiver.wait(2)]
    assert sorted(events) == [("missed", key), ("subscriptionRemoved", key)]
    assert graph.send("GET", "/subscriptions").json()["value"] == []
