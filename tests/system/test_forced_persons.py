"""CRM contacts without a card of their own: M4 decides whether they have one that does not say so (F1, F4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.test_contacts_whole import mail
from tests.system.test_forced import person, resync, rules, surnames, twice
from tests.system.world import World, decided

ADA = "ada@bluelake.example"
IDENTIFIED = {("F1", "identify", "x3")}


def rossi(world: World, number: str = "CCN1") -> None:
    """A CRM contact on the tab of R001's customer."""
    person(world, number, "Rossi", "BLUELAKE", CNTEMA=ADA, CNTFNA="Ada")


def crm(card: dict[str, Any]) -> tuple[str, str, list[str]]:
    return card["CNTNUM"], card["BPRNUM"], card["COPREP_LINES"]


@pytest.mark.parametrize("source", ["x3", "both"])
def test_f4_m4_a_crm_contact_whose_card_came_from_outlook_gets_no_second_one(world: World, source: str) -> None:
    world.alice.new_contact("Rossi", "Ada", primaryEmailAddress=mail(ADA))
    world.sync()
    world.set("REP1", "CORADXCRE=no")
    rossi(world)
    preview = resync(world, source, "--dry-run")
    assert rules(preview) == IDENTIFIED
    assert crm(world.sage.only("ZCOR"))[0] == ""
    report = twice(world, source)
    assert rules(report) == IDENTIFIED | {("C2", "update", "outlook")}  # with the partner comes its name
    assert crm(world.sage.only("ZCOR")) == ("CCN1", "BLUELAKE", ["R001"])
    assert surnames(world) == ["Rossi"]


def test_f4_m4_the_card_of_another_representative_becomes_the_users_too(world: World) -> None:
    world.sage.new_contact("Rossi", "Ada", reps=("R002",), CPYEML=ADA, BPRNUM="JURA")
    rossi(world)
    preview = resync(world, "x3", "--dry-run")
    assert rules(preview) == IDENTIFIED | {("F1", "assign", "x3"), ("F1", "create", "outlook")}
    assert rules(twice(world, "x3")) == rules(preview)
    assert crm(world.sage.only("ZCOR")) == ("CCN1", "JURA", ["R001", "R002"])
    assert surnames(world) == ["Rossi"]


def test_f4_m4_without_an_e_mail_match_name_and_customer_decide(world: World) -> None:
    world.sage.new_contact("Rossi", "Ada", CPYEML="other@x.example", CPYBPADES="Blue Lake Foods")
    world.sage.new_contact("Rossi", "Ada", CPYEML="ada@else.example", CPYBPADES="Elsewhere")
    world.sync()
    rossi(world)
    twice(world, "x3")
    assert [crm(card)[0] for card in world.sage.all("ZCOR")] == ["CCN1", ""]


def test_f1_m4_a_card_of_another_crm_contact_is_no_candidate(world: World) -> None:
    person(world, "CCN2", "Rossi")
    world.sage.new_contact("Rossi", "Ada", CPYEML=ADA, CNTNUM="CCN2")
    rossi(world)
    twice(world, "x3")
    assert [crm(card)[0] for card in world.sage.all("ZCOR")] == ["CCN2", "CCN1"]


@pytest.mark.parametrize("twins", ["cards", "persons"])
def test_f1_m4_what_is_not_one_to_one_is_a_problem_line_until_it_is(world: World, twins: str) -> None:
    cards = [world.sage.new_contact("Rossi", "Ada", CPYEML=ADA)["CORNUM"] for _ in range(2 if twins == "cards" else 1)]
    rossi(world)
    if twins == "persons":
        rossi(world, "CCN2")
    world.sync()
    report = twice(world, "x3")
    assert {(row["action"], row["outcome"]) for row in decided(report, "M4")} == {("none", "problem")}
    assert {crm(card)[0] for card in world.sage.all("ZCOR")} == {""}
    named = {line["x3_key"] for line in world.problems()}
    assert named == {f"CRM contact CCN{n}" for n in ((1,) if twins == "cards" else (1, 2))}
    if twins == "cards":
        world.later()
        world.sage.delete("ZCOR", cards[1])
        world.sync()
        twice(world, "x3")
        assert (crm(world.sage.only("ZCOR"))[0], world.problems()) == ("CCN1", [])


def test_u2_a_card_is_not_touched_for_what_may_not_come_to_outlook(world: World) -> None:
    world.sage.new_contact("Rossi", "Ada", reps=("R002",), CPYEML=ADA)
    rossi(world)
    world.set("REP1", "COROTKCRE=no")
    assert decided(resync(world, "x3"), "U2")
    assert crm(world.sage.only("ZCOR")) == ("", "", ["R002"])


@pytest.mark.timeout(180)
def test_m4_two_users_at_once_make_one_card_of_a_crm_contact(pair: World) -> None:
    rossi(pair)
    pair.servers.fault("delay", {"operation": "save", "object": "ZCOR"}, port="x3", seconds=2.0, every=True)
    pair.product.together(*(("resync", user, "--from", "x3", "--contacts", "total", "--json") for user in pair.users))
    pair.servers.mend()
    assert crm(pair.sage.only("ZCOR")) == ("CCN1", "BLUELAKE", ["R001", "R002"])
    assert [len(box.contacts()) for box in (pair.alice, pair.benoit)] == [1, 1]
    pair.quiet()
