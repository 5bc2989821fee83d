"""The one-contact rule, K1-K5."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.actions import Rule
from reconcile.contacts import (
    Known,
    Unknown,
    company_text,
    listed_alike,
    parse_company,
    resolve,
    to_outlook,
    to_x3,
)
from reconcile.content import Appointment, Company, ItemType, Person, Relation, Side
from reconcile.context import ContactEntry, Directory, RepresentativeEntry
from reconcile.fields import Value, carry
from reconcile.merge import Merge, merge
from reconcile.model import Seen
from tests.reconcile import build

ADA, BLAISE = Person(name="Ada Byron"), Person(name="Blaise Pascal")
STRANGER = Person(name="Stranger", email="stranger@west.example")
TASK, APPOINTMENT = ItemType.TASK, ItemType.APPOINTMENT


def held(*cors: str, company: str = "") -> Relation:
    return Relation(company=Company(number=company), people=tuple(Person(cor=cor) for cor in cors))


def listed(*people: Person, company: Company | None = None) -> Relation:
    return Relation(company=company or Company(), people=people)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (Person(cor="COR2", name="Ada Byron", email="ada@north.example"), Known("COR2")),
        (Person(name="Ada Byron", email="BLAISE@south.example"), Known("COR2")),
        (Person(name="ADA  BYRON"), Known("COR1")),
        (Person(name="Ada Byron", email="private@nowhere.example"), Known("COR1")),
        (Person(name="Charles Babbage", email="info@north.example"), Unknown("Charles Babbage")),
        (Person(name="Nobody"), Unknown("Nobody")),
        (Person(name="Not Mine"), Unknown("Not Mine")),
        (Person(cor="COR9"), Unknown("COR9")),
    ],
    ids=["id first", "then e-mail", "then name", "unused e-mail", "several by e-mail", "none", "another's", "another's id"],
)
def test_K_an_entry_is_resolved_by_id_then_email_then_name(person: Person, expected: Known | Unknown) -> None:
    assert resolve([person], build.DIRECTORY).entries == (expected,)


def test_K_duplicates_and_representatives_are_removed_and_the_order_kept() -> None:
    people = [
        Person(name="Otto Two"),
        BLAISE,
        Person(email="rep1@contoso.example", name="Somebody"),
        ADA,
        Person(email="ada@north.example"),
        STRANGER,
        STRANGER,
    ]
    found = resolve(people, build.DIRECTORY)
    assert found.entries == (Known("COR2"), Known("COR1"), Unknown("Stranger"))
    assert found.representatives == (build.OTHER, build.ME)


@pytest.mark.parametrize(
    ("card", "codes"),
    [
        (ContactEntry(cor="COR5", name="Otto Two"), (build.OTHER,)),
        (ContactEntry(cor="COR5", name="O. T.", emails=("REP2@contoso.example",)), (build.OTHER,)),
        (ContactEntry(cor="COR5", name="Somebody", emails=("some@body.example",)), ()),
    ],
    ids=["by name", "by mailbox", "of nobody known"],
)
def test_K_A3_a_representatives_card_is_no_contact(card: ContactEntry, codes: tuple[str, ...]) -> None:
    of_contact = replace(build.DIRECTORY, contacts={**build.DIRECTORY.contacts, "COR5": card})
    of_representative = replace(of_contact, contacts={**of_contact.contacts, "COR5": replace(card, representative=True)})
    people = [Person(name=card.name), ADA]
    assert resolve(people, of_contact).entries == (Known("COR5"), Known("COR1"))
    found = resolve(people, of_representative)
    assert (found.entries, found.representatives) == ((Known("COR1"),), codes)


def test_K1_x3_gets_the_first_of_the_list() -> None:
    carried = to_x3(TASK, listed(BLAISE, ADA, STRANGER), held("COR1"), build.DIRECTORY)
    assert carried.relation.people == (Person(cor="COR2"),)
    assert not carried.problems


@pytest.mark.parametrize("people", [(), (Person(name="Otto Two"),)], ids=["empty", "representatives only"])
def test_K2_an_empty_list_keeps_x3s_contact_without_a_problem(people: tuple[Person, ...]) -> None:
    carried = to_x3(TASK, listed(*people), held("COR1"), build.DIRECTORY)
    assert carried.relation.people == (Person(cor="COR1"),)
    assert not carried.problems


def test_K2_an_unknown_first_keeps_x3s_contact_and_says_so() -> None:
    carried = to_x3(TASK, listed(STRANGER, ADA), held("COR2"), build.DIRECTORY)
    assert carried.relation.people == (Person(cor="COR2"),)
    assert [(p.field, p.x3, p.outlook) for p in carried.problems] == [("relation", "COR2", "Stranger")]


def test_K3_the_list_becomes_exactly_x3s_contacts() -> None:
    wanted = to_outlook(held("COR2", company="C001"), build.DIRECTORY)
    assert wanted.people == (Person(cor="COR2", name="Blaise Pascal"),)
    assert wanted.company == Company(number="C001", name="North Ltd")
    assert to_outlook(held(), build.DIRECTORY) == Relation()
    assert to_outlook(held("COR7"), build.DIRECTORY).people == (Person(cor="COR7", name="COR7"),)


def test_K3_A6_attendees_do_not_count_and_stay() -> None:
    wanted = to_outlook(held("COR1"), build.DIRECTORY)
    assert listed_alike(listed(ADA, STRANGER), wanted)
    assert not listed_alike(listed(ADA, BLAISE), wanted)
    assert not listed_alike(listed(), wanted)


def test_K4_each_position_of_an_appointment_in_order() -> None:
    carried = to_x3(APPOINTMENT, listed(BLAISE, STRANGER, ADA), held("COR1", "COR9"), build.DIRECTORY)
    assert carried.relation.people == (Person(cor="COR2"), Person(cor="COR9"), Person(cor="COR1"))
    assert [p.outlook for p in carried.problems] == ["Stranger"]


def test_K4_positions_do_not_hold_the_same_person_twice() -> None:
    carried = to_x3(APPOINTMENT, listed(STRANGER, ADA), held("COR1"), build.DIRECTORY)
    assert carried.relation.people == (Person(cor="COR1"),)


def test_K4_more_than_ten_persons_are_a_problem_line() -> None:
    entries = {f"COR{n}": build.DIRECTORY.contacts["COR1"].__class__(cor=f"COR{n}", name=f"Person {n}") for n in range(12)}
    people = tuple(Person(name=f"Person {n}") for n in range(12))
    carried = to_x3(APPOINTMENT, listed(*people), held(), Directory(contacts=entries))
    assert [p.cor for p in carried.relation.people] == [f"COR{n}" for n in range(10)]
    assert [(p.field, p.outlook) for p in carried.problems] == [("relation", "COR10, COR11")]


def test_K4_more_than_ten_representatives_are_a_problem_line() -> None:
    known = {f"R{n}": RepresentativeEntry(code=f"R{n}", name=f"Rep {n}") for n in range(12)}
    people = tuple(Person(name=f"Rep {n}") for n in range(12))
    carried = to_x3(APPOINTMENT, listed(*people), held(), Directory(representatives=known))
    assert len(carried.representatives) == 10
    assert [(p.field, p.outlook) for p in carried.problems] == [("participants", "R10, R11")]


@pytest.mark.parametrize(
    ("company", "people", "before", "expected", "problem"),
    [
        (Company(number="C002", name="anything"), (ADA,), "C001", "C002", False),
        (Company(number="C404", name="Gone"), (ADA,), "C002", "C001", True),
        (Company(name="No number"), (), "C002", "C002", True),
        (Company(), (ADA,), "C002", "C001", False),
        (Company(), (), "C002", "C002", False),
    ],
    ids=["known number", "unknown: the contact's", "no number: kept", "none: the contact's", "none at all: kept"],
)
def test_K5_the_number_decides(
    company: Company, people: tuple[Person, ...], before: str, expected: str, problem: bool
) -> None:
    carried = to_x3(TASK, listed(*people, company=company), held("COR2", company=before), build.DIRECTORY)
    assert carried.relation.company == Company(number=expected)
    assert bool(carried.problems) is problem


def test_K5_the_company_stays_while_the_contact_does() -> None:
    carried = to_x3(TASK, listed(ADA), held("COR1", company="C002"), build.DIRECTORY)
    assert carried.relation.company.number == "C002"


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("North Ltd   #C001#", Company(number="C001", name="North Ltd")),
        ("  C# Factory #1   #C002# ", Company(number="C002", name="C# Factory #1")),
        ("North Ltd", Company(name="North Ltd")),
        ("Number #1", Company(name="Number #1")),
        ("#", Company(name="#")),
        ("", Company()),
    ],
)
def test_K5_the_text_of_a_company(text: str, company: Company) -> None:
    assert parse_company(text) == company
    assert parse_company(company_text(company)) == company


def test_A3_representatives_in_the_list_become_participants() -> None:
    source = build.alter(build.APPOINTMENT[Side.OUTLOOK], relation=listed(Person(name="Otto Two"), ADA))
    target = build.alter(build.APPOINTMENT[Side.X3], participants=("R003",))
    assert isinstance(target, Appointment)
    carried = carry("relation", source, target, Side.X3, build.context(), None)
    assert isinstance(carried, Value)
    assert carried.value.people == (Person(cor="COR1"),)
    assert carried.extra == (("participants", ("R003", build.OTHER)),)


def test_A3_the_user_himself_is_no_further_participant() -> None:
    source = build.alter(build.APPOINTMENT[Side.OUTLOOK], relation=listed(Person(name="Rosa One")))
    carried = carry("relation", source, build.APPOINTMENT[Side.X3], Side.X3, build.context(), None)
    assert isinstance(carried, Value)
    assert carried.extra == ()


def remembered(people: tuple[Person, ...], *, x3_subject: str = "", unknown: bool = True) -> Merge:
    """A task whose list was carried as far as X3 knew it; nothing, or X3's subject, has changed since."""
    look = build.alter(build.TASK[Side.OUTLOOK], relation=listed(*people))
    x3 = build.TASK[Side.X3]
    link = build.link(TASK, x3=Seen(content=x3), outlook=Seen(content=look))
    edited = build.alter(x3, subject=x3_subject) if x3_subject else x3
    pair = build.pair(link, build.x3(edited), build.outlook(look))
    names = frozenset({(TASK, pair.key(Side.X3))}) if unknown else frozenset[tuple[ItemType, str]]()
    return merge(pair, build.context(unknown=names))


def test_R4_K1_whom_x3_did_not_know_is_carried_once_it_does() -> None:
    result = remembered((BLAISE,))
    assert (result.rule, result.problems) == (Rule.K1, ())
    assert [person.cor for person in result.changes[Side.X3]["relation"].people] == ["COR2"]
    assert remembered((BLAISE,), unknown=False).changes[Side.X3] == {}


def test_R4_K2_whom_x3_still_does_not_know_is_said_again_and_nothing_written() -> None:
    result = remembered((STRANGER,))
    assert (result.rule, any(result.changes.values())) == (Rule.IN_STEP, False)
    assert [problem.field for problem in result.problems] == ["relation"]


def test_R4_K3_an_unknown_contact_is_forgotten_when_x3_replaces_the_list() -> None:
    result = remembered((STRANGER,), x3_subject="New")
    assert (result.changes[Side.X3], result.problems) == ({}, ())
    assert set(result.changes[Side.OUTLOOK]) == {"subject", "relation"}
