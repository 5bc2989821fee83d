"""Series: expansion, exceptions, cancelled occurrences, and how they look in views and deltas."""

from __future__ import annotations

import pytest

from tests.emulators.graph.conftest import WINDOW, Graph, event_body, marked, removed, weekly


def series(graph: Graph, **more: object) -> str:
    return str(graph.ok("POST", "/events", event_body("Weekly", 2, recurrence=weekly(), **more))["id"])


def starts(rows: list[dict[str, object]]) -> list[str]:
    return sorted(str(r["start"]["dateTime"])[:16] for r in rows)  # type: ignore[index]


def test_the_view_expands_a_series_without_its_master(graph: Graph) -> None:
    master = series(graph)
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert starts(rows) == [f"2026-06-{d:02}T07:00" for d in (2, 9, 16, 23)]
    assert {r["type"] for r in rows} == {"occurrence"}
    assert {r["seriesMasterId"] for r in rows} == {master}
    assert len({r["iCalUId"] for r in rows}) == 4
    listed = graph.ok("GET", "/events")["value"]
    assert [(e["id"], e["type"]) for e in listed] == [(master, "seriesMaster")]
    assert len(graph.ok("GET", f"/events/{master}/instances?{WINDOW}")["value"]) == 4


def test_a_listing_by_last_change_answers_masters_never_occurrences(graph: Graph) -> None:
    master = series(graph)
    second = graph.ok("GET", f"/calendarView?{WINDOW}")["value"][1]
    graph.ok("PATCH", f"/events/{second['id']}", {"subject": "Exception"})
    rows = graph.ok("GET", "/events?$filter=lastModifiedDateTime ge 2020-01-01T00:00:00Z")["value"]
    assert [(row["id"], row["type"]) for row in rows] == [(master, "seriesMaster")]


def test_wall_time_stays_across_the_change_of_clocks(graph: Graph) -> None:
    start = {"dateTime": "2026-03-24T09:00:00", "timeZone": "Romance Standard Time"}
    end = {"dateTime": "2026-03-24T10:00:00", "timeZone": "Romance Standard Time"}
    graph.ok("POST", "/events", {"subject": "S", "start": start, "end": end, "recurrence": weekly("2026-03-24", 2)})
    rows = graph.ok("GET", "/calendarView?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-30T00:00:00Z")["value"]
    assert starts(rows) == ["2026-03-24T08:00", "2026-03-31T07:00"]


def test_a_custom_zone_of_a_series_is_that_of_its_occurrences(graph: Graph) -> None:
    master = series(graph)
    second = graph.ok("GET", f"/calendarView?{WINDOW}")["value"][1]
    graph.ok("PATCH", f"/events/{second['id']}", {"subject": "Exception"})
    for name, shown in (("tzone://Microsoft/Custom", "tzone://Microsoft/Custom"), ("", "UTC")):
        graph.act("set_zone", id=master, value=name)
        rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
        assert {row["type"] for row in rows} == {"occurrence", "exception"}
        assert {row[side]["timeZone"] for row in rows for side in ("start", "end")} == {shown}
        assert ({row["originalStartTimeZone"] for row in rows} == {shown}) is bool(name)


def test_delta_sends_the_master_with_skeletal_occurrences(graph: Graph) -> None:
    master = series(graph, sensitivity="private")
    rows, _ = graph.round(f"/calendarView/delta?{WINDOW}")
    assert len(rows) == 5
    for row in rows:
        if row["type"] == "occurrence":
            assert set(row) == {"@odata.type", "@odata.etag", "seriesMasterId", "type", "id", "start", "end"}
        else:
            assert (row["id"], row["sensitivity"]) == (master, "private")


def test_a_deleted_occurrence_has_no_tombstone_and_the_series_comes_whole(graph: Graph) -> None:
    master = series(graph)
    rows, link = graph.round(f"/calendarView/delta?{WINDOW}")
    gone = next(r["id"] for r in rows if r["type"] == "occurrence" and "06-09" in r["start"]["dateTime"])
    graph.ok("DELETE", f"/events/{gone}")
    rows, sizes, _ = graph.pages(link, Prefer='IdType="ImmutableId", odata.maxpagesize=2')
    assert removed(rows) == set()
    assert starts([r for r in rows if r["type"] == "occurrence"]) == [f"2026-06-{d:02}T07:00" for d in (2, 16, 23)]
    assert max(sizes) == 4, "a series is not split over pages"
    assert graph.error("GET", f"/events/{gone}") == (404, "ErrorItemNotFound")
    row = graph.ok("GET", f"/events/{master}?$select=subject,cancelledOccurrences")
    assert row["cancelledOccurrences"] == [f"OID.{master}.2026-06-09"]
    graph.switch(series_tells_cancelled=False)
    assert "cancelledOccurrences" not in graph.ok("GET", f"/events/{master}?$select=subject,cancelledOccurrences")


def test_patching_an_occurrence_makes_an_exception_with_the_same_id(graph: Graph) -> None:
    master = series(graph)
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    second = next(r for r in rows if "06-09" in r["start"]["dateTime"])
    moved = {s: {"dateTime": f"2026-06-10T1{n}:00:00", "timeZone": "UTC"} for n, s in enumerate(("start", "end"))}
    changed = graph.ok("PATCH", f"/events/{second['id']}", {"subject": "Moved", **moved})
    assert (changed["id"], changed["type"]) == (second["id"], "exception")
    assert changed["originalStart"] == "2026-06-09T07:00:00Z"
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert starts(rows) == ["2026-06-02T07:00", "2026-06-10T10:00", "2026-06-16T07:00", "2026-06-23T07:00"]
    row = graph.ok("GET", f"/events/{master}?$expand=exceptionOccurrences")
    assert [e["subject"] for e in row["exceptionOccurrences"]] == ["Moved"]


def test_exceptions_go_where_their_series_goes(graph: Graph) -> None:
    master = series(graph)
    second = graph.ok("GET", f"/calendarView?{WINDOW}")["value"][1]["id"]
    graph.ok("PATCH", f"/events/{second}", {"subject": "Special"})
    other = graph.ok("POST", "/calendars", {"name": "Other"})["id"]
    graph.act("move", id=master, to_folder=other)
    assert graph.ok("GET", f"/events/{second}/calendar")["id"] == other
    copied = graph.act("copy", id=master, to_folder="calendar")["immutableId"]
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert [row["subject"] for row in rows] == ["Weekly", "Special", "Weekly", "Weekly"]
    assert {row["seriesMasterId"] for row in rows} == {copied}
    assert second not in {row["id"] for row in rows}
    graph.ok("DELETE", f"/events/{master}")
    assert graph.error("GET", f"/events/{second}/calendar") == (404, "ErrorItemNotFound")


def test_an_exception_may_not_cross_its_neighbours(graph: Graph) -> None:
    series(graph)
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    first = min(rows, key=lambda r: str(r["start"]["dateTime"]))
    late = {s: {"dateTime": f"2026-06-11T1{n}:00:00", "timeZone": "UTC"} for n, s in enumerate(("start", "end"))}
    assert graph.error("PATCH", f"/events/{first['id']}", late) == (400, "ErrorOccurrenceCrossingBoundary")
    assert starts(graph.ok("GET", f"/calendarView?{WINDOW}")["value"])[0] == "2026-06-02T07:00"


def test_occurrences_show_the_masters_properties(graph: Graph) -> None:
    series(graph, **marked("K"))
    prop = marked("K")["singleValueExtendedProperties"][0]["id"]
    query = f"{WINDOW}&$expand=singleValueExtendedProperties($filter=id eq '{prop}')"
    rows = graph.ok("GET", f"/calendarView?{query}")["value"]
    assert all(r["singleValueExtendedProperties"][0]["value"] == "K" for r in rows)
    graph.switch(occurrence_inherits_properties=False)
    rows = graph.ok("GET", f"/calendarView?{query}")["value"]
    assert not any("singleValueExtendedProperties" in r for r in rows)


def test_a_single_event_turned_series_keeps_its_id(graph: Graph) -> None:
    made = graph.event(day=2)
    rows, link = graph.round(f"/calendarView/delta?{WINDOW}")
    assert graph.ok("PATCH", f"/events/{made['id']}", {"recurrence": weekly()})["type"] == "seriesMaster"
    rows, _ = graph.round(link)
    assert [r["type"] for r in rows if r["id"] == made["id"]] == ["seriesMaster"]
    assert sum(r["type"] == "occurrence" for r in rows) == 4


def test_rescheduling_forgets_exceptions_and_derives_new_ids(graph: Graph) -> None:
    master = series(graph)
    before = {r["id"] for r in graph.ok("GET", f"/calendarView?{WINDOW}")["value"]}
    _, link = graph.round(f"/calendarView/delta?{WINDOW}")
    pattern = weekly("2026-06-03")
    pattern["pattern"]["daysOfWeek"] = ["wednesday"]
    moved = {
        s: {"dateTime": f"2026-06-03T{h}:00:00", "timeZone": "Romance Standard Time"}
        for s, h in (("start", "09"), ("end", "10"))
    }
    graph.ok("PATCH", f"/events/{master}", {"recurrence": pattern, **moved})
    after = {r["id"] for r in graph.ok("GET", f"/calendarView?{WINDOW}")["value"]}
    assert len(after) == 4
    assert not before & after
    rows, link = graph.round(link)
    assert removed(rows) == set(), "the old ones leave no trace"
    assert {r["id"] for r in rows} == {master} | after
    for old in before:
        assert graph.error("GET", f"/events/{old}") == (404, "ErrorItemNotFound")
    moved = {
        s: {"dateTime": f"2026-06-02T{h}:00:00", "timeZone": "Romance Standard Time"}
        for s, h in (("start", "09"), ("end", "10"))
    }
    graph.ok("PATCH", f"/events/{master}", {"recurrence": weekly(), **moved})
    assert {r["id"] for r in graph.ok("GET", f"/calendarView?{WINDOW}")["value"]} == before


@pytest.mark.parametrize(("each", "count"), [(False, 1), (True, 5)])
def test_a_deleted_series_may_send_its_occurrences_as_removed(graph: Graph, *, each: bool, count: int) -> None:
    graph.switch(series_removed_occurrences=each)
    master = series(graph)
    _, link = graph.round(f"/calendarView/delta?{WINDOW}")
    graph.ok("DELETE", f"/events/{master}")
    rows, _ = graph.round(link)
    assert len(removed(rows)) == count


def test_an_endless_series_ends_at_the_window(graph: Graph) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2020-01-01"}}
    graph.ok("POST", "/events", event_body("Daily", 2, recurrence=daily))
    rows = graph.ok("GET", f"/calendarView?{WINDOW}&$top=1000")["value"]
    assert len(rows) == 30


def test_monthly_patterns(graph: Graph) -> None:
    pattern = {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last"}
    span = {"type": "endDate", "startDate": "2026-01-01", "endDate": "2026-12-31"}
    graph.ok("POST", "/events", event_body("Monthly", 2, recurrence={"pattern": pattern, "range": span}))
    window = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z"
    assert [s[:10] for s in starts(graph.ok("GET", f"/calendarView?{window}")["value"])] == [
        "2026-01-30",
        "2026-02-27",
        "2026-03-27",
    ]
