"""Forced synchronisation by its sentences: both sides in one pass (F3), what force never allows, how it is run (F4)."""

from __future__ import annotations

import json
import os
import pty
import signal
from typing import Any

import pytest

from tests.system.test_forced import person, resync, rules, surnames, twice, wait_for
from tests.system.test_troubles import counts, fill
from tests.system.world import World, at, on, ymd

OLD = -90
SOURCES = ["x3", "outlook", "both"]


def subjects(world: World, name: str) -> list[str]:
    return sorted(row["FULOBJ"] for row in world.sage.all(name))


def titles(world: World) -> list[str]:
    return sorted(row["title"] for row in world.alice.tasks())


# ---------------------------------------------------------------------------------------------------- F1-F3


def test_f3_one_pass_forces_both_sides(world: World) -> None:
    for number in range(3):
        world.sage.new_task(f"Task {number}", ymd(1))
    world.sync()
    world.later()
    keys = [row["TSKNUM"] for row in world.sage.all("ZTSK")]
    ids = {row["title"]: row["id"] for row in world.alice.tasks()}
    world.sage.new_appointment("Old in X3", ymd(OLD))
    world.alice.new_event("Old in Outlook", at(OLD, 14))
    world.sage.modify("ZTSK", keys[0], FULOBJ="X3's edit")
    world.alice.change_task(ids["Task 1"], title="Outlook's edit")
    world.alice.delete_task(ids["Task 2"])
    report = twice(world, "both")
    assert subjects(world, "ZBAP") == ["Old in Outlook", "Old in X3"]
    assert sorted(row["subject"] for row in world.alice.events()) == ["Old in Outlook", "Old in X3"]
    # What changed goes to the other side, what was deleted in Outlook comes again (F1).
    assert subjects(world, "ZTSK") == titles(world) == ["Outlook's edit", "Task 2", "X3's edit"]
    assert report["writes"] == {"x3": 2, "outlook": 4}  # with the marker of what X3 got (M2)


def test_f1_records_of_all_types_come_whatever_their_dates(world: World) -> None:
    world.sage.new_task("Task", ymd(OLD), TSKDON="2")
    world.sage.new_call("Call", ymd(OLD))
    world.sage.new_appointment("Visit", ymd(OLD))
    world.sage.new_appointment("Far", ymd(400))
    world.sage.new_contact("Rossi")
    world.sync()
    assert (titles(world), world.alice.events()) == ([], [])
    twice(world, "x3")
    assert titles(world) == ["Task"]
    assert sorted(row["subject"] for row in world.alice.events()) == ["Call", "Far", "Visit"]


def test_f1_types_and_a_range_of_keys(world: World) -> None:
    numbers = [world.sage.new_task(f"Task {n}", ymd(OLD), TSKDON="2")["TSKNUM"] for n in range(4)]
    world.sage.new_call("Call", ymd(OLD))
    resync(world, "x3", "--types", "task,call", "--keys", f"{numbers[1].lower()}..{numbers[2]}")
    assert (titles(world), world.alice.events()) == (["Task 1", "Task 2"], [])
    resync(world, "x3", "--types", "call")
    assert len(world.alice.events()) == 1
    assert titles(world) == ["Task 1", "Task 2"]


def test_f1_s5_what_is_no_longer_private_is_linked_again(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    world.later()
    world.alice.change_event(key, sensitivity="normal")
    twice(world, "x3")
    world.later()
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="X3's")
    world.sync()
    assert [row["subject"] for row in world.alice.events()] == ["X3's"]


def test_f1_s5_a_detached_item_that_went_comes_again(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    world.later()
    world.alice.delete_event(key)
    world.sync()
    assert len(world.sage.all("ZBAP")) == 1  # X3 keeps what it had
    twice(world, "x3")
    assert [row["subject"] for row in world.alice.events()] == ["Start"]
    assert len(world.sage.all("ZBAP")) == 1


@pytest.mark.parametrize("source", ["call", "appointment", "participant"])
def test_f1_cards_of_others_are_found_in_calls_and_in_the_calendar(world: World, source: str) -> None:
    other = world.sage.new_contact("Bianchi", reps=("R002",))["CORNUM"]
    if source == "call":
        world.sage.new_call("Call", ymd(OLD), CLLCOR=other)
    elif source == "appointment":  # not in the first place
        world.sage.new_appointment("Visit", ymd(OLD), APTCOR=["", other])
    else:
        world.sage.new_appointment("Visit", ymd(OLD), ATPREPMNA="R002", APTREPNUM=["R002", "R001"], APTCOR=[other])
    twice(world, "x3")
    assert surnames(world) == ["Bianchi"]
    assert len(world.alice.events()) == 1


@pytest.mark.parametrize("source", ["call", "appointment"])
def test_f1_contacts_are_found_in_calls_and_in_the_calendar(world: World, source: str) -> None:
    person(world, "CCN1", "Rossi")
    person(world, "CCN2", "Unused")
    if source == "call":
        world.sage.new_call("Call", ymd(OLD), CLLCCN="CCN1")
    else:
        world.sage.new_appointment("Visit", ymd(OLD), APTCCNNUM=["CCN1"])
    twice(world, "x3")
    assert surnames(world) == ["Rossi"]
    assert world.sage.only("ZCOR")["COPREP_LINES"] == ["R001"]


def test_f2_by_default_since_the_last_successful_pass(world: World) -> None:
    world.alice.new_event("Early", at(OLD))
    world.later()
    world.sync()
    world.later()
    world.alice.new_event("Late", at(OLD, 14))
    resync(world, "outlook")
    resync(world, "outlook", "--dry-run")  # neither is a successful ordinary pass
    assert subjects(world, "ZBAP") == ["Late"]
    world.alice.new_event("Later", at(OLD, 16))
    twice(world, "outlook")
    assert subjects(world, "ZBAP") == ["Late", "Later"]


def test_f2_the_last_pass_counts_from_when_it_began_to_look(world: World) -> None:
    world.sync()
    world.later()
    world.alice.new_task("Slow")
    world.servers.fault("delay", {"operation": "save", "object": "ZTSK"}, port="x3", seconds=2.5)
    with world.product.start("sync", "REP1", "--json") as process:
        wait_for(lambda: world.servers.fired() > 0)
        world.alice.new_event("Old", at(OLD))
        process.communicate(timeout=60)
    assert process.returncode == 0
    twice(world, "outlook")
    assert subjects(world, "ZBAP") == ["Old"]


def test_f2_a_failed_pass_is_not_the_last_successful_one(world: World) -> None:
    world.sync()
    world.later()
    world.alice.new_event("Old", at(OLD))
    world.later()
    world.servers.fault("status", {"path": "/delta"}, status=503, every=True)
    world.sync(code=75)
    world.servers.mend()
    twice(world, "outlook")
    assert subjects(world, "ZBAP") == ["Old"]


@pytest.mark.parametrize("kind", ["contact", "task", "event"])
def test_f2_deletions_of_each_kind_are_listed_and_left_to_the_next_pass(world: World, kind: str) -> None:
    made = {"contact": ("new_contact", ("Rossi",)), "task": ("new_task", ("Start",)), "event": ("new_event", ("V", at(1)))}
    name, words = made[kind]
    key = getattr(world.alice, name)(*words)["id"]
    world.sync()
    world.later()
    getattr(world.alice, f"delete_{kind}")(key)
    before = world.written
    report = twice_without_quiet(world)
    assert world.written == before
    assert [(row["rule"], row["outcome"]) for row in report["decisions"]] == [("F2", "skipped")]
    world.sync()
    if kind == "contact":
        assert world.sage.only("ZCOR")["COPREP_LINES"] == []  # D3
    else:
        assert world.sage.all("ZTSK" if kind == "task" else "ZBAP") == []


def twice_without_quiet(world: World) -> dict[str, Any]:
    resync(world, "outlook")
    return resync(world, "outlook")


# ------------------------------------------------------------------------------------- what it never allows


@pytest.mark.parametrize(
    ("switch", "sources", "there"),
    [("TSKOTKCRE", ("x3", "both"), ["From Outlook"]), ("TSKADXCRE", ("outlook", "both"), ["From X3"])],
)
def test_u2_force_opens_no_switch(world: World, switch: str, sources: tuple[str, ...], there: list[str]) -> None:
    world.set("REP1", f"{switch}=no")
    world.sage.new_task("From X3", ymd(1))
    world.alice.new_task("From Outlook")
    for source in sources:
        report = resync(world, source)
        assert "U2" in {row["rule"] for row in report["decisions"] if row["outcome"] == "skipped"} | {
            "U2" for row in report["decisions"] if f"setting {switch}" in row["why"]
        }
    assert (titles(world) if switch == "TSKOTKCRE" else subjects(world, "ZTSK")) == there


@pytest.mark.parametrize("source", ["x3", "both"])
def test_c2_an_edit_of_the_other_side_is_not_overwritten(world: World, source: str) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.later()
    world.alice.change_task(key, title="Outlook's")
    twice(world, source)
    assert subjects(world, "ZTSK") == titles(world) == ["Outlook's"]


def test_a4_a_declined_invitation_is_not_made_again(pair: World) -> None:
    guest = {"type": "required", "emailAddress": {"address": pair.benoit.address, "name": "Benoît"}}
    pair.alice.ok("POST", "/events", meeting("Meeting", guest))
    asked = pair.benoit.events()[0]["id"]
    pair.benoit.ok("POST", f"/events/{asked}/accept", {"sendResponse": False})
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.benoit.delete_event(pair.benoit.events()[0]["id"])
    mails = pair.servers.mails()
    pair.product.json("resync", "REP2", "--from", "x3")
    assert (pair.benoit.events(), len(pair.alice.events()), pair.servers.mails()) == ([], 1, mails)


def meeting(subject: str, guest: dict[str, Any]) -> dict[str, Any]:
    when = {
        "start": {"dateTime": at(1), "timeZone": "Europe/Paris"},
        "end": {"dateTime": at(1, 10), "timeZone": "Europe/Paris"},
    }
    return {"subject": subject, "attendees": [guest], **when}


# --------------------------------------------------------------------------------------- F4: how it is run


@pytest.mark.parametrize("source", SOURCES)
def test_g4_f4_a_preview_writes_nothing_and_says_what_the_run_does(world: World, source: str) -> None:
    fill(world)
    person(world, "CCN1", "Rossi", "BLUELAKE")
    world.sage.new_appointment("Old in X3", ymd(OLD))
    world.alice.new_event("Old in Outlook", at(OLD, 14))
    before = (world.written, world.servers.mails(), world.product.bytes())
    preview = resync(world, source, "--dry-run")
    assert (world.written, world.servers.mails(), world.product.bytes()) == before
    assert preview["writes"] == {"x3": 0, "outlook": 0}
    report = resync(world, source)
    assert rules(preview) == rules(report)
    written = world.written
    assert written != before[0]
    resync(world, source)
    assert world.written == written


def test_f4_the_progress_is_shown_on_a_terminal(world: World) -> None:
    fill(world)
    reader, writer = pty.openpty()
    shown = b""
    with world.product.start("resync", "REP1", "--from", "both", stderr=writer) as command:
        os.close(writer)
        while True:
            try:
                shown += os.read(reader, 65536)
            except OSError:  # Linux: the other end is closed
                break
    os.close(reader)
    assert command.returncode == 0
    for phase in ("scope", "observe", "contacts", "items"):
        assert phase.encode() in shown


@pytest.mark.timeout(120)
def test_f4_sigint_in_the_middle_of_both_sides_loses_and_doubles_nothing(world: World) -> None:
    for number in range(25):
        world.sage.new_task(f"From X3 {number:02}", ymd(1))
        world.alice.new_task(f"From Outlook {number:02}")
        person(world, f"CCN{number:02}", f"Person {number:02}", "BLUELAKE")
    world.servers.fault("delay", {"operation": "save"}, port="x3", seconds=0.4, every=True)
    before = world.servers.writes("x3")
    with world.product.start("resync", "REP1", "--from", "both", "--json") as process:
        wait_for(lambda: world.servers.writes("x3") > before + 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    world.servers.mend()
    report = json.loads(out)
    assert (process.returncode, report["stopped"]) == (75, True), err
    done = world.servers.writes("x3") - before
    assert report["writes"]["x3"] == done  # what was begun was finished, and is told
    assert done < 50
    pending = world.product.json("pending")["pending"]
    assert [row for row in pending if "answer is not known" in row.get("why", "")] == []
    twice(world, "both")
    assert counts(world) == [50, 0, 0, 25, 50, 0, 25]
    assert len(set(surnames(world))) == 25


def test_f4_the_day_of_since_is_a_day_of_the_users_zone(world: World) -> None:
    """Midnight of Paris is 22:00 UTC of the day before in summer."""
    world.sync()
    world.later((14 * 60 + 20) * 60)  # 21:50 UTC
    world.alice.new_event("Before midnight", at(OLD))
    world.later(20 * 60)
    world.alice.new_event("After midnight", at(OLD, 14))
    resync(world, "outlook", "--since", on(1).isoformat())
    assert subjects(world, "ZBAP") == ["After midnight"]
