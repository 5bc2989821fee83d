"""Mails to attendees, copies in their mailboxes, answers and cancellations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.emulators.graph.conftest import MARKER, REP2, WINDOW, Graph, attendee, event_body, marked, weekly

Others = Callable[[str], Graph]
OUTSIDE = "buyer@customer.example"
PEOPLE = [attendee(REP2), attendee(OUTSIDE)]


def test_an_invitation_appears_in_the_attendees_mailbox(graph: Graph, other: Others) -> None:
    made = graph.event(attendees=PEOPLE, categories=["Done"], **marked("K"))
    assert graph.mails() == 2
    copy = other(REP2).ok("GET", "/events")["value"][0]
    assert copy["id"] != made["id"]
    assert copy["iCalUId"] == made["iCalUId"]
    assert (copy["isOrganizer"], copy["responseStatus"]["response"]) == (False, "notResponded")
    assert copy["organizer"]["emailAddress"]["address"] == graph.mailbox
    assert copy["categories"] == []
    expand = f"?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
    assert "singleValueExtendedProperties" not in other(REP2).ok("GET", f"/events/{copy['id']}{expand}")


@pytest.mark.parametrize(
    ("patch", "mails"),
    [
        ({"categories": ["Done"]}, 0),
        (marked("K"), 0),
        ({"isReminderOn": False, "reminderMinutesBeforeStart": 5}, 0),
        ({"showAs": "free"}, 0),
        ({"multiValueExtendedProperties": []}, 0),
        ({"subject": "Other"}, 2),
        ({"categories": ["Done"], "subject": "Other"}, 2),
        ({"body": {"contentType": "text", "content": "x"}}, 2),
        ({"sensitivity": "private"}, 2),
    ],
)
def test_which_patches_mail(graph: Graph, patch: dict[str, object], mails: int) -> None:
    made = graph.event(attendees=PEOPLE)
    before = graph.mails()
    graph.ok("PATCH", f"/events/{made['id']}", patch)
    assert graph.mails() - before == mails


def test_events_without_attendees_mail_nobody(graph: Graph) -> None:
    made = graph.event(attendees=[attendee(graph.mailbox)])
    graph.ok("PATCH", f"/events/{made['id']}", {"subject": "B"})
    graph.ok("DELETE", f"/events/{made['id']}")
    assert graph.mails() == 0


def test_updates_reach_the_copy_and_leave_the_attendees_own_things(graph: Graph, other: Others) -> None:
    made = graph.event(attendees=PEOPLE)
    theirs = other(REP2)
    copy = theirs.ok("GET", "/events")["value"][0]
    theirs.ok("PATCH", f"/events/{copy['id']}", {"categories": ["Mine"], **marked("M")})
    mails = graph.mails()
    graph.ok("PATCH", f"/events/{made['id']}", {"subject": "New subject"})
    read = theirs.ok("GET", f"/events/{copy['id']}?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')")
    assert (read["subject"], read["categories"]) == ("New subject", ["Mine"])
    assert read["singleValueExtendedProperties"][0]["value"] == "M"
    assert graph.mails() == mails + 2


def test_an_attendees_local_change_mails_nobody(graph: Graph, other: Others) -> None:
    graph.event(attendees=PEOPLE)
    theirs, mails = other(REP2), graph.mails()
    copy = theirs.ok("GET", "/events")["value"][0]
    theirs.ok("PATCH", f"/events/{copy['id']}", {"subject": "Local"})
    theirs.ok("DELETE", f"/events/{copy['id']}")
    assert graph.mails() == mails


def test_deletion_by_the_organiser_cancels_the_copies(graph: Graph, other: Others) -> None:
    made = graph.event(attendees=PEOPLE)
    graph.ok("DELETE", f"/events/{made['id']}")
    assert graph.mails() == 4
    copy = other(REP2).ok("GET", "/events")["value"][0]
    assert (copy["isCancelled"], copy["subject"]) == (True, "Canceled: Visit")


def test_cancel_is_the_organisers_only(graph: Graph, other: Others) -> None:
    made = graph.event(attendees=PEOPLE)
    copy = other(REP2).ok("GET", "/events")["value"][0]
    assert other(REP2).error("POST", f"/events/{copy['id']}/cancel", {})[0] == 400
    assert graph.send("POST", f"/users/{graph.mailbox}/events/{made['id']}/cancel", {"Comment": "no"}).status_code == 202
    assert other(REP2).ok("GET", f"/events/{copy['id']}")["isCancelled"] is True


@pytest.mark.parametrize(
    ("verb", "response"), [("accept", "accepted"), ("tentativelyAccept", "tentativelyAccepted"), ("decline", "declined")]
)
def test_answers(graph: Graph, other: Others, verb: str, response: str) -> None:
    made = graph.event(attendees=PEOPLE)
    theirs = other(REP2)
    copy = theirs.ok("GET", "/events")["value"][0]
    answer = theirs.send("POST", f"/users/{REP2}/events/{copy['id']}/{verb}", {"sendResponse": True})
    assert answer.status_code == 202
    shown = copy["id"] if verb == "decline" else theirs.ok("GET", "/events")["value"][0]["id"]
    assert theirs.ok("GET", f"/events/{shown}")["responseStatus"]["response"] == response
    status = {
        a["emailAddress"]["address"]: a["status"]["response"] for a in graph.ok("GET", f"/events/{made['id']}")["attendees"]
    }
    assert status[REP2] == response
    assert graph.mails() == 2
    assert len(theirs.ok("GET", "/events")["value"]) == (0 if verb == "decline" else 1)
    assert graph.error("POST", f"/events/{made['id']}/accept", {})[0] == 400


@pytest.mark.parametrize("anew", [True, False])
def test_accepting_replaces_the_placeholder(graph: Graph, other: Others, anew: bool) -> None:
    graph.control("POST", "switches", {"accept_recreates": anew})
    graph.event(attendees=PEOPLE)
    theirs = other(REP2)
    before = theirs.ok("GET", "/events")["value"][0]
    theirs.send("POST", f"/users/{REP2}/events/{before['id']}/accept", {"sendResponse": False})
    (after,) = theirs.ok("GET", "/events")["value"]
    assert (after["id"] != before["id"]) is anew
    assert (after["iCalUId"], after["subject"]) == (before["iCalUId"], before["subject"])
    assert (theirs.send("GET", f"/users/{REP2}/events/{before['id']}").status_code == 404) is anew


def test_a_removed_attendee_gets_a_cancellation(graph: Graph, other: Others) -> None:
    made = graph.event(attendees=PEOPLE)
    graph.ok("PATCH", f"/events/{made['id']}", {"attendees": [attendee(OUTSIDE)]})
    assert other(REP2).ok("GET", "/events")["value"][0]["isCancelled"] is True
    assert graph.mails() == 4


def test_series_meetings_follow_with_their_exceptions(graph: Graph, other: Others) -> None:
    graph.ok("POST", "/events", event_body("Weekly", 2, recurrence=weekly(), attendees=PEOPLE))
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    second = next(r["id"] for r in rows if "06-09" in r["start"]["dateTime"])
    third = next(r["id"] for r in rows if "06-16" in r["start"]["dateTime"])
    graph.ok("PATCH", f"/events/{second}", {"subject": "Special"})
    graph.ok("DELETE", f"/events/{third}")
    assert graph.mails() == 6
    theirs = other(REP2).ok("GET", f"/calendarView?{WINDOW}")["value"]
    shown = sorted((r["start"]["dateTime"][5:10], r["subject"], r["type"], r["isCancelled"]) for r in theirs)
    assert shown == [
        ("06-02", "Weekly", "occurrence", False),
        ("06-09", "Special", "exception", False),
        ("06-16", "Canceled: Weekly", "exception", True),
        ("06-23", "Weekly", "occurrence", False),
    ]
    called_off = next(r["id"] for r in theirs if r["isCancelled"])
    other(REP2).ok("DELETE", f"/events/{called_off}")
    graph.ok("PATCH", f"/events/{second}", {"subject": "More special"})
    theirs = other(REP2).ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert sorted(r["subject"] for r in theirs) == ["More special", "Weekly", "Weekly"]


def test_an_occurrence_called_off_may_vanish_from_the_copies(graph: Graph, other: Others) -> None:
    graph.switch(cancelled_occurrence_stays=False)
    graph.ok("POST", "/events", event_body("Weekly", 2, recurrence=weekly(), attendees=PEOPLE))
    third = next(r["id"] for r in graph.ok("GET", f"/calendarView?{WINDOW}")["value"] if "06-16" in r["start"]["dateTime"])
    graph.ok("DELETE", f"/events/{third}")
    theirs = other(REP2).ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert sorted(r["start"]["dateTime"][5:10] for r in theirs) == ["06-02", "06-09", "06-23"]


def test_a_cancelled_series_cancels_its_exceptions(graph: Graph, other: Others) -> None:
    made = graph.ok("POST", "/events", event_body("Weekly", 2, recurrence=weekly(), attendees=PEOPLE))
    rows = graph.ok("GET", f"/calendarView?{WINDOW}")["value"]
    graph.ok("PATCH", f"/events/{rows[1]['id']}", {"subject": "Special"})
    graph.ok("DELETE", f"/events/{made['id']}")
    theirs = other(REP2).ok("GET", f"/calendarView?{WINDOW}")["value"]
    assert [r["isCancelled"] for r in theirs] == [True] * 4
    assert {r["type"] for r in theirs} == {"occurrence", "exception"}


def test_the_online_meeting_is_kept(graph: Graph) -> None:
    body = {"contentType": "html", "content": "<div>Join <a href='https://teams.example/1'>Microsoft Teams</a></div>"}
    made = graph.event(
        isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness", onlineMeeting={"joinUrl": "u"}, body=body
    )
    read = graph.ok("GET", f"/events/{made['id']}")
    assert read["isOnlineMeeting"] is True
    assert read["onlineMeeting"] == {"joinUrl": "u"}
    assert "Microsoft Teams" in read["body"]["content"]


def test_a_meeting_saved_without_sending_is_a_draft_until_it_is_sent(graph: Graph, other: Others) -> None:
    made = graph.event(isDraft=True)
    assert made["isDraft"] is False
    graph.act("save_draft", id=made["id"], attendees=PEOPLE)
    draft = graph.ok("GET", f"/events/{made['id']}")
    assert (draft["isDraft"], len(draft["attendees"]), graph.mails()) == (True, 2, 0)
    assert other(REP2).ok("GET", "/events")["value"] == []
    sent = graph.ok("PATCH", f"/events/{made['id']}", {"attendees": PEOPLE})
    assert (sent["isDraft"], graph.mails()) == (False, 2)
    assert [row["isDraft"] for row in other(REP2).ok("GET", "/events")["value"]] == [False]
