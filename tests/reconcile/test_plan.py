"""Decisions by rule: D1-D7, S5-S9, M1, M2, M5, M6, A4-A6. The golden table has the complete product; here stands why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconcile.actions import Assign, Create, Decision, Delete, Drop, Gate, Mark, Unassign, Update, Withdraw
from reconcile.content import ItemType, Kind, PersonName, Side
from reconcile.context import Conflict, Rules
from reconcile.model import (
    UNREAD,
    Absent,
    Born,
    EventFacts,
    Link,
    LinkState,
    Meeting,
    Observation,
    Present,
    Private,
    Response,
    Seen,
    Where,
)
from reconcile.plan import decide, plan
from tests.reconcile import build

TASK, CONTACT, CALL, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.CALL, ItemType.APPOINTMENT
GONE_X3, GONE = Absent(key="X1"), Absent(key="o1")
PRIVATE = Private(key="o1")


def record(item_type: ItemType, *, where: Where = Where.HERE, **changes: Any) -> Present:
    reps = (build.OTHER,) if where is Where.ELSEWHERE else (build.ME,)
    return build.x3(build.alter(build.CONTENTS[item_type][Side.X3], **changes), where=where, reps=reps)


def item(item_type: ItemType, *, where: Where = Where.HERE, event: EventFacts | None = None, **changes: Any) -> Present:
    return build.outlook(build.alter(build.CONTENTS[item_type][Side.OUTLOOK], **changes), where=where, event=event)


def decided(
    known: ItemType | Link, x3: Observation, outlook: Observation, rules: Rules | None = None, **context: Any
) -> Decision:
    """The one decision of a linked pair."""
    link = build.link(known) if isinstance(known, ItemType) else known
    (decision,) = decide(build.pair(link, x3, outlook), build.context(rules, **context))
    return decision


def unlinked(
    x3: Observation,
    outlook: Observation,
    meeting: Meeting = Meeting.ALONE,
    item_type: ItemType | None = None,
    rules: Rules | None = None,
) -> Decision:
    pair = build.pair(None, x3, outlook, meeting=meeting, item_type=item_type)
    (decision,) = decide(pair, build.context(rules))
    return decision


def steps(decision: Decision) -> list[str]:
    return [f"{type(step).__name__} {step.side.value}" for step in decision.steps]


# -------------------------------------------------------------------------------------------- deletion


@pytest.mark.parametrize("item_type", list(ItemType))
def test_D1_deleted_in_x3_is_deleted_in_outlook(item_type: ItemType) -> None:
    decision = decided(item_type, GONE_X3, item(item_type))
    assert (decision.rule, steps(decision), decision.after) == ("D1", ["Delete outlook"], Drop.LINK)


@pytest.mark.parametrize("item_type", [TASK, CALL, APPOINTMENT])
def test_D2_deleted_in_outlook_is_deleted_in_x3(item_type: ItemType) -> None:
    decision = decided(item_type, record(item_type), GONE)
    assert (decision.rule, steps(decision), decision.after) == ("D2", ["Delete x3"], Drop.LINK)


@pytest.mark.parametrize(("done", "after"), [(True, LinkState.RELEASED), (False, Drop.LINK)])
def test_D2_delete_done_keep_only_unlinks_what_is_done(done: bool, after: LinkState | Drop) -> None:
    seen = build.alter(build.TASK[Side.X3], done=done)
    link = build.link(TASK, x3=Seen(content=seen))
    decision = decided(link, build.x3(seen), GONE, Rules(delete_done_keep=True))
    assert (decision.after, bool(decision.steps)) == (after, not done)


@pytest.mark.parametrize("edited", [False, True])
def test_D3_a_contact_deleted_in_outlook_only_loses_its_assignment(edited: bool) -> None:
    x3 = record(CONTACT, mobile="+33") if edited else record(CONTACT)
    decision = decided(CONTACT, x3, GONE)
    assert (decision.rule, decision.after) == ("D3", Drop.LINK)
    (step,) = decision.steps
    assert step == Unassign(target=x3, representative=build.ME)


def test_D3_it_does_not_return_unless_assigned_again() -> None:
    assert unlinked(record(CONTACT, where=Where.ELSEWHERE), UNREAD).steps == ()
    assert steps(unlinked(record(CONTACT), UNREAD)) == ["Create outlook"]


@pytest.mark.parametrize("item_type", list(ItemType))
def test_D4_an_edit_in_outlook_survives_a_deletion_in_x3(item_type: ItemType) -> None:
    edited = item(item_type, mobile="+33") if item_type is CONTACT else item(item_type, report="edited")
    decision = decided(item_type, GONE_X3, edited)
    assert (decision.rule, steps(decision), decision.after) == ("D4", ["Create x3", "Mark outlook"], LinkState.LINKED)
    assert [side for side, _ in decision.lost] == [Side.X3]
    assert decision.problems


@pytest.mark.parametrize("item_type", [TASK, CALL, APPOINTMENT])
def test_D4_an_edit_in_x3_survives_a_deletion_in_outlook(item_type: ItemType) -> None:
    decision = decided(item_type, record(item_type, report="edited"), GONE)
    assert (decision.rule, steps(decision), decision.after) == ("D4", ["Create outlook"], LinkState.LINKED)
    assert [side for side, _ in decision.lost] == [Side.OUTLOOK]
    assert decision.problems


def test_D4_the_phone_of_a_call_is_an_edit_though_outlook_has_no_place_for_it() -> None:
    assert decided(CALL, record(CALL, phone="+44"), GONE).rule == "D4"


def test_D4_a_participant_who_left_is_no_edit() -> None:
    link = build.link(APPOINTMENT, x3=Seen(content=build.alter(build.APPOINTMENT[Side.X3], participants=(build.OTHER,))))
    assert decided(link, record(APPOINTMENT), GONE).rule == "D2"


def test_D4_what_A2_would_discard_is_no_edit() -> None:
    decision = decided(build.link(APPOINTMENT, owner=build.OTHER), GONE_X3, item(APPOINTMENT, report="mine"))
    assert (decision.rule, steps(decision)) == ("D1", ["Delete outlook"])


def test_D4_under_the_create_switch() -> None:
    decision = decided(TASK, GONE_X3, item(TASK, report="edited"), build.without("TSKADXCRE"))
    assert (decision.rule, decision.gate, decision.gate_rule, decision.after) == ("D4", Gate.SKIPPED, "U2", None)


@pytest.mark.parametrize("state", [s for s in LinkState if s is not LinkState.DETACHED])
def test_D5_gone_on_both_sides_ends_the_link(state: LinkState) -> None:
    decision = decided(build.link(TASK, state), GONE_X3, GONE)
    assert (decision.rule, decision.steps, decision.after) == ("D5", (), Drop.LINK)


@pytest.mark.parametrize("event", [build.organised(cancelled=True), build.invitation(cancelled=True)])
def test_D5_A5_deleted_in_x3_and_cancelled_leaves_the_event_alone(event: EventFacts) -> None:
    decision = decided(APPOINTMENT, GONE_X3, item(APPOINTMENT, event=event))
    assert (decision.rule, decision.steps, decision.after) == ("D5", (), Drop.LINK)


def test_D6_a_waiting_deletion_is_dropped_when_the_surviving_side_is_edited() -> None:
    waiting = build.link(TASK, LinkState.PENDING_DELETE)
    assert decided(waiting, record(TASK), GONE, build.without("TSKADXDLT")).after is LinkState.PENDING_DELETE
    decision = decided(waiting, record(TASK, subject="edited"), GONE, build.without("TSKADXDLT"))
    assert (decision.rule, steps(decision)) == ("D4", ["Create outlook"])


def test_D6_a_deletion_that_was_undone_waits_no_more() -> None:
    decision = decided(build.link(TASK, LinkState.PENDING_DELETE), record(TASK), item(TASK))
    assert (decision.rule, decision.steps, decision.after) == ("D6", (), LinkState.LINKED)


def others(*, where: Where = Where.HERE, **changes: Any) -> Present:
    """An appointment of another organiser, in which the user takes part."""
    content = build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,), **changes)
    return build.x3(content, reps=(build.OTHER, build.ME), where=where)


PARTICIPANT = build.link(
    APPOINTMENT, owner=build.OTHER, x3=Seen(content=build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,)))
)


@pytest.mark.parametrize("edit", [{}, {"subject": "edited meanwhile"}])
def test_D7_a_participant_only_takes_himself_out(edit: dict[str, Any]) -> None:
    x3 = others(**edit)
    decision = decided(PARTICIPANT, x3, GONE)
    assert (decision.rule, decision.after) == ("D7", Drop.LINK)
    assert decision.steps == (Withdraw(target=x3, representative=build.ME),)


# ----------------------------------------------------------------------------------------------- scope


@pytest.mark.parametrize("state", [s for s in LinkState if s is not LinkState.DETACHED])
@pytest.mark.parametrize(
    "x3", [UNREAD, record(TASK), record(TASK, subject="edited"), build.x3(build.TASK[Side.X3], auuid="B")]
)
def test_S5_S4_a_linked_item_that_becomes_private_is_detached_and_forgotten(state: LinkState, x3: Observation) -> None:
    decision = decided(build.link(TASK, state), x3, PRIVATE)
    assert (decision.rule, decision.after, decision.erase, decision.steps) == ("S5", LinkState.DETACHED, True, ())
    assert [(p.x3, p.outlook) for p in decision.problems] == [("", "")]


def test_S5_it_ends_when_x3_deletes() -> None:
    assert decided(build.link(TASK, LinkState.DETACHED), GONE_X3, PRIVATE).after is Drop.LINK
    assert decided(TASK, GONE_X3, PRIVATE).erase


def test_S5_it_ends_when_the_item_is_normal_again_compared_as_on_first_meeting() -> None:
    link = build.link(TASK, LinkState.DETACHED, x3=Seen(), outlook=Seen())
    decision = decided(link, record(TASK, subject="X3's"), item(TASK, report="Outlook's"))
    assert (decision.rule, decision.after) == ("S5", LinkState.LINKED)
    assert [step.changes for step in decision.steps if isinstance(step, Update)] == [
        {"report": "Outlook's"},
        {"subject": "X3's"},
    ]


def test_S5_A5_cancelled_meanwhile_its_content_is_ignored() -> None:
    link = build.link(APPOINTMENT, LinkState.DETACHED, x3=Seen(), outlook=Seen(), owner=build.OTHER)
    cancelled = item(APPOINTMENT, subject="Canceled: Visit", event=build.invitation(cancelled=True))
    assert [type(step) for step in decided(link, others(), cancelled).steps] == [Withdraw]


def test_S6_out_of_the_window_on_both_sides_a_link_sleeps_and_wakes() -> None:
    out = Where.OUT_OF_WINDOW
    slept = decided(TASK, record(TASK, where=out), item(TASK, where=out))
    assert (slept.rule, slept.after, slept.steps) == ("S6", LinkState.ASLEEP, ())
    asleep = build.link(TASK, LinkState.ASLEEP)
    assert decided(asleep, record(TASK, where=out), item(TASK, where=out)).rule == "in step"
    assert decided(asleep, record(TASK), item(TASK)).after is LinkState.LINKED


def test_S6_asleep_x3s_edits_deletions_and_reassignments_still_follow() -> None:
    asleep, out = build.link(TASK, LinkState.ASLEEP), Where.OUT_OF_WINDOW
    edited = decided(asleep, record(TASK, where=out, subject="edited"), item(TASK, where=out))
    assert (steps(edited), edited.after) == (["Update outlook"], LinkState.ASLEEP)
    assert steps(decided(asleep, GONE_X3, item(TASK, where=out))) == ["Delete outlook"]
    assert steps(decided(asleep, record(TASK, where=Where.ELSEWHERE), item(TASK, where=out))) == ["Delete outlook"]


def test_S6_asleep_outlooks_deletion_out_there_is_not_looked_for() -> None:
    decision = decided(build.link(TASK, LinkState.ASLEEP), record(TASK, where=Where.OUT_OF_WINDOW), GONE)
    assert (decision.rule, decision.steps, decision.after) == ("S6", (), None)


@pytest.mark.parametrize("x3", [record(TASK), record(TASK, subject="edited"), record(TASK, where=Where.ELSEWHERE)])
def test_S6_moved_to_an_unmanaged_folder_is_released(x3: Present) -> None:
    decision = decided(TASK, x3, item(TASK, where=Where.ELSEWHERE))
    assert (decision.rule, decision.steps, decision.after) == ("S6", (), LinkState.RELEASED)


def test_S6_released_ends_when_moved_back_or_when_x3_deletes() -> None:
    released = build.link(TASK, LinkState.RELEASED)
    back = decided(released, record(TASK, subject="meanwhile"), item(TASK))
    assert (steps(back), back.after) == (["Update outlook"], LinkState.LINKED)
    assert decided(released, GONE_X3, item(TASK, where=Where.ELSEWHERE)).after is Drop.LINK
    nothing = decided(released, record(TASK, subject="meanwhile"), item(TASK, where=Where.ELSEWHERE))
    assert (nothing.steps, nothing.after) == ((), None)


def test_S6_moved_between_managed_folders_changes_nothing() -> None:
    moved = item(TASK)
    moved = replace(moved, facts=replace(moved.outlook, folder="another managed list"))
    assert decided(TASK, record(TASK), moved).rule == "in step"


@pytest.mark.parametrize("item_type", list(ItemType))
def test_S7_reassigned_is_gone_from_the_former_representatives_outlook(item_type: ItemType) -> None:
    edited = item(item_type, mobile="+33") if item_type is CONTACT else item(item_type, report="edited")
    for outlook in (item(item_type), edited):
        decision = decided(item_type, record(item_type, where=Where.ELSEWHERE), outlook)
        assert (decision.rule, steps(decision), decision.after) == ("S7", ["Delete outlook"], Drop.LINK)


def test_S7_given_back_after_the_sync_itself_deleted_it_is_no_deletion_of_a_person() -> None:
    decision = decided(build.link(TASK, outlook=Seen()), record(TASK), GONE)
    assert (steps(decision), decision.after) == (["Create outlook"], LinkState.LINKED)


def test_S7_M2_a_marked_item_of_anothers_record_is_left_alone_and_remembered() -> None:
    marked = build.outlook(build.TASK[Side.OUTLOOK], marker=build.marker(TASK, born=Born.CREATED))
    decision = unlinked(record(TASK, where=Where.ELSEWHERE), marked, Meeting.MARKER)
    assert (decision.rule, decision.steps, decision.after, decision.blank) == ("S7", (), LinkState.RELEASED, Side.X3)


@pytest.mark.parametrize("state", [LinkState.LINKED, LinkState.ASLEEP, LinkState.PENDING_DELETE])
@pytest.mark.parametrize(("x3", "outlook"), [(UNREAD, GONE), (GONE_X3, UNREAD), (UNREAD, UNREAD)])
def test_S8_nothing_is_deleted_on_a_half_that_was_not_read(state: LinkState, x3: Observation, outlook: Observation) -> None:
    decision = decided(build.link(TASK, state), x3, outlook)
    assert (decision.rule, decision.steps, decision.after) == ("S8", (), None)


def test_S8_S9_gone_in_outlook_is_decided_once_every_folder_of_the_kind_answered() -> None:
    waits = decided(TASK, record(TASK), GONE, complete=frozenset({Kind.CONTACT, Kind.EVENT}))
    assert (waits.rule, waits.steps, waits.after) == ("S8", (), None)
    assert decided(TASK, record(TASK), GONE, complete=frozenset({Kind.TASK})).steps


def test_S9_without_its_default_folder_a_new_record_waits() -> None:
    pair = build.pair(None, record(TASK), UNREAD)
    (decision,) = decide(pair, build.context(default_folders={Kind.EVENT: "calendar"}))
    assert (decision.gate, decision.gate_rule, decision.gate_why) == (Gate.SKIPPED, "S9", "no default folder")
    assert decision.after is None


@pytest.mark.parametrize("state", list(LinkState))
@pytest.mark.parametrize("outlook", [item(TASK), GONE, UNREAD])
def test_M1_the_same_key_with_another_auuid_is_another_record(state: LinkState, outlook: Observation) -> None:
    decision = decided(build.link(TASK, state), build.x3(build.TASK[Side.X3], auuid="another"), outlook)
    assert (decision.rule, decision.steps) == ("M1", ())
    assert decision.after is (None if state is LinkState.RELEASED else LinkState.RELEASED)


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
    assert (waits.rule, waits.gate, waits.steps) == ("M6", Gate.SKIPPED, ())
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
    kept = decided(build.link(APPOINTMENT, x3=seen), shared, declined)
    assert (kept.rule, kept.steps, kept.after) == ("D7", (), LinkState.RELEASED)


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


def test_S8_a_plan_begins_with_contacts_and_ends_with_deletions() -> None:
    new_contact = build.outlook(build.alter(build.CONTACT, name=PersonName(surname="New")), key="o3")
    pairs = [
        build.pair(build.link(CONTACT), record(CONTACT), GONE),
        build.pair(build.link(TASK), record(TASK, subject="edited"), item(TASK)),
        build.pair(None, UNREAD, new_contact),
    ]
    decisions = plan(pairs, build.context())
    assert [d.rule for d in decisions] == ["M5", "C2", "D3"]
