"""Every field of the rules' tables, both ways: created, changed, deleted; then a pass that writes nothing (C1, M5, D1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import below_details, day, stop, text
from tests.system.world import World, at, on, ymd
from tests.system.x3 import Record


def shown(record: Record, wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record that a test speaks of."""
    return {name: record.get(name) for name in wanted}


# ------------------------------------------------------------------------------------------------------ task


def test_m5_a_task_from_outlook_with_all_its_fields(world: World) -> None:
    made = world.alice.new_task(
        "Prepare 🚚 offer",
        body={"contentType": "text", "content": "Two lines\nof é text"},
        startDateTime=day(on(1)),
        dueDateTime=day(on(3)),
        importance="high",
    )
    world.sync()
    wanted = {
        "FULOBJ": "Prepare 🚚 offer",
        "FULRPO": "Two lines\nof é text",
        "TSKSTR": ymd(1),
        "TSKDAT": ymd(3),
        "TSKDON": "1",
        "TSKPIOLEV": "1",
        "TSKORITYP": "3",
        "TSKREP": "R001",
    }
    record = world.sage.only("ZTSK")
    assert shown(record, wanted) == wanted
    row = world.alice.task(made["id"])
    assert row is not None
    marker = next(link for link in row["linkedResources"] if link["applicationName"] == "Sage X3")
    assert marker["displayName"] == record["TSKNUM"]
    world.quiet()


def test_m5_a_task_from_x3_with_all_its_fields(world: World) -> None:
    made = world.sage.new_task("Call back", ymd(5), TSKSTR=ymd(2), TSKPIOLEV="3", TSKDON="2", FULRPO="A\nB", TSKCMP="JURA")
    world.sync()
    row = world.alice.tasks()[0]
    assert (row["title"], row["status"], row["importance"]) == ("Call back", "completed", "low")
    assert (row["startDateTime"]["dateTime"][:10], row["dueDateTime"]["dateTime"][:10]) == (str(on(2)), str(on(5)))
    assert below_details(row) == "A\nB"
    assert made["TSKNUM"] in text(row)
    links = {link["applicationName"]: link["displayName"] for link in row["linkedResources"]}
    assert links == {"Sage X3": made["TSKNUM"], "Company": "Horlogerie du Jura   #JURA#"}
    world.quiet()


def test_c2_every_field_of_a_task_edited_in_outlook_goes_alone(world: World) -> None:
    key = world.alice.new_task("Start", dueDateTime=day(on(3)))["id"]
    world.sync()
    expected: dict[str, Any] = {"FULOBJ": "Start", "TSKDAT": ymd(3)}
    edits: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"title": "Other"}, {"FULOBJ": "Other"}),
        ({"body": {"contentType": "text", "content": "Report"}}, {"FULRPO": "Report"}),
        ({"dueDateTime": day(on(4))}, {"TSKDAT": ymd(4)}),
        ({"startDateTime": day(on(2))}, {"TSKSTR": ymd(2)}),
        ({"importance": "low"}, {"TSKPIOLEV": "3"}),
        ({"status": "completed"}, {"TSKDON": "2"}),
        ({"status": "waitingOnOthers"}, {"TSKDON": "1"}),
    ]
    for edit, seen in edits:
        world.later()
        world.alice.change_task(key, **edit)
        report = world.sync()
        expected |= seen
        assert shown(world.sage.only("ZTSK"), expected) == expected, edit
        assert report["writes"] == {"x3": 1, "outlook": 0}, edit
    row = world.alice.task(key)
    assert row is not None
    assert row["status"] == "waitingOnOthers"
    world.quiet()


def test_c2_every_field_of_a_task_edited_in_x3_goes_alone(world: World) -> None:
    key = world.sage.new_task("Start", ymd(3))["TSKNUM"]
    world.sync()
    edits: list[tuple[dict[str, Any], str, Any]] = [
        ({"FULOBJ": "Other"}, "title", "Other"),
        ({"FULRPO": "Report"}, "report", "Report"),
        ({"TSKDAT": ymd(4)}, "due", str(on(4))),
        ({"TSKSTR": ymd(2)}, "start", str(on(2))),
        ({"TSKPIOLEV": "1"}, "importance", "high"),
        ({"TSKDON": "2"}, "status", "completed"),
        ({"TSKDON": "1"}, "status", "notStarted"),
    ]
    for edit, name, seen in edits:
        world.later()
        world.sage.modify("ZTSK", key, **edit)
        report = world.sync()
        row = world.alice.tasks()[0]
        row |= {
            "report": below_details(row),
            "due": row["dueDateTime"]["dateTime"][:10],
            "start": (row.get("startDateTime") or {"dateTime": ""})["dateTime"][:10],
        }
        assert row[name] == seen, edit
        assert report["writes"] == {"x3": 0, "outlook": 1}, edit
    world.quiet()


# ----------------------------------------------------------------------------------------------- appointment


def test_m5_an_appointment_from_outlook_with_all_its_fields(world: World) -> None:
    made = world.alice.new_event(
        "Visit",
        at(1, 9),
        at(1, 11, 30),
        body={"contentType": "text", "content": "Agenda"},
        location={"displayName": "Room 3"},
        categories=["Done"],
    )
    world.sync()
    wanted = {
        "FULOBJ": "Visit",
        "FULRPO": "Agenda",
        "APTDAT": ymd(1),
        "APTHOU": "0900",
        "APTDATEND": ymd(1),
        "APTHOUEND": "1130",
        "FULDAY": "1",
        "APTPLC": "3",
        "ATPADDCMT": "Room 3",
        "APTDON": "2",
        "APTTYP": "1",
        "ATPREPMNA": "R001",
        "APTORITYP": "3",
    }
    assert shown(world.sage.only("ZBAP"), wanted) == wanted
    event = world.alice.event(made["id"])
    assert event is not None
    assert text(event) == "Agenda"
    world.quiet()


def test_m5_an_appointment_from_x3_with_all_its_fields(world: World) -> None:
    made = world.sage.new_appointment(
        "Visit", ymd(1), "0900", "1130", FULRPO="Agenda", APTPLC="3", ATPADDCMT="Room 3", APTDON="2", APTCMP="JURA"
    )
    world.sync()
    event = world.alice.events()[0]
    assert (event["subject"], below_details(event)) == ("Visit", "Agenda")
    assert made["APTNUM"] in text(event)
    assert (event["start"]["dateTime"][:16], event["end"]["dateTime"][:16]) == (f"{on(1)}T07:00", f"{on(1)}T09:30")
    assert event["location"]["displayName"] == "Room 3"
    assert event["categories"] == ["Done"]
    assert event["companies"] == ["Horlogerie du Jura   #JURA#"]
    assert event["isReminderOn"] is False
    world.quiet()


def test_c2_every_field_of_an_appointment_edited_in_outlook_goes_alone(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    expected: dict[str, Any] = {"FULOBJ": "Start"}
    edits: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"subject": "Other"}, {"FULOBJ": "Other"}),
        ({"body": {"contentType": "text", "content": "Report"}}, {"FULRPO": "Report"}),
        (
            {"start": stop(at(2, 14)), "end": stop(at(2, 15))},
            {"APTDAT": ymd(2), "APTHOU": "1400", "APTDATEND": ymd(2), "APTHOUEND": "1500"},
        ),
        ({"location": {"displayName": "Room 4"}}, {"APTPLC": "3", "ATPADDCMT": "Room 4"}),
        ({"categories": ["Done", "Blue"]}, {"APTDON": "2"}),
        ({"categories": ["Blue"]}, {"APTDON": "1"}),
        (
            {"isAllDay": True, "start": day(on(3)), "end": day(on(5))},
            {"FULDAY": "2", "APTDAT": ymd(3), "APTHOU": "0000", "APTDATEND": ymd(4), "APTHOUEND": "2359"},
        ),
    ]
    for edit, seen in edits:
        world.later()
        world.alice.change_event(key, **edit)
        report = world.sync()
        expected |= seen
        assert shown(world.sage.only("ZBAP"), expected) == expected, edit
        assert report["writes"] == {"x3": 1, "outlook": 0}, edit
    world.quiet()


def test_c2_every_field_of_an_appointment_edited_in_x3_goes_alone(world: World) -> None:
    key = world.sage.new_appointment("Start", ymd(1))["APTNUM"]
    world.sync()
    edits: list[tuple[dict[str, Any], str, Any]] = [
        ({"FULOBJ": "Other"}, "subject", "Other"),
        ({"FULRPO": "Report"}, "report", "Report"),
        ({"APTDAT": ymd(2), "APTDATEND": ymd(2)}, "from", f"{on(2)}T07:00"),
        ({"APTPLC": "3", "ATPADDCMT": "Room 4"}, "place", "Room 4"),
        ({"APTDON": "2"}, "categories", ["Done"]),
        ({"APTDON": "1"}, "categories", []),
        ({"FULDAY": "2"}, "isAllDay", True),
    ]
    for edit, name, seen in edits:
        world.later()
        world.sage.modify("ZBAP", key, **edit)
        report = world.sync()
        row = world.alice.events()[0]
        row |= {
            "report": below_details(row),
            "from": row["start"]["dateTime"][:16],
            "place": row["location"]["displayName"],
        }
        assert row[name] == seen, edit
        assert report["writes"] == {"x3": 0, "outlook": 1}, edit
    world.quiet()


# ------------------------------------------------------------------------------------------------------ call


def test_m5_a_call_from_outlook_with_all_its_fields(world: World) -> None:
    world.alice.new_event(
        "Ring", at(1, 9), at(1, 9, 20), categories=["X3 Call", "Done"], body={"contentType": "text", "content": "Spoke"}
    )
    world.sync()
    wanted = {
        "FULOBJ": "Ring",
        "FULRPO": "Spoke",
        "CLLDAT": ymd(1),
        "CLLHOU": "0900",
        "CLLDUR": "20",
        "CLLDON": "2",
        "CLLTYP": "2",
        "CLLREP": "R001",
        "CLLORITYP": "3",
    }
    assert shown(world.sage.only("ZCLL"), wanted) == wanted
    assert world.sage.all("ZBAP") == []
    world.quiet()


def test_m5_a_call_from_x3_with_all_its_fields(world: World) -> None:
    made = world.sage.new_call("Ring", ymd(1), CLLDUR="20", CLLTYP="1", CLLETS="+33 1 23", CLLDON="2", FULRPO="Spoke")
    world.sync()
    event = world.alice.events()[0]
    assert (event["subject"], below_details(event)) == ("Ring", "Spoke")
    assert (event["start"]["dateTime"][:16], event["end"]["dateTime"][:16]) == (f"{on(1)}T07:00", f"{on(1)}T07:20")
    assert set(event["categories"]) == {"X3 Call", "Done"}
    for told in (made["CLLNUM"], "+33 1 23", "Incoming"):
        assert told.casefold() in text(event).casefold()
    world.quiet()


def test_c2_every_field_of_a_call_edited_in_outlook_goes_alone(world: World) -> None:
    key = world.alice.new_event("Start", at(1), categories=["X3 Call"])["id"]
    world.sync()
    expected: dict[str, Any] = {"FULOBJ": "Start"}
    edits: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"subject": "Other"}, {"FULOBJ": "Other"}),
        ({"body": {"contentType": "text", "content": "Report"}}, {"FULRPO": "Report"}),
        (
            {"start": stop(at(2, 14)), "end": stop(at(2, 14, 45))},
            {"CLLDAT": ymd(2), "CLLHOU": "1400", "CLLDUR": "45"},
        ),
        ({"categories": ["X3 Call", "Done"]}, {"CLLDON": "2"}),
    ]
    for edit, seen in edits:
        world.later()
        world.alice.change_event(key, **edit)
        report = world.sync()
        expected |= seen
        assert shown(world.sage.only("ZCLL"), expected) == expected, edit
        assert report["writes"] == {"x3": 1, "outlook": 0}, edit
    world.quiet()


def test_c2_every_field_of_a_call_edited_in_x3_goes_alone(world: World) -> None:
    key = world.sage.new_call("Start", ymd(1))["CLLNUM"]
    world.sync()
    edits: list[tuple[dict[str, Any], str, Any]] = [
        ({"FULOBJ": "Other"}, "subject", "Other"),
        ({"FULRPO": "Report"}, "report", "Report"),
        ({"CLLHOU": "1000"}, "from", f"{on(1)}T08:00"),
        ({"CLLDUR": "30"}, "to", f"{on(1)}T08:30"),
        ({"CLLDON": "2"}, "done", True),
    ]
    for edit, name, seen in edits:
        world.later()
        world.sage.modify("ZCLL", key, **edit)
        report = world.sync()
        row = world.alice.events()[0]
        row |= {
            "report": below_details(row),
            "from": row["start"]["dateTime"][:16],
            "to": row["end"]["dateTime"][:16],
            "done": "Done" in row["categories"],
        }
        assert row[name] == seen, edit
        assert report["writes"] == {"x3": 0, "outlook": 1}, edit
    world.quiet()


def test_a_link_decides_the_type_of_an_event_not_its_category(world: World) -> None:
    key = world.alice.new_event("Ring", at(1), categories=["X3 Call"])["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, categories=[], subject="Rang")
    world.sync()
    assert world.sage.only("ZCLL")["FULOBJ"] == "Rang"
    assert world.sage.all("ZBAP") == []
    world.quiet()


# ------------------------------------------------------------------------------------------------- deletions


@pytest.mark.parametrize("name", ["ZTSK", "ZCLL", "ZBAP", "ZCOR"])
def test_d1_deleted_in_x3_goes_to_deleted_items(world: World, name: str) -> None:
    make = {
        "ZTSK": lambda: world.sage.new_task("Gone", ymd(1))["TSKNUM"],
        "ZCLL": lambda: world.sage.new_call("Gone", ymd(1))["CLLNUM"],
        "ZBAP": lambda: world.sage.new_appointment("Gone", ymd(1))["APTNUM"],
        "ZCOR": lambda: world.sage.new_contact("Gone")["CORNUM"],
    }
    key = make[name]()
    world.sync()
    assert len(world.alice.events() + world.alice.tasks() + world.alice.contacts()) == 1
    world.later()
    world.sage.delete(name, key)
    report = world.sync()
    assert [one["rule"] for one in report["decisions"]] == ["D1"]
    assert world.alice.events() + world.alice.tasks() + world.alice.contacts() == []
    world.quiet()
    assert world.sage.all(name) == []
