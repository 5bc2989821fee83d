"""Decisions by rule: items without a link (M2-M6), meetings (A4-A6), and questions to a person (U4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconcile.actions import Assign, Create, Delete, Drop, Gate, Join, Mark, Update
from reconcile.content import ItemType, Side
from reconcile.context import Conflict, Rules
from reconcile.model import (
    UNREAD,
    Born,
    EventFacts,
    LinkState,
    Meeting,
    Observation,
    Response,
    Seen,
    Where,
)
from tests.reconcile import build
from tests.reconcile.deciding import (
    APPOINTMENT,
    CONTACT,
    GONE_X3,
    PARTICIPANT,
    TASK,
    decided,
    item,
    others,
    record,
    steps,
    unlinked,
)

# ------------------------------------------------------------------------------------- without a link


def test_M2_an_adopted_item_is_linked_without_a_new_marker() -> None:
    marked = build.outlook(build.TASK[Side.OUTLOOK], marker=build.marker(TASK))
    decision = unlinked(record(TASK), marked, Meeting.MARKER)
    assert (decision.rule, decision.steps, decision.after, decision.remember) == ("M2", (), LinkState.LINKED, True)


def test_M2_U4_ask_holds_an_adoption_whose_sides_differ() -> None:
    marked = build.outlook(build.alter(build.TASK[Side.OUTLOOK], subject="other"), marker=build.marker(TASK))
    decision = unlinked(record(TASK), marked, Meeting.MARKER, rules=Rules(conflict=Conflict.ASK))
    assert (decision.gate, decision.gate_rule) == (Gate.HELD, "C4")


@pytest.mark.parametrize(("born", "does"), [(Born.CREATED, Delete), (Born.LINKED, Create)])
def test_M2_a_marked_item_whose_record_is_gone_waits_for_a_person(born: Born, does: type) -> None:
    marked = build.outlook(build.TASK[Side.OUTLOOK], marker=build.marker(TASK, born=born))
    decision = unlinked(GONE_X3, marked, Meeting.MARKER)
    assert (decision.rule, decision.gate, type(decision.steps[0])) == ("M2", Gate.HELD, does)


@pytest.mark.parametrize("where", [Where.ELSEWHERE, Where.OUT_OF_WINDOW])
def test_M2_a_marked_item_out_of_scope_is_linked_lest_it_be_made_again(where: Where) -> None:
    marked = build.outlook(build.TASK[Side.OUTLOOK], where=where, marker=build.marker(TASK))
    decision = unlinked(record(TASK, where=Where.OUT_OF_WINDOW), marked, Meeting.MARKER)
    assert decision.after is (LinkState.RELEASED if where is Where.ELSEWHERE else LinkState.ASLEEP)


@pytest.mark.parametrize("marker", [None, build.marker(TASK, mailbox="mailbox-2"), build.marker(TASK, "X9")])
def test_M3_M5_a_new_item_is_created_in_x3_and_its_marker_written(marker: Any) -> None:
    decision = unlinked(UNREAD, build.outlook(build.TASK[Side.OUTLOOK], marker=marker))
    assert (decision.rule, steps(decision)) == ("M5", ["Create x3", "Mark outlook"])
    create, mark = decision.steps
    assert isinstance(create, Create)
    assert isinstance(mark, Mark)
    assert (create.representative, len(create.sync_id), mark.marker.x3_key) == (build.ME, 40, "")


def test_M3_a_marker_that_still_names_another_record_is_mended() -> None:
    copied = build.outlook(build.TASK[Side.OUTLOOK], marker=build.marker(TASK, "X9"))
    decision = decided(TASK, record(TASK), copied)
    (step,) = decision.steps
    assert isinstance(step, Mark)
    assert (decision.rule, step.marker.x3_key) == ("M2", "X1")


@pytest.mark.parametrize("item_type", list(ItemType))
def test_M5_a_new_record_is_created_in_the_default_folder_with_marker_and_details(item_type: ItemType) -> None:
    decision = unlinked(record(item_type), UNREAD)
    (step,) = decision.steps
    assert isinstance(step, Create)
    assert step.marker == build.marker(item_type, born=Born.CREATED)
    assert step.folder == build.context().default_folders[item_type.kind]
    assert step.details[0] == f"{item_type.value.capitalize()} X1"


def test_M4_a_contact_of_another_representative_is_assigned_and_linked() -> None:
    decision = unlinked(record(CONTACT, where=Where.ELSEWHERE), item(CONTACT), Meeting.NATURAL)
    assert [type(step) for step in decision.steps] == [Assign, Mark]
    assert (decision.rule, decision.after) == ("M4", LinkState.LINKED)


def test_M4_several_candidates_make_a_problem_line_unless_nothing_would_be_made_of_the_item() -> None:
    assert unlinked(UNREAD, item(TASK), Meeting.AMBIGUOUS).problems
    request = item(APPOINTMENT, event=build.invitation(Response.NOT_RESPONDED))
    assert unlinked(UNREAD, request, Meeting.AMBIGUOUS).rule == "A5"


def test_M6_a_record_of_a_meeting_waits_and_one_that_is_gone_is_not_made_again() -> None:
    waits = unlinked(others(), UNREAD, Meeting.CLAIMED)
    assert (waits.rule, waits.gate, waits.steps, waits.problems) == ("M6", Gate.SKIPPED, (), ())
    own = unlinked(build.x3(build.APPOINTMENT[Side.X3]), UNREAD, Meeting.CLAIMED)
    assert (own.rule, own.steps, len(own.problems)) == ("M6", (), 1)
    gone = unlinked(GONE_X3, item(APPOINTMENT, event=build.invitation()), Meeting.MEETING, APPOINTMENT)
    assert (gone.rule, gone.steps) == ("M6", ())


# ------------------------------------------------------------------------------------- meetings, A4-A6


@pytest.mark.parametrize("x3", [GONE_X3, record(APPOINTMENT, where=Where.ELSEWHERE)])
def test_A4_an_invitation_whose_record_goes_is_released_never_deleted(x3: Observation) -> None:
    decision = decided(APPOINTMENT, x3, item(APPOINTMENT, event=build.invitation()))
    assert (decision.rule, decision.steps, decision.after) == ("A4", (), LinkState.RELEASED)
    link = build.link(APPOINTMENT, LinkState.RELEASED, x3=Seen())
    again = decided(link, x3, item(APPOINTMENT, subject="moved", event=build.invitation()))
    assert (again.steps, again.after) == ((), None)


def test_A4_an_invitation_is_never_written() -> None:
    decision = decided(APPOINTMENT, record(APPOINTMENT, subject="X3's"), item(APPOINTMENT, event=build.invitation()))
    assert decision.steps == ()
    assert decision.problems
    new = unlinked(UNREAD, item(APPOINTMENT, event=build.invitation()))
    assert steps(new) == ["Create x3"]


def test_A4_a_meetings_record_is_owned_by_its_organiser_if_he_is_a_user() -> None:
    event = build.invitation(organizer_email="REP2@contoso.example")
    create = unlinked(UNREAD, item(APPOINTMENT, event=event)).steps[0]
    assert isinstance(create, Create)
    assert create.representative == build.OTHER
    assert getattr(create.content, "participants") == (build.ME,)  # noqa: B009  # the union of contents
    outsider = unlinked(UNREAD, item(APPOINTMENT, event=build.invitation())).steps[0]
    assert isinstance(outsider, Create)
    assert outsider.representative == build.ME


@pytest.mark.parametrize(
    "event",
    [
        build.organised(draft=True),
        build.invitation(Response.NOT_RESPONDED),
        build.invitation(Response.DECLINED),
        build.invitation(cancelled=True),
        build.organised(cancelled=True),
    ],
    ids=["draft", "not answered", "declined", "cancelled", "cancelled by himself"],
)
def test_A5_nothing_is_made_of(event: EventFacts) -> None:
    decision = unlinked(UNREAD, item(APPOINTMENT, event=event))
    assert (decision.rule, decision.steps, decision.after) == ("A5", (), None)


def test_A5_a_cancelled_meeting_counts_as_deleted_by_its_organiser() -> None:
    cancelled = build.invitation(cancelled=True)
    assert steps(decided(APPOINTMENT, record(APPOINTMENT), item(APPOINTMENT, event=cancelled))) == ["Delete x3"]
    assert steps(decided(PARTICIPANT, others(), item(APPOINTMENT, event=cancelled))) == ["Withdraw x3"]
    edited = decided(APPOINTMENT, record(APPOINTMENT, report="kept"), item(APPOINTMENT, event=cancelled))
    assert (edited.rule, steps(edited)) == ("D4", ["Create outlook"])


def test_A5_D7_a_declined_meeting() -> None:
    declined = item(APPOINTMENT, event=build.invitation(Response.DECLINED))
    assert steps(decided(PARTICIPANT, others(), declined)) == ["Withdraw x3"]
    assert steps(decided(APPOINTMENT, record(APPOINTMENT), declined)) == ["Delete x3"]
    seen = Seen(content=build.alter(build.APPOINTMENT[Side.X3], participants=(build.OTHER,)))
    shared = record(APPOINTMENT, participants=(build.OTHER,))
    handed_over = decided(build.link(APPOINTMENT, x3=seen), shared, declined)
    assert (handed_over.rule, steps(handed_over), handed_over.after) == ("D7", ["Withdraw x3"], Drop.LINK)
    assert f"goes over to {build.OTHER}" in handed_over.why
    released = decided(build.link(APPOINTMENT, LinkState.RELEASED, x3=seen), shared, declined)
    assert (released.steps, released.after) == ((), None)


def test_A5_a_meeting_its_outside_organiser_cancels_goes_for_all_who_are_in_it() -> None:
    cancelled = item(APPOINTMENT, event=build.invitation(cancelled=True))
    shared = record(APPOINTMENT, participants=(build.OTHER,))
    link = build.link(APPOINTMENT, x3=Seen(content=shared.content), invited=True)
    assert steps(decided(link, shared, cancelled)) == ["Delete x3"]


def test_D7_one_who_declined_and_is_out_of_the_record_may_accept_again() -> None:
    """An answer that was lost looks like X3's own withdrawal; that one who declined was withdrawn changes nothing."""
    declined = item(APPOINTMENT, event=build.invitation(Response.DECLINED))
    left = record(APPOINTMENT, where=Where.ELSEWHERE)
    decision = decided(build.link(APPOINTMENT), left, declined)
    assert (decision.rule, decision.steps, decision.after) == ("D7", (), Drop.LINK)
    withdrawn = decided(build.link(APPOINTMENT, LinkState.RELEASED, x3=Seen()), left, declined)
    assert (withdrawn.steps, withdrawn.after) == ((), None)


# ------------------------------------------------------------------------- M6: joining a meeting's record

THEIRS = build.x3(build.APPOINTMENT[Side.X3], where=Where.ELSEWHERE, reps=(build.OTHER,))


def test_M6_an_invitee_who_is_not_in_the_record_of_his_meeting_joins_it() -> None:
    decision = unlinked(THEIRS, item(APPOINTMENT, event=build.invitation()), Meeting.MEETING)
    assert (decision.rule, decision.after, decision.remember) == ("M6", LinkState.LINKED, True)
    assert decision.steps == (Join(target=THEIRS, representative=build.ME),)


@pytest.mark.parametrize("where", [Where.ELSEWHERE, Where.OUT_OF_WINDOW])
def test_M6_S2_U5_he_joins_only_by_an_event_that_is_looked_at(where: Where) -> None:
    decision = unlinked(THEIRS, item(APPOINTMENT, event=build.invitation(), where=where), Meeting.MEETING)
    assert (decision.steps, decision.after) == ((), None)


@pytest.mark.parametrize(
    "event", [build.invitation(Response.NOT_RESPONDED), build.invitation(cancelled=True), build.organised()]
)
def test_M6_A5_nobody_joins_who_has_not_accepted(event: EventFacts) -> None:
    decision = unlinked(THEIRS, item(APPOINTMENT, event=event), Meeting.MEETING)
    assert (decision.steps, decision.after) == ((), None)


def test_M6_U2_joining_is_an_update_of_x3_and_waits_as_a_whole() -> None:
    invitation = item(APPOINTMENT, event=build.invitation())
    waits = unlinked(THEIRS, invitation, Meeting.MEETING, rules=build.without("BAPADXUPD"))
    assert (waits.gate, waits.gate_why, waits.after) == (Gate.SKIPPED, "skipped by setting BAPADXUPD", None)
    others = build.without("BAPADXCRE", "BAPADXDLT")
    assert unlinked(THEIRS, invitation, Meeting.MEETING, rules=others).gate is Gate.OPEN


def test_M6_K4_where_there_is_no_place_left_it_is_said() -> None:
    full = replace(THEIRS, content=build.alter(THEIRS.content, participants=tuple(f"R1{n:02}" for n in range(10))))
    decision = unlinked(full, item(APPOINTMENT, event=build.invitation()), Meeting.MEETING)
    assert (decision.rule, decision.steps, decision.after) == ("K4", (), None)
    assert [(line.field, line.outlook) for line in decision.problems] == [("participants", build.ME)]


def test_A6_C7_an_event_with_attendees_gets_no_details() -> None:
    meeting = item(APPOINTMENT, event=build.organised())
    decision = decided(APPOINTMENT, record(APPOINTMENT, subject="X3's"), meeting, Rules(attendee_mail=True))
    (step,) = decision.steps
    assert isinstance(step, Update)
    assert step.details == ()
    alone = decided(APPOINTMENT, record(APPOINTMENT, subject="X3's"), item(APPOINTMENT)).steps[0]
    assert isinstance(alone, Update)
    assert alone.details


def test_U4_ask_holds_a_conflict() -> None:
    decision = decided(TASK, record(TASK, subject="X3's"), item(TASK, subject="Outlook's"), Rules(conflict=Conflict.ASK))
    assert (decision.gate, decision.gate_rule, decision.rule) == (Gate.HELD, "C4", "C4")
