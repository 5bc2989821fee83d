"""Switches, first passes, scope: what is looked at and what is left alone (U2, G7, S6, S7, M1, M3, M4, A8, A9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import Json, day, stop, text
from tests.system.world import World, at, decided, mailbox, on, ymd

# ----------------------------------------------------------------------------------------------------- U2

SWITCHES = [
    ("TSKADXCRE", "CORADXCRE", "CLLADXCRE", "BAPADXCRE"),
    ("TSKOTKCRE", "COROTKCRE", "CLLOTKCRE", "BAPOTKCRE"),
]


def in_outlook(world: World) -> list[Json]:
    return world.alice.tasks() + world.alice.events() + world.alice.contacts()


def in_x3(world: World) -> list[Any]:
    return [row for name in ("ZTSK", "ZCLL", "ZBAP", "ZCOR") for row in world.sage.all(name)]


def test_u2_creates_in_x3_wait_for_their_switch(world: World) -> None:
    world.set("REP1", *(f"{name}=no" for name in SWITCHES[0]))
    world.alice.new_task("T")
    world.alice.new_contact("C")
    world.alice.new_event("E", at(1))
    world.alice.new_event("R", at(2), categories=["X3 Call"])
    report = world.sync()
    assert in_x3(world) == []
    assert sum(counts["skipped"] for counts in report["counts"].values()) == 4
    assert {one["rule"] for one in report["decisions"]} == {"U2"}
    world.sync()
    world.set("REP1", *(f"{name}=yes" for name in SWITCHES[0]))
    world.sync()
    assert len(in_x3(world)) == 4
    world.quiet()


def test_u2_creates_in_outlook_wait_for_their_switch(world: World) -> None:
    world.set("REP1", *(f"{name}=no" for name in SWITCHES[1]))
    world.sage.new_task("T", ymd(1))
    world.sage.new_contact("C")
    world.sage.new_appointment("E", ymd(1))
    world.sage.new_call("R", ymd(2))
    world.sync()
    assert in_outlook(world) == []
    world.sync()
    world.set("REP1", *(f"{name}=yes" for name in SWITCHES[1]))
    world.sync()
    assert len(in_outlook(world)) == 4
    world.quiet()


@pytest.mark.parametrize("side", ["x3", "outlook"])
def test_u2_an_update_waits_for_its_switch(world: World, side: str) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    record = world.sage.only("ZTSK")["TSKNUM"]
    switch = "TSKADXUPD" if side == "x3" else "TSKOTKUPD"
    world.set("REP1", f"{switch}=no")
    world.later()
    if side == "x3":
        world.alice.change_task(key, title="Edited")
    else:
        world.sage.modify("ZTSK", record, FULOBJ="Edited")
    world.sync()
    world.sync()
    assert {world.sage.only("ZTSK")["FULOBJ"], world.alice.tasks()[0]["title"]} == {"Start", "Edited"}
    world.set("REP1", f"{switch}=yes")
    world.sync()
    assert (world.sage.only("ZTSK")["FULOBJ"], world.alice.tasks()[0]["title"]) == ("Edited", "Edited")
    world.quiet()


def test_u2_a_switched_off_direction_leaves_the_other_alone(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.set("REP1", "TSKADXUPD=no")
    world.later()
    world.alice.change_task(key, title="Outlook's")
    world.sage.modify("ZTSK", world.sage.only("ZTSK")["TSKNUM"], FULRPO="X3's")
    world.sync()
    assert world.sage.only("ZTSK")["FULOBJ"] == "Start"
    row = world.alice.tasks()[0]
    assert row["title"] == "Outlook's"
    assert "X3's" in text(row)
    world.quiet()


def test_u2_the_switches_come_from_x3s_own_parameters(bare: World) -> None:
    bare.sage.control("user-actions", {"action": "sql", "table": "SYNCPAR", "key": "REP1", "set": {"TSKADXDLT": 1}})
    bare.enable(1)
    user = bare.product.json("users", "list")["users"][0]
    assert (user["x3_user"], user["representative"], user["mailbox"]) == ("REP1", "R001", mailbox(1))
    key = bare.alice.new_task("Start")["id"]
    bare.sync()
    bare.alice.delete_task(key)
    bare.sync()
    assert len(bare.sage.all("ZTSK")) == 1


# ----------------------------------------------------------------------------------------------------- G7


def test_g7_a_first_pass_is_previewed_held_and_released(bare: World) -> None:
    bare.alice.new_task("From Outlook")
    bare.sage.new_task("From X3", ymd(1))
    bare.enable(1, go=False)
    before = bare.written
    preview = bare.sync("REP1", "--dry-run")
    assert preview["counts"]["task"]["x3"]["created"] == 1
    assert preview["counts"]["task"]["outlook"]["created"] == 1
    report = bare.sync()
    assert report["held_as_a_whole"]
    assert bare.written == before
    assert [row["rule"] for row in bare.held()] == ["G7"]
    bare.sync("REP1", "--go")
    assert (len(bare.sage.all("ZTSK")), len(bare.alice.tasks())) == (2, 2)
    assert bare.held() == []
    bare.quiet()


def test_g7_the_hold_may_be_released_by_its_number(bare: World) -> None:
    bare.alice.new_task("From Outlook")
    bare.enable(1, go=False)
    bare.sync()
    bare.release(bare.held()[0]["id"])
    assert len(bare.sage.all("ZTSK")) == 1
    bare.quiet()


def test_g4_a_dry_run_decides_what_the_real_run_does_and_writes_nothing(world: World) -> None:
    world.alice.new_task("Outlook's", dueDateTime=day(on(1)))
    world.sage.new_appointment("X3's", ymd(1))
    record = world.sage.new_contact("Rossi")["CORNUM"]
    before = (world.written, world.product.bytes())
    preview = world.sync("REP1", "--dry-run")
    assert (world.written, world.product.bytes()) == before
    report = world.sync()

    def told(doc: Json) -> set[tuple[str, ...]]:
        return {(one["type"], one["rule"], one["action"], one["on"]) for one in doc["decisions"]}

    assert told(preview) == told(report)
    assert record
    world.quiet()


def test_g7_more_than_two_hundred_creations_are_held(world: World) -> None:
    for n in range(201):
        world.sage.new_task(f"Task {n}", ymd(n % 25 + 1))
    report = world.sync()
    assert "201" in report["held_as_a_whole"]
    assert world.alice.tasks() == []
    world.sync("REP1", "--go")
    assert len(world.alice.tasks()) == 201
    assert world.servers.control("GET", "stats")["throttled"] == 0
    world.quiet()


# ----------------------------------------------------------------------------------------------------- S6


def moved(world: World, kind: str) -> tuple[str, str, str, str]:
    """A linked item and an unmanaged folder: (X3's publication, X3 key, Outlook id, folder)."""
    if kind == "task":
        world.sage.new_task("Start", ymd(1))
        folder, name = world.alice.new_list("Elsewhere"), "ZTSK"
    elif kind == "contact":
        world.sage.new_contact("Start")
        folder, name = world.alice.new_contact_folder("Elsewhere"), "ZCOR"
    else:
        world.sage.new_appointment("Start", ymd(1))
        folder, name = world.alice.new_calendar("Elsewhere"), "ZBAP"
    world.sync()
    key = in_outlook(world)[0]["id"]
    record = world.sage.only(name)
    world.later()
    return name, record[{"ZTSK": "TSKNUM", "ZCOR": "CORNUM", "ZBAP": "APTNUM"}[name]], key, folder


KINDS = pytest.mark.parametrize("kind", ["task", "appointment", "contact"])
HOME = {"task": "Tasks", "appointment": "Calendar", "contact": "Contacts"}


@KINDS
def test_s6_moved_to_an_unmanaged_folder_and_back(world: World, kind: str) -> None:
    name, record, key, folder = moved(world, kind)
    key = world.alice.act("move", key, to_folder=folder)["immutableId"]
    report = world.sync()
    assert decided(report, "S6")
    kept = world.sage.read(name, record)
    assert kept is not None
    assert kind != "contact" or kept["COPREP_LINES"] == ["R001"]
    field = "LNA" if kind == "contact" else "FULOBJ"
    world.later()
    edit: dict[str, Any] = {field: "From X3"}
    world.sage.modify(name, record, **edit)
    world.quiet()  # released: carries and creates nothing
    assert in_outlook(world) == []
    world.later()
    world.alice.act("move", key, to_folder=HOME[kind])
    world.sync()
    rows = in_outlook(world)
    assert [row.get("title") or row.get("subject") or row.get("surname") for row in rows] == ["From X3"]
    assert len(in_x3(world)) == 1
    world.quiet()


@KINDS
def test_s6_deleted_in_x3_while_released_leaves_the_item_where_it_is(world: World, kind: str) -> None:
    name, record, key, folder = moved(world, kind)
    key = world.alice.act("move", key, to_folder=folder)["immutableId"]
    world.sync()
    world.sage.delete(name, record)
    world.sync()
    world.alice.act("move", key, to_folder=HOME[kind])  # it is still there
    assert len(in_outlook(world)) == 1


@KINDS
def test_s6_moved_between_managed_folders_nothing_happens(bare: World, kind: str) -> None:
    make = {"task": bare.alice.new_list, "appointment": bare.alice.new_calendar, "contact": bare.alice.new_contact_folder}
    folder = make[kind]("Second")
    option = {"task": "--list", "appointment": "--calendar", "contact": "--contacts"}[kind]
    bare.enable(1, option, HOME[kind], option, "Second")
    if kind == "task":
        bare.sage.new_task("Start", ymd(1))
    elif kind == "appointment":
        bare.sage.new_appointment("Start", ymd(1))
    else:
        bare.sage.new_contact("Start")
    bare.sync()
    before = in_x3(bare)
    bare.later()
    bare.alice.act("move", in_outlook(bare)[0]["id"], to_folder=folder)
    report = bare.sync()
    assert report["writes"] == {"x3": 0, "outlook": 0}
    assert in_x3(bare) == before
    assert in_outlook(bare) == []
    bare.quiet()
    # The link goes on.
    name = {"task": "ZTSK", "appointment": "ZBAP", "contact": "ZCOR"}[kind]
    key = before[0][{"ZTSK": "TSKNUM", "ZCOR": "CORNUM", "ZBAP": "APTNUM"}[name]]
    bare.later()
    edit: dict[str, Any] = {"LNA" if kind == "contact" else "FULOBJ": "From X3"}
    bare.sage.modify(name, key, **edit)
    report = bare.sync()
    assert report["writes"] == {"x3": 0, "outlook": 1}
    bare.quiet()


def test_s6_u5_an_item_leaves_the_window_without_being_deleted(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    record = world.sage.only("ZBAP")["APTNUM"]
    world.later(40 * 24 * 3600)
    world.sync("REP1", "--full")
    assert world.sage.read("ZBAP", record) is not None
    assert world.alice.event(key) is not None
    world.quiet()
    # Asleep: X3's edit still follows.
    world.sage.modify("ZBAP", record, FULOBJ="Edited")
    world.sync()
    event = world.alice.event(key)
    assert event is not None
    assert event["subject"] == "Edited"


def test_s6_moved_out_of_the_window_and_back(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    for days, hour in ((300, 9), (2, 11)):
        world.later()
        world.alice.change_event(key, start=stop(at(days, hour)), end=stop(at(days, hour + 1)))
        world.sync()
        row = world.sage.only("ZBAP")
        assert (row["APTDAT"], row["APTHOU"]) == (ymd(days), f"{hour:02}00")
        world.quiet()


def test_s1_records_of_others_and_outside_the_window_stay_out(world: World) -> None:
    world.sage.new_task("Other's", ymd(1), TSKREP="R002")
    world.sage.new_appointment("Old", ymd(-90))
    world.sage.new_appointment("Far", ymd(300))
    world.sage.new_contact("Others", reps=("R002",))
    world.alice.new_event("Old", at(-90))
    world.alice.new_event("Far", at(300))
    report = world.sync()
    assert report["writes"] == {"x3": 0, "outlook": 0}
    world.quiet()


# ----------------------------------------------------------------------------------------------------- S7


@pytest.mark.parametrize("kind", ["task", "call", "appointment", "contact"])
def test_s7_reassigned_it_leaves_one_mailbox_for_the_other(pair: World, kind: str) -> None:
    make: dict[str, Any] = {
        "task": lambda: ("ZTSK", pair.sage.new_task("Mine", ymd(1))["TSKNUM"], {"TSKREP": "R002"}),
        "call": lambda: ("ZCLL", pair.sage.new_call("Mine", ymd(1))["CLLNUM"], {"CLLREP": "R002"}),
        "appointment": lambda: (
            "ZBAP",
            pair.sage.new_appointment("Mine", ymd(1), APTREPNUM=["R001"])["APTNUM"],
            {"ATPREPMNA": "R002", "APTREPNUM": ["R002"]},
        ),
        "contact": lambda: ("ZCOR", pair.sage.new_contact("Mine")["CORNUM"], {}),
    }
    name, key, change = make[kind]()
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    if kind == "contact":
        pair.sage.modify(name, key, reps=("R002",))
        pair.sage.control("user-actions", {"action": "unassign", "key": key, "rep": "R001"})
    else:
        pair.sage.modify(name, key, **change)
    before = pair.sage.read(name, key)
    options = ("--full",) if kind == "contact" else ()  # a removed CORREP row leaves nothing in the queue
    pair.sync("REP1", *options)
    pair.sync("REP2")
    assert in_outlook(pair) == []
    theirs = pair.benoit.tasks() + pair.benoit.events() + pair.benoit.contacts()
    assert [row.get("title") or row.get("subject") or row.get("surname") for row in theirs] == ["Mine"]
    assert pair.sage.read(name, key) == before
    assert pair.servers.mails() == 0
    pair.quiet()


# ------------------------------------------------------------------------------------------- M1, M3, M4, M2


@pytest.mark.parametrize("kind", ["task", "appointment", "contact"])
def test_m3_a_copy_is_a_new_item_with_a_record_of_its_own(world: World, kind: str) -> None:
    if kind == "task":
        key = world.alice.new_task("Original")["id"]
        name, field = "ZTSK", "FULOBJ"
    elif kind == "appointment":
        world.sage.control("switches", {"overlap_control": False})
        key = world.alice.new_event("Original", at(1))["id"]
        name, field = "ZBAP", "FULOBJ"
    else:
        key = world.alice.new_contact("Original")["id"]
        name, field = "ZCOR", "LNA"
    world.sync()
    world.later()
    copied = world.alice.act("copy", key)["immutableId"]
    world.sync()
    if kind == "contact":  # M4: a person alike is no second person
        assert len(world.sage.all(name)) <= 2
        assert len(world.alice.contacts()) == 2
        world.quiet()
        return
    assert len(world.sage.all(name)) == 2
    world.quiet()
    world.later()
    if kind == "task":
        world.alice.change_task(copied, title="Copy")
    else:
        world.alice.change_event(copied, subject="Copy")
    world.sync()
    assert sorted(row[field] for row in world.sage.all(name)) == ["Copy", "Original"]
    world.quiet()


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


def test_m4_a_contact_of_somebody_else_is_linked_and_assigned(bare: World) -> None:
    bare.sage.new_contact("Rossi", "Ada", CPYEML="ada@x.example", reps=("R002",))
    bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress={"address": "ada@x.example", "name": "Ada"})
    bare.enable(1)
    assert sorted(bare.sage.only("ZCOR")["COPREP_LINES"]) == ["R001", "R002"]
    bare.quiet()


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
