"""Decisions by rule: deletion (D1-D7) and scope (S5-S9, M1). The golden table has the complete product; here stands why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconcile.actions import Drop, Gate, Unassign, Update, Withdraw
from reconcile.content import ItemType, Kind, PersonName, Side
from reconcile.context import Rules
from reconcile.model import (
    UNREAD,
    Born,
    EventFacts,
    LinkState,
    Meeting,
    Observation,
    Present,
    Seen,
    Where,
)
from reconcile.plan import decide, plan
from tests.reconcile import build
from tests.reconcile.deciding import (
    APPOINTMENT,
    CALL,
    CONTACT,
    GONE,
    GONE_X3,
    PARTICIPANT,
    PRIVATE,
    TASK,
    decided,
    item,
    others,
    record,
    steps,
    unlinked,
)

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


@pytest.mark.parametrize("edit", [{}, {"subject": "edited meanwhile"}])
def test_D7_a_participant_only_takes_himself_out(edit: dict[str, Any]) -> None:
    x3 = others(**edit)
    decision = decided(PARTICIPANT, x3, GONE)
    assert (decision.rule, decision.after) == ("D7", Drop.LINK)
    assert decision.steps == (Withdraw(target=x3, representative=build.ME),)


@pytest.mark.parametrize("edit", [{}, {"subject": "edited meanwhile"}])
def test_D7_A4_of_an_outsiders_meeting_the_record_goes_over_to_the_next(edit: dict[str, Any]) -> None:
    shared = record(APPOINTMENT, participants=(build.OTHER,), **edit)
    seen = Seen(content=build.alter(build.APPOINTMENT[Side.X3], participants=(build.OTHER,)))
    decision = decided(build.link(APPOINTMENT, x3=seen, invited=True), shared, GONE)
    assert (decision.rule, decision.after) == ("D7", Drop.LINK)
    assert decision.steps == (Withdraw(target=shared, representative=build.ME),)


def test_D2_his_own_meeting_goes_for_all_who_are_in_it_and_somebody_elses_with_the_last() -> None:
    shared = record(APPOINTMENT, participants=(build.OTHER,))
    own = build.link(APPOINTMENT, x3=Seen(content=shared.content))
    alone = build.link(APPOINTMENT, invited=True)
    for decision in (decided(own, shared, GONE), decided(alone, record(APPOINTMENT), GONE)):
        assert (decision.rule, steps(decision)) == ("D2", ["Delete x3"])


def test_D7_U2_D6_under_the_delete_switch_as_every_withdrawal() -> None:
    shared = record(APPOINTMENT, participants=(build.OTHER,))
    decision = decided(build.link(APPOINTMENT, invited=True), shared, GONE, build.without("BAPADXDLT"))
    assert (decision.gate, decision.after) == (Gate.SKIPPED, LinkState.PENDING_DELETE)


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


def test_S8_a_plan_begins_with_contacts_and_ends_with_deletions() -> None:
    new_contact = build.outlook(build.alter(build.CONTACT, name=PersonName(surname="New")), key="o3")
    pairs = [
        build.pair(build.link(CONTACT), record(CONTACT), GONE),
        build.pair(build.link(TASK), record(TASK, subject="edited"), item(TASK)),
        build.pair(None, UNREAD, new_contact),
    ]
    decisions = plan(pairs, build.context())
    assert [d.rule for d in decisions] == ["M5", "C2", "D3"]
