"""Edits on both sides (C1-C5, U4), the details block (C7), texts (C8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import attendee, below_details, stop, text
from tests.system.world import World, at, decided, on, ymd


@pytest.fixture
def linked(world: World) -> World:
    """One linked appointment, born in X3, long settled."""
    world.sage.new_appointment("Start", ymd(1), ATPADDCMT="Room 1", APTPLC="3")
    world.sync()
    world.later(3600)
    return world


def item(world: World) -> tuple[str, str]:
    """The X3 key and the Outlook id."""
    return world.sage.only("ZBAP")["APTNUM"], world.alice.events()[0]["id"]


def subjects(world: World) -> tuple[str, str]:
    return world.sage.only("ZBAP")["FULOBJ"], world.alice.events()[0]["subject"]


def test_c3_different_fields_on_both_sides_both_survive(linked: World) -> None:
    record, key = item(linked)
    linked.alice.change_event(key, subject="From Outlook")
    linked.sage.modify("ZBAP", record, ATPADDCMT="Room X3")
    linked.sync()
    assert subjects(linked) == ("From Outlook", "From Outlook")
    assert linked.alice.events()[0]["location"]["displayName"] == "Room X3"
    assert linked.sage.only("ZBAP")["ATPADDCMT"] == "Room X3"
    assert linked.problems() == []
    linked.quiet()


def both(world: World, *, last: str, apart: float = 30) -> None:
    """Edit the subject on both sides, `last` later than the other."""
    record, key = item(world)
    if last == "outlook":
        world.sage.modify("ZBAP", record, FULOBJ="From X3")
        world.later(apart)
        world.alice.change_event(key, subject="From Outlook")
    else:
        world.alice.change_event(key, subject="From Outlook")
        world.later(apart)
        world.sage.modify("ZBAP", record, FULOBJ="From X3")


@pytest.mark.parametrize(("last", "winner"), [("outlook", "From Outlook"), ("x3", "From X3")])
def test_c4_newest_the_later_edit_wins_and_the_loser_is_kept(linked: World, last: str, winner: str) -> None:
    both(linked, last=last)
    report = linked.sync()
    assert decided(report, "C4")
    assert subjects(linked) == (winner, winner)
    line = linked.problems(field="subject")[0]
    assert {line["x3"], line["outlook"]} == {"From X3", "From Outlook"}
    linked.quiet()


@pytest.mark.parametrize("skew", [300, -300])
@pytest.mark.parametrize(("last", "winner"), [("outlook", "From Outlook"), ("x3", "From X3")])
def test_c4_clocks_five_minutes_apart_decide_nothing(linked: World, last: str, winner: str, skew: int) -> None:
    linked.servers.control("POST", "switches", {"clock_skew_seconds": skew}, port="x3")
    linked.sync()
    linked.later(600)
    both(linked, last=last, apart=60)
    linked.sync()
    assert subjects(linked) == (winner, winner)
    linked.sage.new_appointment("Later, by X3's own clock", ymd(2))
    linked.later()
    linked.sync()
    assert len(linked.alice.events()) == 2
    linked.quiet()


def test_c4_newest_within_two_seconds_x3_wins(linked: World) -> None:
    both(linked, last="outlook", apart=0)
    linked.sync()
    assert subjects(linked) == ("From X3", "From X3")
    linked.quiet()


@pytest.mark.parametrize("last", ["outlook", "x3"])
@pytest.mark.parametrize(("choice", "winner"), [("x3", "From X3"), ("outlook", "From Outlook")])
def test_u4_c4_one_side_may_always_win(linked: World, choice: str, winner: str, last: str) -> None:
    linked.set("REP1", f"conflict={choice}")
    both(linked, last=last)
    linked.sync()
    assert subjects(linked) == (winner, winner)
    linked.quiet()


def test_u4_c4_ask_holds_until_it_is_released(linked: World) -> None:
    linked.set("REP1", "conflict=ask")
    both(linked, last="outlook")
    linked.sync()
    assert subjects(linked) == ("From X3", "From Outlook")
    held = linked.held()
    assert [row["rule"] for row in held] == ["C4"]
    linked.quiet()
    linked.release(held[0]["id"])
    x3, outlook = subjects(linked)
    assert x3 == outlook
    assert linked.held() == []
    linked.quiet()


def test_c5_the_same_edit_on_both_sides_is_agreement(linked: World) -> None:
    record, key = item(linked)
    linked.alice.change_event(key, subject="Same")
    linked.sage.modify("ZBAP", record, FULOBJ="Same")
    linked.quiet()
    assert linked.problems() == []


def test_c5_agreement_is_a_field_s_and_the_rest_still_crosses(linked: World) -> None:
    record, key = item(linked)
    linked.alice.change_event(key, subject="Same", location={"displayName": "Room O"})
    linked.sage.modify("ZBAP", record, FULOBJ="Same", APTRPO="Bring the samples")
    linked.sync()
    assert subjects(linked) == ("Same", "Same")
    assert linked.sage.only("ZBAP")["ATPADDCMT"] == "Room O"
    assert "Bring the samples" in text(linked.alice.events()[0])
    assert linked.problems() == []
    linked.quiet()
    # What both sides now agree on is what each last looked like: the next edit is one, whoever makes it.
    linked.later()
    linked.sage.modify("ZBAP", record, FULOBJ="Next")
    linked.sync()
    assert subjects(linked) == ("Next", "Next")


def test_c1_a_write_that_changes_nothing_is_no_change(linked: World) -> None:
    record, key = item(linked)
    linked.alice.change_event(key, subject="Start")
    linked.sage.modify("ZBAP", record, FULOBJ="Start")
    linked.quiet()


def test_c1_a_city_that_x3_writes_in_capitals_is_no_change(world: World) -> None:
    address = {"street": "1 Quai", "city": "Saint-Étienne", "postalCode": "42000"}
    key = world.alice.new_contact("Rossi", "Ada", businessAddress=address)["id"]
    world.sync()
    assert world.sage.only("ZCOR")["CPYCTY"] == "SAINT-ÉTIENNE"
    world.quiet()
    contact = world.alice.contact(key)
    assert contact is not None
    assert contact["businessAddress"]["city"] == "Saint-Étienne"  # as the user wrote it
    world.later()
    world.sage.modify("ZCOR", world.sage.only("ZCOR")["CORNUM"], SRV="Sales")  # another field does not carry it along
    world.sync()
    contact = world.alice.contact(key)
    assert contact is not None
    assert (contact["department"], contact["businessAddress"]["city"]) == ("Sales", "Saint-Étienne")


def test_c4_r2_the_losing_version_can_be_put_back(linked: World) -> None:
    both(linked, last="outlook")
    linked.sync()
    record, _ = item(linked)
    versions = linked.product.json("why", record)["versions"]
    lost = next(row for row in versions if "From X3" in str(row["content"]))
    linked.later()
    linked.product.run("restore", record, "--version", str(lost["n"]))
    linked.sync()
    assert subjects(linked) == ("From X3", "From X3")
    linked.quiet()


def test_an_edit_of_x3_in_the_second_of_our_own_write_is_not_lost(world: World) -> None:
    key = world.alice.new_event("Start", at(1))["id"]
    world.sync()
    record, _ = item(world)
    for n in range(3):
        world.alice.change_event(key, subject=f"Outlook {n}")
        world.sync()
        world.sage.modify("ZBAP", record, ATPADDCMT=f"Room {n}", APTPLC="3")  # same second as the pass's own write
        world.sync()
        event = world.alice.event(key)
        assert event is not None
        assert event["location"]["displayName"] == f"Room {n}"
    world.quiet()


# ----------------------------------------------------------------------------------------------------- C7


@pytest.mark.parametrize("kind", ["appointment", "task"])
def test_c7_the_block_is_stripped_and_never_grows(world: World, kind: str) -> None:
    if kind == "task":
        name, record = "ZTSK", world.sage.new_task("Start", ymd(1), FULRPO="Line 0")["TSKNUM"]
    else:
        name, record = "ZBAP", world.sage.new_appointment("Start", ymd(1), FULRPO="Line 0")["APTNUM"]
    world.sync()

    def body() -> str:
        return text((world.alice.tasks() + world.alice.events())[0])

    block = body().removesuffix("Line 0")
    assert record in block
    for n in range(1, 6):
        world.later()
        row = (world.alice.tasks() + world.alice.events())[0]
        written = {"contentType": "text", "content": f"{text(row)}\nLine {n}"}
        if kind == "task":
            world.alice.change_task(row["id"], body=written)
        else:
            world.alice.change_event(row["id"], body=written)
        world.sync()
        lines = [f"Line {m}" for m in range(n + 1)]
        kept = world.sage.read(name, record)
        assert kept is not None
        assert kept["FULRPO"].replace("\r", "").split("\n") == lines
        # And a write of X3's, so that the block is written again.
        world.sage.modify(name, record, FULOBJ=f"Title {n}")
        world.later()
        world.sync()
        assert body() == block + "\n".join(lines)
    world.quiet()


@pytest.mark.parametrize("by", ["restore", "fix"])
@pytest.mark.parametrize("kind", ["appointment", "task"])
def test_c7_r2_r4_a_text_put_back_by_hand_stands_below_the_block(world: World, kind: str, by: str) -> None:
    name, key = ("ZTSK", "TSKNUM") if kind == "task" else ("ZBAP", "APTNUM")
    new = world.sage.new_task if kind == "task" else world.sage.new_appointment
    record = new("Start", ymd(1), FULRPO="First")[key]
    world.sync()

    def shown() -> dict[str, Any]:
        return (world.alice.tasks() + world.alice.events())[0]

    block = text(shown()).removesuffix("First")
    assert record in block
    world.later()
    change = world.alice.change_task if kind == "task" else world.alice.change_event
    change(shown()["id"], body={"contentType": "text", "content": f"{block}From Outlook"})
    world.later()
    world.sage.modify(name, record, FULRPO="From X3")
    world.sync()
    assert text(shown()) == block + "From X3"
    if by == "fix":
        (line,) = [line for line in world.problems() if line["field"] == "report"]
        world.product.run("problems", "fix", str(line["id"]), "outlook")
    else:
        versions = world.product.json("why", record)["versions"]
        lost = next(v for v in versions if v["side"] == "outlook" and v["content"].get("report") == "From Outlook")
        world.product.run("restore", record, "--version", str(lost["n"]))
    assert text(shown()) == block + "From Outlook"
    kept = world.sage.read(name, record)
    assert kept is not None
    assert kept["FULRPO"] == "From Outlook"
    world.quiet()


def test_c7_a_block_the_user_removed_stays_away(world: World) -> None:
    record = world.sage.new_appointment("Start", ymd(1), FULRPO="Report")["APTNUM"]
    world.sync()
    key = world.alice.events()[0]["id"]
    world.later()
    world.alice.change_event(key, body={"contentType": "text", "content": "Report"})
    world.quiet()
    world.later()
    world.sage.modify("ZBAP", record, FULRPO="Other", FULOBJ="Title")
    world.sync()
    event = world.alice.event(key)
    assert event is not None
    assert (event["subject"], text(event)) == ("Title", "Other")
    world.quiet()


def test_c7_an_event_with_attendees_never_gets_text_from_x3(world: World) -> None:
    body = {"contentType": "text", "content": "Agenda"}
    key = world.alice.new_event("Meeting", at(1), attendees=[attendee("buyer@customer.example")], body=body)["id"]
    mails = world.servers.mails()
    world.sync()
    record = world.sage.only("ZBAP")
    assert record["FULRPO"] == "Agenda"
    world.later()
    world.sage.modify("ZBAP", record["APTNUM"], FULRPO="Internal")
    world.sync()
    event = world.alice.event(key)
    assert event is not None
    assert text(event) == "Agenda"
    assert world.servers.mails() == mails
    assert [row["x3"] for row in world.problems(field="report")] == ["Internal"]
    world.quiet()


def test_c8_a_persons_formatting_is_never_flattened(world: World) -> None:
    html = "<html><body><p><b>Bold</b> and <i>fine</i></p><ul><li>one</li></ul></body></html>"
    key = world.alice.new_event("Rich", at(1), body={"contentType": "html", "content": html})["id"]
    world.sync()
    record = world.sage.only("ZBAP")
    assert "Bold" in record["FULRPO"]
    assert "<" not in record["FULRPO"]
    world.later()
    world.sage.modify("ZBAP", record["APTNUM"], FULRPO="Plain", FULOBJ="Title")
    world.sync()
    answer = world.alice.http.get(f"/events/{key}", headers={"Prefer": 'IdType="ImmutableId"'}).json()
    assert "<b>Bold</b>" in answer["body"]["content"]
    assert answer["subject"] == "Title"
    assert [row["field"] for row in world.problems()] == ["report"]
    world.quiet()


def test_c2_a_changed_time_is_one_field(linked: World) -> None:
    record, key = item(linked)
    linked.alice.change_event(key, start=stop(at(3, 8)), end=stop(at(3, 8, 30)))
    linked.sage.modify("ZBAP", record, FULRPO="Report")
    linked.sync()
    row = linked.sage.only("ZBAP")
    assert (row["APTDAT"], row["APTHOU"], row["APTDATEND"], row["APTHOUEND"]) == (ymd(3), "0800", ymd(3), "0830")
    event = linked.alice.events()[0]
    assert (event["start"]["dateTime"][:16], below_details(event)) == (f"{on(3)}T06:00", "Report")
    linked.quiet()
