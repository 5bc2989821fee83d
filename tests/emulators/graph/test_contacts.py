"""Contacts: slots, birthday, folders, privacy through legacy properties, the bin."""

from __future__ import annotations

from tests.emulators.graph.conftest import MARKER, Graph, marked

SENSITIVITY = "$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0036')"


def test_accents_survive_and_the_birthday_is_moved_to_1159(graph: Graph) -> None:
    made = graph.contact(companyName="Café Zürich 🚚", birthday="2000-01-31T00:00:00Z")
    read = graph.ok("GET", f"/contacts/{made['id']}")
    assert (read["givenName"], read["companyName"]) == ("Élodie", "Café Zürich 🚚")
    assert read["birthday"] == "2000-01-31T11:59:00Z"
    assert read["displayName"] == "Élodie Dupré"
    assert len(read["lastModifiedDateTime"]) == 20, "contacts carry whole seconds"


def test_address_slots_and_the_collection_show_the_same(graph: Graph) -> None:
    made = graph.contact(primaryEmailAddress={"address": "a@x.example"}, secondaryEmailAddress={"address": "b@x.example"})
    assert [e["address"] for e in made["emailAddresses"]] == ["a@x.example", "b@x.example"]
    path = f"/contacts/{made['id']}"
    assert graph.ok("PATCH", path, {"primaryEmailAddress": None})["emailAddresses"][0]["address"] == "b@x.example"
    read = graph.ok("GET", path)
    assert (read["primaryEmailAddress"], read["secondaryEmailAddress"]["address"]) == (None, "b@x.example")
    read = graph.ok("PATCH", path, {"emailAddresses": [{"address": "c@x.example"}]})
    assert (read["primaryEmailAddress"]["address"], read["secondaryEmailAddress"]) == ("c@x.example", None)


def test_without_slots_only_the_collection_works(graph: Graph) -> None:
    graph.switch(contact_email_slots=False)
    made = graph.contact(primaryEmailAddress={"address": "a@x.example"}, emailAddresses=[{"address": "b@x.example"}])
    assert "primaryEmailAddress" not in made
    assert [e["address"] for e in made["emailAddresses"]] == ["b@x.example"]


def test_found_by_address(graph: Graph) -> None:
    made = graph.contact(emailAddresses=[{"address": "Elodie@X.example"}])
    graph.contact(surname="Other")
    found = graph.ok("GET", "/contacts?$filter=emailAddresses/any(a:a/address eq 'elodie@x.example')")["value"]
    assert [c["id"] for c in found] == [made["id"]]


def test_the_private_flag_is_a_legacy_property_only(graph: Graph) -> None:
    made = graph.contact(singleValueExtendedProperties=[{"id": "Integer 0x0036", "value": "2"}])
    assert "sensitivity" not in made
    read = graph.ok("GET", f"/contacts/{made['id']}?{SENSITIVITY}")
    assert read["singleValueExtendedProperties"] == [{"id": "Integer 0x36", "value": "2"}]
    plain = graph.contact(surname="Plain")
    assert "singleValueExtendedProperties" not in graph.ok("GET", f"/contacts/{plain['id']}?{SENSITIVITY}")


def test_a_named_flag_is_a_boolean(graph: Graph) -> None:
    name = "Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506"
    made = graph.contact(singleValueExtendedProperties=[{"id": name, "value": "True"}])
    read = graph.ok("GET", f"/contacts/{made['id']}?$expand=singleValueExtendedProperties($filter=id eq '{name}')")
    found = read["singleValueExtendedProperties"][0]
    assert (found["id"].casefold(), found["value"].casefold()) == (name.casefold(), "true")
    bad = [{"id": name, "value": "perhaps"}]
    assert graph.error("POST", "/contacts", {"surname": "X", "singleValueExtendedProperties": bad})[0] == 400


def test_the_default_folder_is_known_by_name_but_not_listed(graph: Graph) -> None:
    made = graph.contact()
    assert graph.ok("GET", "/contactFolders")["value"] == []
    assert graph.ok("GET", "/contactFolders/contacts")["id"] == made["parentFolderId"]
    assert graph.ok("GET", f"/contactFolders/{made['parentFolderId']}/contacts/{made['id']}")["surname"] == "Dupré"


def test_a_contact_is_not_found_below_another_folder(graph: Graph) -> None:
    made = graph.contact()
    folder = graph.ok("POST", "/contactFolders", {"displayName": "Sage X3"})["id"]
    assert graph.error("GET", f"/contactFolders/{folder}/contacts/{made['id']}") == (404, "ErrorItemNotFound")
    assert graph.error("POST", "/contactFolders", {"displayName": "sage x3"}) == (409, "ErrorFolderExists")


def test_a_deleted_contact_answers_from_the_bin_with_its_folder(graph: Graph) -> None:
    made = graph.contact()
    graph.ok("DELETE", f"/contacts/{made['id']}")
    bin_id = graph.ok("GET", "/mailFolders/deleteditems")["id"]
    assert graph.ok("GET", f"/contacts/{made['id']}")["parentFolderId"] == bin_id
    assert graph.ok("GET", "/contacts")["value"] == []
    graph.switch(bin_answers_200=False)
    assert graph.error("GET", f"/contacts/{made['id']}") == (404, "ErrorItemNotFound")


def test_deleted_twice_lies_in_recoverable_items(graph: Graph) -> None:
    made = graph.contact()
    for _ in range(2):
        graph.ok("DELETE", f"/contacts/{made['id']}")
    assert graph.error("GET", f"/contacts/{made['id']}") == (404, "ErrorItemNotFound")
    graph.switch(recoverable_answers_200=True)
    folder = graph.ok("GET", "/mailFolders/recoverableitemsdeletions")["id"]
    assert graph.ok("GET", f"/contacts/{made['id']}")["parentFolderId"] == folder


def test_if_match_and_the_second_change_key(graph: Graph) -> None:
    made = graph.contact()
    path = f"/contacts/{made['id']}"
    assert graph.error("PATCH", path, {"title": "Dr"}, If_Match=made["@odata.etag"]) == (412, "ErrorIrresolvableConflict")
    fresh = graph.ok("GET", path)["@odata.etag"]
    assert graph.ok("PATCH", path, {"title": "Dr"}, If_Match=fresh)["title"] == "Dr"


def test_marker_filter_and_unknown_members(graph: Graph) -> None:
    made = graph.contact(**marked("K"))
    query = f"$filter=singleValueExtendedProperties/any(ep:ep/id eq '{MARKER}' and startswith(ep/value,'k'))"
    assert [c["id"] for c in graph.ok("GET", f"/contacts?{query}")["value"]] == [made["id"]]
    assert graph.error("POST", "/contacts", {"sensitivity": "private"}) == (400, "RequestBodyRead")
    assert graph.error("POST", "/contacts", {"givenName": 5}) == (400, "RequestBodyRead")


def test_a_contact_folder_carries_properties(graph: Graph) -> None:
    folder = graph.ok("POST", "/contactFolders", {"displayName": "Sage X3", **marked("managed")})["id"]
    row = graph.ok("GET", f"/contactFolders/{folder}?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')")
    assert row["singleValueExtendedProperties"][0]["value"] == "managed"
