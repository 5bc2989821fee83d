"""Appointments of several people, meetings with attendees, mails (A1-A6, D7, M6)."""

from __future__ import annotations

import pytest

from tests.system.outlook import Outlook, attendee, stop
from tests.system.world import World, at, decided, mailbox, on, ymd

BUYER = attendee("buyer@customer.example")


def test_a3_an_appointment_on_two_representatives(pair: World) -> None:
    made = pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert pair.sage.only("ZBAP")["APTNUM"] == made["APTNUM"]
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    assert pair.alice.events()[0]["attendees"] == []
    assert pair.servers.mails() == 0
    pair.quiet()
    # Every later change reaches both.
    pair.later()
    pair.alice.change_event(pair.alice.events()[0]["id"], subject="Moved", start=stop(at(2)), end=stop(at(2, 10)))
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert [box.events()[0]["subject"] for box in (pair.alice, pair.benoit)] == ["Moved", "Moved"]
    assert pair.benoit.events()[0]["start"]["dateTime"][:10] == str(on(2))
    assert pair.servers.mails() == 0
    pair.quiet()


def test_a3_withdrawn_from_the_list_it_leaves_that_mailbox(pair: World) -> None:
    record = pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])["APTNUM"]
    for user in ("REP1", "REP2"):
        pair.sync(user)
    pair.later()
    pair.sage.modify("ZBAP", record, APTREPNUM=["R001", ""])
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 0]
    assert len(pair.sage.all("ZBAP")) == 1
    pair.quiet()


def test_a2_a_participants_local_change_is_replaced(pair: World) -> None:
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])
    for user in ("REP1", "REP2"):
        pair.sync(user)
    pair.later()
    pair.benoit.change_event(pair.benoit.events()[0]["id"], subject="Mine")
    report = pair.sync("REP2")
    assert decided(report, "A2")
    assert pair.benoit.events()[0]["subject"] == "Visit"
    assert pair.sage.only("ZBAP")["FULOBJ"] == "Visit"
    assert any(row["outlook"] == "Mine" for row in pair.problems(user="REP2"))
    pair.quiet()


def test_d1_deleted_in_x3_it_leaves_both_mailboxes(pair: World) -> None:
    record = pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=["R001", "R002"])["APTNUM"]
    for user in ("REP1", "REP2"):
        pair.sync(user)
    pair.later()
    pair.sage.delete("ZBAP", record)
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert [box.events() for box in (pair.alice, pair.benoit)] == [[], []]
    pair.quiet()


def answer(world: World, how: str) -> None:
    event = world.benoit.events()[0]
    world.benoit.ok("POST", f"/events/{event['id']}/{how}", {"sendResponse": False})


@pytest.mark.parametrize("order", [("REP1", "REP2"), ("REP2", "REP1")])
def test_m6_one_meeting_of_two_users_is_one_record(pair: World, order: tuple[str, str]) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "Benoît Lefèvre"), BUYER])
    answer(pair, "accept")
    mails = pair.servers.mails()
    for user in order:
        pair.sync(user)
    pair.settle(order[0], passes=1)
    pair.settle(order[1], passes=1)
    record = pair.sage.only("ZBAP")
    assert (record["ATPREPMNA"], record["APTTYP"]) == ("R001", "2")
    assert "R002" in record["APTREPNUM"]
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    assert pair.servers.mails() == mails
    pair.quiet()
    # The organiser's edit reaches X3 once.
    pair.later()
    pair.alice.change_event(pair.alice.events()[0]["id"], subject="Moved")
    mails = pair.servers.mails()
    for user in order:
        pair.sync(user)
    assert pair.sage.only("ZBAP")["FULOBJ"] == "Moved"
    assert pair.servers.mails() == mails
    pair.quiet()


@pytest.mark.parametrize("over", [True, False], ids=["over", "taken out of the bin"])
def test_m6_deleted_by_its_organiser_before_his_first_look(pair: World, over: bool) -> None:
    """His record is made of the other's mailbox, and no deletion of his can be known: he is told."""
    key = pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "Benoît Lefèvre")])["id"]
    answer(pair, "accept")
    pair.sync("REP2")
    record = pair.sage.only("ZBAP")
    assert record["ATPREPMNA"] == "R001"
    pair.later()
    gone = pair.alice.ok("GET", f"/events/{key}")
    pair.alice.ok("DELETE", f"/events/{key}")
    pair.sync("REP2")  # his event is cancelled: he leaves (A5, D7)
    pair.sync("REP1")
    pair.sync("REP1")
    told = "the meeting of this record is in none of your calendars: if it is over, delete the record in X3 (M6)"
    assert [(row["x3_key"], row["message"]) for row in pair.problems()] == [(record["APTNUM"], told)]
    assert (pair.alice.events(), len(pair.sage.all("ZBAP"))) == ([], 1)
    pair.quiet()
    if over:
        pair.sage.delete("ZBAP", record["APTNUM"])
    else:
        pair.alice.act("move", gone["id"], to_folder="Calendar")
    pair.sync("REP1")
    pair.sync("REP1", "--full")
    assert (pair.problems(), len(pair.sage.all("ZBAP"))) == ([], 0 if over else 1)
    pair.quiet()


def test_a5_an_unanswered_request_is_not_created(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2))])
    report = pair.sync("REP2")
    assert report["outlook_classes"]["request"] == 1
    assert pair.sage.all("ZBAP") == []
    answer(pair, "accept")
    pair.sync("REP1")
    pair.sync("REP2")
    assert len(pair.sage.all("ZBAP")) == 1
    pair.quiet()


def test_a4_a_meeting_of_an_outsider_is_never_written(pair: World) -> None:
    # REP3 is no user of the sync: he organises, Benoît accepts.
    carla = Outlook(pair.servers, mailbox(3))
    key = carla.new_event("Meeting", at(1), attendees=[attendee(mailbox(2))])["id"]
    answer(pair, "accept")
    pair.sync("REP2")
    record = pair.sage.only("ZBAP")
    assert (record["ATPREPMNA"], record["APTTYP"]) == ("R002", "2")
    before = pair.benoit.events()[0]["@odata.etag"]
    mails = pair.servers.mails()
    pair.later()
    pair.sage.modify("ZBAP", record["APTNUM"], FULOBJ="From X3")
    pair.sync("REP2")
    assert pair.benoit.events()[0]["@odata.etag"] == before
    assert pair.servers.mails() == mails
    # A5: cancelled by its organiser, it goes in X3, and the event is left alone.
    pair.later()
    carla.ok("DELETE", f"/events/{key}")
    report = pair.sync("REP2")
    assert report["outlook_classes"]["cancelled"] == 1
    assert [event["isCancelled"] for event in pair.benoit.events()] == [True]
    pair.quiet("REP2")


def test_d7_declining_takes_the_participant_out(pair: World) -> None:
    pair.servers.control("POST", "switches", {"decline_deletes": False})
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "Benoît Lefèvre")])
    answer(pair, "accept")
    pair.sync("REP1")
    pair.sync("REP2")
    assert "R002" in pair.sage.only("ZBAP")["APTREPNUM"]
    pair.later()
    answer(pair, "decline")
    pair.sync("REP2")
    assert "R002" not in pair.sage.only("ZBAP")["APTREPNUM"]
    pair.sync("REP1")
    assert len(pair.alice.events()) == 1
    pair.quiet()


def test_a5_a_draft_is_ignored_until_it_is_sent(world: World) -> None:
    """Saved in Outlook with whom he means to invite, and not sent yet."""
    key = world.alice.new_event("Meeting", at(1))["id"]
    world.alice.act("save_draft", key, attendees=[BUYER])
    report = world.sync()
    assert report["outlook_classes"] == {"managed": 0, "not_managed": 1, "cancelled": 0, "request": 0}
    assert (world.sage.all("ZBAP"), world.problems(), world.servers.mails()) == ([], [], 0)
    world.quiet()
    world.later()
    world.alice.change_event(key, attendees=[BUYER])
    assert world.sync()["outlook_classes"]["managed"] == 1
    assert world.sage.only("ZBAP")["APTTYP"] == "2"
    world.quiet()


@pytest.fixture
def meeting(world: World) -> World:
    """A meeting of Alice's with two outsiders, linked."""
    world.alice.new_event("Meeting", at(1), attendees=[BUYER, attendee("boss@customer.example")])
    world.sync()
    assert world.servers.mails() == 2  # Outlook's own invitations
    world.later()
    return world


@pytest.mark.mails
def test_a6_an_edit_of_x3_that_would_mail_is_held_and_released(meeting: World) -> None:
    record = meeting.sage.only("ZBAP")["APTNUM"]
    meeting.sage.modify("ZBAP", record, FULOBJ="From X3")
    report = meeting.sync()
    assert report["would_mail"] == 2
    held = meeting.held()
    assert [(row["rule"], row["would_mail"]) for row in held] == [("A6", 2)]
    assert "would mail 2 people" in held[0]["why"]
    assert (meeting.alice.events()[0]["subject"], meeting.servers.mails()) == ("Meeting", 2)
    meeting.quiet()
    meeting.release(held[0]["id"])
    assert (meeting.alice.events()[0]["subject"], meeting.servers.mails()) == ("From X3", 4)
    assert meeting.held() == []
    meeting.quiet()


def test_a6_an_older_release_does_not_let_a_newer_version_through(meeting: World) -> None:
    record = meeting.sage.only("ZBAP")["APTNUM"]
    meeting.sage.modify("ZBAP", record, FULOBJ="First")
    meeting.sync()
    held = meeting.held()[0]
    meeting.later()
    meeting.sage.modify("ZBAP", record, FULOBJ="Second")
    meeting.release(held["id"])  # G3: exactly that fingerprint
    assert (meeting.alice.events()[0]["subject"], meeting.servers.mails()) == ("Meeting", 2)
    assert len(meeting.held()) == 1


def test_g3_a_rejected_edit_counts_as_seen(meeting: World) -> None:
    record = meeting.sage.only("ZBAP")["APTNUM"]
    meeting.sage.modify("ZBAP", record, FULOBJ="From X3")
    meeting.sync()
    meeting.reject(meeting.held()[0]["id"])
    assert meeting.held() == []
    assert (meeting.sage.only("ZBAP")["FULOBJ"], meeting.alice.events()[0]["subject"]) == ("From X3", "Meeting")
    assert len(meeting.problems()) >= 1
    meeting.quiet()
    assert meeting.servers.mails() == 2


@pytest.mark.mails
def test_a6_attendee_mail_allow_writes_at_once(meeting: World) -> None:
    meeting.set("REP1", "attendee_mail=allow")
    meeting.sage.modify("ZBAP", meeting.sage.only("ZBAP")["APTNUM"], FULOBJ="From X3")
    meeting.sync()
    assert (meeting.alice.events()[0]["subject"], meeting.servers.mails()) == ("From X3", 4)
    meeting.quiet()


def test_s7_a6_a_meeting_reassigned_in_x3_is_held_with_its_mails(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[BUYER])
    pair.sync("REP1")
    mails = pair.servers.mails()
    pair.later()
    pair.sage.modify("ZBAP", pair.sage.only("ZBAP")["APTNUM"], ATPREPMNA="R002", APTREPNUM=["R002"])
    for user in ("REP1", "REP2"):
        pair.sync(user)
    assert [(row["user"], row["rule"], row["would_mail"]) for row in pair.held()] == [("REP1", "A6", 1)]
    # M6: nor does its new representative get an event that its organiser has not sent him.
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 0]
    assert pair.servers.mails() == mails
    pair.quiet()


def test_a10_done_is_silent_and_written_at_once(meeting: World) -> None:
    meeting.sage.modify("ZBAP", meeting.sage.only("ZBAP")["APTNUM"], APTDON="2")
    meeting.sync()
    assert "Done" in meeting.alice.events()[0]["categories"]
    assert (meeting.servers.mails(), meeting.held()) == (2, [])
    meeting.quiet()


def test_a10_with_no_silent_properties_nothing_is_written_to_a_meeting(bare: World) -> None:
    bare.product.settings["X3SYNC_GRAPH__SILENT_PROPERTIES"] = "none"
    bare.enable(1)
    bare.alice.new_event("Meeting", at(1), attendees=[BUYER])
    before = bare.alice.events()[0]["@odata.etag"]
    bare.sync()
    assert len(bare.sage.all("ZBAP")) == 1
    assert bare.alice.events()[0]["@odata.etag"] == before
    bare.quiet()


def test_a1_attendees_make_an_appointment_a_meeting_once(world: World) -> None:
    key = world.alice.new_event("Visit", at(1))["id"]
    world.sync()
    assert world.sage.only("ZBAP")["APTTYP"] == "1"
    world.later()
    world.alice.change_event(key, attendees=[BUYER])
    world.sync()
    assert world.sage.only("ZBAP")["APTTYP"] == "2"
    world.later()
    world.alice.change_event(key, attendees=[])
    world.sync()
    assert world.sage.only("ZBAP")["APTTYP"] == "2"
    world.quiet()


def test_a1_an_x3_born_meeting_spreads_without_attendees(pair: World) -> None:
    pair.sage.new_appointment("Visit", ymd(1), APTTYP="2", APTREPNUM=["R001", "R002"])
    pair.sync("REP1")
    pair.sync("REP2")
    assert [box.events()[0]["attendees"] for box in (pair.alice, pair.benoit)] == [[], []]
    assert pair.sage.only("ZBAP")["APTTYP"] == "2"
    assert pair.servers.mails() == 0
    pair.quiet()


@pytest.mark.parametrize("anew", [True, False], ids=["another id", "in place"])
def test_s8_a_tentative_meeting_that_is_accepted_keeps_its_record(pair: World, anew: bool) -> None:
    pair.servers.control("POST", "switches", {"accept_recreates": anew})
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2))])
    answer(pair, "tentativelyAccept")
    pair.sync("REP1")
    pair.sync("REP2")
    key = pair.sage.only("ZBAP")["APTNUM"]
    before = pair.benoit.events()[0]["id"]
    pair.later()
    answer(pair, "accept")
    assert (pair.benoit.events()[0]["id"] != before) is anew
    pair.sync("REP2")
    record = pair.sage.only("ZBAP")
    assert (record["APTNUM"], record["ATPREPMNA"], "R002" in record["APTREPNUM"]) == (key, "R001", True)
    pair.quiet()
    pair.sync("REP2", "--full")
    assert pair.sage.only("ZBAP")["APTNUM"] == key


def test_s8_a_meeting_that_could_not_be_sought_is_not_taken_for_gone(pair: World) -> None:
    """Accepted anew and put into a calendar of his own it has another id; while no calendar can be searched nobody knows
    that it is still there."""
    pair.servers.control("POST", "switches", {"accept_recreates": True})
    own = pair.benoit.new_calendar("Own")
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2))])
    answer(pair, "tentativelyAccept")
    for user in pair.users:
        pair.settle(user, passes=1)
    record = pair.sage.only("ZBAP")
    assert "R002" in record["APTREPNUM"]
    pair.later()
    answer(pair, "accept")
    pair.benoit.act("move", pair.benoit.events()[0]["id"], to_folder=own)
    pair.servers.fault("status", {"path": "iCalUId eq"}, status=503, every=True)
    assert decided(pair.sync("REP2", code=None), "S8")  # nothing is decided
    assert pair.sage.only("ZBAP") == record
    pair.servers.mend()
    for user in pair.users:
        pair.settle(user)
    assert pair.sage.only("ZBAP") == record  # S6: moved to a calendar that is not managed
    pair.quiet()
