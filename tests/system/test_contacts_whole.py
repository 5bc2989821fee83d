"""Contacts: X3's links, several representatives, both mailboxes at once, addresses without slots, the first meeting of
two address books (M4, D3, S1, C3, C6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import Json, Outlook
from tests.system.test_meetings_whole import together
from tests.system.world import World, decided


def mail(address: str) -> Json:
    return {"address": address, "name": address}


# ------------------------------------------------------------------------------------------------ X3's links


@pytest.fixture
def linked(pair: World) -> World:
    """A contact of both representatives, with its CRM contact and its partner."""
    pair.sage.control("user-actions", {"action": "sql_insert", "table": "CONTACTCRM", "set": {"CNTNUM": "CCN1"}})
    more = {"BPRNUM": "JURA", "CNTNUM": "CCN1", "CPYEML": "ada@jura.example"}
    pair.sage.new_contact("Rossi", "Ada", reps=("R001", "R002"), **more)
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    return pair


def links_of(record: dict[str, Any]) -> tuple[str, str, list[str]]:
    return record["BPRNUM"], record["CNTNUM"], sorted(record["COPREP_LINES"])


LINKS = ("JURA", "CCN1", ["R001", "R002"])


def test_a_contacts_links_to_crm_and_partner_survive_edits_of_both_sides(linked: World) -> None:
    assert links_of(linked.sage.only("ZCOR")) == LINKS
    assert [box.contacts()[0]["companyName"] for box in (linked.alice, linked.benoit)] == ["Horlogerie du Jura"] * 2
    linked.alice.change_contact(linked.alice.contacts()[0]["id"], jobTitle="Buyer", companyName="Another name")
    for user in ("REP1", "REP2"):
        linked.sync(user)
    record = linked.sage.only("ZCOR")
    assert (record["FNCLIB"], record["CPYBPADES"]) == ("Buyer", "Another name")
    assert links_of(record) == LINKS
    linked.later()
    linked.sage.modify("ZCOR", record["CORNUM"], BPRNUM="LOIRE")
    for user in ("REP1", "REP2"):
        linked.sync(user)
    assert links_of(linked.sage.only("ZCOR")) == ("LOIRE", *LINKS[1:])
    linked.quiet()


def test_assigned_and_unassigned_in_x3_a_contact_comes_and_goes(linked: World) -> None:
    record = linked.sage.only("ZCOR")
    linked.sage.control("user-actions", {"action": "unassign", "key": record["CORNUM"], "rep": "R002"})
    linked.sync("REP2", "--full")
    linked.sync("REP1")
    assert [len(box.contacts()) for box in (linked.alice, linked.benoit)] == [1, 0]
    assert links_of(linked.sage.only("ZCOR")) == (*LINKS[:2], ["R001"])
    linked.quiet()
    linked.later()
    linked.sage.modify("ZCOR", record["CORNUM"], reps=("R002",))
    for user in ("REP1", "REP2"):
        linked.sync(user)
    assert [len(box.contacts()) for box in (linked.alice, linked.benoit)] == [1, 1]
    linked.quiet()


def test_s7_a_line_taken_off_on_the_screen_shows_in_the_next_pass(linked: World) -> None:
    linked.sage.unassign(linked.sage.only("ZCOR")["CORNUM"], "R002")
    linked.sync("REP2")
    linked.sync("REP1")
    assert [len(box.contacts()) for box in (linked.alice, linked.benoit)] == [1, 0]
    assert links_of(linked.sage.only("ZCOR")) == (*LINKS[:2], ["R001"])
    linked.quiet()


def test_d1_a_shared_contact_deleted_in_x3_goes_from_both_mailboxes(linked: World) -> None:
    linked.sage.delete("ZCOR", linked.sage.only("ZCOR")["CORNUM"])
    for user in ("REP1", "REP2"):
        assert decided(linked.sync(user), "D1")
    assert [len(box.contacts()) for box in (linked.alice, linked.benoit)] == [0, 0]
    linked.quiet()


@pytest.mark.timeout(180)
def test_c3_two_mailboxes_edit_one_contact_at_once(linked: World) -> None:
    linked.alice.change_contact(linked.alice.contacts()[0]["id"], jobTitle="Buyer")
    linked.benoit.change_contact(linked.benoit.contacts()[0]["id"], mobilePhone="+33 6")
    together(linked, "REP1", "REP2")
    for user in ("REP1", "REP2", "REP1"):
        linked.later()
        linked.sync(user)
    record = linked.sage.only("ZCOR")
    assert (record["FNCLIB"], record["CPYMOB"]) == ("Buyer", "+33 6")
    for box in (linked.alice, linked.benoit):
        card = box.contacts()[0]
        assert (card["jobTitle"], card["mobilePhone"]) == ("Buyer", "+33 6")
    assert links_of(record) == LINKS
    linked.quiet()


def test_c4_two_mailboxes_edit_one_field_and_all_agree_on_the_later_one(linked: World) -> None:
    linked.alice.change_contact(linked.alice.contacts()[0]["id"], jobTitle="Alice's")
    linked.sync("REP1")
    linked.later()
    linked.benoit.change_contact(linked.benoit.contacts()[0]["id"], jobTitle="Benoît's")
    for user in ("REP2", "REP1"):
        linked.sync(user)
    assert linked.sage.only("ZCOR")["FNCLIB"] == "Benoît's"
    assert [box.contacts()[0]["jobTitle"] for box in (linked.alice, linked.benoit)] == ["Benoît's"] * 2
    linked.quiet()


@pytest.mark.timeout(180)
def test_c4_two_mailboxes_edit_one_field_at_once_and_the_loser_is_kept(linked: World) -> None:
    titles = {"Alice's", "Benoît's"}
    for box, title in ((linked.alice, "Alice's"), (linked.benoit, "Benoît's")):
        box.change_contact(box.contacts()[0]["id"], jobTitle=title)
    together(linked, "REP1", "REP2")
    for user in ("REP1", "REP2", "REP1", "REP2"):
        linked.later()
        linked.sync(user)
    winner = linked.sage.only("ZCOR")["FNCLIB"]
    assert winner in titles
    assert [box.contacts()[0]["jobTitle"] for box in (linked.alice, linked.benoit)] == [winner] * 2
    (loser,) = titles - {winner}
    assert [line["outlook"] for line in linked.problems(field="function")] == [loser]
    linked.quiet()


def test_d3_deleted_in_both_mailboxes_the_card_and_its_links_stay(linked: World) -> None:
    for box in (linked.alice, linked.benoit):
        box.delete_contact(box.contacts()[0]["id"])
    for user in ("REP1", "REP2"):
        assert decided(linked.sync(user), "D3")
    assert links_of(linked.sage.only("ZCOR")) == ("JURA", "CCN1", [])
    linked.quiet()


def test_a_representatives_own_card_is_a_contact_like_others(world: World) -> None:
    key = world.sage.new_contact("Lefèvre", "Benoît", CORTYP="2", CPYEML="rep2@contoso.example")["CORNUM"]
    world.sync()
    assert [row["surname"] for row in world.alice.contacts()] == ["Lefèvre"]
    world.later()
    world.alice.change_contact(world.alice.contacts()[0]["id"], mobilePhone="+33 6")
    world.sync()
    record = world.sage.read("ZCOR", key)
    assert record is not None
    assert (record["CORTYP"], record["CPYMOB"]) == ("2", "+33 6")
    world.quiet()


# ----------------------------------------------------------------------------------------- addresses' slots


@pytest.fixture
def slotless(bare: World) -> World:
    """A server that knows a list of addresses only."""
    bare.servers.control("POST", "switches", {"contact_email_slots": False})
    bare.product.settings["X3SYNC_GRAPH__CONTACT_EMAIL_SLOTS"] = "false"
    bare.enable(1)
    return bare


def mails(world: World) -> tuple[str, str]:
    record = world.sage.only("ZCOR")
    return record["CPYEML"], record["HOMEML"]


def addresses(world: World) -> list[str]:
    return [one["address"] for one in world.alice.contacts()[0]["emailAddresses"]]


def test_no_address_changes_its_slot_because_an_earlier_one_went_in_outlook(slotless: World) -> None:
    listed = [mail(f"{name}@x.example") for name in "abc"]
    key = slotless.alice.new_contact("Rossi", emailAddresses=listed)["id"]
    slotless.sync()
    assert mails(slotless) == ("a@x.example", "b@x.example")
    slotless.later()
    slotless.alice.change_contact(key, emailAddresses=listed[1:])
    slotless.sync()
    assert mails(slotless) == ("", "b@x.example")
    slotless.quiet()
    slotless.later()
    slotless.sage.modify("ZCOR", slotless.sage.only("ZCOR")["CORNUM"], CPYEML="d@x.example")
    slotless.sync()
    assert addresses(slotless) == ["d@x.example", "b@x.example", "c@x.example"]
    assert mails(slotless) == ("d@x.example", "b@x.example")
    slotless.quiet()


A, B, C = (f"{name}@x.example" for name in "abc")


@pytest.mark.parametrize(
    ("edits", "slots"),
    [
        ([[A, C]], (A, "")),
        ([[C]], ("", "")),
        ([[B, C], [C]], ("", "")),
        ([[A, C], [C]], ("", "")),
        ([[B, C], ["d@x.example", B, C]], ("d@x.example", B)),
    ],
    ids=["the second", "the first two", "one after the other", "from behind", "a new first one"],
)
def test_no_further_address_slides_into_a_slot(slotless: World, edits: list[list[str]], slots: tuple[str, str]) -> None:
    key = slotless.alice.new_contact("Rossi", emailAddresses=[mail(one) for one in (A, B, C)])["id"]
    slotless.sync()
    for listed in edits:
        slotless.later()
        slotless.alice.change_contact(key, emailAddresses=[mail(one) for one in listed])
        slotless.sync()
    assert mails(slotless) == slots
    slotless.quiet()
    slotless.later()
    slotless.sage.modify("ZCOR", slotless.sage.only("ZCOR")["CORNUM"], HOMEML="new@x.example", CPYEML="")
    slotless.sync()
    assert addresses(slotless) == ["new@x.example", C]
    assert mails(slotless) == ("", "new@x.example")
    slotless.quiet()


def test_no_address_changes_its_slot_because_an_earlier_one_went_in_x3(slotless: World) -> None:
    number = slotless.sage.new_contact("Rossi", CPYEML="a@x.example", HOMEML="b@x.example")["CORNUM"]
    slotless.sync()
    slotless.later()
    slotless.sage.modify("ZCOR", number, CPYEML="")
    slotless.sync()
    assert addresses(slotless) == ["b@x.example"]
    slotless.quiet()
    slotless.later()
    slotless.alice.change_contact(slotless.alice.contacts()[0]["id"], jobTitle="Buyer")
    slotless.sync()
    assert mails(slotless) == ("", "b@x.example")
    slotless.later()
    slotless.sage.modify("ZCOR", number, HOMEML="new@x.example")
    slotless.sync()
    assert addresses(slotless) == ["new@x.example"]
    assert mails(slotless) == ("", "new@x.example")
    slotless.quiet()


def test_a_home_address_alone_stays_one_where_there_are_no_slots(slotless: World) -> None:
    slotless.sage.new_contact("Rossi", HOMEML="home@x.example")
    slotless.sync()
    assert addresses(slotless) == ["home@x.example"]
    slotless.quiet()
    slotless.later()
    slotless.alice.change_contact(slotless.alice.contacts()[0]["id"], jobTitle="Buyer")
    slotless.sync()
    assert mails(slotless) == ("", "home@x.example")
    slotless.quiet()


# ----------------------------------------------------------------------------------------- first meeting


@pytest.mark.timeout(180)
@pytest.mark.parametrize("homes", [(), ("alice", "benoit"), ("benoit",)], ids=["work", "home", "work and home"])
def test_m4_creates_of_one_address_by_two_users_at_once_make_one_card(pair: World, homes: tuple[str, ...]) -> None:
    for box, name, shared in ((pair.alice, "alice", "ada@x.example"), (pair.benoit, "benoit", "ADA@X.example")):
        work = [mail(f"{name}@{name}.example")] if name in homes else []
        box.new_contact("Rossi", "Ada", companyName=name, emailAddresses=[*work, mail(shared)])
    pair.servers.fault("delay", {"operation": "save", "object": "ZCOR"}, port="x3", seconds=2.0, every=True)
    together(pair, "REP1", "REP2")
    pair.servers.mend()
    for user in ("REP1", "REP2", "REP1"):
        pair.settle(user, passes=1)
    assert sorted(pair.sage.only("ZCOR")["COPREP_LINES"]) == ["R001", "R002"]
    assert [len(box.contacts()) for box in (pair.alice, pair.benoit)] == [1, 1]
    pair.quiet()


@pytest.mark.parametrize("how", ["listed", "third slot"])
def test_m4_any_address_of_the_item_matches(bare: World, how: str) -> None:
    bare.sage.new_contact("Rossi", "Ada", CPYEML="c@x.example", CPYBPADES="Co")
    third = {"listed": {"emailAddresses": [mail(f"{name}@x.example") for name in "abc"]}}
    bare.alice.new_contact("Rossi", "A.", **third.get(how, {"tertiaryEmailAddress": mail("C@x.example")}))
    bare.enable(1)
    assert (len(bare.sage.all("ZCOR")), len(bare.alice.contacts())) == (1, 1)
    bare.quiet()


def test_m4_an_e_mail_match_comes_before_one_by_name(bare: World) -> None:
    by_mail = bare.sage.new_contact("Rossi", "Ada", CPYEML="ada@x.example", CPYBPADES="Other")["CORNUM"]
    bare.sage.new_contact("Rossi", "Ada", CPYEML="second@y.example", CPYBPADES="Co")
    bare.alice.new_contact("Rossi", "Ada", primaryEmailAddress=mail("ada@x.example"), companyName="Co", mobilePhone="+33 6")
    bare.enable(1)
    linked = bare.sage.read("ZCOR", by_mail)
    assert linked is not None
    assert linked["CPYMOB"] == "+33 6"
    assert sorted(row["companyName"] for row in bare.alice.contacts()) == ["Co", "Other"]
    assert [line["field"] for line in bare.problems()] == ["company"]  # X3's stands, Outlook's is kept in a line
    bare.quiet()


SAME, ALONE = range(100), range(100, 200)


def in_x3(world: World, n: int) -> None:
    accented = {"LNA": f"Lefèvre{n}", "FNA": "Élodie"}
    match n % 4:
        case 0:  # another case in the address, another phone
            world.sage.new_contact(**named(n), CPYEML=f"Person{n}@Site.example", CPYTEL=f"+33 2 40 {n:04}")
        case 1:  # accents, no address at all
            world.sage.new_contact(accented["LNA"], accented["FNA"], CPYBPADES="Café Zürich AG")
        case 2:  # the home address is the one in common
            world.sage.new_contact(**named(n), CPYEML=f"w{n}@site.example", HOMEML=f"h{n}@home.example")
        case _:  # the same, with a function that only X3 has
            world.sage.new_contact(**named(n), CPYEML=f"person{n}@site.example", FNCLIB="Buyer")


def named(n: int) -> dict[str, Any]:
    return {"surname": f"Person{n}", "given": "Ada"}


def in_outlook(box: Outlook, n: int) -> None:
    own, more = mail(f"person{n}@site.example"), {"department": f"Department {n}"}
    match n % 4:
        case 0:
            box.new_contact(f"PERSON{n}", "Ada", primaryEmailAddress=own, businessPhones=[f"0240{n:04}"], **more)
        case 1:
            box.new_contact(f"LEFEVRE{n}", "Elodie", companyName="CAFE ZURICH AG", **more)
        case 2:
            box.new_contact(f"Person{n}", "Ada", primaryEmailAddress=mail(f"h{n}@home.example"), **more)
        case _:
            box.new_contact(f"Person{n}", "Ada", primaryEmailAddress=own, mobilePhone=f"+33 6 {n}", **more)


@pytest.mark.timeout(420)
def test_m4_two_address_books_of_two_hundred_become_one(bare: World) -> None:
    for n in SAME:
        in_x3(bare, n)
        in_outlook(bare.alice, n)
    for n in ALONE:
        bare.sage.new_contact(f"OnlyX{n}", "Bob", CPYEML=f"x{n}@x.example")
        bare.alice.new_contact(f"OnlyO{n}", "Bob", primaryEmailAddress=mail(f"o{n}@o.example"))
    bare.users.append("REP1")
    preview = bare.product.json("users", "add", "--x3-user", "REP1", "--mailbox", "rep1@contoso.example")
    assert (len(bare.sage.all("ZCOR")), len(bare.alice.contacts())) == (200, 200), preview
    bare.sync("REP1", "--go")
    cards, rows = bare.sage.all("ZCOR"), bare.alice.contacts()
    assert (len(cards), len(rows)) == (300, 300)
    assert all(card["COPREP_LINES"] == ["R001"] for card in cards)
    # What one side lacked was filled in; where both had a value, X3's stands and Outlook's is in a line.
    by_name = {card["LNA"]: card for card in cards}
    own = {n: by_name[f"Lefèvre{n}" if n % 4 == 1 else f"Person{n}"] for n in SAME}
    assert {n: card["SRV"] for n, card in own.items()} == {n: f"Department {n}" for n in SAME}
    assert all(own[n]["CPYMOB"] == f"+33 6 {n}" for n in SAME if n % 4 == 3)
    assert sum(row["jobTitle"] == "Buyer" for row in rows) == 25
    lines = bare.problems(type="contact")
    phones = {line["outlook"] for line in lines if line["field"] == "work_phone"}
    assert phones == {f"0240{n:04}" for n in SAME if n % 4 == 0}
    assert sum(line["field"] == "name" for line in lines) == 50
    bare.quiet()


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "at once"])
def test_d4_a_shared_card_that_two_had_edited_when_x3_deleted_it_comes_back_once(pair: World, at_once: bool) -> None:
    pair.sage.new_contact("Rossi", "Ada", reps=("R001", "R002"), CPYEML="ada@customer.example")
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.sage.delete("ZCOR", pair.sage.only("ZCOR")["CORNUM"])
    pair.later()
    pair.alice.change_contact(pair.alice.contacts()[0]["id"], department="Edited by Alice")
    pair.benoit.change_contact(pair.benoit.contacts()[0]["id"], businessPhones=["0102030405"])
    commands = [("sync", user, "--json") for user in ("REP1", "REP2")]
    if at_once:
        pair.product.together(*commands)
    for user in pair.users:
        pair.settle(user)
    card = pair.sage.only("ZCOR")
    assert sorted(card["COPREP_LINES"]) == ["R001", "R002"]
    pair.settle("REP1")
    told = str(pair.product.json("why", card["CORNUM"])["versions"])
    for edit in ("Edited by Alice", "0102030405"):
        assert edit in str(card) or edit in told  # on the card, or kept (R2)
    for box in (pair.alice, pair.benoit):
        assert [contact["department"] for contact in box.contacts()] == [card["SRV"]]
    pair.quiet()
