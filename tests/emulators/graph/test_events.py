"""Events: fields, times, bodies, extended properties, concurrency, the bin."""

from __future__ import annotations

import pytest

from tests.emulators.graph.conftest import MARKER, Graph, event_body, marked


def test_post_answers_201_with_defaults(graph: Graph) -> None:
    made = graph.event()
    assert made["reminderMinutesBeforeStart"] == 15
    assert made["isReminderOn"] is True
    assert (made["type"], made["isOrganizer"], made["showAs"]) == ("singleInstance", True, "busy")
    assert made["@odata.etag"] == f'W/"{made["changeKey"]}"'
    assert made["originalStartTimeZone"] == "Romance Standard Time"


def test_times_are_utc_with_seven_digits_unless_a_zone_is_preferred(graph: Graph) -> None:
    key = graph.event()["id"]
    assert graph.ok("GET", f"/events/{key}")["start"] == {"dateTime": "2026-06-10T07:00:00.0000000", "timeZone": "UTC"}
    prefer = 'odata.maxpagesize=50, outlook.timezone="Romance Standard Time", IdType="ImmutableId"'
    answer = graph.send("GET", f"/users/{graph.mailbox}/events/{key}", Prefer=prefer)
    assert answer.json()["start"] == {"dateTime": "2026-06-10T09:00:00.0000000", "timeZone": "Romance Standard Time"}
    assert 'outlook.timezone="Romance Standard Time"' in answer.headers["Preference-Applied"]


def test_iana_zones_are_accepted_and_unknown_ones_refused(graph: Graph) -> None:
    body = event_body(start={"dateTime": "2026-06-10T09:00:00", "timeZone": "Europe/Paris"})
    assert graph.ok("POST", "/events", body)["start"]["dateTime"].startswith("2026-06-10T07:00")
    body = event_body(start={"dateTime": "2026-06-10T09:00:00", "timeZone": "Nowhere/Else"})
    assert graph.error("POST", "/events", body) == (400, "TimeZoneNotSupportedException")


def test_a_custom_zone_is_told_as_it_is(graph: Graph) -> None:
    made = graph.event()
    for name, shown in (("Board Room Time", "Board Room Time"), ("", "UTC")):
        graph.act("set_zone", id=made["id"], value=name)
        read = graph.ok("GET", f"/events/{made['id']}", Prefer='outlook.timezone="UTC"')
        assert (read["start"]["timeZone"], read["end"]["timeZone"]) == (shown, shown)


def test_all_day_needs_midnight_and_keeps_its_dates_in_every_zone(graph: Graph) -> None:
    assert graph.error("POST", "/events", event_body(isAllDay=True))[0] == 400
    days = {
        s: {"dateTime": f"2026-06-1{n}T00:00:00", "timeZone": "Pacific Standard Time"}
        for n, s in enumerate(("start", "end"))
    }
    made = graph.ok("POST", "/events", {"subject": "Fair", "isAllDay": True, **days})
    assert made["start"]["dateTime"] == "2026-06-10T00:00:00.0000000"
    paris = graph.ok(
        "GET", f"/events/{made['id']}", Prefer='IdType="ImmutableId", outlook.timezone="Romance Standard Time"'
    )
    assert paris["end"] == {"dateTime": "2026-06-11T00:00:00.0000000", "timeZone": "Romance Standard Time"}


def test_a_text_body_is_kept_as_html(graph: Graph) -> None:
    made = graph.event(body={"contentType": "text", "content": "été <1>\nsecond"})
    assert made["body"]["contentType"] == "html"
    assert made["body"]["content"].startswith("<html><head>")
    assert "été &lt;1&gt;<br>" in made["body"]["content"]
    text = graph.ok("GET", f"/events/{made['id']}", Prefer='IdType="ImmutableId", outlook.body-content-type="text"')
    assert text["body"] == {"contentType": "text", "content": "été <1>\r\nsecond"}
    assert text["bodyPreview"] == "été <1>\r\nsecond"


def test_ical_id_is_the_servers_and_the_same_for_both_id_forms(graph: Graph) -> None:
    made = graph.event(iCalUId="mine")
    assert made["iCalUId"] != "mine"
    plain = graph.ok("GET", f"/events/{made['id']}", Prefer="")
    assert plain["id"] != made["id"]
    assert plain["iCalUId"] == made["iCalUId"]
    found = graph.ok("GET", f"/events?$filter=iCalUId eq '{made['iCalUId']}'")["value"]
    assert [e["id"] for e in found] == [made["id"]]


def test_ids_are_case_sensitive(graph: Graph) -> None:
    key = graph.event()["id"]
    assert graph.error("GET", f"/events/{key.swapcase()}") == (404, "ErrorItemNotFound")
    keys = [graph.event(f"E{n}")["id"] for n in range(12)]
    assert len(set(keys)) == len(keys)
    assert len({key.casefold() for key in keys}) < len(keys), "some differ by the case of a letter alone"


def test_extended_properties_are_filtered_and_expanded_only_on_request(graph: Graph) -> None:
    made = graph.event(**marked("v1|Key"))
    graph.event("Other", **marked("v1|Else"))
    assert "singleValueExtendedProperties" not in made
    query = f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'V1|kEY')"
    found = graph.ok("GET", f"/events?{query}")["value"]
    assert [e["id"] for e in found] == [made["id"]]
    assert "singleValueExtendedProperties" not in found[0]
    wrong_name = query.replace("X3Key", "x3key")
    assert graph.ok("GET", f"/events?{wrong_name}")["value"] == []
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{MARKER}' or id eq 'Integer 0x0036')&$select=subject"
    row = graph.ok("GET", f"/events/{made['id']}?{expand}")
    assert {p["id"]: p["value"] for p in row["singleValueExtendedProperties"]} == {MARKER: "v1|Key", "Integer 0x36": "0"}
    assert set(row) - {"@odata.context", "@odata.etag"} == {"id", "subject", "singleValueExtendedProperties"}


def test_sensitivity_shows_as_integer_0x36(graph: Graph) -> None:
    made = graph.event(sensitivity="private")
    row = graph.ok("GET", f"/events/{made['id']}?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x36')")
    assert row["singleValueExtendedProperties"] == [{"id": "Integer 0x36", "value": "2"}]


def test_multi_value_properties(graph: Graph) -> None:
    key = "StringArray {00062008-0000-0000-C000-000000000046} Id 0x853A"
    made = graph.event(multiValueExtendedProperties=[{"id": key, "value": ["Élodie", "Max"]}])
    row = graph.ok("GET", f"/events/{made['id']}?$expand=multiValueExtendedProperties($filter=id eq '{key}')")
    assert row["multiValueExtendedProperties"] == [
        {"id": "StringArray {00062008-0000-0000-c000-000000000046} Id 0x853a", "value": ["Élodie", "Max"]}
    ]


def test_the_change_key_is_bumped_once_more_after_a_write(graph: Graph) -> None:
    made = graph.event()
    read = graph.ok("GET", f"/events/{made['id']}")
    assert read["changeKey"] != made["changeKey"]
    assert graph.ok("GET", f"/events/{made['id']}")["changeKey"] == read["changeKey"]
    path, stale, fresh = f"/events/{made['id']}", made["@odata.etag"], read["@odata.etag"]
    assert graph.error("PATCH", path, {"subject": "B"}, If_Match=stale) == (412, "ErrorIrresolvableConflict")
    assert graph.ok("PATCH", path, {"subject": "B"}, If_Match=fresh)["subject"] == "B"
    assert graph.error("DELETE", path, If_Match=fresh) == (412, "ErrorIrresolvableConflict")
    graph.ok("DELETE", path, If_Match="*")


def test_a_used_transaction_id_is_refused_with_the_existing_id(graph: Graph) -> None:
    made = graph.event(transactionId="T1")
    assert made["transactionId"] == "T1"
    answer = graph.send("POST", f"/users/{graph.mailbox}/events", event_body(transactionId="T1"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "ErrorDuplicateTransactionId")
    assert error["@event.existingEventId"] == made["id"]
    graph.switch(transaction_duplicate_status=409)
    assert graph.error("POST", "/events", event_body(transactionId="T1"))[0] == 409
    assert len(graph.ok("GET", "/events")["value"]) == 1
    graph.mailbox = "rep2@contoso.example"
    graph.event(transactionId="T1")


def test_a_deleted_event_answers_from_the_bin_but_has_no_calendar(graph: Graph) -> None:
    made = graph.event()
    home = graph.ok("GET", f"/events/{made['id']}/calendar")
    assert home["isDefaultCalendar"] is True
    plain = graph.ok("GET", f"/events/{made['id']}", Prefer="")["id"]
    graph.ok("DELETE", f"/events/{made['id']}")
    assert graph.ok("GET", f"/events/{made['id']}")["subject"] == "Visit"
    assert graph.error("GET", f"/events/{made['id']}/calendar") == (404, "ErrorItemNotFound")
    assert graph.error("GET", f"/events/{plain}", Prefer="") == (404, "ErrorItemNotFound")
    assert graph.ok("GET", "/events")["value"] == []
    graph.switch(bin_answers_200=False)
    assert graph.error("GET", f"/events/{made['id']}") == (404, "ErrorItemNotFound")


def test_a_restored_event_lives_again_under_its_immutable_id(graph: Graph) -> None:
    made = graph.event()
    graph.ok("DELETE", f"/events/{made['id']}")
    graph.act("restore", id=made["id"])
    assert graph.ok("GET", f"/events/{made['id']}/calendar")["name"] == "Calendar"


def test_a_purged_event_is_gone(graph: Graph) -> None:
    made = graph.event()
    graph.act("purge", id=made["id"])
    assert graph.error("GET", f"/events/{made['id']}") == (404, "ErrorItemNotFound")


def test_a_copy_carries_the_marker_under_new_ids(graph: Graph) -> None:
    made = graph.event(**marked("K"))
    copied = graph.act("copy", id=made["id"])["immutableId"]
    expand = f"?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
    row = graph.ok("GET", f"/events/{copied}{expand}")
    assert row["iCalUId"] != made["iCalUId"]
    assert row["singleValueExtendedProperties"][0]["value"] == "K"


def test_a_move_changes_the_rest_id_only(graph: Graph) -> None:
    made = graph.event()
    plain = graph.ok("GET", f"/events/{made['id']}", Prefer="")["id"]
    calendar = graph.ok("POST", "/calendars", {"name": "Private"})["id"]
    moved = graph.act("move", id=made["id"], to_folder=calendar)
    assert moved["immutableId"] == made["id"]
    assert moved["id"] != plain
    assert graph.ok("GET", f"/events/{made['id']}/calendar")["id"] == calendar
    assert graph.ok("GET", f"/calendars/{calendar}/events/{made['id']}")["subject"] == "Visit"


def test_a_deleted_calendar_answers_404_with_everything_in_it(graph: Graph) -> None:
    calendar = graph.ok("POST", "/calendars", {"name": "Sage X3"})["id"]
    made = graph.ok("POST", f"/calendars/{calendar}/events", event_body())
    graph.ok("DELETE", f"/calendars/{calendar}")
    for path in (f"/calendars/{calendar}", f"/calendars/{calendar}/events", f"/events/{made['id']}"):
        assert graph.error("GET", path) == (404, "ErrorItemNotFound")


def test_unknown_members_values_and_bad_times_are_refused_without_a_trace(graph: Graph) -> None:
    made = graph.event()
    path = f"/events/{made['id']}"
    assert graph.error("PATCH", path, {"uid": "1"}) == (400, "RequestBodyRead")
    assert graph.error("PATCH", path, {"subject": "B", "sensitivity": "secret"}) == (400, "RequestBodyRead")
    assert graph.error("PATCH", path, {"subject": "B" * 256}) == (400, "ErrorPropertyValidationFailure")
    bad = {"pattern": {"type": "weekly", "daysOfWeek": ["someday"]}, "range": {"type": "noEnd"}}
    assert graph.error("PATCH", path, {"subject": "B", "recurrence": bad}) == (400, "RequestBodyRead")
    late = {"dateTime": "2026-06-30T00:00:00", "timeZone": "UTC"}
    assert graph.error("PATCH", path, {"subject": "B", "start": late}) == (400, "ErrorPropertyValidationFailure")
    read = graph.ok("GET", path)
    assert (read["subject"], read["start"]) == ("Visit", made["start"])


@pytest.mark.parametrize("path", ["/events", "/calendar/events", "//events"])
def test_paths_of_the_default_calendar(graph: Graph, path: str) -> None:
    graph.event()
    assert len(graph.ok("GET", path)["value"]) == 1


def test_listing_pages_by_ten_and_sorts_and_filters(graph: Graph) -> None:
    for day in range(1, 13):
        graph.event(f"Visit {day:02}", day)
    page = graph.ok("GET", "/events")
    assert len(page["value"]) == 10
    assert "$skip=10" in page["@odata.nextLink"]
    assert len(graph.ok("GET", page["@odata.nextLink"])["value"]) == 2
    found = graph.ok("GET", "/events?$orderby=start/dateTime desc&$top=2&$count=true")
    assert [e["subject"] for e in found["value"]] == ["Visit 12", "Visit 11"]
    assert found["@odata.count"] == 12
    text = (
        "start/dateTime ge '2026-06-03T00:00:00' and start/dateTime lt '2026-06-05T00:00:00' and not contains(subject,'04')"
    )
    assert [e["subject"] for e in graph.ok("GET", f"/events?$filter={text}")["value"]] == ["Visit 03"]
    assert graph.error("GET", "/events?$top=1001")[0] == 400
    assert graph.error("GET", "/events?$filter=subject like 'x'")[0] == 400


@pytest.mark.parametrize(("operator", "found"), [("ge", ["Old", "Late"]), ("gt", ["Late"])])
def test_events_are_filtered_by_the_instant_of_their_last_change(graph: Graph, operator: str, found: list[str]) -> None:
    graph.control("POST", "clock", {"now": "2026-06-08T07:00:00Z"})
    graph.event("Early")
    old = graph.ok("POST", "/events", event_body("Old", 10))
    graph.control("POST", "clock", {"now": "2026-06-09T07:00:00Z"})
    graph.ok("PATCH", f"/events/{old['id']}", {"subject": "Old"})
    stamp = graph.ok("GET", f"/events/{old['id']}")["lastModifiedDateTime"]
    graph.control("POST", "clock", {"now": "2026-06-10T07:00:00Z"})
    graph.event("Late", 28)
    for path in ("/events", "/calendar/events"):
        rows = graph.ok("GET", f"{path}?$filter=lastModifiedDateTime {operator} {stamp}&$select=subject")["value"]
        assert [row["subject"] for row in rows] == found


@pytest.mark.parametrize("text", ["lastModifiedDateTime ge '2026-06-09T07:00:00Z'", "subject ge 2026-06-09T07:00:00Z"])
def test_an_instant_is_compared_without_quotes(graph: Graph, text: str) -> None:
    assert graph.error("GET", f"/events?$filter={text}") == (400, "BadRequest")


def test_open_extensions(graph: Graph) -> None:
    made = graph.event(extensions=[{"extensionName": "com.example.x3", "key": "K"}])
    row = graph.ok("GET", f"/events/{made['id']}?$expand=extensions($filter=id eq 'com.example.x3')")
    assert row["extensions"][0]["key"] == "K"
    graph.ok("PATCH", f"/events/{made['id']}/extensions/com.example.x3", {"key": "L"})
    assert graph.ok("GET", f"/events/{made['id']}/extensions/com.example.x3")["key"] == "L"
    graph.ok("DELETE", f"/events/{made['id']}/extensions/com.example.x3")
    assert graph.ok("GET", f"/events/{made['id']}/extensions")["value"] == []


def test_ids_are_translated(graph: Graph) -> None:
    made = graph.event()
    plain = graph.ok("GET", f"/events/{made['id']}", Prefer="")["id"]
    body = {"inputIds": [plain], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    assert graph.ok("POST", "/translateExchangeIds", body)["value"] == [{"sourceId": plain, "targetId": made["id"]}]
