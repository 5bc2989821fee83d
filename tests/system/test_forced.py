"""Forced synchronisation (F1-F5): it widens what is looked at, never what is allowed."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.test_troubles import ALL, counts, fill
from tests.system.world import World, at, on, ymd


def resync(world: World, source: str, *options: str) -> dict[str, Any]:
    return world.product.json("resync", "REP1", "--from", source, *options)


def only_differing(world: World) -> None:
    """An appointment whose subject is "X3's" there and "Outlook's" here, and which both sides count as seen."""
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    world.set("REP1", "conflict=ask")
    world.later()
    world.alice.change_event(key, subject="Outlook's")
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="X3's")
    world.sync()
    world.reject(world.held()[0]["id"])  # both count as seen, and differ
    world.quiet()


@pytest.mark.parametrize("source", ["x3", "outlook", "both"])
def test_f4_no_duplicates_and_a_second_run_writes_nothing(world: World, source: str) -> None:
    fill(world)
    world.sync()
    before = world.written
    resync(world, source)
    resync(world, source)
    assert world.written == before
    assert counts(world) == ALL


def test_f1_d3_a_contact_deleted_in_outlook_comes_back(world: World) -> None:
    world.sage.new_contact("Rossi", BPRNUM="BLUELAKE")
    world.sync()
    world.later()
    world.alice.delete_contact(world.alice.contacts()[0]["id"])
    world.sync()
    assert world.sage.only("ZCOR")["COPREP_LINES"] == []
    world.sage.modify("ZCOR", world.sage.only("ZCOR")["CORNUM"], reps=("R001",))
    resync(world, "x3")
    assert [row["surname"] for row in world.alice.contacts()] == ["Rossi"]
    world.quiet()


def test_f1_s6_a_released_link_lives_again(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    world.sync()
    folder = world.alice.new_list("Elsewhere")
    world.later()
    world.alice.act("move", world.alice.tasks()[0]["id"], to_folder=folder)
    world.sync()
    assert world.alice.tasks() == []
    resync(world, "x3")
    assert [row["title"] for row in world.alice.tasks()] == ["Start"]


def test_f1_records_outside_the_window_come_too(world: World) -> None:
    world.sage.new_appointment("Old", ymd(-90))
    world.sync()
    assert world.alice.events() == []
    resync(world, "x3")
    assert [row["subject"] for row in world.alice.events()] == ["Old"]
    resync(world, "x3")
    assert len(world.alice.events()) == 1


@pytest.mark.parametrize(("source", "winner"), [("x3", "X3's"), ("outlook", "Outlook's"), ("both", "X3's")])
def test_f1_the_forced_side_wins_where_the_sides_only_differ(world: World, source: str, winner: str) -> None:
    only_differing(world)
    resync(world, source)
    assert (world.sage.only("ZBAP")["FULOBJ"], world.alice.events()[0]["subject"]) == (winner, winner)
    world.quiet()


def test_f1_types_and_keys_narrow_it(world: World) -> None:
    first = world.sage.new_appointment("One", ymd(-90))["APTNUM"]
    world.sage.new_appointment("Two", ymd(-91))
    resync(world, "x3", "--types", "appointment", "--keys", f"{first}..{first}")
    assert [row["subject"] for row in world.alice.events()] == ["One"]


def test_f2_deletions_are_not_uploaded(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.later()
    world.alice.delete_task(key)
    resync(world, "outlook")
    assert len(world.sage.all("ZTSK")) == 1
    world.sync()
    assert world.sage.all("ZTSK") == []


def test_g4_a_forced_preview_writes_nothing(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    before = (world.written, world.product.bytes())
    resync(world, "x3", "--dry-run")
    assert (world.written, world.product.bytes()) == before


def test_f5_rows_of_x3s_own_forced_function_are_honoured(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    world.sync()
    world.later()
    world.sage.control("user-actions", {"action": "force", "user": "REP1", "types": ["TSK"]})
    world.quiet()
    assert world.servers.control("GET", "dump", port="x3")["SYNCDATA"] == []


def person(world: World, number: str, surname: str, customer: str = "", **more: object) -> None:
    """A CRM contact, on the Contacts tab of a customer when one is named."""
    row = {"CNTNUM": number, "CNTLNA": surname, "CNTTYP": 1, **more}
    world.sage.control("user-actions", {"action": "sql_insert", "table": "CONTACTCRM", "set": row})
    if customer:
        tab = {"BPATYP": 1, "BPANUM": customer, "CCNCRM": number}
        world.sage.control("user-actions", {"action": "sql_insert", "table": "CONTACT", "set": tab})


def surnames(world: World) -> list[str]:
    return sorted(row["surname"] for row in world.alice.contacts())


def rules(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(row["rule"], row["action"], row["on"]) for row in report["decisions"]}


def twice(world: World, source: str, *options: str) -> dict[str, Any]:
    """F4: a second run in a row writes nothing, and neither does the ordinary pass after it."""
    report = resync(world, source, *options)
    before = world.written
    again = resync(world, source, *options)
    assert world.written == before, again["decisions"]
    assert again["writes"] == {"x3": 0, "outlook": 0}
    world.quiet()
    return report


@pytest.mark.parametrize("switch", ["yes", "no"])
def test_f1_a_customers_crm_contact_gets_a_card_whatever_coradxcre_says(world: World, switch: str) -> None:
    person(world, "CCN1", "Rossi", "BLUELAKE", CNTEMA="rossi@bluelake.example")  # R001's customer
    person(world, "CCN2", "Other", "BOULAN")  # R002's
    person(world, "CCN3", "Nobody")
    world.set("REP1", f"CORADXCRE={switch}")
    preview = resync(world, "x3", "--dry-run")
    assert rules(preview) == {("F1", "create", "x3"), ("F1", "create", "outlook")}
    twice(world, "x3")
    card = world.sage.only("ZCOR")
    assert (card["CNTNUM"], card["BPRNUM"], card["COPREP_LINES"]) == ("CCN1", "BLUELAKE", ["R001"])
    assert surnames(world) == ["Rossi"]


def test_u2_no_card_is_made_for_what_may_not_come_to_outlook(world: World) -> None:
    person(world, "CCN1", "Rossi", "BLUELAKE")
    world.set("REP1", "COROTKCRE=no")
    report = resync(world, "x3")
    assert [(row["rule"], row["outcome"]) for row in report["decisions"]][:1] == [("U2", "skipped")]
    assert world.sage.all("ZCOR") == []


def test_f1_contacts_are_found_by_scanning_the_users_actions(world: World) -> None:
    person(world, "CCN1", "Rossi")
    other = world.sage.new_contact("Bianchi", reps=("R002",))["CORNUM"]
    world.sage.new_contact("Verdi", reps=("R002",))
    world.sage.new_task("Call", ymd(1), TSKCCN="CCN1")
    world.sage.new_task("Write", ymd(2), TSKCOR=other)
    world.set("REP1", "CORADXCRE=no")
    twice(world, "x3")
    assert surnames(world) == ["Bianchi", "Rossi"]
    card = world.sage.read("ZCOR", other)
    assert card is not None
    assert card["COPREP_LINES"] == ["R001", "R002"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("total", ["Boulan", "Lake", "Mine", "Seen"]),
        ("own", ["Lake", "Mine"]),
        ("reps:R002..R003", ["Boulan", "Mine"]),
        ("leads", ["Lead", "Mine"]),
    ],
)
def test_f1_the_scope_of_contacts(world: World, scope: str, expected: list[str]) -> None:
    person(world, "CCN1", "Lake", "BLUELAKE")
    person(world, "CCN2", "Boulan", "BOULAN")
    person(world, "CCN3", "Lead", CNTTYP=2)
    person(world, "CCN4", "Seen")
    world.sage.new_contact("Mine")
    world.sage.new_task("Call", ymd(1), TSKCCN="CCN4")
    world.sync()
    twice(world, "x3", "--types", "contact", "--contacts", scope)
    assert surnames(world) == expected


def test_d3_a_contact_that_was_unassigned_comes_back_only_if_in_the_scope(world: World) -> None:
    person(world, "CCN1", "Rossi", "BLUELAKE")
    world.sage.new_contact("Rossi", CNTNUM="CCN1")
    world.sage.new_contact("Verdi")
    world.sync()
    world.later()
    for row in world.alice.contacts():
        world.alice.delete_contact(row["id"])
    world.sync()
    twice(world, "x3")
    assert surnames(world) == ["Rossi"]


def test_k3_at_f1_the_list_becomes_exactly_x3s(world: World) -> None:
    first = world.sage.new_contact("Rossi", "Anna", CPYEML="a@x.example")["CORNUM"]
    world.sage.new_contact("Bianchi", "Bea", CPYEML="b@x.example")
    world.sage.new_task("Start", ymd(1), TSKCOR=first)
    world.sync()
    world.later()
    world.alice.link_contact(world.alice.tasks()[0]["id"], "Bea Bianchi")
    world.sync()
    assert len(_people(world)) == 2
    twice(world, "x3")
    assert _people(world) == ["Anna Rossi"]


def _people(world: World) -> list[str]:
    return [row["displayName"] for row in world.alice.tasks()[0]["linkedResources"] if row["applicationName"] == "Contact"]


def test_f1_what_was_deleted_in_outlook_comes_again(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    world.sage.new_appointment("Visit", ymd(2))
    world.sync()
    world.later()
    world.alice.delete_task(world.alice.tasks()[0]["id"])
    world.alice.delete_event(world.alice.events()[0]["id"])
    twice(world, "x3")
    assert len(world.alice.tasks()) == len(world.alice.events()) == 1
    assert len(world.sage.all("ZTSK")) == len(world.sage.all("ZBAP")) == 1


def test_f1_what_was_deleted_in_x3_waits_for_the_ordinary_pass(world: World) -> None:
    record = world.sage.new_task("Start", ymd(1))["TSKNUM"]
    world.sync()
    world.later()
    world.sage.delete("ZTSK", record)
    resync(world, "both")
    assert len(world.alice.tasks()) == 1
    world.sync()
    assert world.alice.tasks() == []


def test_f2_deletions_are_listed(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    world.later()
    world.alice.delete_task(key)
    report = resync(world, "outlook")
    assert [(row["rule"], row["action"], row["outcome"]) for row in report["decisions"]] == [("F2", "delete", "skipped")]


def test_f2_only_what_changed_after_the_date_and_nothing_from_x3(world: World) -> None:
    world.sage.new_task("From X3", ymd(1))
    world.alice.new_task("Early")
    world.later(3 * 86400)
    world.alice.new_task("Late")
    resync(world, "outlook", "--since", on(2).isoformat(), "--types", "task")
    assert [row["FULOBJ"] for row in world.sage.all("ZTSK")] == ["From X3", "Late"]
    assert sorted(row["title"] for row in world.alice.tasks()) == ["Early", "Late"]
    world.sync()
    assert counts(world)[0] == counts(world)[4] == 3


def test_s3_s5_a_private_item_stays_out_however_it_is_forced(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, subject="Secret", sensitivity="private")
    for source in ("x3", "outlook", "both"):
        resync(world, source)
        assert [row["FULOBJ"] for row in world.sage.all("ZBAP")] == ["Start"]
        assert len(world.alice.events()) == 1
    assert world.leaks("Secret") == []


def test_m2_after_a_lost_database_nothing_outside_the_window_is_doubled(world: World) -> None:
    world.sage.new_appointment("Old", ymd(-90))
    resync(world, "x3")
    for path in world.product.home.iterdir():
        path.unlink()
    world.product.run("db", "upgrade")
    world.enable(1)
    twice(world, "x3")
    assert [row["subject"] for row in world.alice.events()] == ["Old"]


def test_g7_a_large_forced_pass_is_held_and_released_with_go(world: World) -> None:
    world.product.settings["X3SYNC_GUARDS__CREATIONS_MOST"] = "2"
    for number in range(3):
        person(world, f"CCN{number}", f"Person {number}", "BLUELAKE")
    report = resync(world, "x3")
    assert report["held_as_a_whole"]
    assert (world.sage.all("ZCOR"), world.alice.contacts()) == ([], [])
    resync(world, "x3", "--go")
    assert len(world.sage.all("ZCOR")) == len(world.alice.contacts()) == 3


def test_f5_a_row_brings_back_what_was_deleted_and_what_is_old(world: World) -> None:
    world.sage.new_task("Start", ymd(1))
    world.sage.new_appointment("Old", ymd(-90))
    world.sync()
    world.later()
    world.alice.delete_task(world.alice.tasks()[0]["id"])
    world.sage.control("user-actions", {"action": "force", "user": "REP1", "types": ["TSK", "BAP"]})
    world.sync()
    assert [row["title"] for row in world.alice.tasks()] == ["Start"]
    assert [row["subject"] for row in world.alice.events()] == ["Old"]
    world.quiet()


@pytest.mark.parametrize(
    "options",
    [
        ("x3", "--since", "2026-06-01"),
        ("outlook", "--keys", "A..B"),
        ("x3", "--keys", "B..A"),
        ("x3", "--types", "letters"),
        ("x3", "--contacts", "everyone"),
        ("x3", "--types", "task", "--contacts", "own"),
        ("both", "--since", "yesterday"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(world: World, options: tuple[str, ...]) -> None:
    answer = world.product.run("resync", "REP1", "--from", *options, code=2)
    assert options[1] in answer.err
    assert "Traceback" not in answer.err


def test_f4_sigint_stops_between_two_items_and_the_next_run_goes_on(world: World) -> None:
    for number in range(40):
        world.sage.new_task(f"Task {number}", ymd(1))
    world.servers.fault("delay", {"method": "POST", "path": "/tasks"}, seconds=0.5, every=True)
    before = world.servers.writes("graph")
    with world.product.start("resync", "REP1", "--from", "x3", "--json") as process:
        wait_for(lambda: world.servers.writes("graph") > before)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    world.servers.mend()
    report = json.loads(out)
    assert process.returncode == 75, err
    assert report["stopped"] is True
    assert 0 < report["writes"]["outlook"] == len(world.alice.tasks()) < 40
    twice(world, "x3")
    assert len(world.alice.tasks()) == 40


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)
