"""Every field of a contact, both ways (the rules' table of contacts; M5, C2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import FAX
from tests.system.test_fields import shown
from tests.system.world import World

WORK = {"street": "12 Market Street\r\nBuilding B", "city": "BRISTOL", "state": "Avon", "postalCode": "BS1 4DJ"}
HOME = {"street": "3 Quai Nord", "city": "NANTES", "postalCode": "44000"}
CARD: dict[str, Any] = {
    "surname": "Nuñez",
    "givenName": "Zoë",
    "title": "Mrs",
    "jobTitle": "Buyer",
    "department": "Purchasing",
    "companyName": "Café Zürich AG",
    "businessAddress": {**WORK, "countryOrRegion": "United Kingdom"},
    "homeAddress": {**HOME, "countryOrRegion": "France"},
    "businessPhones": ["+44 117 1", "+44 117 2"],
    "homePhones": ["+33 2 40"],
    "mobilePhone": "+44 77",
    "primaryEmailAddress": {"address": "Zoe@Example.org", "name": "Zoë"},
    "secondaryEmailAddress": {"address": "zoe@home.example", "name": "Zoë"},
    "birthday": "1980-02-29T11:59:00Z",
    "singleValueExtendedProperties": [{"id": FAX, "value": "+44 117 9"}],
}
COR: dict[str, Any] = {
    "LNA": "Nuñez",
    "FNA": "Zoë",
    "TTL": "2",
    "FNCLIB": "Buyer",
    "SRV": "Purchasing",
    "CPYBPADES": "Café Zürich AG",
    "CPYADD": ["12 Market Street", "Building B", ""],
    "CPYZIP": "BS1 4DJ",
    "CPYCTY": "BRISTOL",
    "CPYSAT": "Avon",
    "CPYCRY": "GB",
    "CPYTEL": "+44 117 1",
    "CPYFAX": "+44 117 9",
    "CPYMOB": "+44 77",
    "CPYEML": "Zoe@Example.org",
    "HOMADD": ["3 Quai Nord", "", ""],
    "HOMZIP": "44000",
    "HOMCTY": "NANTES",
    "HOMCRY": "FR",
    "HOMTEL": "+33 2 40",
    "HOMEML": "zoe@home.example",
    "BIR": "19800229",
}


def card_of(row: dict[str, Any]) -> dict[str, Any]:
    """An Outlook contact in X3's words."""
    work, home = row["businessAddress"], row["homeAddress"]
    return {
        "names": (row["surname"], row["givenName"], row["title"], row["jobTitle"], row["department"], row["companyName"]),
        "work": (work.get("street", "").split("\r\n"), work.get("city"), work.get("state", ""), work.get("postalCode")),
        "home": (home.get("street"), home.get("city"), home.get("postalCode")),
        "countries": (work.get("countryOrRegion"), home.get("countryOrRegion")),
        "phones": (row["businessPhones"][0], row["homePhones"][0], row["mobilePhone"], row["fax"]),
        "mails": (row["primaryEmailAddress"]["address"], row["secondaryEmailAddress"]["address"]),
        "birthday": row["birthday"][:10],
    }


CARD_SEEN = {
    "names": ("Nuñez", "Zoë", "Mrs", "Buyer", "Purchasing", "Café Zürich AG"),
    "work": (["12 Market Street", "Building B"], "BRISTOL", "Avon", "BS1 4DJ"),
    "home": ("3 Quai Nord", "NANTES", "44000"),
    "countries": ("United Kingdom", "France"),
    "phones": ("+44 117 1", "+33 2 40", "+44 77", "+44 117 9"),
    "mails": ("Zoe@Example.org", "zoe@home.example"),
    "birthday": "1980-02-29",
}


def test_m5_c2_a_contact_from_outlook_with_all_its_fields(world: World) -> None:
    world.alice.ok("POST", "/contacts", CARD)
    world.sync()
    record = world.sage.only("ZCOR")
    assert shown(record, COR) == COR
    assert record["COPREP_LINES"] == ["R001"]
    world.quiet()


def test_m5_c2_a_contact_from_x3_with_all_its_fields(world: World) -> None:
    world.sage.save("ZCOR", reps=("R001",), **COR)
    world.sync()
    assert card_of(world.alice.contacts()[0]) == CARD_SEEN
    world.quiet()


GERMAN = {"street": "1 Kai", "city": "HAMBURG", "state": "", "postalCode": "20095", "countryOrRegion": "Germany"}
CARD_EDITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"surname": "Núñez", "givenName": "Zoé"}, {"LNA": "Núñez", "FNA": "Zoé"}),
    ({"title": "Ms"}, {"TTL": "3"}),
    ({"jobTitle": "Head"}, {"FNCLIB": "Head"}),
    ({"department": "Sales"}, {"SRV": "Sales"}),
    ({"companyName": "Elbtechnik"}, {"CPYBPADES": "Elbtechnik"}),
    (
        {"businessAddress": GERMAN},
        {"CPYADD": ["1 Kai", "", ""], "CPYCTY": "HAMBURG", "CPYSAT": "", "CPYZIP": "20095", "CPYCRY": "DE"},
    ),
    ({"businessPhones": ["+49 40"]}, {"CPYTEL": "+49 40"}),
    ({"mobilePhone": "+49 170"}, {"CPYMOB": "+49 170"}),
    ({"homePhones": ["+49 41"]}, {"HOMTEL": "+49 41"}),
    ({"primaryEmailAddress": {"address": "z@new.example", "name": "Z"}}, {"CPYEML": "z@new.example"}),
    ({"secondaryEmailAddress": {"address": "h@new.example", "name": "Z"}}, {"HOMEML": "h@new.example"}),
    ({"birthday": "1981-03-01T11:59:00Z"}, {"BIR": "19810301"}),
    ({"singleValueExtendedProperties": [{"id": FAX, "value": "+49 42"}]}, {"CPYFAX": "+49 42"}),
    ({"jobTitle": "", "department": ""}, {"FNCLIB": "", "SRV": ""}),
]


def test_c2_every_field_of_a_contact_edited_in_outlook_goes_alone(world: World) -> None:
    made = world.alice.ok("POST", "/contacts", CARD)
    world.sync()
    expected = dict(COR)
    for edit, seen in CARD_EDITS:
        world.later()
        world.alice.change_contact(made["id"], **edit)
        report = world.sync()
        expected |= seen
        assert shown(world.sage.only("ZCOR"), expected) == expected, edit
        assert report["writes"] == {"x3": 1, "outlook": 0}, edit
    world.quiet()


def test_c2_every_field_of_a_contact_edited_in_x3_goes_alone(world: World) -> None:
    key = world.sage.save("ZCOR", reps=("R001",), **COR)["CORNUM"]
    world.sync()
    edits: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"LNA": "Núñez"}, {"names": ("Núñez", "Zoë", "Mrs", "Buyer", "Purchasing", "Café Zürich AG")}),
        ({"TTL": "3"}, {"names": ("Núñez", "Zoë", "Ms", "Buyer", "Purchasing", "Café Zürich AG")}),
        ({"FNCLIB": "Head", "SRV": "Sales"}, {"names": ("Núñez", "Zoë", "Ms", "Head", "Sales", "Café Zürich AG")}),
        ({"CPYZIP": "BS2", "CPYCTY": "BATH"}, {"work": (["12 Market Street", "Building B"], "BATH", "Avon", "BS2")}),
        ({"HOMCTY": "PARIS"}, {"home": ("3 Quai Nord", "PARIS", "44000")}),
        ({"CPYCRY": "DE"}, {"countries": ("Germany", "France")}),
        ({"CPYTEL": "1", "HOMTEL": "2", "CPYMOB": "3", "CPYFAX": "4"}, {"phones": ("1", "2", "3", "4")}),
        ({"CPYEML": "a@b.example", "HOMEML": "c@d.example"}, {"mails": ("a@b.example", "c@d.example")}),
        ({"BIR": "19810301"}, {"birthday": "1981-03-01"}),
    ]
    expected: dict[str, Any] = dict(CARD_SEEN)
    for edit, seen in edits:
        world.later()
        world.sage.modify("ZCOR", key, **edit)
        report = world.sync()
        expected |= seen
        assert card_of(world.alice.contacts()[0]) == expected, edit
        assert report["writes"] == {"x3": 0, "outlook": 1}, edit
    world.quiet()


CLEARED: dict[str, tuple[str, dict[str, Any]]] = {
    "names": ("givenName", {"FNA": ""}),
    "title": ("title", {"TTL": ""}),
    "function": ("jobTitle", {"FNCLIB": ""}),
    "department": ("department", {"SRV": ""}),
    "company": ("companyName", {"CPYBPADES": ""}),
    "work address": ("businessAddress", dict.fromkeys(("CPYADD", "CPYZIP", "CPYCTY", "CPYSAT", "CPYCRY"), "")),
    "work phone": ("businessPhones", {"CPYTEL": ""}),
    "mobile": ("mobilePhone", {"CPYMOB": ""}),
    "fax": ("fax", {"CPYFAX": ""}),
    "work e-mail": ("primaryEmailAddress", {"CPYEML": ""}),
    "home address": ("homeAddress", dict.fromkeys(("HOMADD", "HOMZIP", "HOMCTY", "HOMCRY"), "")),
    "home phone": ("homePhones", {"HOMTEL": ""}),
    "home e-mail": ("secondaryEmailAddress", {"HOMEML": ""}),
    "birthday": ("birthday", {"BIR": ""}),
}
EMPTY: dict[str, Any] = {"businessAddress": {}, "homeAddress": {}, "businessPhones": [], "homePhones": []}
BLANK = ("", "0", ["", "", ""], "00000000")


@pytest.mark.parametrize("field", CLEARED)
def test_c2_a_field_of_a_contact_cleared_in_outlook_is_cleared_in_x3_alone(world: World, field: str) -> None:
    name, gone = CLEARED[field]
    made = world.alice.ok("POST", "/contacts", {**CARD, "businessPhones": ["+44 117 1"]})
    world.sync()
    world.later()
    fax = {"singleValueExtendedProperties": [{"id": FAX, "value": ""}]}
    world.alice.change_contact(made["id"], **(fax if name == "fax" else {name: EMPTY.get(name)}))
    report = world.sync()
    record = world.sage.only("ZCOR")
    assert {one: record[one] for one in gone if record[one] not in BLANK} == {}
    kept = {one: text for one, text in COR.items() if one not in gone}
    assert shown(record, kept) == kept
    assert (report["writes"], world.problems()) == ({"x3": 1, "outlook": 0}, [])
    world.quiet()


@pytest.mark.parametrize("field", CLEARED)
def test_c2_a_field_of_a_contact_cleared_in_x3_is_cleared_in_outlook_alone(world: World, field: str) -> None:
    name, gone = CLEARED[field]
    key = world.sage.save("ZCOR", reps=("R001",), **COR)["CORNUM"]
    world.sync()
    world.later()
    before = world.alice.contacts()[0]
    edit: dict[str, Any] = {one: ["", "", ""] if one.endswith("ADD") else "" for one in gone}
    world.sage.modify("ZCOR", key, **edit)
    report = world.sync()
    row = world.alice.contacts()[0]
    assert not row[name]
    also = {"displayName", "emailAddresses", "singleValueExtendedProperties", "changeKey", "@odata.etag"}
    assert {one for one in row if row[one] != before[one]} - also - {"lastModifiedDateTime"} == {name}
    assert (report["writes"], world.problems()) == ({"x3": 0, "outlook": 1}, [])
    world.quiet()
