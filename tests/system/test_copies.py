"""Copies, within a mailbox and from one to another, and copies whose original is gone (M2-M4, S8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.recurring import records, weekly
from tests.system.test_identity import ALL, X3_KEY, X3_NAME, Item, kinds
from tests.system.world import World, at, decided, ymd

ADA: dict[str, Any] = {"primaryEmailAddress": {"address": "ada@x.example", "name": "Ada"}}


@kinds(*ALL)
def test_m3_a_copy_is_a_new_item_with_a_record_of_its_own(world: World, kind: str) -> None:
    item = Item(world, kind)
    world.sage.control("switches", {"overlap_control": False})
    own = item.new_in_outlook("Original", **(ADA if kind == "contact" else {}))
    world.sync()
    world.later()
    copied = world.alice.act("copy", own)["immutableId"]
    world.sync()
    assert item.x3_names() == ["Original", "Original"]
    world.quiet()
    world.later()
    item.edit_in_outlook(copied, "Copy")
    world.sync()
    assert item.x3_names() == ["Copy", "Original"]
    world.quiet()


@kinds(*ALL)
def test_m3_a_copy_in_another_mailbox_is_a_new_item_there(pair: World, kind: str) -> None:
    item = Item(pair, kind)
    pair.sage.control("switches", {"overlap_control": False})
    item.new_in_x3("Original")
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    own = item.in_outlook()[0]["id"]
    before = item.marks(own)
    assert "R001" not in str(before)
    copied = item.new_in_outlook("Copy", pair.benoit, **before)
    for user in ("REP2", "REP1"):
        pair.sync(user)
    assert item.x3_names() == ["Copy", "Original"]
    assert (item.names(), item.names(pair.benoit)) == (["Original"], ["Copy"])
    assert item.marks(own) == before
    assert item.marks(copied, pair.benoit) != before
    pair.quiet()
    # Each goes with its own record.
    pair.later()
    pair.sage.delete(X3_NAME[kind], next(r[X3_KEY[kind]] for r in item.records() if "Copy" in r.values()))
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert (item.names(), item.names(pair.benoit)) == (["Original"], [])
    pair.quiet()


@pytest.mark.parametrize("more", [ADA, {}], ids=["by e-mail", "by name"])
def test_m3_m4_a_card_copied_into_another_mailbox_is_the_same_person(pair: World, more: dict[str, Any]) -> None:
    item = Item(pair, "contact")
    own = item.new_in_outlook("Rossi", givenName="Ada", **more)
    pair.sync("REP1")
    pair.later()
    copied = item.new_in_outlook("Rossi", pair.benoit, givenName="Ada", **more, **item.marks(own))
    assert decided(pair.sync("REP2"), "M4")
    assert sorted(pair.sage.only("ZCOR")["COPREP_LINES"]) == ["R001", "R002"]
    assert item.marks(copied, pair.benoit) != item.marks(own)
    pair.sync("REP1")
    assert pair.problems() == []
    pair.quiet()
    pair.later()
    pair.benoit.change_contact(copied, jobTitle="Buyer")
    for user in ("REP2", "REP1"):
        pair.sync(user)
    assert [row["jobTitle"] for row in pair.alice.contacts()] == ["Buyer"]
    pair.quiet()


def test_m2_m4_a_card_that_a_person_lets_be_made_again_is_made_though_there_is_one_alike(pair: World) -> None:
    """Its person was in X3 when it was matched: that is no news that another mailbox brought."""
    own = Item(pair, "contact").new_in_outlook("Rossi", **ADA)
    pair.sync()
    pair.alice.delete_contact(own)
    pair.sync()
    pair.later()
    pair.sage.delete("ZCOR", pair.sage.only("ZCOR")["CORNUM"])
    pair.sage.new_contact("Rossi", CPYEML="ada@x.example", reps=("R002",))
    pair.alice.act("restore", own)
    pair.sync()
    (held,) = pair.held(rule="M2")
    pair.release(held["id"])
    assert [row["COPREP_LINES"] for row in pair.sage.all("ZCOR")] == [["R002"], ["R001"]]
    pair.sync("REP2")
    pair.quiet()


# ------------------------------------------------------------------------------------ the original is gone


@kinds(*ALL)
def test_s8_m2_a_copy_whose_original_is_gone_takes_its_place(world: World, kind: str) -> None:
    item = Item(world, kind)
    own = item.new_in_outlook("Original", **(ADA if kind == "contact" else {}))
    world.sync()
    (before,) = item.records()
    world.later()
    copied = world.alice.act("copy", own)["immutableId"]
    world.alice.act("purge", own)
    assert world.sync()["writes"] == {"x3": 0, "outlook": 0}
    assert item.records() == [before]
    assert world.problems() == []
    world.quiet()
    world.later()
    item.edit_in_x3(before[X3_KEY[kind]], "Edited")
    world.sync()
    assert item.names() == ["Edited"]
    world.quiet()
    # It is the linked item now, so its deletion follows.
    world.alice.act("delete", copied)
    world.sync()
    assert [row.get("COPREP_LINES") for row in item.records()] == ([[]] if kind == "contact" else [])


@kinds(*ALL)
def test_s8_m2_an_item_exported_and_brought_in_again_is_the_same(world: World, kind: str) -> None:
    """What comes in again has a new id and has kept its marker."""
    item = Item(world, kind)
    key = item.new_in_x3("Kept")
    world.sync()
    before = item.records()
    world.later()
    old = item.in_outlook()[0]["id"]
    marks = item.marks(old)
    world.alice.act("purge", old)
    more: dict[str, Any] = {"end": at(1, 9, 15)} if kind == "call" else {}
    item.new_in_outlook("Kept", **marks, **more)
    world.sync()
    assert [row[X3_KEY[kind]] for row in item.records()] == [key]
    assert (item.names(), item.assigned()) == (["Kept"], True)
    assert [row.get("AUUID") for row in item.records()] == [row.get("AUUID") for row in before]
    world.quiet()


def test_s8_d7_a_participant_who_brings_his_calendar_in_again_stays_in_the_appointment(pair: World) -> None:
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    for user in ("REP1", "REP2"):
        pair.sync(user)
    before = pair.sage.only("ZBAP")
    pair.later()
    own = pair.benoit.events()[0]["id"]
    pair.benoit.act("copy", own)
    pair.benoit.act("purge", own)
    assert pair.sync("REP2")["writes"] == {"x3": 0, "outlook": 0}
    assert pair.sage.only("ZBAP") == before
    pair.quiet()


def test_s8_d3_a_card_copied_for_another_person_leaves_the_first_to_the_others(pair: World) -> None:
    pair.sage.new_contact("Rossi", "Ada", reps=("R001", "R002"), CPYEML="ada@x.example")
    for user in ("REP1", "REP2"):
        pair.sync(user)
    pair.later()
    own = pair.alice.contacts()[0]["id"]
    copied = pair.alice.act("copy", own)["immutableId"]
    mail = {"primaryEmailAddress": {"address": "bob@x.example", "name": "Bob"}}
    pair.alice.change_contact(copied, surname="Bianchi", givenName="Bob", **mail)
    pair.alice.act("purge", own)
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert {row["LNA"]: row["COPREP_LINES"] for row in pair.sage.all("ZCOR")} == {"Rossi": ["R002"], "Bianchi": ["R001"]}
    assert [row["surname"] for row in pair.benoit.contacts()] == ["Rossi"]
    pair.quiet()


def test_s8_a8_a_copied_series_whose_original_is_gone_keeps_its_records(world: World) -> None:
    """The first event was single once, so its series carries a marker."""
    own = str(world.alice.new_event("Weekly", at(1))["id"])
    world.sync()
    world.later()
    world.alice.change_event(own, recurrence=weekly(1, 4))
    world.sync()
    before = records(world)
    assert len(before) == 4
    world.later()
    world.alice.act("copy", own)
    world.alice.act("purge", own)
    world.sync()
    assert records(world) == before
    world.quiet()
