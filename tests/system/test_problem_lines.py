"""When a problem line ends: with its cure, and with its item (R4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import COMPANIES, day
from tests.system.test_forced import person, resync, surnames, twice
from tests.system.test_one_contact import listed
from tests.system.world import World, at, on, ymd

LONG = "x" * 90  # longer than X3's function


def refused(world: World, kind: str) -> str:
    """An item of Outlook that X3 refuses as a whole; its id."""
    name = {"task": "ZTSK", "event": "ZBAP", "contact": "ZCOR"}[kind]
    world.servers.fault("refuse", {"operation": "save", "object": name}, port="x3", message="Not today.", every=True)
    match kind:
        case "task":
            key = world.alice.new_task("Refused", dueDateTime=day(on(3)))["id"]
        case "event":
            key = world.alice.new_event("Refused", at(2))["id"]
        case _:
            key = world.alice.new_contact("Rossi", "Ada")["id"]
    world.sync()
    assert [line["message"] for line in world.problems()] == ["Not today."]
    world.later()
    return str(key)


def delete(world: World, kind: str, key: str) -> None:
    alice = world.alice
    {"task": alice.delete_task, "event": alice.delete_event, "contact": alice.delete_contact}[kind](key)


KINDS = pytest.mark.parametrize("kind", ["task", "event", "contact"])


@KINDS
def test_r4_the_line_of_a_refused_item_goes_with_the_item(world: World, kind: str) -> None:
    delete(world, kind, refused(world, kind))
    world.sync()
    assert world.problems() == []


@KINDS
def test_r4_s6_the_line_of_a_refused_item_goes_when_it_leaves_the_managed_folders(world: World, kind: str) -> None:
    key = refused(world, kind)
    alice = world.alice
    folder = {"task": alice.new_list, "event": alice.new_calendar, "contact": alice.new_contact_folder}[kind]("Elsewhere")
    alice.act("move", key, to_folder=folder)
    world.sync()
    assert world.problems() == []


@KINDS
def test_r4_s9_the_line_stays_while_its_folder_does_not_answer(world: World, kind: str) -> None:
    """A folder that is silent proves nothing about what is in it."""
    refused(world, kind)
    folder = {"task": "todo/lists", "event": "calendarView", "contact": "contactFolders"}[kind]
    world.servers.fault("status", {"method": "GET", "path": folder}, status=404, code="ErrorItemNotFound", every=True)
    world.sync("REP1", "--full", code=None)
    world.servers.mend()
    assert len(world.problems()) == 1


@KINDS
def test_r4_a_line_is_tried_again_by_hand_or_goes_when_its_item_is_gone(world: World, kind: str) -> None:
    """Also of a task whose list is not known: only a complete listing shows that it is there no more."""
    key = refused(world, kind)
    world.sync()
    (line,) = world.problems()
    delete(world, kind, key)
    world.product.json("problems", "retry", str(line["id"]))
    assert world.problems() == []


@KINDS
def test_r4_what_was_refused_long_ago_is_tried_again_by_hand(world: World, kind: str) -> None:
    refused(world, kind)
    for _ in range(2):
        world.sync()
    world.servers.mend()
    (line,) = world.problems()
    world.product.json("problems", "retry", str(line["id"]))
    assert world.problems() == []
    world.quiet()


@pytest.mark.parametrize("gone", ["x3", "outlook", "both"])
@pytest.mark.parametrize("kind", ["task", "contact"])
def test_r4_d1_d2_d3_the_lines_of_a_linked_item_go_with_its_link(world: World, kind: str, gone: str) -> None:
    """A field that does not fit (C6), a contact nobody knows (K2)."""
    if kind == "task":
        key, name, number = world.alice.new_task("Visit")["id"], "ZTSK", "TSKNUM"
        world.alice.link_contact(key, "Nobody Known")
    else:
        key, name, number = world.alice.new_contact("Rossi", "Ada", jobTitle=LONG)["id"], "ZCOR", "CORNUM"
    world.sync()
    assert len(world.problems()) == 1
    world.later()
    if gone != "outlook":
        world.sage.delete(name, world.sage.only(name)[number])
    if gone != "x3":
        delete(world, kind, key)
    for options in ((), ("--full",)):
        world.sync("REP1", *options)
    assert world.problems() == []
    world.quiet()


def test_r4_s7_the_lines_of_an_item_that_was_taken_away_go(world: World) -> None:
    record = world.sage.new_task("x" * 300, ymd(1))["TSKNUM"]
    world.sync()
    assert len(world.problems()) == 1
    world.later()
    world.sage.modify("ZTSK", record, TSKREP="R002")
    world.sync()
    assert (world.alice.tasks(), world.problems()) == ([], [])


@pytest.mark.parametrize("twin", ["x3", "outlook"])
def test_r4_m4_an_ambiguity_is_cured_by_deleting_one_of_the_twins(bare: World, twin: str) -> None:
    mail: dict[str, Any] = {"primaryEmailAddress": {"address": "ada@x.example", "name": "Ada"}}
    cards = [bare.sage.new_contact("Rossi", "Ada", CPYEML="ada@x.example") for _ in range(2 if twin == "x3" else 1)]
    items = [bare.alice.new_contact("Rossi", "Ada", **mail) for _ in range(1 if twin == "x3" else 2)]
    bare.enable(1)
    assert len(bare.problems()) == len(items)
    bare.later()
    if twin == "x3":
        bare.sage.delete("ZCOR", cards[0]["CORNUM"])
    else:
        bare.alice.delete_contact(items[0]["id"])
    bare.sync("REP1", "--full")
    assert bare.problems() == []
    assert bare.product.json("why", bare.sage.only("ZCOR")["CORNUM"])["item"]["state"] == "linked"
    bare.quiet()


def test_r4_k3_the_line_of_an_unknown_contact_goes_when_x3_replaces_the_list(world: World) -> None:
    key = world.alice.new_task("Visit")["id"]
    world.alice.link_contact(key, "Nobody Known")
    world.sync()
    assert len(world.problems()) == 1
    world.later()
    world.sage.modify("ZTSK", world.sage.only("ZTSK")["TSKNUM"], FULOBJ="Edited")
    world.sync()
    assert listed(world.alice.tasks()[0]) == []
    assert world.problems() == []


def test_r4_d4_the_line_of_an_edit_that_survived_its_deletion_stays_with_the_item(world: World) -> None:
    key = world.alice.new_task("Visit")["id"]
    world.sync()
    world.later()
    world.sage.delete("ZTSK", world.sage.only("ZTSK")["TSKNUM"])
    world.alice.change_task(key, title="Edited")
    world.sync()
    for options in ((), ("--full",)):
        world.sync("REP1", *options)
        (line,) = world.problems()
        assert "the edit survives" in line["message"]
    world.later()
    delete(world, "task", key)
    world.sync()
    assert (world.sage.all("ZTSK"), world.problems()) == ([], [])


def test_r4_s4_the_line_of_a_refused_item_says_nothing_more_once_it_is_private(world: World) -> None:
    secret = "Merger with nobody"
    fault = {"operation": "save", "object": "ZBAP"}
    world.servers.fault("refuse", fault, port="x3", field="FULOBJ", message="Not this subject.", every=True)
    key = world.alice.new_event(secret, at(2))["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, sensitivity="private")
    world.sync()
    assert secret not in str(world.problems())


def test_r4_f1_a_refused_card_is_a_line_until_the_crm_contact_has_one(world: World) -> None:
    person(world, "CCN1", "Rossi", "BLUELAKE")
    person(world, "CCN2", "Verdi", "BLUELAKE")
    fault: dict[str, Any] = {"message": "No card, F777", "every": True}
    world.servers.fault("refuse", {"operation": "save", "object": "ZCOR"}, port="x3", **fault)
    report = resync(world, "x3")
    assert [row["log_code"] for row in report["decisions"]] == ["F777", "F777"]
    for options in ((), ("--full",)):
        world.sync("REP1", *options)
        lines = [(line["x3_key"], line["message"], line["log_code"]) for line in world.problems()]
        assert lines == [(f"CRM contact CCN{n}", "No card, F777", "F777") for n in (1, 2)]
    world.servers.mend()
    # Cured in X3, and by the next forced synchronisation.
    world.sage.new_contact("Verdi", CNTNUM="CCN2")
    world.sync("REP1", "--full")
    assert [line["x3_key"] for line in world.problems()] == ["CRM contact CCN1"]
    twice(world, "x3")
    assert (world.problems(), surnames(world)) == ([], ["Rossi", "Verdi"])


@pytest.mark.parametrize("how", ["full", "retry"])
def test_r4_k2_an_unknown_contact_that_has_become_the_users_is_carried(world: World, how: str) -> None:
    """By the next complete pass, or by hand."""
    key = world.alice.new_task("Visit")["id"]
    world.alice.link_contact(key, "Ada Rossi")
    world.sync()
    assert len(world.problems()) == 1
    for _ in range(6):  # said again, but never given up (G2)
        world.later()
        assert world.sync("REP1", "--full")["writes"] == {"x3": 0, "outlook": 0}
    (line,) = world.problems()
    assert (line["attempts"], line["quarantined"]) == (0, False)
    card = world.sage.new_contact("Rossi", "Ada")["CORNUM"]
    world.sync()
    world.later()
    if how == "full":
        report = world.sync("REP1", "--full")
    else:
        (report,) = world.product.json("problems", "retry", str(line["id"]))["passes"]
    assert [row["rule"] for row in report["decisions"]] == ["K1"]
    assert (world.sage.only("ZTSK")["TSKCOR"], world.problems()) == (card, [])
    assert listed(world.alice.tasks()[0]) == ["Ada Rossi"]
    world.quiet()


def test_r4_k2_a_refused_change_that_was_taken_back_is_cured_beside_an_unknown_contact(world: World) -> None:
    key = world.alice.new_task("Visit")["id"]
    world.alice.link_contact(key, "Nobody Known")
    world.sync()
    world.later()
    world.servers.fault("refuse", {"operation": "modify", "object": "ZTSK"}, port="x3", message="Not today.", every=True)
    world.alice.change_task(key, title="Edited")
    world.sync()
    assert [line["field"] for line in world.problems()] == ["relation", ""]
    world.later()
    world.alice.change_task(key, title="Visit")
    world.sync()
    assert [line["field"] for line in world.problems()] == ["relation"]


def test_r4_k5_an_unknown_company_that_x3_knows_by_now_is_carried(world: World) -> None:
    companies = {"id": COMPANIES, "value": ["New   #NEWCO#"]}
    world.alice.new_event("Visit", at(1), multiValueExtendedProperties=[companies])
    world.sync()
    assert len(world.problems()) == 1
    world.later()
    row = {"BPRNUM": "NEWCO", "BPRNAM": ["New", ""]}
    world.sage.control("user-actions", {"action": "sql_insert", "table": "BPARTNER", "set": row})
    world.sync("REP1", "--full")
    assert (world.sage.only("ZBAP")["APTCMP"], world.problems()) == ("NEWCO", [])
    world.quiet()
