"""The one-contact rule: K1, K2, K3 for tasks and calls, K4 for appointments, K5 for companies."""

from __future__ import annotations

import pytest

from tests.system.outlook import COMPANIES, Json, attendee, persons
from tests.system.world import World, at, decided, ymd


@pytest.fixture
def people(world: World) -> World:
    """Ada and Bob are the user's contacts, Zed is nobody's."""
    world.sage.new_contact("Rossi", "Ada", CPYEML="ada@rossi.example")
    world.sage.new_contact("Weiss", "Bob", CPYEML="bob@weiss.example")
    world.sage.new_contact("Other", "Zed", reps=("R002",))
    world.sync()
    world.later()
    return world


def number(world: World, surname: str) -> str:
    return str(next(row["CORNUM"] for row in world.sage.all("ZCOR") if row["LNA"] == surname))


def listed(row: Json) -> list[str]:
    """The contacts of a task, in order."""
    return [link["displayName"] for link in row["linkedResources"] if link["applicationName"] == "Contact"]


def task(world: World) -> Json:
    return world.alice.tasks()[0]


@pytest.mark.parametrize(
    ("names", "taken", "problem"),
    [
        (["Ada Rossi", "Bob Weiss"], "Rossi", False),
        (["Bob Weiss", "Nobody Known"], "Weiss", False),
        (["Nobody Known", "Bob Weiss"], "", True),
        (["Zed Other", "Ada Rossi"], "", True),
        (["Nobody Known"], "", True),
        ([], "", False),
    ],
)
def test_k1_k2_a_new_task_takes_the_first_contact_if_it_is_known(
    people: World, names: list[str], taken: str, problem: bool
) -> None:
    key = people.alice.new_task("Visit")["id"]
    for name in names:
        people.alice.link_contact(key, name)
    people.sync()
    assert people.sage.only("ZTSK")["TSKCOR"] == (number(people, taken) if taken else "")
    assert [row["field"] for row in people.problems(type="task")] == (["relation"] if problem else [])
    assert listed(task(people)) == names  # K3: never because of an Outlook -> X3 pass
    people.quiet()


@pytest.mark.parametrize(
    ("names", "taken", "problem"),
    [
        (["Bob Weiss", "Ada Rossi"], "Weiss", False),
        (["Nobody Known", "Bob Weiss"], "Rossi", True),
        (["Nobody Known"], "Rossi", True),
        ([], "Rossi", False),
    ],
)
def test_k1_k2_k3_a_task_with_a_contact_keeps_it_unless_the_first_is_known(
    people: World, names: list[str], taken: str, problem: bool
) -> None:
    record = people.sage.new_task("Visit", ymd(1), TSKCOR=number(people, "Rossi"))["TSKNUM"]
    people.sync()
    row = task(people)
    assert listed(row) == ["Ada Rossi"]
    people.later()
    base = f"/todo/lists/{people.alice.default_list}/tasks/{row['id']}/linkedResources"
    for link in row["linkedResources"]:
        if link["applicationName"] == "Contact":
            people.alice.ok("DELETE", f"{base}/{link['id']}")
    for name in names:
        people.alice.link_contact(row["id"], name)
    people.alice.change_task(row["id"], title="Edited")
    people.sync()
    kept = people.sage.read("ZTSK", record)
    assert kept is not None
    assert (kept["FULOBJ"], kept["TSKCOR"]) == ("Edited", number(people, taken))
    assert [one["field"] for one in people.problems(type="task")] == (["relation"] if problem else [])
    assert listed(task(people)) == names
    people.quiet()
    # K3: on the next write from X3, whatever caused it, the list becomes exactly X3's contact.
    people.later()
    people.sage.modify("ZTSK", record, FULRPO="Report")
    people.sync()
    assert listed(task(people)) == [{"Rossi": "Ada Rossi", "Weiss": "Bob Weiss"}[taken]]
    marks = [link["applicationName"] for link in task(people)["linkedResources"]]
    assert marks.count("Sage X3") == 1
    people.quiet()


def test_k3_a_contact_changed_in_x3_replaces_the_list(people: World) -> None:
    record = people.sage.new_task("Visit", ymd(1), TSKCOR=number(people, "Rossi"))["TSKNUM"]
    people.sync()
    people.later()
    people.sage.modify("ZTSK", record, TSKCOR=number(people, "Weiss"))
    report = people.sync()
    assert report["writes"] == {"x3": 0, "outlook": 1}
    assert listed(task(people)) == ["Bob Weiss"]
    people.later()
    people.sage.modify("ZTSK", record, TSKCOR="")
    people.sync()
    assert listed(task(people)) == []
    people.quiet()


@pytest.mark.parametrize(
    ("names", "taken"), [(["Ada Rossi", "Bob Weiss"], "Rossi"), (["Nobody Known", "Ada Rossi"], ""), ([], "")]
)
def test_k1_k2_a_call_takes_the_first_contact_if_it_is_known(people: World, names: list[str], taken: str) -> None:
    people.alice.new_event("Ring", at(1), categories=["X3 Call"], multiValueExtendedProperties=[persons(*names)])
    people.sync()
    assert people.sage.only("ZCLL")["CLLCOR"] == (number(people, taken) if taken else "")
    people.quiet()


def test_k3_a_calls_list_becomes_x3s_contact(people: World) -> None:
    key = people.alice.new_event(
        "Ring", at(1), categories=["X3 Call"], multiValueExtendedProperties=[persons("Ada Rossi", "Bob Weiss")]
    )["id"]
    people.sync()
    event = people.alice.event(key)
    assert event is not None
    assert event["persons"] == ["Ada Rossi", "Bob Weiss"]
    people.later()
    people.sage.modify("ZCLL", people.sage.only("ZCLL")["CLLNUM"], FULOBJ="Rang")
    people.sync()
    event = people.alice.event(key)
    assert event is not None
    assert (event["subject"], event["persons"]) == ("Rang", ["Ada Rossi"])
    people.quiet()


def test_k4_an_appointment_takes_all_known_contacts_in_their_places(people: World) -> None:
    people.alice.new_event("Visit", at(1), multiValueExtendedProperties=[persons("Bob Weiss", "Ada Rossi")])
    people.sync()
    cards = [card for card in people.sage.only("ZBAP")["APTCOR"] if card]
    assert cards == [number(people, "Weiss"), number(people, "Rossi")]
    people.quiet()


def test_k4_an_appointment_from_x3_lists_its_contacts(people: World) -> None:
    people.sage.new_appointment("Visit", ymd(1), APTCOR=[number(people, "Weiss"), number(people, "Rossi")])
    people.sync()
    assert people.alice.events()[0]["persons"] == ["Bob Weiss", "Ada Rossi"]
    assert people.servers.mails() == 0
    people.quiet()


def test_k_external_attendees_are_found_by_their_address_and_never_written(people: World) -> None:
    people.alice.new_event("Meeting", at(1), attendees=[attendee("ADA@rossi.example", "A. R.")])
    mails = people.servers.mails()
    people.sync()
    record = people.sage.only("ZBAP")
    assert [card for card in record["APTCOR"] if card] == [number(people, "Rossi")]
    assert record["APTTYP"] == "2"
    event = people.alice.events()[0]
    assert [one["emailAddress"]["address"] for one in event["attendees"]] == ["ADA@rossi.example"]
    assert people.servers.mails() == mails
    people.quiet()


def test_a3_a_representative_among_the_contacts_takes_part(pair: World) -> None:
    pair.alice.new_event("Visit", at(1), multiValueExtendedProperties=[persons("Benoît Lefèvre")])
    pair.sync("REP1")
    assert "R002" in pair.sage.only("ZBAP")["APTREPNUM"]
    pair.sync("REP2")
    assert [event["subject"] for event in pair.benoit.events()] == ["Visit"]
    assert pair.servers.mails() == 0
    pair.quiet()


@pytest.mark.parametrize("mailbox", ["", "rep2@contoso.example"], ids=["without mailbox", "with mailbox"])
@pytest.mark.parametrize("enabled", [False, True], ids=["not enabled", "enabled"])
def test_a3_k_a_representatives_card_in_a_list_is_the_representative(world: World, mailbox: str, enabled: bool) -> None:
    if enabled:
        world.enable(2)
    world.sage.new_contact("Lefèvre", "Benoît", CORTYP="2", CPYEML=mailbox)
    ada = world.sage.new_contact("Rossi", "Ada")["CORNUM"]
    world.sync()
    key = world.alice.new_task("Visit")["id"]
    for name in ("Benoît Lefèvre", "Ada Rossi"):
        world.alice.link_contact(key, name)
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[persons("Benoît Lefèvre", "Ada Rossi")])
    world.sync()
    visit = world.sage.only("ZBAP")
    assert [card for card in visit["APTCOR"] if card] == [ada]
    assert "R002" in visit["APTREPNUM"]
    assert world.sage.only("ZTSK")["TSKCOR"] == ada
    assert world.problems() == []
    for user in world.users:
        world.sync(user)
    world.quiet()


@pytest.mark.parametrize(
    ("text", "kept", "problem"),
    [
        ("Horlogerie du Jura   #JURA#", "JURA", False),
        ("Another name   #jura#", "JURA", False),
        ("Nobody   #NOBODY#", "", True),
    ],
)
def test_k5_the_number_of_a_company_decides(people: World, text: str, kept: str, problem: bool) -> None:
    people.alice.new_event("Visit", at(1), multiValueExtendedProperties=[{"id": COMPANIES, "value": [text]}])
    people.alice.new_task("Other goes on")
    people.sync()
    assert people.sage.only("ZBAP")["APTCMP"] == kept
    assert [row["outlook"] for row in people.problems(type="appointment")] == ([text] if problem else [])
    assert len(people.sage.all("ZTSK")) == 1
    people.quiet()


def test_k5_without_a_company_it_comes_from_the_contact(people: World) -> None:
    people.sage.modify("ZCOR", number(people, "Rossi"), BPRNUM="LOIRE")
    people.sync()
    key = people.alice.new_task("Visit")["id"]
    people.alice.link_contact(key, "Ada Rossi")
    people.sync()
    assert people.sage.only("ZTSK")["TSKCMP"] == "LOIRE"
    assert decided(people.sync(), "K5") == []
    people.quiet()


def test_k_contacts_and_items_that_name_them_come_in_one_pass(world: World) -> None:
    world.alice.new_contact("Rossi", "Ada")
    key = world.alice.new_task("Visit")["id"]
    world.alice.link_contact(key, "Ada Rossi")
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[persons("Ada Rossi")])
    world.sync()
    card = world.sage.only("ZCOR")["CORNUM"]
    assert world.sage.only("ZTSK")["TSKCOR"] == card
    assert [one for one in world.sage.only("ZBAP")["APTCOR"] if one] == [card]
    world.quiet()
