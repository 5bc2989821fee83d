"""To Do: dates without time, linked resources, one id form, no conditional writes."""

from __future__ import annotations

import pytest

from tests.emulators.graph.conftest import Graph


def path(graph: Graph, task: str = "") -> str:
    return f"/todo/lists/{graph.list_id()}/tasks" + (f"/{task}" if task else "")


def test_lists_have_well_known_names(graph: Graph) -> None:
    graph.ok("POST", "/todo/lists", {"displayName": "Sage X3"})
    rows = graph.ok("GET", "/todo/lists")["value"]
    assert sorted(r["wellknownListName"] for r in rows) == ["defaultList", "flaggedEmails", "none"]
    assert all(r["isOwner"] for r in rows)


def test_only_the_date_of_start_and_due_is_kept(graph: Graph) -> None:
    due = {"dateTime": "2026-06-10T17:00:00", "timeZone": "Romance Standard Time"}
    made = graph.task(dueDateTime=due, startDateTime=due, reminderDateTime=due)
    for name in ("dueDateTime", "startDateTime"):
        assert made[name] == {"dateTime": "2026-06-10T00:00:00.0000000", "timeZone": "UTC"}
    assert made["reminderDateTime"]["dateTime"] == "2026-06-10T15:00:00.0000000"
    assert made["isReminderOn"] is True


def test_dates_may_go_through_utc(graph: Graph) -> None:
    graph.switch(todo_dates_via_utc=True)
    made = graph.task(dueDateTime={"dateTime": "2026-06-10T00:00:00", "timeZone": "Europe/Paris"})
    assert made["dueDateTime"]["dateTime"].startswith("2026-06-09")


def test_the_preferred_zone_and_id_form_are_ignored(graph: Graph) -> None:
    made = graph.task(dueDateTime={"dateTime": "2026-06-10T00:00:00", "timeZone": "UTC"})
    read = graph.ok("GET", path(graph, made["id"]), Prefer='outlook.timezone="Tokyo Standard Time"')
    assert (read["id"], read["dueDateTime"]["timeZone"]) == (made["id"], "UTC")


def test_completion_sets_and_clears_its_date(graph: Graph) -> None:
    made = graph.task()
    assert "completedDateTime" not in made
    done = graph.ok("PATCH", path(graph, made["id"]), {"status": "completed"})
    assert done["completedDateTime"]["dateTime"].endswith("T00:00:00.0000000")
    assert "completedDateTime" not in graph.ok("PATCH", path(graph, made["id"]), {"status": "deferred"})


def test_linked_resources_inline_expanded_and_by_navigation(graph: Graph) -> None:
    link = {"applicationName": "Sage X3", "externalId": "v1|K", "displayName": "TSK001", "webUrl": "https://x3.example/1"}
    made = graph.task(linkedResources=[link])
    assert "linkedResources" not in made
    one = graph.ok("GET", path(graph, made["id"]) + "?$expand=linkedResources")["linkedResources"][0]
    assert {k: v for k, v in one.items() if k != "id"} == link
    rows = graph.ok("GET", path(graph) + "?$expand=linkedResources&$top=100")["value"]
    assert rows[0]["linkedResources"][0]["id"] == one["id"]
    nav = path(graph, made["id"]) + "/linkedResources"
    second = graph.ok("POST", nav, {"applicationName": "Contact", "displayName": "Élodie"})
    assert [r["applicationName"] for r in graph.ok("GET", nav)["value"]] == ["Sage X3", "Contact"]
    assert graph.ok("PATCH", f"{nav}/{second['id']}", {"displayName": "Max"})["displayName"] == "Max"
    graph.ok("DELETE", f"{nav}/{one['id']}")
    assert graph.error("GET", f"{nav}/{one['id']}")[0] == 404
    assert len(graph.ok("GET", nav)["value"]) == 1


def test_a_linked_resource_changes_the_tasks_etag_and_its_delta(graph: Graph) -> None:
    made = graph.task()
    _, link = graph.round(path(graph) + "/delta")
    graph.ok("POST", path(graph, made["id"]) + "/linkedResources", {"applicationName": "Sage X3"})
    rows, _ = graph.round(link)
    assert [r["id"] for r in rows] == [made["id"]]
    assert rows[0]["@odata.etag"] != made["@odata.etag"]


def test_if_match_is_ignored_unless_switched_on(graph: Graph) -> None:
    made = graph.task()
    stale = made["@odata.etag"]
    graph.ok("PATCH", path(graph, made["id"]), {"title": "B"}, If_Match=stale)
    graph.switch(todo_if_match=True)
    assert graph.error("PATCH", path(graph, made["id"]), {"title": "C"}, If_Match=stale)[0] == 412


def test_a_deleted_task_is_gone_with_a_code_that_is_a_switch(graph: Graph) -> None:
    made = graph.task()
    _, link = graph.round(path(graph) + "/delta")
    graph.ok("DELETE", path(graph, made["id"]))
    assert graph.error("GET", path(graph, made["id"])) == (404, "ErrorItemNotFound")
    graph.switch(todo_not_found_code="ResourceNotFound")
    assert graph.error("GET", path(graph, made["id"])) == (404, "ResourceNotFound")
    rows, _ = graph.round(link)
    assert [(r["id"], r["@removed"]["reason"]) for r in rows] == [(made["id"], "deleted")]


def test_a_deleted_list_answers_404_itself(graph: Graph) -> None:
    made = graph.ok("POST", "/todo/lists", {"displayName": "Sage X3"})["id"]
    graph.ok("DELETE", f"/todo/lists/{made}")
    assert graph.error("GET", f"/todo/lists/{made}/tasks") == (404, "ErrorItemNotFound")
    assert graph.error("DELETE", f"/todo/lists/{graph.list_id()}")[0] == 400


def test_a_task_moved_to_another_list_gets_another_id(graph: Graph) -> None:
    made = graph.task(linkedResources=[{"applicationName": "Sage X3", "externalId": "M"}])
    target = graph.ok("POST", "/todo/lists", {"displayName": "Sage X3"})["id"]
    moved = graph.act("move", id=made["id"], to_folder=target)
    assert moved["id"] != made["id"]
    assert graph.error("GET", path(graph, made["id"]))[0] == 404
    row = graph.ok("GET", f"/todo/lists/{target}/tasks/{moved['id']}?$expand=linkedResources")
    assert row["linkedResources"][0]["externalId"] == "M"


def test_completing_a_recurring_task_spawns_the_next(graph: Graph) -> None:
    recurrence = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-06-10"}}
    due = {"dateTime": "2026-06-10T00:00:00", "timeZone": "UTC"}
    made = graph.task(dueDateTime=due, recurrence=recurrence, linkedResources=[{"applicationName": "Sage X3"}])
    graph.ok("PATCH", path(graph, made["id"]), {"status": "completed"})
    rows = graph.ok("GET", path(graph) + "?$expand=linkedResources")["value"]
    fresh = next(r for r in rows if r["id"] != made["id"])
    assert (fresh["status"], fresh["dueDateTime"]["dateTime"][:10]) == ("notStarted", "2026-06-11")
    assert fresh["linkedResources"][0]["applicationName"] == "Sage X3"


@pytest.mark.parametrize(
    "body", [{"title": ""}, {"title": "x" * 256}, {"title": "x", "status": "done"}, {"title": "x", "owner": "me"}]
)
def test_refusals(graph: Graph, body: dict[str, str]) -> None:
    assert graph.error("POST", path(graph), body)[0] == 400
