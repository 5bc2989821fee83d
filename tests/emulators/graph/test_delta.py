"""Delta query and its traps."""

from __future__ import annotations

import pytest

from tests.emulators.graph.conftest import WINDOW, Graph, event_body, ids, marked, removed

VIEW = f"/calendarView/delta?{WINDOW}"


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta()"])
def test_three_spellings(graph: Graph, name: str) -> None:
    made = graph.event()
    rows, _ = graph.round(f"/calendarView/{name}?{WINDOW}")
    assert ids(rows) == {made["id"]}


def test_only_what_changed_comes_and_an_own_write_echoes(graph: Graph) -> None:
    first, second = graph.event("A"), graph.event("B")
    rows, link = graph.round(VIEW)
    assert ids(rows) == {first["id"], second["id"]}
    rows, link = graph.round(link)
    assert rows == []
    graph.ok("PATCH", f"/events/{first['id']}", {"subject": "A2"})
    rows, link = graph.round(link)
    assert [(r["id"], r["subject"]) for r in rows] == [(first["id"], "A2")]


def test_the_window_is_required_and_frozen(graph: Graph) -> None:
    assert graph.error("GET", "/calendarView/delta")[0] == 400
    graph.event("Out", 1)
    inside = graph.event("In", 10)
    _, link = graph.round("/calendarView/delta?startDateTime=2026-06-05T00:00:00Z&endDateTime=2026-06-15T00:00:00Z")
    late = graph.event("Late", 20)
    rows, _ = graph.round(link)
    assert removed(rows) == {late["id"]}, "a living event outside the window comes as removed"
    assert inside["id"] not in ids(rows)


def test_an_event_moved_out_of_the_window_comes_as_removed_though_it_lives(graph: Graph) -> None:
    made = graph.event()
    _, link = graph.round(VIEW)
    away = {s: {"dateTime": f"2027-01-0{n}T09:00:00", "timeZone": "UTC"} for n, s in ((1, "start"), (2, "end"))}
    graph.ok("PATCH", f"/events/{made['id']}", away)
    rows, _ = graph.round(link)
    assert rows == [{"@odata.type": "#microsoft.graph.event", "id": made["id"], "@removed": {"reason": "deleted"}}]
    assert graph.ok("GET", f"/events/{made['id']}")["subject"] == "Visit"


def test_a_deleted_event_comes_as_removed_under_the_id_form_asked_for(graph: Graph) -> None:
    made = graph.event()
    plain = graph.ok("GET", f"/events/{made['id']}", Prefer="")["id"]
    _, link = graph.round(VIEW)
    graph.ok("DELETE", f"/events/{made['id']}")
    assert removed(graph.round(link)[0]) == {made["id"]}
    assert removed(graph.round(link, Prefer="")[0]) == {plain}


def test_options_the_view_refuses_or_ignores(graph: Graph) -> None:
    made = graph.event(**marked("K"))
    expand = "&$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x36')"
    assert graph.error("GET", VIEW + expand) == (500, "InternalServerError")
    assert graph.error("GET", VIEW + "&$top=5") == (400, "ErrorInvalidUrlQuery")
    assert graph.error("GET", VIEW + "&$filter=subject eq 'x'") == (400, "ErrorInvalidUrlQuery")
    rows, _ = graph.round(VIEW + "&$select=id")
    assert rows[0]["subject"] == made["subject"]
    graph.switch(calendar_delta_select="refuse")
    assert graph.error("GET", VIEW + "&$select=id") == (400, "ErrorInvalidUrlQuery")


def test_three_generations_then_sync_state_not_found(graph: Graph) -> None:
    _, oldest = graph.round(VIEW)
    link = oldest
    for _ in range(2):
        _, link = graph.round(link)
    graph.ok("GET", oldest)
    answer = graph.send("GET", oldest)
    assert answer.status_code == 410
    assert answer.json()["error"]["code"] == "SyncStateNotFound"
    assert "[highest=" in answer.json()["error"]["message"]
    graph.ok("GET", link)


def test_old_next_links_expire_while_one_advances(graph: Graph) -> None:
    for n in range(8):
        graph.contact(surname=f"S{n}")
    small = {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=1'}
    page = graph.ok("GET", "/contacts/delta", **small)
    first = page["@odata.nextLink"]
    for _ in range(5):
        page = graph.ok("GET", page["@odata.nextLink"], **small)
    assert graph.error("GET", first, **small) == (410, "SyncStateNotFound")


def test_a_token_that_is_none_is_refused(graph: Graph) -> None:
    assert graph.error("GET", "/contacts/delta?$deltatoken=rubbish") == (400, "ErrorInvalidSyncStateData")


def test_empty_pages_repeats_and_page_size(graph: Graph) -> None:
    made = {graph.contact(surname=f"S{n}")["id"] for n in range(5)}
    seen: list[list[int]] = []
    repeated = False
    for _ in range(4):
        rows, sizes, _ = graph.pages("/contacts/delta", Prefer='IdType="ImmutableId", odata.maxpagesize=2')
        assert ids(rows) == made
        repeated = repeated or len(rows) > 5
        seen.append(sizes)
    assert any(0 in sizes for sizes in seen), "an empty page with a nextLink"
    assert repeated, "the same item twice"
    graph.switch(delta_empty_pages=False, delta_repeats=False)
    for _ in range(4):
        assert graph.pages("/contacts/delta", Prefer='IdType="ImmutableId", odata.maxpagesize=2')[1] == [2, 2, 1]


def test_an_unchanged_delta_is_one_request(graph: Graph) -> None:
    graph.contact()
    _, link = graph.round("/contacts/delta")
    for _ in range(6):
        rows, sizes, link = graph.pages(link)
        assert (rows, sizes) == ([], [0])


def test_latest_is_refused_unless_switched_on(graph: Graph) -> None:
    graph.contact()
    assert graph.error("GET", "/contacts/delta?$deltatoken=latest") == (400, "ErrorInvalidSyncStateData")
    graph.switch(deltatoken_latest=True)
    page = graph.ok("GET", "/contacts/delta?$deltatoken=latest")
    assert page["value"] == []
    made = graph.contact(surname="New")
    assert ids(graph.round(page["@odata.deltaLink"])[0]) == {made["id"]}


def test_contact_moved_between_folders(graph: Graph) -> None:
    made = graph.contact()
    folder = graph.ok("POST", "/contactFolders", {"displayName": "Sage X3"})["id"]
    _, old = graph.round("/contacts/delta")
    _, new = graph.round(f"/contactFolders/{folder}/contacts/delta")
    graph.act("move", id=made["id"], to_folder=folder)
    assert removed(graph.round(old)[0]) == {made["id"]}
    rows, new = graph.round(new)
    assert [(r["id"], r["parentFolderId"]) for r in rows] == [(made["id"], folder)]
    graph.act("move", id=made["id"], to_folder="contacts")
    assert removed(graph.round(new)[0]) == {made["id"]}


def test_moved_back_may_stay_removed(graph: Graph) -> None:
    graph.switch(moved_back_stays_removed=True)
    made = graph.contact()
    folder = graph.ok("POST", "/contactFolders", {"displayName": "Sage X3"})["id"]
    _, link = graph.round("/contacts/delta")
    graph.act("move", id=made["id"], to_folder=folder)
    graph.act("move", id=made["id"], to_folder="contacts")
    assert removed(graph.round(link)[0]) == {made["id"]}
    assert graph.ok("GET", f"/contacts/{made['id']}")["surname"] == "Dupré"


def test_contacts_select_works_and_expand_is_ignored(graph: Graph) -> None:
    graph.contact(**marked("K"))
    key = marked("K")["singleValueExtendedProperties"][0]["id"]
    path = f"/contacts/delta?$select=surname&$expand=singleValueExtendedProperties($filter=id eq '{key}')"
    row = graph.round(path)[0][0]
    assert row["surname"] == "Dupré"
    assert "givenName" not in row
    assert "singleValueExtendedProperties" not in row
    graph.switch(contact_delta_expand=True)
    assert graph.round(path)[0][0]["singleValueExtendedProperties"][0]["value"] == "K"


def test_tasks_delta_expand_is_a_switch(graph: Graph) -> None:
    graph.task(linkedResources=[{"applicationName": "Sage X3", "externalId": "M"}])
    path = f"/todo/lists/{graph.list_id()}/tasks/delta?$expand=linkedResources"
    assert "linkedResources" not in graph.round(path)[0][0]
    graph.switch(todo_delta_expand=True)
    assert graph.round(path)[0][0]["linkedResources"][0]["externalId"] == "M"


def test_lists_and_folders_have_deltas(graph: Graph) -> None:
    _, lists = graph.round("/todo/lists/delta")
    _, folders = graph.round("/contactFolders/delta")
    made = graph.ok("POST", "/todo/lists", {"displayName": "Sage X3"})
    folder = graph.ok("POST", "/contactFolders", {"displayName": "Sage X3"})
    rows, lists = graph.round(lists)
    assert ids(rows) == {made["id"]}
    assert ids(graph.round(folders)[0]) == {folder["id"]}
    graph.ok("DELETE", f"/todo/lists/{made['id']}")
    assert removed(graph.round(lists)[0]) == {made["id"]}


def test_events_delta_without_window_sends_masters_only(graph: Graph) -> None:
    made = graph.event()
    rows, link = graph.round("/events/delta")
    assert ids(rows) == {made["id"]}
    other = graph.ok("POST", "/calendar/events", event_body("B"))
    assert ids(graph.round(link)[0]) == {other["id"]}
