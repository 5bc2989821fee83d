"""Change notifications, with a real receiver on a socket."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from tests.emulators.graph.conftest import REP1, REP2, Graph


class Receiver(ThreadingHTTPServer):
    """Echoes validation tokens and keeps what is delivered; `refusals` deliveries are answered 503 first, and each answer
    takes `seconds`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.notices: list[dict[str, Any]] = []
        self.echo = True
        self.refusals = 0
        self.seconds = 0.0
        self.times: list[float] = []
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
            self.server.times.append(time.monotonic())
            self.server.refusals -= 1
            status = 503
        else:
            self.server.times.append(time.monotonic())
            time.sleep(self.server.seconds)
            self.server.notices += json.loads(body)["value"]
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        with contextlib.suppress(OSError):  # who waited has gone
            self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as server:
        yield server


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


@pytest.mark.parametrize("name", ["notificationUrl", "lifecycleNotificationUrl"])
def test_both_addresses_are_validated(graph: Graph, receiver: Receiver, name: str) -> None:
    nobody = {name: "http://127.0.0.1:1/graph"}
    assert graph.error("POST", "/subscriptions", body(receiver, **nobody)) == (400, "ValidationError")
    assert graph.send("GET", "/subscriptions").json()["value"] == []


def test_the_client_state_is_told_once_and_listed_never(graph: Graph, receiver: Receiver) -> None:
    made = graph.send("POST", "/subscriptions", body(receiver)).json()
    assert made["clientState"] == "secret"
    listed = graph.send("GET", "/subscriptions").json()["value"]
    one = graph.send("GET", f"/subscriptions/{made['id']}").json()
    assert [row["clientState"] for row in (*listed, one)] == [None, None]


def test_a_mailbox_has_at_most_a_thousand(graph: Graph, receiver: Receiver) -> None:
    assert graph.control("GET", "switches")["subscriptions_per_mailbox"] == 1000
    graph.control("POST", "switches", {"subscriptions_per_mailbox": 2})
    for kind in ("created", "updated"):
        subscribe(graph, receiver, changeType=kind)
    answer = graph.send("POST", "/subscriptions", body(receiver))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ExtensionError")
    other = body(receiver) | {"resource": f"/users/{REP2}/events"}
    assert graph.send("POST", "/subscriptions", other).status_code == 201


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
    counted = graph.stats()["notifications"]
    assert (counted["sent"], counted["failed"], counted["dropped"]) == (3, 0, 0)


def test_a_refused_delivery_is_tried_again_after_ever_longer_pauses(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    receiver.refusals = 3
    graph.contact()
    assert [n["changeType"] for n in receiver.wait(1)] == ["created"]
    pauses = [later - earlier for earlier, later in pairwise(receiver.times)]
    assert [round(pause * 2) / 2 for pause in pauses] == [0.5, 1.0, 2.0]
    assert graph.stats()["notifications"]["retried"] == 3


def test_after_four_hours_a_delivery_is_given_up(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    receiver.refusals = 1000
    graph.contact()
    while not receiver.times:
        time.sleep(0.02)
    graph.control("POST", "clock", {"advance_seconds": 4 * 3600})
    until = time.monotonic() + 10
    while not graph.stats()["notifications"]["failed"] and time.monotonic() < until:
        time.sleep(0.05)
    counted = graph.stats()["notifications"]
    assert (counted["sent"], counted["failed"]) == (0, 1)
    assert receiver.notices == []


def slow_receiver(graph: Graph, receiver: Receiver, *, slow: int, quick: int) -> dict[str, Any]:
    """So many answers of either kind; what is said of the receiver then."""
    answers = slow + quick
    graph.control(
        "POST", "switches", {"webhook_timeout_ms": 100, "webhook_least_answers": answers, "webhook_delay_ms": 700}
    )
    subscribe(graph, receiver, "contacts", changeType="created")
    for n in range(quick):
        graph.contact(surname=f"Quick {n}")
    receiver.wait(quick)
    receiver.seconds = 0.3
    for n in range(slow):
        graph.contact(surname=f"Slow {n}")
    receiver.wait(quick + slow)
    receiver.seconds = 0.0
    return dict(graph.stats()["notifications"])


def heard(receiver: Receiver, key: str) -> float:
    """When an item was told of."""
    until = time.monotonic() + 10
    while key not in [notice["resourceData"]["id"] for notice in receiver.notices]:
        assert time.monotonic() < until
        time.sleep(0.02)
    return time.monotonic()


def test_a_slow_receiver_is_told_late(graph: Graph, receiver: Receiver) -> None:
    counted = slow_receiver(graph, receiver, slow=1, quick=7)
    assert list(counted["receivers"].values()) == ["slow"]
    begun = time.monotonic()
    key = graph.contact(surname="Late")["id"]
    assert heard(receiver, key) - begun >= 0.7


def test_a_very_slow_receiver_loses_notifications_for_ten_minutes(graph: Graph, receiver: Receiver) -> None:
    counted = slow_receiver(graph, receiver, slow=2, quick=6)
    assert list(counted["receivers"].values()) == ["drop"]
    graph.contact(surname="Lost")
    time.sleep(0.3)
    assert graph.stats()["notifications"]["dropped"] == 1
    graph.control("POST", "clock", {"advance_seconds": 601})
    heard(receiver, graph.contact(surname="Told again")["id"])
    assert graph.stats()["notifications"]["dropped"] == 1


def test_lost_and_doubled_notifications(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    graph.fault("lose_notifications")
    graph.contact()
    graph.control("DELETE", "faults")
    graph.fault("double_notifications", times=1)
    graph.contact(surname="B")
    assert len(receiver.wait(2)) == 2


def test_late_notifications(graph: Graph, receiver: Receiver) -> None:
    subscribe(graph, receiver, "contacts", changeType="created")
    graph.fault("delay_notifications", seconds=0.8, times=1)
    begun = time.monotonic()
    graph.contact()
    assert len(receiver.wait(1)) == 1
    assert time.monotonic() - begun >= 0.8


def test_dropped_subscriptions_tell_the_lifecycle_url(graph: Graph, receiver: Receiver) -> None:
    key = subscribe(graph, receiver)
    assert graph.control("POST", "lifecycle", {"event": "missed"})["sent"] == 1
    graph.fault("drop_subscriptions")
    events = [(n["lifecycleEvent"], n["subscriptionId"]) for n in receiver.wait(2)]
    assert sorted(events) == [("missed", key), ("subscriptionRemoved", key)]
    assert graph.send("GET", "/subscriptions").json()["value"] == []
