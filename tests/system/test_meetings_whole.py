"""Meetings in several mailboxes at once, requests, online meetings, refusals, limits, reminders (A1-A11, M6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import Json, Outlook, attendee, persons, stop, text
from tests.system.world import World, at, decided, mailbox, on, ymd

BUYER = attendee("buyer@customer.example")
NAMES = {1: "Alice Martin", 2: "Benoît Lefèvre", 3: "Carla Nuñez"}


def reply(box: Outlook, how: str) -> None:
    """Answer the only event of a calendar."""
    box.ok("POST", f"/events/{box.events()[0]['id']}/{how}", {"sendResponse": False})


def together(world: World, *users: str) -> None:
    """Passes of several users at the same time, each a process of its own."""
    world.product.together(*(("sync", user, "--json") for user in users))


@pytest.mark.timeout(180)
def test_m6_a_meeting_in_three_mailboxes_read_at_once_is_one_record(pair: World) -> None:
    pair.enable(3)
    carla = Outlook(pair.servers, mailbox(3))
    boxes = (pair.alice, pair.benoit, carla)
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(n), NAMES[n]) for n in (2, 3)])
    for box in boxes[1:]:
        reply(box, "accept")
    mails = pair.servers.mails()
    together(pair, "REP1", "REP2", "REP3")
    for user in pair.users:
        pair.settle(user, passes=1)
    record = pair.sage.only("ZBAP")
    assert (record["ATPREPMNA"], record["APTTYP"]) == ("R001", "2")
    assert {"R002", "R003"} <= set(record["APTREPNUM"])
    assert [len(box.events()) for box in boxes] == [1, 1, 1]
    assert pair.servers.mails() == mails
    pair.quiet()
    # The organiser moves it while all three passes run: X3 follows once, nobody is mailed by us.
    pair.later()
    pair.alice.change_event(pair.alice.events()[0]["id"], subject="Renamed")
    mails = pair.servers.mails()
    together(pair, "REP3", "REP2", "REP1")
    assert pair.sage.only("ZBAP")["FULOBJ"] == "Renamed"
    assert pair.servers.mails() == mails
    for user in pair.users:
        pair.sync(user)
    pair.quiet()


@pytest.mark.timeout(180)
def test_m6_a4_an_outsiders_meeting_of_two_users_is_one_record(pair: World) -> None:
    outsider = Outlook(pair.servers, mailbox(3))
    outsider.new_event("Meeting", at(1), attendees=[attendee(mailbox(n), NAMES[n]) for n in (1, 2)])
    for box in (pair.alice, pair.benoit):
        reply(box, "accept")
    tags = [box.events()[0]["@odata.etag"] for box in (pair.alice, pair.benoit)]
    mails = pair.servers.mails()
    together(pair, "REP1", "REP2")
    for user in pair.users:
        pair.settle(user, passes=1)
    record = pair.sage.only("ZBAP")
    assert record["ATPREPMNA"] in ("R001", "R002")
    assert {"R001", "R002"} <= {record["ATPREPMNA"], *record["APTREPNUM"]}
    assert [box.events()[0]["@odata.etag"] for box in (pair.alice, pair.benoit)] == tags
    assert pair.servers.mails() == mails
    pair.quiet()


def test_a5_every_class_is_counted_and_only_managed_ones_cross(pair: World) -> None:
    pair.servers.control("POST", "switches", {"decline_deletes": False})
    outsider = Outlook(pair.servers, mailbox(3))
    invited = [attendee(mailbox(2), NAMES[2])]
    verbs = {"Asked": "", "Declined": "decline", "Accepted": "accept", "Perhaps": "tentativelyAccept", "Off": "accept"}
    made = {name: outsider.new_event(name, at(1, 8 + n), attendees=invited)["id"] for n, name in enumerate(verbs)}
    for row in pair.benoit.events():
        if verbs[row["subject"]]:
            pair.benoit.ok("POST", f"/events/{row['id']}/{verbs[row['subject']]}", {"sendResponse": False})
    outsider.ok("DELETE", f"/events/{made['Off']}")
    pair.benoit.new_event("Own", at(1, 18))
    report = pair.sync("REP2")
    assert report["outlook_classes"] == {"managed": 3, "not_managed": 0, "cancelled": 1, "request": 2}
    assert {row["FULOBJ"] for row in pair.sage.all("ZBAP")} == {"Accepted", "Perhaps", "Own"}
    text_report = pair.product.run("report", "REP2", "--text").out
    assert "managed 3" in text_report
    assert "cancelled meeting 1, meeting request 2" in text_report
    pair.quiet("REP2")


def test_a5_a_cancelled_meeting_of_a_user_goes_and_the_copy_is_left_alone(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), NAMES[2]), BUYER])
    reply(pair.benoit, "accept")
    pair.sync("REP1")
    pair.sync("REP2")
    pair.later()
    pair.alice.delete_event(pair.alice.events()[0]["id"])
    mails = pair.servers.mails()
    pair.sync("REP1")
    report = pair.sync("REP2")
    assert pair.sage.all("ZBAP") == []
    assert [(row["isCancelled"], row["subject"]) for row in pair.benoit.events()] == [(True, "Canceled: Meeting")]
    assert report["outlook_classes"]["cancelled"] == 1
    assert pair.servers.mails() == mails
    pair.quiet()


def test_a4_withdrawn_or_deleted_in_x3_an_invitation_stays(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), NAMES[2])])
    reply(pair.benoit, "accept")
    pair.sync("REP1")
    pair.sync("REP2")
    record = pair.sage.only("ZBAP")["APTNUM"]
    tag = pair.benoit.events()[0]["@odata.etag"]
    pair.later()
    kept = [rep for rep in pair.sage.only("ZBAP")["APTREPNUM"] if rep not in ("", "R002")]
    pair.sage.modify("ZBAP", record, APTREPNUM=[*kept, *[""] * (10 - len(kept))])
    assert decided(pair.sync("REP2"), "A4")
    assert pair.benoit.events()[0]["@odata.etag"] == tag
    pair.sync("REP1")
    pair.quiet()
    pair.later()
    pair.sage.delete("ZBAP", record)
    pair.sync("REP2")
    assert pair.benoit.events()[0]["@odata.etag"] == tag
    pair.sync("REP1")
    assert [row["would_mail"] for row in pair.held(user="REP1")] == [1]
    assert len(pair.alice.events()) == 1


@pytest.fixture
def meeting(world: World) -> World:
    """A meeting of Alice's with three outsiders, linked; her own invitations are sent."""
    guests = [attendee(f"guest{n}@customer.example") for n in range(3)]
    world.alice.new_event("Meeting", at(1), attendees=guests)
    world.sync()
    assert world.servers.mails() == 3
    world.later()
    return world


@pytest.mark.mails
def test_a6_a_move_in_x3_is_held_with_its_mails_and_released(meeting: World) -> None:
    record = meeting.sage.only("ZBAP")["APTNUM"]
    meeting.sage.modify("ZBAP", record, APTDAT=ymd(3), APTDATEND=ymd(3))
    report = meeting.sync()
    assert (report["would_mail"], report["writes"]) == (3, {"x3": 0, "outlook": 0})
    held = meeting.held()[0]
    assert (held["rule"], held["would_mail"]) == ("A6", 3)
    assert "would mail 3 people" in meeting.product.run("held", "list").out
    meeting.quiet()
    meeting.release(held["id"])
    assert meeting.alice.events()[0]["start"]["dateTime"][:10] == str(on(3))
    assert (meeting.servers.mails(), meeting.held()) == (6, [])
    meeting.quiet()


def test_a6_a_rejected_deletion_leaves_the_meeting_released(meeting: World) -> None:
    meeting.sage.delete("ZBAP", meeting.sage.only("ZBAP")["APTNUM"])
    meeting.sync()
    held = meeting.held()[0]
    assert held["would_mail"] == 3
    meeting.reject(held["id"])
    assert meeting.held() == []
    assert [row["subject"] for row in meeting.alice.events()] == ["Meeting"]
    meeting.quiet()
    meeting.later()
    meeting.alice.change_event(meeting.alice.events()[0]["id"], subject="Still here")
    meeting.sync()
    assert meeting.sage.all("ZBAP") == []
    meeting.quiet()


@pytest.mark.mails
def test_a6_attendee_mail_allow_deletes_at_once(meeting: World) -> None:
    meeting.set("REP1", "attendee_mail=allow")
    meeting.sage.delete("ZBAP", meeting.sage.only("ZBAP")["APTNUM"])
    meeting.sync()
    assert meeting.alice.events() == []
    assert (meeting.servers.mails(), meeting.held()) == (6, [])
    meeting.quiet()


def test_c7_an_x3_text_never_reaches_a_meeting_with_attendees(meeting: World) -> None:
    tag = meeting.alice.events()[0]["@odata.etag"]
    meeting.sage.modify("ZBAP", meeting.sage.only("ZBAP")["APTNUM"], FULRPO="Only for us")
    meeting.sync()
    assert meeting.alice.events()[0]["@odata.etag"] == tag
    assert len(meeting.problems(field="report")) == 1
    assert (meeting.servers.mails(), meeting.held()) == (3, [])
    meeting.quiet()


def test_c8_the_body_of_an_online_meeting_is_never_written(world: World) -> None:
    body = {"contentType": "html", "content": "<p>Join: https://meet.example/1</p>"}
    online: dict[str, Any] = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness", "body": body}
    key = world.alice.new_event("Online", at(1), **online)["id"]
    world.sync()
    before = text(world.alice.event(key) or {})
    record = world.sage.only("ZBAP")
    assert "Join" in record["FULRPO"]
    world.later()
    world.sage.modify("ZBAP", record["APTNUM"], FULRPO="X3's own", FULOBJ="Renamed")
    world.sync()
    event = world.alice.event(key)
    assert event is not None
    assert (event["subject"], text(event)) == ("Renamed", before)
    assert [line["field"] for line in world.problems()] == ["report"]
    world.quiet()


def test_a7_a_refused_change_is_tried_again_when_x3_changes(world: World) -> None:
    first = world.sage.new_appointment("First", ymd(1), "0900", "1000")["APTNUM"]
    key = world.alice.new_event("Second", at(2))["id"]
    world.sync()
    second = next(row["APTNUM"] for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Second")
    world.later()
    world.alice.change_event(key, start=stop(at(1, 9, 30)), end=stop(at(1, 10, 30)))
    world.sync()
    line = world.problems(type="appointment")[0]
    assert first in line["message"]
    assert line["log_code"]
    world.quiet()
    world.later()
    world.sage.delete("ZBAP", first)
    world.sync()
    world.later()
    world.sage.modify("ZBAP", second, APTDON="2")
    world.sync()
    record = world.sage.only("ZBAP")
    assert (record["APTDAT"], record["APTHOU"], record["APTDON"]) == (ymd(1), "0930", "2")
    assert "Done" in (world.alice.event(key) or {})["categories"]
    assert world.problems() == []
    world.quiet()


@pytest.mark.parametrize("category", ["1", "2", "3"])
def test_a1_the_category_of_an_x3_born_appointment_is_never_derived(world: World, category: str) -> None:
    world.sage.new_appointment("Visit", ymd(1), APTTYP=category)
    world.sync()
    event = world.alice.events()[0]
    assert event["attendees"] == []
    world.later()
    world.alice.change_event(event["id"], attendees=[BUYER], subject="With a guest")
    mails = world.servers.mails()
    world.sync()
    record = world.sage.only("ZBAP")
    assert (record["FULOBJ"], record["APTTYP"]) == ("With a guest", category)
    assert world.servers.mails() == mails
    world.quiet()


def test_a1_a_category_set_in_x3_is_never_taken_back(world: World) -> None:
    key = world.alice.new_event("Visit", at(1))["id"]
    world.sync()
    world.later()
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], APTTYP="2")
    world.sync()
    world.later()
    world.alice.change_event(key, subject="Edited")
    world.sync()
    assert (world.sage.only("ZBAP")["FULOBJ"], world.sage.only("ZBAP")["APTTYP"]) == ("Edited", "2")
    world.quiet()


def test_a1_crmapttyp_is_the_category_of_what_has_no_attendees(bare: World) -> None:
    change = {"action": "sql", "table": "AUTILIS", "key": "REP1", "set": {"CRMAPTTYP": "3"}}
    bare.sage.control("user-actions", change)
    bare.enable(1)
    bare.alice.new_event("Alone", at(1))
    bare.alice.new_event("Meeting", at(2), attendees=[BUYER])
    bare.sync()
    assert {row["FULOBJ"]: row["APTTYP"] for row in bare.sage.all("ZBAP")} == {"Alone": "3", "Meeting": "2"}
    bare.quiet()


def test_k4_twelve_contacts_of_an_appointment_ten_go_and_two_are_a_line(world: World) -> None:
    names = [f"Person{n:02}" for n in range(12)]
    for name in names:
        world.sage.new_contact(name)
    world.sync()
    world.alice.new_event("Crowd", at(1), multiValueExtendedProperties=[persons(*names)])
    world.sync()
    cards = {row["CORNUM"]: row["LNA"] for row in world.sage.all("ZCOR")}
    assert [cards[card] for card in world.sage.only("ZBAP")["APTCOR"] if card] == names[:10]
    lines = world.problems(type="appointment")
    assert [line["field"] for line in lines] == ["relation"]
    assert "2 were left out" in lines[0]["message"]
    assert world.alice.events()[0]["persons"] == names
    world.quiet()


def test_k4_twelve_representatives_of_an_appointment_ten_go_and_two_are_a_line(world: World) -> None:
    codes = [f"R1{n:02}" for n in range(12)]
    for code in codes:
        row = {"REPNUM": code, "REPNAM": f"Colleague {code}"}
        world.sage.control("user-actions", {"action": "sql_insert", "table": "SALESREP", "set": row})
    listed = persons(*(f"Colleague {code}" for code in codes))
    world.alice.new_event("Crowd", at(1), multiValueExtendedProperties=[listed])
    world.sync()
    taken = [rep for rep in world.sage.only("ZBAP")["APTREPNUM"] if rep and rep != "R001"]
    assert taken == codes[: len(taken)]
    assert len(taken) in (9, 10)
    lines = [line for line in world.problems(type="appointment") if line["field"] == "participants"]
    assert len(lines) == 1
    assert lines[0]["outlook"] == ", ".join(codes[len(taken) :])
    world.quiet()


@pytest.fixture
def unmarked(bare: World) -> World:
    """Nothing is assumed silent towards attendees."""
    bare.product.settings["X3SYNC_GRAPH__SILENT_PROPERTIES"] = "none"
    bare.enable(1)
    bare.enable(2)
    return bare


def test_a10_m6_without_silent_properties_the_claim_replaces_the_marker(unmarked: World) -> None:
    world = unmarked
    world.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), NAMES[2]), BUYER])
    reply(world.benoit, "accept")
    boxes = (world.alice, world.benoit)
    tags = [box.events()[0]["@odata.etag"] for box in boxes]
    for user in ("REP2", "REP1", "REP2"):
        world.sync(user)
    record = world.sage.only("ZBAP")
    assert (record["ATPREPMNA"], "R002" in record["APTREPNUM"]) == ("R001", True)
    # Not even "done" is written, which would be a category.
    world.later()
    world.sage.modify("ZBAP", record["APTNUM"], APTDON="2")
    mails = world.servers.mails()
    world.sync("REP1")
    assert [row["would_mail"] for row in world.held(user="REP1")] == [2]
    assert [box.events()[0]["@odata.etag"] for box in boxes] == tags
    assert world.servers.mails() == mails


def test_a10_m7_after_the_loss_of_the_database_an_unmarked_meeting_makes_no_second_record(unmarked: World) -> None:
    world = unmarked
    world.alice.new_event("Meeting", at(1), attendees=[BUYER])
    world.sync("REP1")
    world.later()
    for path in world.product.home.iterdir():
        path.unlink()
    world.product.run("db", "upgrade")
    world.enable(1)
    assert world.sage.only("ZBAP")["FULOBJ"] == "Meeting"
    world.quiet("REP1")


def reminder(event: Json | None) -> tuple[Any, Any]:
    assert event is not None
    return event["isReminderOn"], event["reminderMinutesBeforeStart"]


def test_a11_what_the_sync_creates_reminds_nobody(world: World) -> None:
    world.sage.new_appointment("Visit", ymd(1))
    world.sage.new_call("Call", ymd(2))
    world.sync()
    assert [row["isReminderOn"] for row in world.alice.events()] == [False, False]
    world.quiet()


def test_a11_a_reminder_only_ahead_and_never_changed_later(world: World) -> None:
    world.set("REP1", "reminder_minutes=30")
    world.sage.new_appointment("Ahead", ymd(1))
    world.sage.new_appointment("Past", ymd(-1))
    world.sync()
    keys = {row["subject"]: row["id"] for row in world.alice.events()}
    assert reminder(world.alice.event(keys["Ahead"])) == (True, 30)
    assert world.alice.event(keys["Past"])["isReminderOn"] is False  # type: ignore[index]
    world.later()
    world.alice.change_event(keys["Ahead"], isReminderOn=True, reminderMinutesBeforeStart=5)
    ahead = next(row for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Ahead")
    world.sage.modify("ZBAP", ahead["APTNUM"], FULOBJ="Moved", APTDAT=ymd(3), APTDATEND=ymd(3))
    world.sync()
    assert reminder(world.alice.event(keys["Ahead"])) == (True, 5)
    own = world.alice.new_event("Own", at(5), isReminderOn=True, reminderMinutesBeforeStart=45)["id"]
    world.sync()
    assert reminder(world.alice.event(own)) == (True, 45)
    world.quiet()


@pytest.mark.parametrize("made", [False, True], ids=["not made", "made, the answer lost"])
def test_m6_a_meeting_whose_first_reader_never_came_back_is_made_by_the_next(pair: World, made: bool) -> None:
    """Alice's create has no answer, and before her next pass she declines: Benoît makes, or finds, the one record."""
    pair.servers.control("POST", "switches", {"decline_deletes": not made})
    outsider = Outlook(pair.servers, mailbox(3))
    outsider.new_event("Meeting", at(1), attendees=[attendee(mailbox(n), NAMES[n]) for n in (1, 2)])
    for box in (pair.alice, pair.benoit):
        reply(box, "accept")
    pair.servers.fault("status", {"operation": "save"}, port="x3", status=504, commit=made)
    pair.sync("REP1", code=None)
    pair.servers.mend()
    reply(pair.alice, "decline")
    pair.sync("REP2", code=None)  # X3 may still be at it
    assert len(pair.sage.all("ZBAP")) == int(made)
    for _ in range(2):
        for user in pair.users:
            pair.settle(user, passes=1)
    record = pair.sage.only("ZBAP")
    assert (record["FULOBJ"], record["APTTYP"]) == ("Meeting", "2")
    assert "R002" in (record["ATPREPMNA"], *record["APTREPNUM"])
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [int(made), 1]
    pair.quiet()
