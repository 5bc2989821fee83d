"""The contacts of a forced synchronisation, and the cards of CRM contacts that have none (F1), over the emulator."""

from __future__ import annotations

from datetime import date

import pytest

from reconcile.actions import Identify
from reconcile.model import Contact, ItemType, PersonName
from reconcile.port import Moved, Refused, Stop, TryLater
from tests.x3_adapter.conftest import Lab
from x3_adapter import Crm
from x3_adapter.scope import ContactScope, CrmPerson, ScopeKind

PERSON = CrmPerson(number="CCN1", partner="BLUELAKE", content=Contact(name=PersonName(surname="Rossi")))


def on_tab(lab: Lab, *numbers: str, customer: str = "BLUELAKE") -> None:
    for number in numbers:
        row = {"CNTNUM": number, "CNTLNA": f"Person {number}", "CNTTYP": 1, "CNTTTL": 2}
        lab.post("user-actions", action="sql_insert", table="CONTACTCRM", set=row)
        tab = {"BPATYP": 1, "BPANUM": customer, "CCNCRM": number}
        lab.post("user-actions", action="sql_insert", table="CONTACT", set=tab)


@pytest.mark.parametrize("page", [1, 2, 500])
async def test_a_scope_comes_through_all_pages(lab: Lab, page: int) -> None:
    on_tab(lab, "CCN1", "CCN2", "CCN3")
    on_tab(lab, "CCN9", customer="BOULAN")
    people = await lab.crm(lab.connect(page=page)).people_of(ContactScope(kind=ScopeKind.OWN))
    assert [(one.number, one.partner, one.content.title) for one in people.persons] == [
        (number, "BLUELAKE", "Mrs") for number in ("CCN1", "CCN2", "CCN3")
    ]


async def test_a_second_call_answers_the_same_card(lab: Lab, crm: Crm) -> None:
    on_tab(lab, "CCN1")
    first = await crm.register(PERSON, "s" * 40)
    again = await crm.register(PERSON, "s" * 40)
    assert (again.key, again.x3.representatives) == (first.key, ("R001",))
    (row,) = lab.rows(ItemType.CONTACT)
    assert (row["CNTNUM"], row["BPRNUM"]) == ("CCN1", "BLUELAKE")
    people = await crm.people_of(ContactScope())
    assert (people.cards, people.persons) == (frozenset({first.key}), ())


async def test_m7_a_lost_answer_makes_no_second_card(lab: Lab, crm: Crm) -> None:
    on_tab(lab, "CCN1")
    lab.fault("drop_after_commit", "save", "ZCOR", times=1)
    with pytest.raises(TryLater):
        await crm.register(PERSON, "s" * 40)
    await crm.register(PERSON, "s" * 40)
    assert len(lab.rows(ItemType.CONTACT)) == 1


async def test_g4_a_preview_makes_no_card(lab: Lab) -> None:
    with pytest.raises(Stop):
        await lab.crm(lab.connect(read_only=True)).register(PERSON, "s" * 40)
    assert lab.rows(ItemType.CONTACT) == []


async def test_an_unknown_partner_is_refused(lab: Lab, crm: Crm) -> None:
    on_tab(lab, "CCN1")
    with pytest.raises(Refused):
        await crm.register(CrmPerson(number="CCN1", partner="NOBODY", content=PERSON.content), "s" * 40)
    assert lab.rows(ItemType.CONTACT) == []


@pytest.mark.parametrize(("partner", "kept"), [("", "BLUELAKE"), ("JURA", "JURA")], ids=["no partner", "a partner"])
async def test_f1_m4_a_card_gets_its_crm_contact_and_a_partner_where_it_has_none(
    lab: Lab, crm: Crm, partner: str, kept: str
) -> None:
    on_tab(lab, "CCN1", "CCN2")
    card = await crm.register(CrmPerson(number="CCN1", partner=partner, content=PERSON.content), "s" * 40)
    lab.post("user-actions", action="sql", table="CORRESPOND", key=card.key, set={"CNTNUM": ""})
    (card,) = await crm.find_contacts([], [PERSON.content.name])
    assert card.x3.person == ""
    for _ in range(2):  # the second time it is there already
        named = await crm.apply(Identify(target=card, person="CCN1", partner="BLUELAKE"))
        assert named is not None
        assert (named.x3.person, named.x3.representatives) == ("CCN1", ("R001",))
    (row,) = lab.rows(ItemType.CONTACT)
    assert (row["CNTNUM"], row["BPRNUM"]) == ("CCN1", kept)
    with pytest.raises(Moved):
        await crm.apply(Identify(target=card, person="CCN2", partner=""))


async def test_f1_a_record_is_known_whatever_its_date(lab: Lab, crm: Crm) -> None:
    row = {"TSKNUM": "ACT1", "TSKREP": "R001", "TSKDAT": "20010101", "TSKDON": 2}
    lab.post("user-actions", action="sql_insert", table="TASK", set=row)
    lab.post("user-actions", action="sql_insert", table="TASK", set=row | {"TSKNUM": "ACT2", "TSKREP": "R002"})
    assert await crm.keys_of(ItemType) == {(ItemType.TASK, "ACT1")}


async def test_f2_the_records_of_some_days_are_known(lab: Lab, crm: Crm) -> None:
    row = {"TSKREP": "R001", "TSKDON": 2}
    for number, day in enumerate(("20010101", "20010108"), start=1):
        lab.post("user-actions", action="sql_insert", table="TASK", set=row | {"TSKNUM": f"ACT{number}", "TSKDAT": day})
    days = (date(2001, 1, 1), date(2001, 1, 7))
    assert await crm.keys_of(ItemType, days) == {(ItemType.TASK, "ACT1")}
