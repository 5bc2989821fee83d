"""A problem line is corrected in place, whatever its field: by X3's value, by Outlook's, or by a typed one (R4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.system.outlook import COMPANIES, FAX, PERSONS, below_details, day, stop
from tests.system.test_one_contact import listed, number
from tests.system.world import World, at, on, ymd

Json = dict[str, Any]
Value = tuple[Json, Json]  # of one field, in X3's words and in Outlook's


def report(words: str) -> Value:
    return {"FULRPO": words}, {"body": {"contentType": "text", "content": words}}


def subject(words: str) -> Value:
    return {"FULOBJ": words}, {"subject": words}


def hours(start: int, end: int) -> Json:
    return {"start": stop(at(1, start)), "end": stop(at(1, end))}


def related(company: str, name: str) -> Json:
    """Company and person of an event."""
    return {"multiValueExtendedProperties": [{"id": COMPANIES, "value": [company]}, {"id": PERSONS, "value": [name]}]}


def address(slot: str, street: str, city: str, name: str) -> Value:
    x3 = {f"{slot}ADD": [street, "", ""], f"{slot}CTY": city, f"{slot}ZIP": "69000", f"{slot}CRY": "FR"}
    return x3, {name: {"street": street, "city": city, "postalCode": "69000", "countryOrRegion": "France"}}


def mail(field: str, slot: str, name: str) -> Value:
    return {field: f"{name}@x.example"}, {slot: {"address": f"{name}@x.example", "name": name}}


def fax(digits: str) -> Value:
    return {"CPYFAX": digits}, {"singleValueExtendedProperties": [{"id": FAX, "value": digits}]}


def plain(field: str, name: str, x3: str, outlook: str) -> tuple[Value, Value]:
    """A field that both sides spell alike."""
    return ({field: x3}, {name: x3}), ({field: outlook}, {name: outlook})


RELATED = related("Blue Lake Foods   #BLUELAKE#", "Bob Weiss"), related("Horlogerie du Jura   #JURA#", "Ada Rossi")
NOBODY = [""] * 9

# Field -> X3's value and Outlook's. `done` is missing: of two values none is left to differ in once both sides changed.
FIELDS: dict[str, dict[str, tuple[Value, Value]]] = {
    "ZTSK": {
        "subject": (({"FULOBJ": "X3's"}, {"title": "X3's"}), ({"FULOBJ": "Outlook's"}, {"title": "Outlook's"})),
        "report": (report("Two\nlines"), report("One line")),
        "dates": (
            ({"TSKSTR": ymd(2), "TSKDAT": ymd(5)}, {"startDateTime": day(on(2)), "dueDateTime": day(on(5))}),
            ({"TSKSTR": ymd(3), "TSKDAT": ymd(6)}, {"startDateTime": day(on(3)), "dueDateTime": day(on(6))}),
        ),
        "priority": (({"TSKPIOLEV": "1"}, {"importance": "high"}), ({"TSKPIOLEV": "3"}, {"importance": "low"})),
        "relation": (
            ({"TSKCOR": "Weiss"}, {"contacts": ["Bob Weiss"]}),
            ({"TSKCOR": "Rossi"}, {"contacts": ["Ada Rossi"]}),
        ),
    },
    "ZCLL": {
        "when": (({"CLLHOU": "1100", "CLLDUR": "60"}, hours(11, 12)), ({"CLLHOU": "1400", "CLLDUR": "120"}, hours(14, 16))),
        "subject": (subject("X3's"), subject("Outlook's")),
        "report": (report("Two\nlines"), report("One line")),
        "relation": (
            ({"CLLCMP": "BLUELAKE", "CLLCOR": "Weiss"}, RELATED[0]),
            ({"CLLCMP": "JURA", "CLLCOR": "Rossi"}, RELATED[1]),
        ),
    },
    "ZBAP": {
        "when": (
            ({"APTHOU": "1100", "APTHOUEND": "1200"}, hours(11, 12)),
            ({"APTHOU": "1400", "APTHOUEND": "1600"}, hours(14, 16)),
        ),
        "subject": (subject("X3's"), subject("Outlook's")),
        "report": (report("Two\nlines"), report("One line")),
        "place": (
            ({"APTPLC": "3", "ATPADDCMT": "Room X"}, {"location": {"displayName": "Room X"}}),
            ({"APTPLC": "3", "ATPADDCMT": "Room O"}, {"location": {"displayName": "Room O"}}),
        ),
        "relation": (
            ({"APTCMP": "BLUELAKE", "APTCOR": ["Weiss", *NOBODY]}, RELATED[0]),
            ({"APTCMP": "JURA", "APTCOR": ["Rossi", *NOBODY]}, RELATED[1]),
        ),
    },
    "ZCOR": {
        "name": (
            ({"LNA": "Xname", "FNA": "Xgiven"}, {"surname": "Xname", "givenName": "Xgiven"}),
            ({"LNA": "Oname", "FNA": "Ogiven"}, {"surname": "Oname", "givenName": "Ogiven"}),
        ),
        "title": (({"TTL": "1"}, {"title": "Mr"}), ({"TTL": "2"}, {"title": "Mrs"})),
        "function": plain("FNCLIB", "jobTitle", "Buyer", "Head"),
        "department": plain("SRV", "department", "", "Purchasing"),
        "company": plain("CPYBPADES", "companyName", "Elbtechnik", "Café Zürich AG"),
        "work_address": (
            address("CPY", "1 Quai", "PARIS", "businessAddress"),
            address("CPY", "2 Rue", "LYON", "businessAddress"),
        ),
        "work_phone": (({"CPYTEL": "1"}, {"businessPhones": ["1"]}), ({"CPYTEL": "2"}, {"businessPhones": ["2"]})),
        "work_fax": (fax("3"), fax("4")),
        "mobile": plain("CPYMOB", "mobilePhone", "5", "6"),
        "work_email": (mail("CPYEML", "primaryEmailAddress", "x"), mail("CPYEML", "primaryEmailAddress", "o")),
        "home_address": (
            address("HOM", "3 Quai", "NANTES", "homeAddress"),
            address("HOM", "4 Rue", "LILLE", "homeAddress"),
        ),
        "home_phone": (({"HOMTEL": "7"}, {"homePhones": ["7"]}), ({"HOMTEL": "8"}, {"homePhones": ["8"]})),
        "home_email": (mail("HOMEML", "secondaryEmailAddress", "xh"), mail("HOMEML", "secondaryEmailAddress", "oh")),
        "birthday": (
            ({"BIR": "19800101"}, {"birthday": "1980-01-01T11:59:00Z"}),
            ({"BIR": "19900202"}, {"birthday": "1990-02-02T11:59:00Z"}),
        ),
    },
}


def instant(moment: Json) -> datetime:
    return datetime.fromisoformat(moment["dateTime"][:19]).replace(tzinfo=ZoneInfo(moment["timeZone"])).astimezone(UTC)


def values(properties: list[Json]) -> set[tuple[str, ...]]:
    return {tuple(one.get("value", "")) for one in properties}


# How a property of Outlook is compared, where equality asks too much.
ALIKE: dict[str, Callable[[Any], Any]] = {
    "start": instant,
    "end": instant,
    "startDateTime": lambda moment: moment["dateTime"][:10],
    "dueDateTime": lambda moment: moment["dateTime"][:10],
    "location": lambda place: place["displayName"],
    "businessAddress": lambda given: {name: text for name, text in given.items() if text},
    "homeAddress": lambda given: {name: text for name, text in given.items() if text},
    "primaryEmailAddress": lambda given: given["address"],
    "secondaryEmailAddress": lambda given: given["address"],
    "department": lambda words: words or "",
    "birthday": lambda moment: moment[:10],
    "singleValueExtendedProperties": values,
    "multiValueExtendedProperties": values,
}


class Item:
    """One linked item of a publication, born in X3, beside the user's contacts Ada Rossi and Bob Weiss."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        sage = world.sage
        sage.new_contact("Rossi", "Ada")
        sage.new_contact("Weiss", "Bob")
        self.cors = {surname: number(world, surname) for surname in ("Rossi", "Weiss")}
        match name:
            case "ZTSK":
                self.key = sage.new_task("Start", ymd(1))["TSKNUM"]
            case "ZCLL":
                self.key = sage.new_call("Start", ymd(1))["CLLNUM"]
            case "ZBAP":
                self.key = sage.new_appointment("Start", ymd(1))["APTNUM"]
            case _:
                self.key = sage.new_contact("Start", "A", SRV="Service")["CORNUM"]
        world.sync()
        world.later(3600)

    @property
    def row(self) -> Json:
        alice = self.world.alice
        found = {"ZTSK": alice.tasks, "ZCOR": alice.contacts}.get(self.name, alice.events)()
        (row,) = [row for row in found if row.get("surname") not in self.cors]
        return row

    def conflict(self) -> None:
        """Change every field on both sides."""
        for _, (_, outlook) in FIELDS[self.name].values():
            self.edit(outlook)
        self.world.later()
        columns = {column: told for (x3, _), _ in FIELDS[self.name].values() for column, told in x3.items()}
        self.world.sage.modify(self.name, self.key, **self.known(columns))

    def edit(self, patch: Json) -> None:
        alice, row = self.world.alice, self.row
        for person in patch.get("contacts", ()):
            alice.link_contact(row["id"], person)
        change = {"ZTSK": alice.change_task, "ZCOR": alice.change_contact}.get(self.name, alice.change_event)
        if "contacts" not in patch:
            change(row["id"], **patch)

    def known(self, columns: Json) -> Json:
        """X3's columns with the numbers of the contacts for their names."""

        def of(told: Any) -> Any:
            return [of(one) for one in told] if isinstance(told, list) else self.cors.get(told, told)

        return {column: of(told) for column, told in columns.items()}

    def shows(self, value: Value) -> None:
        """Both sides hold the value."""
        x3, outlook = self.known(value[0]), value[1]
        record, row = self.world.sage.read(self.name, self.key) or {}, self.row
        assert {column: record[column] for column in x3} == x3
        if "contacts" in outlook:
            row = {**row, "contacts": listed(row)}
        if "body" in outlook:
            assert below_details(row) == outlook["body"]["content"]
        for name in outlook.keys() - {"body"}:
            alike = ALIKE.get(name, lambda told: told)
            assert alike(row[name]) == alike(outlook[name]), name


@pytest.mark.parametrize(("winner", "chosen"), [("x3", "outlook"), ("outlook", "x3"), ("x3", "x3")])
@pytest.mark.parametrize("name", FIELDS)
def test_r4_c4_either_value_of_every_field_can_be_chosen(world: World, name: str, winner: str, chosen: str) -> None:
    """After a conflict the winner's value stands on both sides, the loser's only in the line."""
    world.set("REP1", f"conflict={winner}")
    item = Item(world, name)
    item.conflict()
    world.sync()
    fields = FIELDS[name]
    lines = {line["field"]: line["id"] for line in world.problems()}
    assert set(lines) == set(fields)
    for field, by_side in fields.items():
        item.shows(by_side[winner == "outlook"])
        world.later()
        world.product.json("problems", "fix", str(lines.pop(field)), chosen)
        item.shows(by_side[chosen == "outlook"])
        assert {line["field"]: line["id"] for line in world.problems()} == lines
    world.quiet()


@pytest.mark.parametrize(
    "typed", ["JURA", "Horlogerie du Jura   #JURA#", " #JURA# ", '{"company": {"number": "JURA"}, "people": []}']
)
def test_r4_k5_an_unknown_company_is_typed(world: World, typed: str) -> None:
    companies = {"id": COMPANIES, "value": ["Nobody   #NOBODY#"]}
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[companies])
    world.sync()
    (line,) = world.problems(field="relation")
    world.later()
    world.product.json("problems", "fix", str(line["id"]), "--value", typed)
    assert (world.sage.only("ZBAP")["APTCMP"], world.problems()) == ("JURA", [])
    assert world.alice.events()[0]["companies"] == ["Horlogerie du Jura   #JURA#"]
    world.quiet()


def test_r4_k2_an_unknown_contact_of_a_task_is_typed(world: World) -> None:
    ada = world.sage.new_contact("Rossi", "Ada")["CORNUM"]
    bob = world.sage.new_contact("Weiss", "Bob")["CORNUM"]
    world.sage.new_task("Visit", ymd(1), TSKCOR=ada, TSKCMP="JURA")
    world.sync()
    world.later()
    row = world.alice.tasks()[0]
    link = next(one for one in row["linkedResources"] if one["applicationName"] == "Contact")
    world.alice.ok("DELETE", f"/todo/lists/{world.alice.default_list}/tasks/{row['id']}/linkedResources/{link['id']}")
    world.alice.link_contact(row["id"], "Nobody Known")
    world.sync()
    (line,) = world.problems(field="relation")
    world.later()
    world.product.json("problems", "fix", str(line["id"]), "--value", bob)
    task = world.sage.only("ZTSK")
    assert (task["TSKCOR"], task["TSKCMP"], world.problems()) == (bob, "JURA", [])
    assert listed(world.alice.tasks()[0]) == ["Bob Weiss"]
    world.quiet()


def test_r4_k4_an_unknown_contact_of_an_appointment_is_typed_in_its_place(world: World) -> None:
    cards = {name: world.sage.new_contact(name, "A")["CORNUM"] for name in ("Rossi", "Weiss", "Verdi")}
    world.sync()
    persons = {"id": PERSONS, "value": ["A Rossi", "Nobody Known"]}
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[persons])
    world.sync()
    (line,) = world.problems(field="relation")
    world.later()
    world.product.json("problems", "fix", str(line["id"]), "--value", cards["Verdi"])
    held = [card for card in world.sage.only("ZBAP")["APTCOR"] if card]
    assert (held, world.problems()) == ([cards["Rossi"], cards["Verdi"]], [])
    assert world.alice.events()[0]["persons"] == ["A Rossi", "A Verdi"]
    world.quiet()


def test_r4_k5_what_x3_knows_neither_as_company_nor_as_contact_is_said(world: World) -> None:
    companies = {"id": COMPANIES, "value": ["Nobody   #NOBODY#"]}
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[companies])
    world.sync()
    (line,) = world.problems(field="relation")
    answer = world.product.run("problems", "fix", str(line["id"]), "--value", "NOBODY", code=2)
    assert "no company and no contact" in answer.err
    assert len(world.problems()) == 1
