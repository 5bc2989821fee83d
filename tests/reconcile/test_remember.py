"""What a link looks like after its decision (C1), and what keeps a lost answer from doing harm (M7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconcile.actions import Create, Decision, Gate, Update
from reconcile.content import ItemType, Side, Task
from reconcile.context import Rules
from reconcile.merge import changed
from reconcile.model import UNREAD, Absent, Born, Link, LinkState, Meeting, Observation, Present, Private, Seen, Where
from reconcile.plan import decide
from reconcile.remember import before_deletion, found_again, link_after, strayed
from tests.reconcile import build

TASK, APPOINTMENT = ItemType.TASK, ItemType.APPOINTMENT
X3_TASK, OUTLOOK_TASK = build.TASK[Side.X3], build.TASK[Side.OUTLOOK]


def decided(link: Link | None, x3: Observation, outlook: Observation, rules: Rules | None = None, **pair: Any) -> Decision:
    return decide(build.pair(link, x3, outlook, **pair), build.context(rules))[0]


def after(decision: Decision, written: set[Side] | None = None, **looks: Present) -> Link | None:
    pair = decision.pair
    seen: dict[Side, Present] = {side: o for side in Side if isinstance(o := pair.on(side), Present)}
    seen |= {Side(side): look for side, look in looks.items()}
    return link_after(decision, pair.link, seen, written or set(), build.context())


def test_C1_each_side_is_remembered_as_it_looks_now() -> None:
    x3 = build.x3(build.alter(X3_TASK, subject="X3's"))
    written = replace(build.outlook(build.alter(OUTLOOK_TASK, subject="X3's")), version="7", modified_at=build.NOW)
    link = after(decided(build.link(TASK), x3, build.outlook(OUTLOOK_TASK)), {Side.OUTLOOK}, outlook=written)
    assert link is not None
    assert link.x3 == Seen(content=x3.content, version="1")
    assert link.outlook == Seen(content=written.content, version="7", written_at=build.NOW)


def test_C1_a_first_link_knows_both_items() -> None:
    item = build.outlook(OUTLOOK_TASK)
    created = build.x3(X3_TASK, key="X5", auuid="A5", sync_id="z")
    link = after(decided(None, UNREAD, item), {Side.X3, Side.OUTLOOK}, x3=created, outlook=item)
    assert link is not None
    assert (link.x3_key, link.auuid, link.outlook_key, link.folder, link.owner) == ("X5", "A5", "o1", "folder", build.ME)
    assert (link.born, link.made, link.state) == (Side.OUTLOOK, False, LinkState.LINKED)


@pytest.mark.parametrize(
    ("born", "sync_id", "side", "made"),
    [
        (Born.CREATED, "", Side.X3, True),
        (Born.LINKED, "z", Side.OUTLOOK, False),
        (Born.LINKED, "", Side.X3, False),
    ],
    ids=["made by us", "made of the item", "met"],
)
def test_M2_an_adopted_link_knows_again_where_the_item_came_from(born: Born, sync_id: str, side: Side, made: bool) -> None:
    item = build.outlook(OUTLOOK_TASK, marker=build.marker(TASK, born=born))
    link = after(decided(None, build.x3(X3_TASK, sync_id=sync_id), item, meeting=Meeting.MARKER))
    assert link is not None
    assert (link.born, link.made) == (side, made)


def test_D4_a_side_that_was_created_again_has_its_new_key() -> None:
    decision = decided(build.link(TASK), Absent(key="X1"), build.outlook(build.alter(OUTLOOK_TASK, report="edited")))
    link = after(decision, {Side.X3, Side.OUTLOOK}, x3=build.x3(X3_TASK, key="X9", auuid="A9"))
    assert link is not None
    assert (link.x3_key, link.auuid, link.id) == ("X9", "A9", 1)


def test_M1_another_record_does_not_become_the_links() -> None:
    link = after(decided(build.link(TASK), build.x3(X3_TASK, auuid="another"), build.outlook(OUTLOOK_TASK)))
    assert link is not None
    assert (link.state, link.auuid, link.x3) == (LinkState.RELEASED, "A1", build.link(TASK).x3)


def test_S4_nothing_of_an_item_that_became_private_is_kept() -> None:
    link = after(decided(build.link(TASK), build.x3(X3_TASK), Private(key="o1")))
    assert link is not None
    assert (link.state, link.x3, link.outlook) == (LinkState.DETACHED, Seen(), Seen())


def test_A8_S4_a_link_remembers_who_organises_its_event_until_it_becomes_private() -> None:
    seen = build.CONTENTS[APPOINTMENT]
    x3, invited = build.x3(seen[Side.X3]), build.invitation()
    link = after(decided(build.link(APPOINTMENT), x3, build.outlook(seen[Side.OUTLOOK], event=invited)))
    assert link is not None
    assert link.organized_by == invited.organized_by != ""
    hidden = after(decided(link, x3, Private(key="o1")))
    assert hidden is not None
    assert hidden.organized_by == ""


def test_S6_a_released_link_keeps_what_it_last_saw() -> None:
    moved = build.outlook(build.alter(OUTLOOK_TASK, subject="edited"), where=Where.ELSEWHERE)
    link = after(decided(build.link(TASK), build.x3(X3_TASK), moved))
    assert link == build.link(TASK, LinkState.RELEASED)


def test_U2_a_field_that_may_not_be_carried_stays_changed() -> None:
    x3 = build.x3(build.alter(X3_TASK, subject="X3's"))
    outlook = build.outlook(build.alter(OUTLOOK_TASK, report="Outlook's"))
    link = after(decided(build.link(TASK), x3, outlook, build.without("TSKOTKUPD")), {Side.X3}, x3=x3)
    assert link is not None
    assert link.x3.version == ""
    assert changed(build.pair(link, x3, outlook), Side.X3) == ("subject",)
    assert changed(build.pair(link, x3, outlook), Side.OUTLOOK) == ()


def test_U2_without_an_old_look_the_difference_is_the_change() -> None:
    x3, outlook = build.x3(build.alter(X3_TASK, report="X3's")), build.outlook(OUTLOOK_TASK)
    link = after(decided(None, x3, outlook, build.without("TSKOTKUPD"), meeting=Meeting.NATURAL))
    assert link is not None
    assert changed(build.pair(link, x3, outlook), Side.X3) == ("report",)
    assert decided(link, x3, outlook).rule == "C2"


def test_D6_of_a_skipped_decision_only_the_waiting_deletion_is_remembered() -> None:
    decision = decided(build.link(TASK), build.x3(X3_TASK), Absent(key="o1"), build.without("TSKADXDLT"))
    assert after(decision) == build.link(TASK, LinkState.PENDING_DELETE)


def test_G3_of_a_held_decision_nothing_is_remembered() -> None:
    decision = replace(decided(build.link(TASK), build.x3(X3_TASK), Absent(key="o1")), gate=Gate.HELD)
    assert after(decision) == build.link(TASK)


def test_D2_an_ended_link_is_gone() -> None:
    assert after(decided(build.link(TASK), build.x3(X3_TASK), Absent(key="o1")), {Side.X3}) is None


def test_M7_what_an_earlier_attempt_made_is_compared_once_more() -> None:
    item = build.outlook(build.alter(OUTLOOK_TASK, report="edited since"))
    decision = decided(None, UNREAD, item)
    found = build.x3(X3_TASK, key="X5")
    assert isinstance(decision.steps[0], Create)
    again = found_again(decision, decision.steps[0], found)
    assert again.unsettled == {side: {"report"} for side in Side}
    link = after(again, {Side.X3, Side.OUTLOOK}, x3=found, outlook=item)
    assert link is not None
    assert changed(build.pair(link, found, item), Side.OUTLOOK) == ("report",)


@pytest.mark.parametrize("side", Side)
def test_C1_C3_what_somebody_changed_while_the_pass_wrote_another_field_counts_as_changed(side: Side) -> None:
    sides = {Side.X3: build.x3(X3_TASK), Side.OUTLOOK: build.outlook(OUTLOOK_TASK)}
    sides[side.other] = replace(sides[side.other], content=build.alter(build.TASK[side.other], subject="new"))
    decision, observed = decided(build.link(TASK), sides[Side.X3], sides[Side.OUTLOOK]), sides[side].content
    assert isinstance(observed, Task)
    sides[side] = replace(sides[side], content=build.alter(observed, subject="new", report="meanwhile"))
    assert strayed(side, decision, sides[side]) == {"report": observed.report}
    link = after(decision, {side}, **{side.value: sides[side]})
    assert link is not None
    assert link.seen(side).version == ""
    pair = build.pair(link, sides[Side.X3], sides[Side.OUTLOOK])
    assert (changed(pair, side), changed(pair, side.other)) == (("report",), ())


def test_C1_a_side_that_the_pass_did_not_write_is_remembered_as_observed() -> None:
    x3 = build.x3(build.alter(X3_TASK, subject="new"))
    decision = decided(build.link(TASK), x3, build.outlook(OUTLOOK_TASK))
    assert strayed(Side.X3, decision, x3) == {}


def test_S7_before_a_deletion_the_link_says_that_it_may_be_the_syncs_own() -> None:
    link = build.link(TASK)
    withdrawn = decided(link, build.x3(X3_TASK, where=Where.ELSEWHERE, reps=(build.OTHER,)), build.outlook(OUTLOOK_TASK))
    assert before_deletion(withdrawn, link) == replace(link, outlook=Seen())
    deleted = decided(link, Absent(key="X1"), build.outlook(OUTLOOK_TASK))
    assert before_deletion(deleted, link) == link


def test_A4_D7_a_link_knows_whose_meeting_it_is() -> None:
    item = build.outlook(build.APPOINTMENT[Side.OUTLOOK], event=build.invitation())
    link = after(decided(None, UNREAD, item), {Side.X3}, x3=build.x3(build.APPOINTMENT[Side.X3]))
    assert link is not None
    assert link.invited
    own = after(decided(link, build.x3(build.APPOINTMENT[Side.X3]), build.outlook(build.APPOINTMENT[Side.OUTLOOK])))
    assert own is not None
    assert not own.invited


def test_A4_D7_what_was_left_to_the_records_owner_is_carried_by_the_next_one() -> None:
    shared = build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,))
    link = build.link(APPOINTMENT, owner=build.OTHER, x3=Seen(content=shared), invited=True)
    renamed = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], subject="renamed"), event=build.invitation())
    left = decided(link, build.x3(shared, reps=(build.OTHER, build.ME)), renamed)
    assert (left.rule, left.steps) == ("A4", ())
    link = after(left) or link
    assert changed(build.pair(link, UNREAD, renamed), Side.OUTLOOK) == ("subject",)
    handed_over = decided(link, build.x3(build.APPOINTMENT[Side.X3]), renamed)
    (step,) = handed_over.steps
    assert isinstance(step, Update)
    assert (step.side, step.changes) == (Side.X3, {"subject": "renamed"})
    # Where the owner has carried it, nothing is left.
    carried = after(decided(link, build.x3(build.alter(shared, subject="renamed"), reps=(build.OTHER, build.ME)), renamed))
    assert carried is not None
    assert changed(build.pair(carried, UNREAD, renamed), Side.OUTLOOK) == ()
