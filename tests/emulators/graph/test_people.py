"""Users, mailbox settings, sign-in without TLS, error bodies."""

from __future__ import annotations

import httpx

from tests.emulators.graph.conftest import REP1, REP2, Graph


def test_users_by_id_address_and_filter(graph: Graph) -> None:
    row = graph.send("GET", f"/users/{REP1}?$select=id,mail").json()
    assert set(row) == {"@odata.context", "id", "mail"}
    assert graph.send("GET", f"/users/{row['id']}").json()["mail"] == REP1
    found = graph.send("GET", f"/users?$filter=mail eq '{REP1.upper()}'").json()["value"]
    assert [u["id"] for u in found] == [row["id"]]
    assert graph.error("GET", "/users/nobody@contoso.example") == (404, "Request_ResourceNotFound")
    assert graph.error("GET", "/users/nobody@contoso.example/events") == (404, "ErrorInvalidUser")


def test_an_unlicensed_mailbox(graph: Graph) -> None:
    graph.act("unlicense")
    for path in ("/events", "/contacts", "/todo/lists", "/mailboxSettings"):
        assert graph.error("GET", path) == (404, "MailboxNotEnabledForRESTAPI")
    graph.act("license")
    graph.ok("GET", "/events")


def test_a_read_only_calendar(graph: Graph) -> None:
    birthdays = next(c for c in graph.ok("GET", "/calendars")["value"] if c["name"] == "Birthdays")
    assert birthdays["canEdit"] is False
    assert graph.error("POST", f"/calendars/{birthdays['id']}/events", {"subject": "x"}) == (403, "ErrorAccessDenied")


def test_settings_zones_and_categories(graph: Graph) -> None:
    assert graph.ok("GET", "/mailboxSettings")["timeZone"] == "Romance Standard Time"
    assert graph.ok("PATCH", "/mailboxSettings", {"timeZone": "Tokyo Standard Time"})["timeZone"] == "Tokyo Standard Time"
    assert graph.ok("GET", "/mailboxSettings/timeZone")["value"] == "Tokyo Standard Time"
    zones = graph.ok("GET", "/outlook/supportedTimeZones")["value"]
    assert {"alias": "Romance Standard Time", "displayName": "Romance Standard Time"} in zones
    graph.ok("POST", "/outlook/masterCategories", {"displayName": "X3 Call", "color": "preset0"})
    assert graph.error("POST", "/outlook/masterCategories", {"displayName": "x3 call"})[0] == 409
    assert "X3 Call" in [c["displayName"] for c in graph.ok("GET", "/outlook/masterCategories")["value"]]


def test_the_bearer_is_checked(graph: Graph) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = httpx.get(f"{graph.emulators.graph}/v1.0/users", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_the_token_endpoint_exists_without_tls(graph: Graph) -> None:
    form = {"grant_type": "client_credentials", "client_id": "app", "scope": "https://graph.microsoft.com/.default"}
    url = f"{graph.emulators.graph}/contoso.example/oauth2/v2.0/token"
    token = httpx.post(url, data={**form, "client_secret": "right"}).json()["access_token"]
    answer = httpx.get(f"{graph.emulators.graph}/v1.0/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    refused = httpx.post(url, data={**form, "client_secret": "another"})
    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_client"
    assert refused.json()["error_description"].startswith("AADSTS7000215")
    graph.control("POST", "clock", {"advance_seconds": 3600})
    answer = httpx.get(f"{graph.emulators.graph}/v1.0/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_error_bodies_and_unknown_paths(graph: Graph) -> None:
    answer = graph.send("GET", f"/users/{REP2}/events/{'x' * 60}")
    error = answer.json()["error"]
    assert error["message"] == "The specified object was not found in the store."
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    assert graph.error("GET", "/events/short") == (400, "ErrorInvalidIdMalformed")
    assert graph.error("GET", "/outlook/tasks") == (400, "BadRequest")
    assert graph.error("PATCH", "/events", {}) == (405, "Request_BadRequest")
    assert graph.error("POST", "/events", [1]) == (400, "BadRequest")
