"""What is unknown of Graph, turned the other way: the switches that no test of a fact turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.emulators.graph.conftest import MARKER, REP2, WINDOW, Graph, Json, attendee, event_body, marked, removed, weekly
from tests.emulators.graph.test_subscriptions import body, listening, subscribe

Others = Callable[[str], Graph]
VIEW = f"/calendarView/delta?{WINDOW}"


def deleted(graph: Graph) -> str:
    key = str(graph.event()["id"])
    graph.ok("DELETE", f"/events/{key}")
    return key


def test_bin_calendar_404(graph: Graph) -> None:
    key = deleted(graph)
    assert graph.error("GET", f"/events/{key}/calendar") == (404, "ErrorItemNotFound")
    graph.switch(bin_calendar_404=False)
    container = graph.ok("GET", f"/events/{key}/calendar")["id"]
    assert container == graph.ok("GET", "/mailFolders/deleteditems")["id"]


def test_decline_deletes(graph: Graph, other: Others) -> None:
    theirs = other(REP2)
    for stays in (False, True):
        graph.switch(decline_deletes=not stays)
        graph.event(attendees=[attendee(REP2)])
        key = theirs.ok("GET", "/events")["value"][0]["id"]
        theirs.send("POST", f"/users/{REP2}/events/{key}/decline", {"sendResponse": True})
        rows = theirs.ok("GET", "/events")["value"]
        assert [row["responseStatus"]["response"] for row in rows] == (["declined"] if stays else [])


def test_copy_keeps_properties(graph: Graph) -> None:
    graph.switch(copy_keeps_properties=False)
    made = graph.act("copy", id=graph.event(**marked("v1"))["id"])
    expand = f"?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
    assert "singleValueExtendedProperties" not in graph.ok("GET", f"/events/{made['immutableId']}{expand}")


@pytest.mark.parametrize("keeps", [True, False])
def test_spawned_task_keeps_links(graph: Graph, *, keeps: bool) -> None:
    graph.switch(spawned_task_keeps_links=keeps)
    due = {"dateTime": "2026-06-02T00:00:00", "timeZone": "UTC"}
    links = [{"applicationName": "Sage X3", "externalId": "v1|x"}]
    task = graph.task(dueDateTime=due, recurrence=weekly(), linkedResources=links)
    where = f"/todo/lists/{graph.list_id()}/tasks"
    graph.ok("PATCH", f"{where}/{task['id']}", {"status": "completed"})
    rows = graph.ok("GET", f"{where}?$expand=linkedResources")["value"]
    assert sorted(len(row["linkedResources"]) for row in rows) == ([1, 1] if keeps else [0, 1])


def test_todo_immutable_ids(graph: Graph) -> None:
    graph.switch(todo_immutable_ids=True)
    key = graph.task()["id"]
    second = graph.ok("POST", "/todo/lists", {"displayName": "Second"})["id"]
    graph.act("move", id=key, to_folder=second)
    assert [row["id"] for row in graph.ok("GET", f"/todo/lists/{second}/tasks")["value"]] == [key]
    assert [row["id"] for row in graph.round(f"/todo/lists/{second}/tasks/delta")[0]] == [key]


def test_delta_rejects_top(graph: Graph) -> None:
    for n in range(3):
        graph.contact(surname=f"S{n}")
    graph.switch(delta_rejects_top=False)
    assert len(graph.round("/contacts/delta?$top=1")[0]) >= 3


@pytest.mark.parametrize(("switch", "size"), [("delta_page_size", 2), ("max_page_size", 3)])
def test_page_sizes(graph: Graph, switch: str, size: int) -> None:
    for n in range(7):
        graph.contact(surname=f"S{n}")
    graph.switch(**{switch: size}, delta_empty_pages=False)
    prefer = {} if switch == "delta_page_size" else {"Prefer": "odata.maxpagesize=5"}
    assert max(graph.pages("/contacts/delta", **prefer)[1]) == size


def test_delta_generations(graph: Graph) -> None:
    graph.switch(delta_generations=1)
    _, first = graph.round("/contacts/delta")
    graph.round(first)
    assert graph.error("GET", first) == (410, "SyncStateNotFound")


def test_removed_reason(graph: Graph) -> None:
    _, link = graph.round(VIEW)
    graph.switch(removed_reason="changed")
    _, then = graph.round("/contacts/delta")
    contact = graph.contact()["id"]
    _, then = graph.round(then)
    graph.ok("DELETE", f"/contacts/{contact}")
    rows: list[Json] = [*graph.round(then)[0], *graph.round(link)[0]]
    assert [row["@removed"] for row in rows] == [{"reason": "changed"}]


def test_delta_misses_deletions(graph: Graph) -> None:
    key = graph.contact()["id"]
    _, link = graph.round("/contacts/delta")
    graph.switch(delta_misses_deletions=True)
    graph.ok("DELETE", f"/contacts/{key}")
    rows, link = graph.round(link)
    assert rows == []
    graph.switch(delta_misses_deletions=False)
    assert removed(graph.round(link)[0]) == set()  # missed is missed: only a listing tells


def test_bump_after_write(graph: Graph) -> None:
    graph.switch(bump_after_write=False)
    made = graph.event()
    assert graph.ok("GET", f"/events/{made['id']}")["changeKey"] == made["changeKey"]


def test_transaction_retry_answers(graph: Graph) -> None:
    graph.switch(transaction_retry_answers=True)
    first = graph.event(transactionId="t")["id"]
    assert graph.ok("POST", "/events", event_body(transactionId="t"))["id"] == first
    assert len(graph.ok("GET", "/events")["value"]) == 1


@pytest.mark.parametrize(("status", "code"), [(403, "ErrorAccessDenied"), (410, "ErrorItemNotFound")])
def test_cancelled_delete_status(graph: Graph, other: Others, status: int, code: str) -> None:
    meeting = graph.event(attendees=[attendee(REP2)])["id"]
    graph.ok("POST", f"/events/{meeting}/cancel", {})
    theirs = other(REP2)
    key = theirs.ok("GET", "/events")["value"][0]["id"]
    graph.switch(cancelled_delete_status=status)
    assert theirs.error("DELETE", f"/events/{key}") == (status, code)
    graph.switch(cancelled_delete_status=204)
    theirs.ok("DELETE", f"/events/{key}")


def test_events_whole_mailbox(graph: Graph) -> None:
    second = graph.ok("POST", "/calendars", {"name": "Second"})["id"]
    graph.ok("POST", f"/calendars/{second}/events", event_body("There"))
    assert graph.ok("GET", "/events")["value"] == []
    graph.switch(events_whole_mailbox=True)
    assert [row["subject"] for row in graph.ok("GET", "/events")["value"]] == ["There"]


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({}, ["created", "updated", "updated"]),
        ({"notify_created_twice": False}, ["created", "updated"]),
        ({"notify_updated_times": 3, "notify_created_twice": False}, ["created", *["updated"] * 3]),
        ({"notification_delay_ms": 0}, ["created", "updated", "updated"]),
    ],
)
def test_how_often_it_is_told(graph: Graph, switches: Json, told: list[str]) -> None:
    graph.switch(**switches)
    with listening() as receiver:
        subscribe(graph, receiver)
        made = graph.event()["id"]
        graph.ok("PATCH", f"/events/{made}", {"subject": "Newer"})
        assert sorted(notice["changeType"] for notice in receiver.wait(len(told))) == told


@pytest.mark.parametrize(("form", "start"), [("path", "Users/"), ("key", "Users('")])
def test_notification_resource(graph: Graph, form: str, start: str) -> None:
    graph.switch(notification_resource=form)
    with listening() as receiver:
        subscribe(graph, receiver)
        key = graph.event()["id"]
        notice = receiver.wait(1)[0]
    assert notice["resource"].startswith(start)
    assert notice["resourceData"]["id"] == key


def test_subscription_max_minutes(graph: Graph) -> None:
    graph.switch(subscription_max_minutes=4230)
    with listening() as receiver:
        four_days = (datetime.now(UTC) + timedelta(days=4)).isoformat()
        asked = body(receiver, expirationDateTime=four_days)
        assert graph.error("POST", "/subscriptions", asked) == (400, "InvalidRequest")
