"""The emulated Graph against what we did not write: the SDK's models and request builders, and the published schema.

The SDK is always there. The schema and the list of routes are compared where the reference data lies beside the checkout.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.emulators.clock import Clock
from infra.emulators.faults import FaultBook
from infra.emulators.graph.app import GraphService
from tests.emulators.conftest import Emulators
from tests.emulators.graph import published, sdk_shape
from tests.emulators.graph.conftest import MARKER, REP1, REP2, WINDOW, Graph, Json, attendee, event_body, marked, weekly
from tests.emulators.graph.test_subscriptions import listening

needs_schema = pytest.mark.skipif(not published.CSDL.is_file(), reason="the published schema does not lie beside")
needs_routes = pytest.mark.skipif(not published.ROUTES.is_file(), reason="the list of routes does not lie beside")
EXPAND = f"$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
ROOTS = {"users": "Users", "organization": "Organization", "subscriptions": "Subscriptions"}
# A single property has no builder; docs: api/user-get-mailboxsettings, "GET /users/{id}/mailboxSettings/timeZone".
NOT_IN_SDK = {"/users/{}/mailboxSettings/{}"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def model(name: str) -> Any:
    """A model of the SDK by its published name; its module has the same name in snake case."""
    return getattr(importlib.import_module(f"msgraph.generated.models.{snake(name)}"), name[0].upper() + name[1:])


def builder(parts: list[str]) -> Any:
    """The SDK's request builder for a route, None where it has none. Nothing is sent: the adapter is no adapter."""
    module = importlib.import_module(f"msgraph.generated.{parts[0]}.{parts[0]}_request_builder")
    found: Any = getattr(module, f"{ROOTS[parts[0]]}RequestBuilder")(object(), {})
    for part in parts[1:]:
        by_id = [name for name in dir(found) if name.startswith("by_")]
        if part.startswith("{"):
            found = getattr(found, by_id[0])("id") if by_id else None
        else:
            found = getattr(found, snake(part), None)
        if found is None:
            return None
    return found


def template(url: str) -> str:
    """A builder's URL template as a bare path with {} for every parameter."""
    path = re.sub(r"\{[^}]*\}", "{}", url.partition("{?")[0].removeprefix("{+baseurl}"))
    return path.partition("?")[0].replace("()", "")


def routed() -> list[tuple[str, list[str], str]]:
    """(method, segments, path with {} for every parameter) of all that the emulator routes."""
    router = GraphService(Clock(), FaultBook()).router
    rows = [(method, parts) for (method, _), routes in router._routes.items() for parts, _ in routes]
    return [(m, parts, "/" + "/".join("{}" if p.startswith("{") else p for p in parts)) for m, parts in rows]


@pytest.fixture(scope="module")
def answers(emulators: Emulators) -> Iterator[list[tuple[str, str, Any]]]:
    """(published type, where from, JSON) of everything the emulator knows how to say, the demo's items among it."""
    emulators.control("POST", "reset", {"seed": "demo"})
    graph = Graph(emulators)
    found = list(collect(graph))
    yield found
    graph.client.close()


def collect(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    """Make items with everything they can have, and read them in every way."""
    made = [*rich_items(graph), *tombstones_and_copies(graph)]
    yield from made
    for kind, path in READS:
        answer = graph.ok("GET", path)
        yield from ((kind, path, row) for row in answer.get("value", [answer]))
    for row in graph.ok("GET", "/todo/lists")["value"]:
        for ending in ("?$expand=linkedResources,checklistItems", "/delta"):
            path = f"/todo/lists/{row['id']}/tasks{ending}"
            yield from (("todoTask", path, task) for task in graph.ok("GET", path)["value"])
    for calendar in graph.ok("GET", "/calendars")["value"]:
        path = f"/calendars/{calendar['id']}/calendarView?{WINDOW}&$top=200"
        yield from (("event", path, event) for event in graph.ok("GET", path)["value"])


READS = [
    ("event", f"/events?$top=200&{EXPAND}"),
    ("event", f"/calendarView?{WINDOW}&$top=200"),
    ("event", f"/calendarView/delta?{WINDOW}"),
    ("event", "/events/delta"),
    ("contact", f"/contacts?$top=200&{EXPAND}"),
    ("contact", "/contacts/delta"),
    ("calendar", "/calendar"),
    ("calendar", "/calendars"),
    ("contactFolder", "/contactFolders"),
    ("contactFolder", "/contactFolders/contacts"),
    ("contactFolder", "/contactFolders/delta"),
    ("todoTaskList", "/todo/lists"),
    ("todoTaskList", "/todo/lists/delta"),
    ("mailFolder", "/mailFolders"),
    ("mailFolder", "/mailFolders/deleteditems"),
    ("mailFolder", "/mailFolders/recoverableitemsdeletions"),
    ("user", "?$select=id,displayName,mail,userPrincipalName,accountEnabled,userType,proxyAddresses,givenName,surname"),
    ("user", ""),
    ("mailboxSettings", "/mailboxSettings"),
    ("timeZoneInformation", "/outlook/supportedTimeZones"),
    ("outlookCategory", "/outlook/masterCategories"),
]


def rich_items(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    """One of each with everything it can have."""
    graph.ok("POST", "/outlook/masterCategories", {"displayName": "X3 Call", "color": "preset1"})
    event = graph.event("Meeting", 12, attendees=[attendee(REP2)], location={"displayName": "Room 1"}, **marked("v1"))
    yield "event", "POST /events", event
    yield "event", "PATCH", graph.ok("PATCH", f"/events/{event['id']}", {"showAs": "oof", "sensitivity": "personal"})
    yield "event", "GET expanded", graph.ok("GET", f"/events/{event['id']}?$expand=calendar,attachments,extensions")
    yield "event", "all day", all_day(graph)
    series = graph.event("Series", 2, recurrence=weekly())
    yield "event", "POST series", series
    occurrence = graph.ok("GET", f"/events/{series['id']}/instances?{WINDOW}")["value"][1]
    yield "event", "occurrence", occurrence
    yield "event", "exception", graph.ok("PATCH", f"/events/{occurrence['id']}", {"subject": "Moved"})
    yield "event", "master", graph.ok("GET", f"/events/{series['id']}?$expand=exceptionOccurrences")
    extension = {"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "com.x3", "key": "1"}
    yield "openTypeExtension", "POST", graph.ok("POST", f"/events/{event['id']}/extensions", extension)
    yield "contact", "POST", rich_contact(graph)
    yield "contactFolder", "POST", graph.ok("POST", "/contactFolders", {"displayName": "Sage X3", **marked("x")})
    yield "calendar", "POST", graph.ok("POST", "/calendars", {"name": "Sage X3"})
    yield from rich_task(graph)
    yield "user", "GET /users", graph.send("GET", f"/users?$filter=mail eq '{REP1}'").json()["value"][0]
    body = {"inputIds": [event["id"], "nothing"], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    for row in graph.ok("POST", "/translateExchangeIds", body)["value"]:
        yield "convertIdResult", "POST /translateExchangeIds", row
    yield "organization", "GET /organization", graph.send("GET", "/organization").json()["value"][0]


def tombstones_and_copies(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    """What others' mailboxes and later rounds show."""
    meeting = graph.ok("POST", "/events", event_body("Together", 2, recurrence=weekly(), attendees=[attendee(REP2)]))
    days = graph.ok("GET", f"/events/{meeting['id']}/instances?{WINDOW}")["value"]
    graph.ok("DELETE", f"/events/{days[2]['id']}")
    told = graph.ok("GET", f"/events/{meeting['id']}?$select=subject,cancelledOccurrences")
    assert told["cancelledOccurrences"]
    yield "event", "cancelledOccurrences", told
    yield "calendar", "GET calendar of an event", graph.ok("GET", f"/events/{meeting['id']}/calendar")
    theirs = Graph(graph.emulators, REP2)
    yield from (("event", "an attendee's copy", row) for row in theirs.ok("GET", f"/calendarView?{WINDOW}")["value"])
    theirs.client.close()
    where = f"/todo/lists/{graph.list_id()}/tasks"
    gone = {
        "event": (f"/calendarView/delta?{WINDOW}", "/events", graph.event("Gone")["id"]),
        "contact": ("/contacts/delta", "/contacts", graph.contact()["id"]),
        "todoTask": (f"{where}/delta", where, graph.task("Gone")["id"]),
    }
    for kind, (delta, room, key) in gone.items():
        _, link = graph.round(delta)
        graph.ok("DELETE", f"{room}/{key}")
        rows = [row for row in graph.round(link)[0] if "@removed" in row]
        assert rows
        yield from ((kind, "@removed", row) for row in rows)


def all_day(graph: Graph) -> Json:
    times = {side: {"dateTime": f"2026-06-{day}T00:00:00", "timeZone": "UTC"} for side, day in (("start", 20), ("end", 21))}
    made: Json = graph.ok("POST", "/events", {"subject": "Fair", "isAllDay": True, **times})
    return made


def rich_contact(graph: Graph) -> Json:
    return graph.contact(
        birthday="1980-01-31T00:00:00Z",
        businessAddress={"street": "1 rue X", "city": "Paris", "countryOrRegion": "France", "postalCode": "75001"},
        primaryEmailAddress={"address": "a@x.example", "name": "A"},
        secondaryEmailAddress={"address": "b@x.example"},
        businessPhones=["1"],
        homePhones=["2"],
        imAddresses=["sip:a"],
        children=["Zoé"],
        categories=["Blue"],
        **marked("k"),
    )


def rich_task(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    due = {"dateTime": "2026-06-11T00:00:00", "timeZone": "UTC"}
    links = [{"applicationName": "Sage X3", "displayName": "T1", "externalId": "v1|x", "webUrl": "https://x3.example"}]
    task = graph.task(
        dueDateTime=due, startDateTime=due, reminderDateTime=due, linkedResources=links, recurrence=weekly("2026-06-11")
    )
    yield "todoTask", "POST", task
    path = f"/todo/lists/{graph.list_id()}/tasks/{task['id']}"
    yield "linkedResource", "POST", graph.ok("POST", f"{path}/linkedResources", {"applicationName": "Contact"})
    yield "checklistItem", "POST", graph.ok("POST", f"{path}/checklistItems", {"displayName": "One"})
    yield "todoTask", "PATCH", graph.ok("PATCH", path, {"status": "completed"})


def plain(value: Any) -> Any:
    """Without the annotation of a single answer."""
    return {k: v for k, v in value.items() if k != "@odata.context"}


def told(wrong: dict[str, str]) -> str:
    return "\n".join(f"{what}   ({where})" for what, where in sorted(wrong.items()))


def test_every_name_type_and_enum_member_is_known_to_the_sdk(answers: list[tuple[str, str, Any]]) -> None:
    wrong = {line: where for kind, where, row in answers for line in sdk_shape.deviations(plain(row), model(kind))}
    assert not wrong, told(wrong)


@needs_schema
def test_every_name_type_and_enum_member_is_in_the_published_schema(answers: list[tuple[str, str, Any]]) -> None:
    wrong = {line: where for kind, where, row in answers for line in published.deviations(plain(row), kind)}
    assert not wrong, told(wrong)


def test_the_answers_cover_every_kind(answers: list[tuple[str, str, Any]]) -> None:
    """Otherwise a kind that is never answered would conform by silence."""
    events = [row for kind, _, row in answers if kind == "event"]
    assert {"singleInstance", "occurrence", "exception", "seriesMaster"} <= {row["type"] for row in events if "type" in row}
    assert {kind for kind, _ in READS} <= {kind for kind, _, _ in answers}


def test_envelopes_conform(graph: Graph) -> None:
    """Of collections, rounds and batches (docs: concepts/paging, delta-query-overview, json-batching)."""
    around = {"@odata.context", "@odata.count", "@odata.nextLink", "@odata.deltaLink", "value"}
    for n in range(12):
        graph.contact(surname=f"S{n}")
    for _, path in READS:
        answer = graph.ok("GET", path)
        if isinstance(answer.get("value"), list):
            assert set(answer) <= around, path
            assert not {"@odata.nextLink", "@odata.deltaLink"} <= set(answer), path
    parts = [{"id": "1", "method": "GET", "url": f"/users/{REP1}"}, {"id": "2", "method": "GET", "url": "/users/nobody"}]
    answer = graph.send("POST", "/$batch", {"requests": parts}).json()
    assert set(answer) == {"responses"}
    assert all(set(row) == {"id", "status", "headers", "body"} for row in answer["responses"])


def test_subscriptions_and_notifications_conform(graph: Graph) -> None:
    with listening() as receiver:
        now = datetime.fromisoformat(graph.control("GET", "clock")["now"]).astimezone(UTC)
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": receiver.url,
            "lifecycleNotificationUrl": receiver.url,
            "resource": f"users/{REP1}/events",
            "clientState": "state",
            "expirationDateTime": (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        made = graph.send("POST", "/subscriptions", body).json()
        graph.event()
        graph.control("POST", "lifecycle", {"event": "missed"})
        notices = receiver.wait(3)
    wrong = sdk_shape.deviations(plain(made), model("subscription"))
    if published.CSDL.is_file():
        # The SDK has no model of what is sent to us.
        wrong += published.deviations(plain(made), "subscription")
        wrong += [line for notice in notices for line in published.deviations(notice, "changeNotification")]
    assert len(notices) >= 3
    assert not wrong, "\n".join(wrong)


@pytest.mark.filterwarnings("ignore:GetQueryParameters is deprecated:DeprecationWarning")  # the SDK's own affair
def test_every_route_and_verb_has_a_builder_in_the_sdk() -> None:
    wrong = []
    for method, parts, path in routed():
        found = builder(parts)
        if path in NOT_IN_SDK:
            assert found is None, f"{path} has a builder now"
        elif found is None or template(found.url_template) != path or not hasattr(found, method.lower()):
            wrong.append(f"{method} {path}")
    assert not wrong, "\n".join(wrong)


@needs_routes
def test_every_route_is_published() -> None:
    """The list has no actions and not every root: what can be read below the roots it has must stand in it."""
    listed = published.routes()
    roots = {path.split("/")[3] for path in listed if path.startswith("/users/{}/")}
    wrong = [
        path
        for method, parts, path in routed()
        if method == "GET" and parts[0] == "users" and len(parts) > 2 and parts[2] in roots
        if path not in listed and f"{path}()" not in listed and path not in NOT_IN_SDK
    ]
    assert not wrong, "\n".join(wrong)


def test_the_comparison_itself_sees_what_is_wrong() -> None:
    bad = {"subject": 5, "showAs": "bussy", "nosuch": 1, "start": {"timezone": "UTC"}, "createdDateTime": "2026-06-10"}
    assert len(sdk_shape.deviations(bad, model("event"))) == len(bad)


@needs_schema
def test_the_comparison_with_the_schema_sees_what_is_wrong() -> None:
    bad = {"subject": 5, "showAs": "bussy", "nosuch": 1, "start": {"timezone": "UTC"}, "id": None}
    assert len(published.deviations(bad, "event")) == len(bad)
