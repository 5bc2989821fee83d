"""Who belongs to whom, series and zones (M1, M2, M4, A8, A9, U5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import day, text
from tests.system.test_scope import in_outlook, in_x3
from tests.system.world import World, at, on, ymd


def test_m1_a_reused_key_is_another_record(world: World) -> None:
    key = world.sage.new_task("First", ymd(1))["TSKNUM"]
    world.sync()
    world.later()
    world.sage.delete("ZTSK", key)
    world.sage.control("user-actions", {"action": "restore_key", "object": "TSK", "key": key})
    world.sage.modify("ZTSK", key, FULOBJ="Another")
    world.sync()
    assert [row["title"] for row in world.alice.tasks() if row["title"] == "First"] == ["First"]
    assert any("AUUID" in row["message"] for row in world.problems())
    world.quiet()


@pytest.mark.parametrize("kind", ["task", "appointment", "contact"])
def test_m4_the_same_on_both_sides_is_linked_not_doubled(bare: World, kind: str) -> None:
    if kind == "task":
        bare.sage.new_task("Same", ymd(1), FULRPO="X3's report")
        bare.alice.new_task("Same", dueDateTime=day(on(1)), importance="high")
    elif kind == "appointment":
        bare.sage.new_appointment("Same", ymd(1), FULRPO="X3's report")
        bare.alice.new_event("Same", at(1))
    else:
        bare.sage.new_contact("Rossi", "Ada", CPYEML="ADA@x.example", reps=("R001",), SRV="Sales")
        address = {"address": "ada@x.example", "name": "Ada"}
        bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress=address, mobilePhone="+33 6")
    bare.enable(1)
    assert (len(in_x3(bare)), len(in_outlook(bare))) == (1, 1)
    if kind == "contact":
        assert in_x3(bare)[0]["CPYMOB"] == "+33 6"
        assert in_outlook(bare)[0]["department"] == "Sales"
    else:
        assert "X3's report" in text(in_outlook(bare)[0])
    bare.settle(passes=1)
    bare.quiet()


@pytest.mark.parametrize("kind", ["task", "call", "appointment"])
def test_m4_x3s_value_wins_where_both_have_one_and_outlooks_is_kept(bare: World, kind: str) -> None:
    body = {"contentType": "text", "content": "Outlook's report"}
    if kind == "task":
        bare.sage.new_task("Same", ymd(1), FULRPO="X3's report")
        bare.alice.new_task("Same", dueDateTime=day(on(1)), body=body)
    elif kind == "call":
        bare.sage.new_call("Same", ymd(1), FULRPO="X3's report")
        bare.alice.new_event("Same", at(1), at(1, 9, 15), categories=["X3 Call"], body=body)
    else:
        bare.sage.new_appointment("Same", ymd(1), FULRPO="X3's report")
        bare.alice.new_event("Same", at(1), body=body)
    bare.enable(1)
    assert [row["FULRPO"] for row in in_x3(bare)] == ["X3's report"]
    (item,) = in_outlook(bare)
    assert "X3's report" in text(item)
    assert "Outlook's report" not in text(item)
    (line,) = bare.problems()
    assert (line["type"], line["field"], line["x3"], line["outlook"]) == (kind, "report", "X3's report", "Outlook's report")
    bare.quiet()


def test_m4_an_address_in_common_is_not_enough_where_both_surnames_are_set_and_differ(bare: World) -> None:
    shared = {"address": "sales@x.example", "name": "Sales"}
    bare.sage.new_contact("Weiss", "Bob", CPYEML="sales@x.example", reps=("R002",))
    bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress=shared)
    bare.enable(1)
    assert {row["LNA"]: row["COPREP_LINES"] for row in bare.sage.all("ZCOR")} == {"Rossi": ["R001"], "Weiss": ["R002"]}
    # One without a surname is whoever has the address and is nobody else's card here.
    bare.later()
    bare.alice.new_contact("", "Bob", primaryEmailAddress=shared)
    bare.sync()
    assert {row["LNA"]: sorted(row["COPREP_LINES"]) for row in bare.sage.all("ZCOR")} == {
        "Rossi": ["R001"],
        "Weiss": ["R001", "R002"],
    }
    bare.quiet()


def test_m4_a_contact_of_somebody_else_is_linked_and_assigned(bare: World) -> None:
    bare.sage.new_contact("Rossi", "Ada", CPYEML="ada@x.example", reps=("R002",))
    bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress={"address": "ada@x.example", "name": "Ada"})
    bare.enable(1)
    assert sorted(bare.sage.only("ZCOR")["COPREP_LINES"]) == ["R001", "R002"]
    bare.quiet()


def test_m1_a_second_item_of_a_linked_person_is_another_one(world: World) -> None:
    mail = {"emailAddresses": [{"address": "ada@north.example", "name": "Ada"}]}
    world.alice.new_contact("Lovelace", "Ada", **mail)
    world.sync()
    world.later()
    world.alice.new_contact("Lovelace", "Ada", **mail)
    world.sync()
    assert len(world.sage.all("ZCOR")) == len(world.alice.contacts()) == 2
    world.quiet()


def test_m4_several_that_fit_are_a_problem_and_nothing_is_done(bare: World) -> None:
    for _ in range(2):
        bare.sage.new_contact("Rossi", "Ada", CPYEML="ada@x.example", reps=("R002",))
    bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress={"address": "ada@x.example", "name": "Ada"})
    bare.enable(1)
    assert len(bare.sage.all("ZCOR")) == 2
    assert [row["type"] for row in bare.problems()] == ["contact"]
    bare.quiet()


def test_m2_an_item_of_another_installation_is_left_alone(world: World) -> None:
    foreign = "v1|0123456789abcdef|somebody|task|ACT1|c"
    link = {"applicationName": "Sage X3", "displayName": "ACT1", "externalId": foreign}
    world.alice.new_task("Foreign", linkedResources=[link])
    report = world.sync()
    assert report["foreign"] == 1
    assert in_x3(world) == []
    world.quiet()


# ------------------------------------------------------------------------------------------------- A8, A9

TUESDAYS: dict[str, dict[str, Any]] = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "noEnd", "startDate": str(on(1))},
}


def test_a8_an_endless_series_ends_at_the_window(world: World) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=TUESDAYS)
    world.sync()
    days = [row["APTDAT"] for row in world.sage.all("ZBAP")]
    assert days[:3] == [ymd(1), ymd(8), ymd(15)]
    assert len(days) == 26
    world.quiet()
    # A9: 09:00 in Paris stays 09:00 across the change of clocks in October.
    assert {row["APTHOU"] for row in world.sage.all("ZBAP")} == {"0900"}


def test_a8_an_edit_of_x3_makes_an_exception(world: World) -> None:
    limited = {"pattern": TUESDAYS["pattern"], "range": {**TUESDAYS["range"], "type": "numbered", "numberOfOccurrences": 3}}
    world.alice.new_event("Weekly", at(1), recurrence=limited)
    world.sync()
    second = world.sage.all("ZBAP")[1]
    world.later()
    world.sage.modify("ZBAP", second["APTNUM"], FULOBJ="Special")
    world.sync()
    shown = world.alice.occurrences(str(on(0)), str(on(20)))
    assert sorted(row["subject"] for row in shown) == ["Special", "Weekly", "Weekly"]
    world.quiet()


def test_u5_series_skip_leaves_series_alone(world: World) -> None:
    world.set("REP1", "series=skip")
    world.alice.new_event("Weekly", at(1), recurrence=TUESDAYS)
    world.sync()
    assert world.sage.all("ZBAP") == []
    world.quiet()


@pytest.mark.parametrize("zone", ["Romance Standard Time", "Europe/Paris", "Tokyo Standard Time", "America/New_York"])
def test_a9_zones_by_both_kinds_of_names(world: World, zone: str) -> None:
    world.alice.new_event("Visit", at(1, 9), zone=zone)
    world.sync()
    row = world.sage.only("ZBAP")
    shift = {"Tokyo Standard Time": "0200", "America/New_York": "1500"}.get(zone, "0900")
    assert (row["APTDAT"], row["APTHOU"]) == (ymd(1), shift)
    world.quiet()


def test_a9_all_day_items_keep_their_dates(world: World) -> None:
    body = {"isAllDay": True, "start": day(on(1)), "end": day(on(3))}
    world.alice.ok("POST", "/events", {"subject": "Trip", **body})
    world.sage.new_appointment("Fair", ymd(5), FULDAY="2")
    world.sync()
    rows = {row["FULOBJ"]: row for row in world.sage.all("ZBAP")}
    assert (rows["Trip"]["APTDAT"], rows["Trip"]["APTDATEND"], rows["Trip"]["FULDAY"]) == (ymd(1), ymd(2), "2")
    fair = next(event for event in world.alice.events() if event["subject"] == "Fair")
    assert fair["isAllDay"] is True
    assert (fair["start"]["dateTime"][:10], fair["end"]["dateTime"][:10]) == (str(on(5)), str(on(6)))
    world.quiet()
