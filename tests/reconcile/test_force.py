"""Forced synchronisation, the pure part (F1-F5): which pairs are decided, who wins, and what force never allows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconcile.actions import Assign, Create, Decision, Gate, Rule, Update
from reconcile.context import Force
from reconcile.model import UNREAD, Absent, ItemType, LinkState, Observation, Pair, Seen, Side, When, Where
from reconcile.plan import decide, plan
from tests.reconcile.build import (
    APPOINTMENT,
    CONTACT,
    EARLIER,
    OTHER,
    TASK,
    alter,
    context,
    invitation,
    link,
    outlook,
    pair,
    without,
    x3,
)

FROM_X3 = Force(x3=frozenset((item_type, "X1") for item_type in ItemType), only=True)
FROM_OUTLOOK = Force(since=EARLIER - timedelta(minutes=1), only=True)
QUEUED = Force(x3=FROM_X3.x3)  # F5: within an ordinary pass


def only(found: Pair, force: Force, **changes: Any) -> Decision:
    (decision,) = decide(found, context(force=force, **changes))
    return decision


def different(subject: str = "Another") -> Pair:
    """Both as last seen, but different."""
    seen = alter(TASK[Side.OUTLOOK], subject=subject)
    return pair(link(ItemType.TASK, outlook=Seen(content=seen, version="1")), x3(TASK[Side.X3]), outlook(seen))


@pytest.mark.parametrize(
    ("force", "side", "subject", "rule"),
    [(FROM_X3, Side.OUTLOOK, "Offer", Rule.F1), (FROM_OUTLOOK, Side.X3, "Another", Rule.F2)],
)
def test_the_forced_side_wins_where_both_look_as_last_seen(force: Force, side: Side, subject: str, rule: Rule) -> None:
    decision = only(different(), force)
    (step,) = decision.steps
    assert isinstance(step, Update)
    assert (step.side, step.changes["subject"], decision.rule) == (side, subject, rule)
    assert decision.lost[0][0] is side


def test_without_force_they_stay_different() -> None:
    assert only(different(), Force()).steps == ()


def test_c6_a_longer_original_is_never_overwritten_by_its_own_truncation() -> None:
    long = alter(TASK[Side.X3], subject="x" * 300)
    cut = alter(TASK[Side.OUTLOOK], subject="x" * 255)
    known = link(ItemType.TASK, x3=Seen(content=long, version="1"), outlook=Seen(content=cut, version="1"))
    for force in (FROM_X3, FROM_OUTLOOK):
        changes = [
            step.changes for step in only(pair(known, x3(long), outlook(cut)), force).steps if isinstance(step, Update)
        ]
        assert not any("subject" in change for change in changes)


@pytest.mark.parametrize("force", [FROM_X3, FROM_OUTLOOK])
def test_f4_the_seconds_that_x3_does_not_keep_are_no_difference(force: Force) -> None:
    minutes = APPOINTMENT[Side.OUTLOOK].when
    assert minutes.start is not None
    assert minutes.end is not None
    seconds = When(start=minutes.start + timedelta(seconds=30), end=minutes.end + timedelta(seconds=59))
    exact = alter(APPOINTMENT[Side.OUTLOOK], when=seconds)
    known = link(ItemType.APPOINTMENT, outlook=Seen(content=exact, version="1"))
    assert only(pair(known, x3(APPOINTMENT[Side.X3]), outlook(exact)), force).steps == ()


def test_c2_where_a_side_changed_the_c_rules_hold() -> None:
    edited = alter(TASK[Side.OUTLOOK], subject="Edited")
    decision = only(pair(link(ItemType.TASK), x3(TASK[Side.X3]), outlook(edited)), FROM_X3)
    (step,) = decision.steps
    assert (step.side, decision.rule) == (Side.X3, Rule.C2)


def test_a2_force_from_outlook_writes_nothing_of_another_organisers() -> None:
    seen = alter(APPOINTMENT[Side.OUTLOOK], subject="Another")
    known = link(ItemType.APPOINTMENT, owner=OTHER, outlook=Seen(content=seen, version="1"))
    record = x3(APPOINTMENT[Side.X3], reps=(OTHER, "R001"))
    assert only(pair(known, record, outlook(seen)), FROM_OUTLOOK).steps == ()


def test_a4_an_invitation_is_not_written_by_force() -> None:
    seen = alter(APPOINTMENT[Side.OUTLOOK], subject="Another")
    known = link(ItemType.APPOINTMENT, outlook=Seen(content=seen, version="1"))
    decision = only(pair(known, x3(APPOINTMENT[Side.X3]), outlook(seen, event=invitation())), FROM_X3)
    assert (decision.steps, decision.problems) == ((), ())


@pytest.mark.parametrize("state", [LinkState.LINKED, LinkState.RELEASED, LinkState.DETACHED, LinkState.PENDING_DELETE])
@pytest.mark.parametrize("force", [FROM_X3, QUEUED])
def test_f1_what_is_gone_in_outlook_is_created_again(state: LinkState, force: Force) -> None:
    decision = only(pair(link(ItemType.TASK, state), x3(TASK[Side.X3]), Absent(key="o1")), force)
    (step,) = decision.steps
    assert isinstance(step, Create)
    assert (step.side, decision.rule, decision.after) == (Side.OUTLOOK, Rule.F1, LinkState.LINKED)


def test_s8_nothing_is_created_again_unless_every_folder_was_read() -> None:
    found = pair(link(ItemType.TASK, LinkState.RELEASED), x3(TASK[Side.X3]), Absent(key="o1"))
    assert only(found, FROM_X3, complete=frozenset()).steps == ()


def test_f1_a_record_outside_the_window_is_created_and_sleeps() -> None:
    decision = only(pair(None, x3(TASK[Side.X3], where=Where.OUT_OF_WINDOW), UNREAD), FROM_X3)
    (step,) = decision.steps
    assert isinstance(step, Create)
    assert (step.sought, decision.after, decision.rule) == (True, LinkState.ASLEEP, Rule.F1)


@pytest.mark.parametrize(
    ("switch", "gate"), [("CORADXCRE", Gate.OPEN), ("COROTKCRE", Gate.SKIPPED)], ids=lambda value: str(value)
)
def test_f1_a_contact_in_the_scope_is_assigned_whatever_coradxcre_says(switch: str, gate: Gate) -> None:
    found = pair(None, x3(CONTACT, where=Where.ELSEWHERE, reps=(OTHER,)), UNREAD)
    decision = only(found, FROM_X3, rules=without(switch))
    assert [type(step) for step in decision.steps] == [Assign, Create]
    assert decision.gate is gate


@pytest.mark.parametrize(
    ("x3_side", "outlook_side", "rule"),
    [(x3(TASK[Side.X3]), Absent(key="o1"), Rule.F2), (Absent(key="X1"), outlook(TASK[Side.OUTLOOK]), Rule.F1)],
)
def test_f2_deletions_are_listed_and_change_nothing(x3_side: Observation, outlook_side: Observation, rule: Rule) -> None:
    decision = only(pair(link(ItemType.TASK), x3_side, outlook_side), FROM_OUTLOOK)
    assert (decision.gate, decision.gate_rule, decision.after) == (Gate.SKIPPED, rule, None)


def test_only_what_is_forced_is_decided() -> None:
    fresh = pair(None, x3(TASK[Side.X3], key="X2"), UNREAD)
    late = pair(None, UNREAD, outlook(TASK[Side.OUTLOOK], key="o2"))
    early = pair(None, UNREAD, outlook(TASK[Side.OUTLOOK], key="o3", modified_at=EARLIER - timedelta(days=1)))
    decided = plan([fresh, late, early, different()], context(force=FROM_OUTLOOK))
    assert [decision.pair.key(Side.OUTLOOK) for decision in decided] == ["o2", "o1"]
    assert [d.pair.key(Side.X3) for d in plan([fresh, late, different()], context(force=FROM_X3))] == ["X1"]
    assert len(plan([fresh, late, early, different()], context(force=QUEUED))) == 4
