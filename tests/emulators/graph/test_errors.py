"""Every error that graph.md documents can be had from the emulator: by doing what provokes it, or, where the real service
answers so for no reason a client could see, by a fault. Each answer is also read by the SDK's own error model.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.emulators.graph import sdk_shape
from tests.emulators.graph.conftest import MARKER, REP1, REP2, WINDOW, Graph, Json, attendee, event_body, weekly
from tests.emulators.graph.test_subscriptions import listening

Provoke = Callable[[Graph], httpx.Response]
MINE = f"/users/{REP1}"
VIEW = f"{MINE}/calendarView/delta?{WINDOW}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A documented error: the section of graph.md, what it answers, and how it is met. `says` is part of its message,
    `inner` its inner error's code."""

    section: str
    status: int
    code: str
    how: Provoke
    says: str = ""
    inner: str = ""
    headers: tuple[str, ...] = ()


def fault(status: int, code: str, **more: Any) -> Provoke:
    """An answer that comes for reasons of the service's own."""

    def provoke(graph: Graph) -> httpx.Response:
        graph.fault("status", status=status, code=code, match={"path": "/events"}, **more)
        return graph.send("GET", f"{MINE}/events")

    return provoke


def asked(method: str, path: str, body: Any = None, **headers: str) -> Provoke:
    return lambda graph: graph.send(method, path if path.startswith("/$") else f"{MINE}{path}", body, **headers)


def delta_option(option: str) -> Provoke:
    return lambda graph: graph.send("GET", f"{VIEW}&{option}")


def expired(path: str, **said: Any) -> Provoke:
    def provoke(graph: Graph) -> httpx.Response:
        graph.switch(**said)
        where = path.replace("{list}", graph.list_id())
        _, link = graph.round(where)
        graph.fault("expire_cursors")
        return graph.send("GET", link)

    return provoke


def subscription(**changed: Any) -> Json:
    expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    address = "http://127.0.0.1:9/nobody"  # the discard port: nothing listens
    body = {"changeType": "created", "notificationUrl": address, "resource": f"users/{REP1}/events"}
    return {**body, "expirationDateTime": expires, **changed}


def subscribe(**changed: Any) -> Provoke:
    return lambda graph: graph.send("POST", "/subscriptions", subscription(**changed))


def subscribe_at(times: int, **switches: Any) -> Provoke:
    """Subscriptions of one mailbox that the receiver accepts, until the last is refused."""

    def provoke(graph: Graph) -> httpx.Response:
        graph.switch(**switches)
        with listening() as receiver:
            kinds = ("events", "contacts")
            for n in range(times):
                resource = f"users/{REP1}/{kinds[n % 2 if switches else 0]}"
                answer = graph.send("POST", "/subscriptions", subscription(notificationUrl=receiver.url, resource=resource))
        return answer

    return provoke


def twice_with_one_transaction(status: int) -> Provoke:
    def provoke(graph: Graph) -> httpx.Response:
        graph.switch(transaction_duplicate_status=status)
        graph.event(transactionId="t")
        return graph.send("POST", f"{MINE}/events", event_body(transactionId="t"))

    return provoke


def stale(graph: Graph) -> httpx.Response:
    path = f"/events/{graph.event()['id']}"
    old = graph.ok("GET", path)["@odata.etag"]
    graph.ok("PATCH", path, {"subject": "Newer"})
    return graph.send("PATCH", f"{MINE}{path}", {"subject": "Older"}, If_Match=old)


def deleted(graph: Graph) -> httpx.Response:
    key = graph.event()["id"]
    graph.act("delete", id=key)
    graph.act("purge", id=key)
    return graph.send("GET", f"{MINE}/events/{key}")


def crossing(graph: Graph) -> httpx.Response:
    series = graph.event(day=2, recurrence=weekly())
    second = graph.ok("GET", f"/events/{series['id']}/instances?{WINDOW}")["value"][1]
    later = {side: value for side, value in event_body(day=20).items() if side in ("start", "end")}
    return graph.send("PATCH", f"{MINE}/events/{second['id']}", later)


def all_day_at_nine(graph: Graph) -> httpx.Response:
    return graph.send("POST", f"{MINE}/events", {**event_body(), "isAllDay": True})


def unlicensed(graph: Graph) -> httpx.Response:
    graph.act("unlicense")
    return graph.send("GET", f"{MINE}/events")


def read_only(graph: Graph) -> httpx.Response:
    calendar = graph.ok("POST", "/calendars", {"name": "Shared"})["id"]
    graph.act("set_read_only", id=calendar, value=True)
    return graph.send("POST", f"{MINE}/calendars/{calendar}/events", event_body())


def without_todo(graph: Graph) -> httpx.Response:
    graph.switch(todo_rights=False)
    return graph.send("GET", f"{MINE}/todo/lists")


def no_token(graph: Graph) -> httpx.Response:
    return graph.send("GET", f"{MINE}/events", Authorization="Bearer stale")


def gone_task(code: str) -> Provoke:
    def provoke(graph: Graph) -> httpx.Response:
        graph.switch(todo_not_found_code=code)
        return graph.send("GET", f"{MINE}/todo/lists/{graph.list_id()}/tasks/{graph.task()['id'][:-1]}z")

    return provoke


def cancelled_meeting(status: int) -> Provoke:
    def provoke(graph: Graph) -> httpx.Response:
        meeting = graph.event(attendees=[attendee(REP2)])["id"]
        graph.ok("POST", f"/events/{meeting}/cancel", {})
        graph.switch(cancelled_delete_status=status)
        theirs = graph.send("GET", f"/users/{REP2}/events").json()["value"][0]["id"]
        return graph.send("DELETE", f"/users/{REP2}/events/{theirs}")

    return provoke


def batch(*parts: Json) -> Provoke:
    return asked("POST", "/$batch", {"requests": list(parts)})


def part(name: str = "1", url: str = MINE, **more: Any) -> Json:
    return {"id": name, "method": "GET", "url": url, **more}


EXPAND = f"$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
ERRORS = (
    Error(section="1.1", status=401, code="UnknownError", how=without_todo),
    Error(
        section="1.1",
        status=400,
        code="invalidRequest",
        how=fault(
            400, "invalidRequest", inner_code="ErrorIncorrectRoutingHint", message="The x-anchor mailbox does not match"
        ),
        says="x-anchor mailbox",
        inner="ErrorIncorrectRoutingHint",
    ),
    Error(section="1.2", status=500, code="InternalServerError", how=delta_option(EXPAND), says="Parameter name: type"),
    Error(section="1.2", status=400, code="ErrorInvalidUrlQuery", how=delta_option("$top=5")),
    Error(section="1.2", status=400, code="ErrorInvalidUrlQuery", how=delta_option("$filter=subject eq 'x'")),
    Error(section="1.4", status=404, code="ErrorItemNotFound", how=deleted),
    Error(section="1.5", status=410, code="SyncStateNotFound", how=expired("/contacts/delta"), says="[highest="),
    Error(
        section="1.5",
        status=410,
        code="SyncStateNotFound",
        how=expired(f"/calendarView/delta?{WINDOW}", expired_cursor_location=True),
        headers=("Location",),
    ),
    Error(
        section="1.5",
        status=410,
        code="fullSyncRequired",
        how=expired("/contacts/delta", expired_cursor_code="fullSyncRequired"),
    ),
    Error(
        section="1.5",
        status=400,
        code="resyncRequired",
        how=expired("/contacts/delta", expired_cursor_status=400, expired_cursor_code="resyncRequired"),
    ),
    Error(
        section="1.5",
        status=404,
        code="syncStateNotFound",
        how=expired("/todo/lists/{list}/tasks/delta", expired_cursor_status=404, expired_cursor_code="syncStateNotFound"),
    ),
    Error(
        section="1.5",
        status=404,
        code="ResourceNotFound",
        how=expired("/todo/lists/{list}/tasks/delta", expired_cursor_status=404, expired_cursor_code="ResourceNotFound"),
    ),
    Error(section="1.5", status=400, code="ErrorInvalidSyncStateData", how=asked("GET", "/contacts/delta?$deltatoken=x")),
    Error(
        section="2.1",
        status=400,
        code="ExtensionError",
        how=subscribe(resource=f"users/{REP1}/todo/lists/x/tasks"),
        says="Reason: Invalid resource specified in payload",
    ),
    Error(section="2.1", status=403, code="ExtensionError", how=subscribe_at(2, subscriptions_per_mailbox=1), says="limit"),
    Error(section="2.1", status=409, code="ExtensionError", how=subscribe_at(2), says="already exists for the requested"),
    Error(section="2.1", status=400, code="InvalidRequest", how=subscribe(expirationDateTime="2099-01-01T00:00:00Z")),
    Error(section="2.1", status=400, code="InvalidRequest", how=subscribe(clientState="x" * 129)),
    Error(section="2.2", status=400, code="ValidationError", how=subscribe(), says="validation request failed"),
    Error(
        section="2.5",
        status=404,
        code="ResourceNotFound",
        how=lambda graph: graph.send("PATCH", "/subscriptions/none", {"expirationDateTime": "2099-01-01T00:00:00Z"}),
    ),
    Error(section="3.3", status=400, code="ErrorDuplicateTransactionId", how=twice_with_one_transaction(400)),
    Error(section="3.3", status=409, code="ErrorDuplicateTransactionId", how=twice_with_one_transaction(409)),
    Error(section="3.4", status=412, code="ErrorIrresolvableConflict", how=stale, says="change key"),
    Error(section="3.4", status=412, code="ErrorIrresolvableConflict", how=fault(412, "ErrorIrresolvableConflict")),
    *(
        Error(section="4.1", status=status, code=code, how=fault(status, code, retry_after=7), headers=("Retry-After",))
        for status, code in (
            (429, "ApplicationThrottled"),  # by the limits themselves: test_batch
            (429, "activityLimitReached"),
            (429, "TooManyRequests"),
            (503, "serviceNotAvailable"),
            (503, "MailboxStoreUnavailable"),
            (503, "ErrorServerBusy"),
        )
    ),
    Error(section="4.1", status=504, code="GatewayTimeout", how=fault(504, "")),
    Error(section="4.1", status=509, code="UnknownError", how=fault(509, "")),
    Error(section="4.2", status=400, code="MaximumValueExceeded", how=batch(*(part(str(n)) for n in range(21))), says="20"),
    Error(section="4.2", status=400, code="BadRequest", how=batch(part(), part()), says="not unique"),
    Error(section="4.2", status=400, code="BadRequest", how=batch(part(method="POST", body={})), says="Content-Type"),
    Error(
        section="4.2",
        status=400,
        code="BadRequest",
        how=batch(part(dependsOn=["2"]), part("2")),
        says="Invalid dependency for request Id",
    ),
    Error(section="4.4", status=400, code="ErrorInvalidIdMalformed", how=asked("GET", "/events/none")),
    Error(section="4.4", status=403, code="ErrorAccessDenied", how=read_only),
    Error(section="4.4", status=403, code="ErrorAccessDenied", how=cancelled_meeting(403)),
    Error(section="4.4", status=410, code="ErrorItemNotFound", how=cancelled_meeting(410)),
    Error(section="4.4", status=404, code="MailboxNotEnabledForRESTAPI", how=unlicensed),
    Error(section="4.4", status=400, code="ErrorOccurrenceCrossingBoundary", how=crossing),
    Error(section="4.4", status=404, code="ResourceNotFound", how=gone_task("ResourceNotFound")),
    Error(section="4.4", status=401, code="InvalidAuthenticationToken", how=no_token),
    Error(section="4.4", status=500, code="ErrorInternalServerTransientError", how=fault(500, "")),
    Error(section="5.1", status=400, code="ErrorPropertyValidationFailure", how=all_day_at_nine),
    Error(
        section="5.5",
        status=400,
        code="TimeZoneNotSupportedException",
        how=asked("GET", "/events", Prefer='outlook.timezone="Mars Standard Time"'),
    ),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.section}-{error.status}-{error.code}")
def test_every_documented_error_is_reachable(graph: Graph, error: Error) -> None:
    answer = error.how(graph)
    said = answer.json()["error"]
    assert (answer.status_code, said["code"]) == (error.status, error.code), answer.text
    assert error.says in said["message"]
    assert said["innerError"].get("code", "") == error.inner
    assert all(answer.headers.get(name) for name in error.headers)
    model = importlib.import_module("msgraph.generated.models.o_data_errors.o_data_error").ODataError
    # Real traffic has a date without offset, and a code, of which the model knows nothing (docs: resources/errors).
    assert datetime.fromisoformat(said["innerError"].pop("date")).tzinfo is None
    said["innerError"].pop("code", None)
    assert not sdk_shape.deviations(answer.json() | {"error": said}, model)


def test_a_used_transaction_names_the_event_there_is(graph: Graph) -> None:
    first = graph.event(transactionId="t")["id"]
    answer = graph.send("POST", f"{MINE}/events", event_body(transactionId="t"))
    assert answer.json()["error"]["@event.existingEventId"] == first


def test_an_expired_cursor_may_say_where_to_start_anew(graph: Graph) -> None:
    answer = expired("/contacts/delta", expired_cursor_location=True)(graph)
    assert answer.headers["Location"].endswith("/contacts/delta?$deltatoken=")
    assert graph.ok("GET", answer.headers["Location"])["value"] == []


def test_parts_fail_by_themselves(graph: Graph) -> None:
    """4.2: the batch answers 200; a part has its own 429, with its own Retry-After, and what depends on it 424."""
    graph.fault("status", status=429, retry_after=9, match={"path": "/contacts"})
    parts = [part(url=f"{MINE}/contacts"), part("2", dependsOn=["1"])]
    answer = graph.send("POST", "/$batch", {"requests": parts})
    rows = {row["id"]: row for row in answer.json()["responses"]}
    assert answer.status_code == 200
    assert (rows["1"]["status"], rows["1"]["headers"]["Retry-After"]) == (429, "9")
    assert (rows["2"]["status"], rows["2"]["body"]["error"]["code"]) == (424, "FailedDependency")
