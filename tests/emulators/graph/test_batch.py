"""`$batch`, the limiter and the faults."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from infra.emulators.clock import Clock
from infra.emulators.graph.errors import GraphError
from infra.emulators.graph.limiter import Limiter
from tests.emulators.conftest import Emulators
from tests.emulators.graph.conftest import REP1, REP2, Graph, event_body

BAD_BATCHES: list[list[dict[str, Any]]] = [
    [{"id": "1", "method": "GET", "url": f"/users/{REP1}"}] * 2,
    [{"id": str(n), "method": "GET", "url": f"/users/{REP1}"} for n in range(21)],
    [{"id": "1", "method": "POST", "url": f"/users/{REP1}/contacts", "body": {"surname": "X"}}],
    [
        {"id": "1", "method": "GET", "url": f"/users/{REP1}", "dependsOn": ["2"]},
        {"id": "2", "method": "GET", "url": "/users"},
    ],
]


def get(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": path, **more}


def batch(graph: Graph, requests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    answer = graph.send("POST", "/$batch", {"requests": requests})
    assert answer.status_code == 200, answer.text
    return {r["id"]: r for r in answer.json()["responses"]}


def test_parts_fail_one_by_one_and_come_unordered(graph: Graph) -> None:
    key = graph.event()["id"]
    headers = {"Prefer": 'IdType="ImmutableId"'}
    requests = [get(str(n), f"/users/{REP1}/events/{key}", headers=headers) for n in range(19)]
    answer = graph.send("POST", "/$batch", {"requests": [*requests, get("x", f"/users/{REP1}/events/{key}zz")]})
    rows = answer.json()["responses"]
    assert answer.status_code == 200
    assert [r["id"] for r in rows] != [r["id"] for r in sorted(rows, key=lambda r: r["id"].zfill(2))]
    by_id = {r["id"]: r for r in rows}
    assert by_id["0"]["body"]["id"] == key
    assert by_id["x"]["status"] == 404
    assert by_id["x"]["body"]["error"]["code"] == "ErrorItemNotFound"


def test_headers_are_the_parts_own(graph: Graph) -> None:
    key = graph.event()["id"]
    assert batch(graph, [get("1", f"/users/{REP1}/events/{key}")])["1"]["body"]["id"] != key


def test_writes_and_dependencies(graph: Graph) -> None:
    json_type = {"Content-Type": "application/json"}
    first = {"id": "1", "method": "POST", "url": f"/users/{REP1}/events", "headers": json_type, "body": event_body()}
    bad = {"id": "2", "method": "DELETE", "url": f"/users/{REP1}/events/{'z' * 40}", "dependsOn": ["1"]}
    rows = batch(graph, [first, bad, get("3", f"/users/{REP1}/events", dependsOn=["2"])])
    assert (rows["1"]["status"], rows["2"]["status"], rows["3"]["status"]) == (201, 404, 424)


@pytest.mark.parametrize("requests", BAD_BATCHES)
def test_bad_batches(graph: Graph, requests: list[dict[str, Any]]) -> None:
    assert graph.error("POST", "/$batch", {"requests": requests})[0] == 400


def test_parts_are_counted_apart_from_requests(graph: Graph) -> None:
    batch(graph, [get(str(n), f"/users/{REP1}/events") for n in range(7)])
    figures = graph.stats()
    assert figures["requests"]["total"] == 1
    assert figures["requests"]["batch_parts"] == 7
    assert figures["requests"]["by_mailbox"] == {REP1: 7}
    assert figures["peak_concurrency"] == {REP1: 4}
    assert figures["throttled"] == 0


async def test_the_fifth_at_once_is_refused(emulators: Emulators) -> None:
    emulators.control("POST", "reset", {"seed": "empty"})
    emulators.control("POST", "faults", {"action": "delay", "seconds": 0.3, "every": True, "match": {"path": "/contacts"}})
    async with httpx.AsyncClient(base_url=emulators.graph, headers={"Authorization": "Bearer emulator"}) as client:
        paths = [f"/v1.0/users/{REP1}/contacts"] * 5 + [f"/v1.0/users/{REP2}/contacts"]
        answers = await asyncio.gather(*(client.get(p) for p in paths))
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) == 1
    assert refused[0].json()["error"]["code"] == "ApplicationThrottled"
    assert refused[0].json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert int(refused[0].headers["Retry-After"]) >= 1
    figures = emulators.control("GET", "stats")
    assert (figures["throttled"], figures["peak_concurrency"][REP1]) == (1, 5)


def test_ten_thousand_in_ten_minutes(graph: Graph) -> None:
    requests = [get(str(n), f"/users/{REP1}/mailboxSettings") for n in range(20)]
    for _ in range(500):
        batch(graph, requests)
    answer = graph.send("GET", f"/users/{REP1}/mailboxSettings")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert graph.send("GET", f"/users/{REP2}/mailboxSettings").status_code == 200
    graph.control("POST", "clock", {"advance_seconds": 601})
    assert graph.send("GET", f"/users/{REP1}/mailboxSettings").status_code == 200


def test_what_is_refused_counts_too() -> None:
    clock = Clock()
    limiter = Limiter(clock)

    def let_in(count: int) -> int:
        done = 0
        for _ in range(count):
            with suppress(GraphError), limiter.slot(REP1):
                done += 1
        return done

    clock.set(datetime(2026, 6, 1, tzinfo=UTC))
    assert let_in(10_001) == 10_000
    clock.advance(300)
    assert let_in(10_000) == 0
    clock.advance(301)
    assert let_in(1) == 0
    clock.advance(300)
    assert let_in(1) == 1


@pytest.mark.parametrize(("chained", "rounds"), [(False, 1), (True, 4)])
def test_parts_that_depend_on_each_other_run_one_at_a_time(graph: Graph, chained: bool, rounds: int) -> None:
    graph.fault("delay", seconds=0.1, every=True, match={"path": "/events"})
    parts = [
        get(str(n), f"/users/{REP1}/events", **({"dependsOn": [str(n - 1)]} if chained and n else {})) for n in range(4)
    ]
    begun = time.monotonic()
    batch(graph, parts)
    assert 0.1 * rounds <= time.monotonic() - begun < 0.1 * rounds + 0.25
    assert graph.stats()["peak_concurrency"] == {REP1: 1 if chained else 4}


def test_an_answer_is_lost_after_the_commit(graph: Graph) -> None:
    graph.fault("drop_after_commit", match={"method": "POST", "path": "/contacts", "mailbox": REP1})
    with pytest.raises(httpx.RemoteProtocolError):
        graph.contact()
    assert len(graph.ok("GET", "/contacts")["value"]) == 1
    graph.contact()


def test_a_batch_is_cut_after_all_its_parts_when_one_loses_its_answer(graph: Graph) -> None:
    graph.fault("drop_after_commit", match={"method": "POST", "path": "/contacts"}, nth=2)
    headers = {"Content-Type": "application/json"}
    url = f"/users/{REP1}/contacts"
    parts = [
        {"id": str(n), "method": "POST", "url": url, "headers": headers, "body": {"surname": f"S{n}"}} for n in range(3)
    ]
    with pytest.raises(httpx.RemoteProtocolError):
        graph.send("POST", "/$batch", {"requests": parts})
    assert len(graph.ok("GET", "/contacts")["value"]) == 3


def test_a_batch_is_hit_as_a_whole(graph: Graph) -> None:
    part = {"id": "1", "method": "POST", "url": f"/users/{REP1}/contacts", "body": {"surname": "S"}}
    parts = {"requests": [{**part, "headers": {"Content-Type": "application/json"}}]}
    graph.fault("drop_after_commit", match={"path": "$batch"})
    with pytest.raises(httpx.RemoteProtocolError):
        graph.send("POST", "/$batch", parts)
    assert len(graph.ok("GET", "/contacts")["value"]) == 1
    graph.fault("status", status=503, retry_after=3, match={"path": "$batch"})
    answer = graph.send("POST", "/$batch", parts)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert len(graph.ok("GET", "/contacts")["value"]) == 1
    graph.fault("html_502", commit=True, match={"path": "$batch"})
    assert graph.send("POST", "/$batch", parts).status_code == 502
    assert len(graph.ok("GET", "/contacts")["value"]) == 2


def test_status_before_and_after_the_commit(graph: Graph) -> None:
    for commit, count in ((False, 0), (True, 1)):
        graph.fault(
            "status", status=503, retry_after=7, code="MailboxStoreUnavailable", commit=commit, match={"method": "POST"}
        )
        answer = graph.send("POST", f"/users/{REP1}/contacts", {"surname": "X"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
        assert answer.json()["error"]["code"] == "MailboxStoreUnavailable"
        assert len(graph.ok("GET", "/contacts")["value"]) == count


def test_nth_every_and_times(graph: Graph) -> None:
    def statuses(count: int) -> list[int]:
        return [graph.send("GET", f"/users/{REP1}/contacts").status_code for _ in range(count)]

    graph.fault("status", status=500, nth=3)
    assert statuses(5) == [200, 200, 500, 200, 200]
    graph.control("DELETE", "faults")
    graph.fault("status", status=500, nth=2, every=True)
    assert statuses(6) == [200, 500, 200, 500, 200, 500]
    graph.control("DELETE", "faults")
    graph.fault("status", status=500, times=2)
    assert statuses(4) == [500, 500, 200, 200]


def test_html_502_delay_and_empty_listing(graph: Graph) -> None:
    graph.contact()
    graph.fault("html_502")
    answer = graph.send("GET", f"/users/{REP1}/contacts")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    graph.fault("delay", seconds=0.2)
    began = time.monotonic()
    graph.ok("GET", "/contacts")
    assert time.monotonic() - began >= 0.2
    graph.fault("empty_listing", match={"path": "/contacts"}, times=2)
    assert graph.ok("GET", "/contacts")["value"] == []
    assert graph.round("/contacts/delta")[0] == []
    assert len(graph.ok("GET", "/contacts")["value"]) == 1


def test_expire_cursors_at_once_and_on_a_request(graph: Graph) -> None:
    _, link = graph.round("/contacts/delta")
    graph.fault("expire_cursors")
    assert graph.error("GET", link) == (410, "SyncStateNotFound")
    _, link = graph.round("/contacts/delta")
    graph.fault("expire_cursors", match={"path": "delta"}, nth=2)
    _, link = graph.round(link)
    assert graph.error("GET", link) == (410, "SyncStateNotFound")


def test_an_unknown_action_is_refused(graph: Graph) -> None:
    answer = httpx.post(f"{graph.emulators.graph}/_emulator/faults", json={"action": "explode"})
    assert answer.status_code == 400
