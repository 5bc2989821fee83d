"""Deletions on either side, what proves one, and the brake on many (D, S6, S8, S9, G1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import attendee, day, stop
from tests.system.test_privacy import WEEKLY
from tests.system.world import World, at, decided, mailbox, on, ymd

EVENT_BINS: list[dict[str, Any]] = [
    {},
    {"bin_answers_200": False},
    {"bin_calendar_404": False},
    {"bin_answers_200": False, "bin_calendar_404": False},
    {"recoverable_answers_200": True},
]
TASK_CODES: list[dict[str, Any]] = [
    {},
    {"todo_not_found_code": "ResourceNotFound"},
    {"todo_not_found_code": "itemNotFound"},
]
BINS = [
    *((kind, switches) for kind in ("call", "appointment") for switches in EVENT_BINS),
    *(("task", switches) for switches in TASK_CODES),
]
BIN = pytest.mark.parametrize(
    ("kind", "switches"),
    BINS,
    ids=[f"{kind}-{','.join(map(str, switches.items())) or 'defaults'}" for kind, switches in BINS],
)


def test_d3_a_contact_deleted_in_outlook_loses_only_its_assignment(pair: World) -> None:
    person = pair.sage.new_contact("Rossi", "Paola", reps=("R001", "R002"))
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.alice.delete_contact(pair.alice.contacts()[0]["id"])
    report = pair.sync("REP1")
    assert [one["action"] for one in decided(report, "D3")] == ["unassign"]
    record = pair.sage.only("ZCOR")
    assert record["COPREP_LINES"] == ["R002"]
    assert record["CORNUM"] == person["CORNUM"]
    pair.sync("REP2")
    assert len(pair.benoit.contacts()) == 1
    pair.sage.modify("ZCOR", person["CORNUM"], SRV="Edited later")
    pair.later()
    pair.sync("REP1", "--full")
    assert pair.alice.contacts() == []
    pair.sync("REP2")
    pair.quiet()


def test_d3_it_comes_back_when_it_is_assigned_again(world: World) -> None:
    person = world.sage.new_contact("Rossi", "Paola")
    world.sync()
    world.later()
    world.alice.delete_contact(world.alice.contacts()[0]["id"])
    world.sync()
    assert world.sage.only("ZCOR")["COPREP_LINES"] == []
    world.later()
    world.sage.modify("ZCOR", person["CORNUM"], reps=("R001",))
    world.sync()
    assert [row["surname"] for row in world.alice.contacts()] == ["Rossi"]
    world.quiet()


def linked(world: World, kind: str) -> tuple[str, Any]:
    """A linked item born in Outlook: X3's publication, and how a person deletes it."""
    if kind == "task":
        key = world.alice.new_task("Gone", dueDateTime=day(on(1)))["id"]
        name, gone = "ZTSK", lambda: world.alice.delete_task(key)
    else:
        categories = ["X3 Call"] if kind == "call" else []
        key = world.alice.new_event("Gone", at(1), categories=categories)["id"]
        name, gone = ("ZCLL" if kind == "call" else "ZBAP"), lambda: world.alice.delete_event(key)
    world.sync()
    assert len(world.sage.all(name)) == 1
    world.later()
    return name, gone


@BIN
def test_d2_deleted_in_outlook_goes_in_x3_however_the_bin_answers(
    world: World, kind: str, switches: dict[str, Any]
) -> None:
    if switches:
        world.servers.control("POST", "switches", switches)
    name, gone = linked(world, kind)
    gone()
    report = world.sync()
    assert [one["on"] for one in decided(report, "D2")] == ["x3"]
    assert world.sage.all(name) == []
    world.quiet()


@pytest.mark.parametrize("kind", ["contact", "appointment"])
def test_s8_while_the_bins_do_not_answer_nothing_is_decided(world: World, kind: str) -> None:
    """An item in a folder that is not managed may be in the bin, or moved (S6): only the bin's own id tells."""
    world.servers.control("POST", "switches", {"bin_calendar_404": False})
    key = (world.alice.new_contact("Gone") if kind == "contact" else world.alice.new_event("Gone", at(1)))["id"]
    world.sync()
    world.later()
    (world.alice.delete_contact if kind == "contact" else world.alice.delete_event)(key)
    world.servers.fault("status", {"path": "/mailFolders/"}, status=503, every=True)
    report = world.sync("REP1", code=None)
    assert world.servers.fired() > 0
    assert [one["rule"] for one in report["decisions"]] == ["S8"]
    world.servers.mend()
    world.later()
    report = world.sync()
    assert [one["rule"] for one in report["decisions"]] == ["D3" if kind == "contact" else "D2"]
    assert [row["COPREP_LINES"] for row in world.sage.all("ZCOR")] == ([[]] if kind == "contact" else [])
    assert world.sage.all("ZBAP") == []
    world.quiet()


@pytest.mark.parametrize("kind", ["call", "appointment"])  # a deleted task is in no bin
def test_d2_a_purged_item_goes_in_x3(world: World, kind: str) -> None:
    name, gone = linked(world, kind)
    key = (world.alice.tasks() + world.alice.events())[0]["id"]
    gone()
    world.alice.act("purge", key)
    world.sync()
    assert world.sage.all(name) == []
    world.quiet()


def test_s8_an_unknown_code_of_to_do_proves_nothing(world: World) -> None:
    world.servers.control("POST", "switches", {"todo_not_found_code": "SomethingNew"})
    name, gone = linked(world, "task")
    gone()
    world.sync()
    assert len(world.sage.all(name)) == 1
    world.product.settings["X3SYNC_GRAPH__TODO_NOT_FOUND_CODES"] = '["SomethingNew"]'
    world.sync("REP1", "--full")
    assert world.sage.all(name) == []


@pytest.mark.parametrize("kind", ["task", "appointment", "contact"])
def test_s9_a_folder_that_answers_404_deletes_nothing(bare: World, kind: str) -> None:
    folder = {
        "task": lambda: bare.alice.new_list("Second"),
        "appointment": lambda: bare.alice.new_calendar("Second"),
        "contact": lambda: bare.alice.new_contact_folder("Second"),
    }[kind]()
    option, default = {
        "task": ("--list", "Tasks"),
        "appointment": ("--calendar", "Calendar"),
        "contact": ("--contacts", "Contacts"),
    }[kind]
    bare.enable(1, option, default, option, "Second")
    if kind == "task":
        bare.alice.new_task("Kept", into=folder)
        other = bare.alice.new_task("Other")["id"]
    elif kind == "appointment":
        bare.alice.ok("POST", f"/calendars/{folder}/events", _event_body("Kept"))
        other = bare.alice.new_event("Other", at(3))["id"]
    else:
        bare.alice.ok("POST", f"/contactFolders/{folder}/contacts", {"surname": "Kept"})
        other = bare.alice.new_contact("Other")["id"]
    bare.sync()
    name = {"task": "ZTSK", "appointment": "ZBAP", "contact": "ZCOR"}[kind]
    assert len(bare.sage.all(name)) == 2
    bare.later()
    bare.alice.act("delete_folder", folder)
    # The other folder goes on meanwhile.
    if kind == "task":
        bare.alice.change_task(other, title="Changed")
    elif kind == "appointment":
        bare.alice.change_event(other, subject="Changed")
    else:
        bare.alice.change_contact(other, surname="Changed")
    report = bare.sync()
    assert any("S9" in alert for alert in report["alerts"]), report["alerts"]
    bare.sync("REP1", "--full")
    records = bare.sage.all(name)
    assert [row["COPREP_LINES"] for row in records] == [["R001"], ["R001"]] if kind == "contact" else len(records) == 2
    assert "Changed" in {row.get("FULOBJ") or row["LNA"] for row in records}


def _event_body(subject: str) -> dict[str, Any]:
    return {"subject": subject, "start": stop(at(2)), "end": stop(at(2, 10))}


def test_d4_an_edit_in_x3_survives_a_deletion_in_outlook(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    record = world.sage.only("ZTSK")["TSKNUM"]
    world.later()
    world.alice.delete_task(key)
    world.later()
    world.sage.modify("ZTSK", record, FULOBJ="Edited")
    report = world.sync()
    assert decided(report, "D4")
    assert [row["title"] for row in world.alice.tasks()] == ["Edited"]
    assert world.sage.only("ZTSK")["TSKNUM"] == record
    world.quiet()


def test_d4_an_edit_in_outlook_survives_a_deletion_in_x3(world: World) -> None:
    record = world.sage.new_appointment("Start", ymd(1))["APTNUM"]
    world.sync()
    key = world.alice.events()[0]["id"]
    world.later()
    world.sage.delete("ZBAP", record)
    world.later()
    world.alice.change_event(key, subject="Edited")
    report = world.sync()
    assert decided(report, "D4")
    assert world.sage.only("ZBAP")["FULOBJ"] == "Edited"
    assert [row["id"] for row in world.alice.events()] == [key]
    world.quiet()


def test_d5_deleted_on_both_sides_is_done(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.alice.delete_task(key)
    world.sage.delete("ZTSK", world.sage.only("ZTSK")["TSKNUM"])
    world.sync()
    assert world.alice.tasks() == []
    assert world.sage.all("ZTSK") == []
    assert world.problems() == []
    world.quiet()


def test_d6_a_forbidden_deletion_waits_and_is_done_when_allowed(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.set("REP1", "TSKADXDLT=no")
    world.alice.delete_task(key)
    report = world.sync()
    assert report["counts"]["task"]["skipped"] == 1
    assert len(world.sage.all("ZTSK")) == 1
    world.later()
    pending = world.product.json("pending")["pending"]
    assert [row["type"] for row in pending] == ["task"], pending
    world.later()
    world.sync("REP1", "--full")
    assert world.alice.tasks() == []  # neither deleted there nor resurrected here
    world.set("REP1", "TSKADXDLT=yes")
    world.sync()
    assert world.sage.all("ZTSK") == []
    world.quiet()


def test_d4_a_waiting_deletion_is_dropped_when_the_survivor_is_edited(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.set("REP1", "TSKADXDLT=no")
    world.alice.delete_task(key)
    world.sync()
    world.later()
    world.sage.modify("ZTSK", world.sage.only("ZTSK")["TSKNUM"], FULOBJ="Edited")
    world.sync()
    assert [row["title"] for row in world.alice.tasks()] == ["Edited"]
    world.quiet()


def test_d7_a_participant_who_deletes_leaves_only_his_participation(pair: World) -> None:
    record = pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])["APTNUM"]
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.benoit.delete_event(pair.benoit.events()[0]["id"])
    report = pair.sync("REP2")
    assert decided(report, "D7")
    kept = pair.sage.read("ZBAP", record)
    assert kept is not None
    assert [rep for rep in kept["APTREPNUM"] if rep] == ["R001"]
    pair.sync("REP1")
    assert len(pair.alice.events()) == 1
    pair.quiet()


def test_d8_deleting_one_occurrence_deletes_its_record_only(world: World) -> None:
    world.alice.new_event("Weekly", at(1), recurrence=WEEKLY)
    world.sync()
    assert len(world.sage.all("ZBAP")) == 3
    world.later()
    second = world.alice.occurrences(str(on(7)), str(on(10)))[0]
    world.alice.delete_event(second["id"])
    world.sync()
    assert [row["APTDAT"] for row in world.sage.all("ZBAP")] == [ymd(1), ymd(15)]
    world.quiet()


# ----------------------------------------------------------------------------------------------------- G1


def many(world: World, count: int) -> list[str]:
    keys = [world.sage.new_task(f"Task {n}", ymd(n % 20 + 1))["TSKNUM"] for n in range(count)]
    world.sync()
    assert len(world.alice.tasks()) == count
    world.later()
    return keys


def test_g1_twelve_of_a_hundred_deletions_are_held_and_released(world: World) -> None:
    keys = many(world, 100)
    for key in keys[:12]:
        world.sage.delete("ZTSK", key)
    report = world.sync()
    assert report["counts"]["task"]["held"] == 12
    assert len(world.alice.tasks()) == 100
    held = world.held(rule="G1")
    assert len(held) == 12
    world.release(*(row["id"] for row in held))
    assert len(world.alice.tasks()) == 88
    assert world.held() == []
    world.quiet()


def test_g1_rejected_deletions_stay_undone(world: World) -> None:
    keys = many(world, 20)
    for key in keys[:7]:
        world.sage.delete("ZTSK", key)
    world.sync()
    held = world.held(rule="G1")
    assert len(held) == 7
    world.reject(*(row["id"] for row in held))
    world.sync("REP1", "--full")
    assert len(world.alice.tasks()) == 20
    assert len(world.sage.all("ZTSK")) == 13
    assert world.held() == []
    world.quiet()


def test_g1_five_deletions_are_not_held(world: World) -> None:
    keys = many(world, 20)
    for key in keys[:5]:
        world.sage.delete("ZTSK", key)
    world.sync()
    assert len(world.alice.tasks()) == 15
    # The sixth within 24 hours is.
    world.later(3600)
    world.sage.delete("ZTSK", keys[5])
    assert world.sync()["counts"]["task"]["held"] == 1
    world.later(25 * 3600)
    assert world.sync()["counts"]["task"]["held"] == 0
    assert len(world.alice.tasks()) == 14


@pytest.mark.parametrize("path", ["/todo/lists", "/calendarView", "/contacts"])
def test_g1_an_empty_listing_deletes_nothing(world: World, path: str) -> None:
    for n in range(8):
        world.alice.new_task(f"T{n}")
        world.alice.new_event(f"E{n}", at(n + 1))
        world.alice.new_contact(f"C{n}")
    world.sync()
    world.servers.fault("empty_listing", {"path": path, "method": "GET"}, every=True)
    world.sync("REP1", "--full", code=None)
    world.servers.mend()
    world.sync("REP1", "--full")
    assert [len(world.sage.all(name)) for name in ("ZTSK", "ZBAP", "ZCOR")] == [8, 8, 8]
    assert all(row["COPREP_LINES"] == ["R001"] for row in world.sage.all("ZCOR"))
    world.quiet()


def test_a6_a_deletion_in_x3_of_an_organised_meeting_is_held(world: World) -> None:
    world.alice.new_event("Meeting", at(1), attendees=[attendee("buyer@customer.example"), attendee(mailbox(3))])
    mails = world.servers.mails()
    world.sync()
    world.later()
    world.sage.delete("ZBAP", world.sage.only("ZBAP")["APTNUM"])
    report = world.sync()
    held = world.held(rule="A6")
    assert (len(held), held[0]["would_mail"], report["would_mail"]) == (1, 2, 2)
    assert world.servers.mails() == mails
    assert len(world.alice.events()) == 1
