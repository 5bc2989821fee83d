"""What blocks a decision: U2, D6, A6, A10."""

from __future__ import annotations

from typing import Any

import pytest

from reconcile.actions import Decision, Delete, Gate, Mark, Update
from reconcile.content import ItemType, Person, Relation, Side
from reconcile.context import ALL_SWITCHES, Conflict, Rules, Verb, switch_name
from reconcile.gate import sides_written, unsettled
from reconcile.model import UNREAD, Absent, Born, Link, LinkState, Meeting, Observation, Seen, Where
from reconcile.plan import decide
from tests.reconcile import build

TASK, CONTACT, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.APPOINTMENT


def decisions(
    x3: Observation,
    outlook: Observation,
    rules: Rules,
    *,
    linked: ItemType | Link | None = None,
    meeting: Meeting = Meeting.ALONE,
) -> tuple[Decision, ...]:
    known = build.link(linked) if isinstance(linked, ItemType) else linked
    return decide(build.pair(known, x3, outlook, meeting=meeting), build.context(rules))


def both_changed(rules: Rules) -> tuple[Decision, ...]:
    x3 = build.x3(build.alter(build.TASK[Side.X3], subject="X3's"))
    outlook = build.outlook(build.alter(build.TASK[Side.OUTLOOK], report="Outlook's"))
    return decisions(x3, outlook, rules, linked=TASK)


def test_U2_there_are_24_switches_with_x3s_own_names() -> None:
    assert len(set(ALL_SWITCHES)) == 24
    assert {"COROTKCRE", "TSKADXDLT", "CLLOTKUPD", "BAPADXDLT"} <= set(ALL_SWITCHES)
    assert switch_name(TASK, Side.X3, Verb.DELETE) == "TSKADXDLT"


@pytest.mark.parametrize("item_type", list(ItemType))
@pytest.mark.parametrize("side", list(Side))
def test_U2_a_forbidden_creation_is_skipped_as_a_whole(item_type: ItemType, side: Side) -> None:
    contents = build.CONTENTS[item_type]
    x3 = build.x3(contents[Side.X3]) if side is Side.OUTLOOK else UNREAD
    outlook = build.outlook(contents[Side.OUTLOOK]) if side is Side.X3 else UNREAD
    switch = switch_name(item_type, side, Verb.CREATE)
    (decision,) = decisions(x3, outlook, build.without(switch))
    assert (decision.gate, decision.gate_rule, decision.after) == (Gate.SKIPPED, "U2", None)
    assert decision.gate_why == f"skipped by setting {switch}"


def test_U2_a_forbidden_update_leaves_the_other_side_alone_and_its_field_unsettled() -> None:
    (skipped,) = both_changed(build.without("TSKOTKUPD", "TSKADXUPD"))
    assert (skipped.gate, len(skipped.steps)) == (Gate.SKIPPED, 2)
    rest, waits = both_changed(build.without("TSKOTKUPD"))
    assert (rest.gate, sides_written(rest)) == (Gate.OPEN, frozenset({Side.X3}))
    assert "subject" in rest.unsettled[Side.X3]
    assert (waits.gate, sides_written(waits), waits.remember) == (Gate.SKIPPED, frozenset({Side.OUTLOOK}), False)


def test_U2_A2_what_would_be_put_back_stays_changed_on_the_side_that_changed_it() -> None:
    seen = build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,))
    x3 = build.x3(seen, reps=(build.OTHER, build.ME))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], subject="Mine"))
    asleep = build.link(APPOINTMENT, LinkState.ASLEEP, x3=Seen(content=seen))
    rest, waits = decisions(x3, outlook, build.without("BAPOTKUPD"), linked=asleep)
    assert rest.unsettled[Side.OUTLOOK] == {"subject"}
    assert waits.gate is Gate.SKIPPED


def test_U2_participants_waiting_keep_the_contact_list_changed() -> None:
    listed = Relation(people=(Person(name="Otto Two"),))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], relation=listed))
    (decision,) = decisions(build.x3(build.APPOINTMENT[Side.X3]), outlook, Rules(), linked=APPOINTMENT)
    (step,) = decision.steps
    assert isinstance(step, Update)
    assert set(step.changes) == {"participants"}
    assert unsettled(decision, decision.steps)[Side.OUTLOOK] == {"relation"}


def test_U2_an_assignment_that_is_forbidden_forbids_the_link() -> None:
    record = build.x3(build.CONTACT, where=Where.ELSEWHERE, reps=(build.OTHER,))
    item = build.outlook(build.alter(build.CONTACT, mobile="+33"))
    (decision,) = decisions(record, item, build.without("CORADXCRE"), meeting=Meeting.NATURAL)
    assert (decision.gate, decision.after, len(decision.steps)) == (Gate.SKIPPED, None, 3)


@pytest.mark.parametrize(
    ("switch", "item_type", "x3", "outlook"),
    [
        ("TSKOTKDLT", TASK, Absent(key="X1"), build.outlook(build.TASK[Side.OUTLOOK])),
        ("TSKADXDLT", TASK, build.x3(build.TASK[Side.X3]), Absent(key="o1")),
        ("CORADXDLT", CONTACT, build.x3(build.CONTACT), Absent(key="o1")),
    ],
    ids=["D1", "D2", "D3"],
)
def test_D6_a_forbidden_deletion_is_neither_done_nor_undone(
    switch: str, item_type: ItemType, x3: Observation, outlook: Observation
) -> None:
    (decision,) = decisions(x3, outlook, build.without(switch), linked=item_type)
    assert (decision.gate, decision.gate_rule, decision.after) == (Gate.SKIPPED, "U2", LinkState.PENDING_DELETE)
    (again,) = decisions(x3, outlook, Rules(), linked=build.link(item_type, LinkState.PENDING_DELETE))
    assert (again.gate, len(again.steps)) == (Gate.OPEN, 1)


# ---------------------------------------------------------------------------------------------- A6, A10

MEETING = build.outlook(build.APPOINTMENT[Side.OUTLOOK], event=build.organised(3))


def changed_in_x3(rules: Rules | None = None, **changes: Any) -> tuple[Decision, ...]:
    x3 = build.x3(build.alter(build.APPOINTMENT[Side.X3], **changes))
    return decisions(x3, MEETING, rules or Rules(), linked=APPOINTMENT)


def test_A6_a_write_that_would_mail_is_held_with_the_number_of_people() -> None:
    (decision,) = changed_in_x3(subject="X3's")
    assert (decision.gate, decision.gate_rule, decision.mails) == (Gate.HELD, "A6", 3)
    assert decision.gate_why == "would mail 3 people"


def test_A6_a_deletion_that_would_mail_is_held_and_the_link_stays() -> None:
    (decision,) = decisions(Absent(key="X1"), MEETING, Rules(), linked=APPOINTMENT)
    assert (decision.gate, decision.mails) == (Gate.HELD, 3)
    assert isinstance(decision.steps[0], Delete)


def test_A6_done_at_once_where_mail_is_allowed() -> None:
    (decision,) = changed_in_x3(Rules(attendee_mail=True), subject="X3's")
    assert (decision.gate, decision.mails) == (Gate.OPEN, 0)


def test_A6_the_part_that_mails_nobody_goes_on() -> None:
    x3 = build.x3(build.alter(build.APPOINTMENT[Side.X3], subject="X3's"))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], report="Agenda"), event=build.organised())
    rest, waits = decisions(x3, outlook, Rules(), linked=APPOINTMENT)
    assert (sides_written(rest), rest.gate) == (frozenset({Side.X3}), Gate.OPEN)
    assert (sides_written(waits), waits.gate) == (frozenset({Side.OUTLOOK}), Gate.HELD)


@pytest.mark.parametrize("changes", [{"done": True}, {"relation": Relation(people=(Person(cor="COR1"),))}])
def test_A10_categories_and_extended_properties_mail_nobody(changes: dict[str, Any]) -> None:
    assert changed_in_x3(**changes)[0].gate is Gate.OPEN
    assert changed_in_x3(Rules(silent_properties=False), **changes)[0].gate is Gate.HELD


@pytest.mark.parametrize(("silent", "marked"), [(True, True), (False, False)])
def test_A10_the_marker_of_an_organised_meeting(silent: bool, marked: bool) -> None:
    (decision,) = decisions(UNREAD, MEETING, Rules(silent_properties=silent))
    assert any(isinstance(step, Mark) for step in decision.steps) is marked
    assert decision.gate is Gate.OPEN


def test_A6_what_is_held_already_also_says_whom_it_would_mail() -> None:
    x3 = build.x3(build.alter(build.APPOINTMENT[Side.X3], subject="X3's"))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], subject="Outlook's"), event=build.organised())
    (decision,) = decisions(x3, outlook, Rules(conflict=Conflict.ASK), linked=APPOINTMENT)
    assert (decision.gate_rule, decision.mails) == ("C4", 2)
    assert decision.gate_why.endswith("would mail 2 people")


def test_U2_a_release_goes_no_further_than_the_switches() -> None:
    made = build.marker(TASK, born=Born.CREATED)
    orphan = build.outlook(build.TASK[Side.OUTLOOK], marker=made)
    (held,) = decisions(Absent(key="X1"), orphan, Rules(), meeting=Meeting.MARKER)
    assert held.gate is Gate.HELD
    (skipped,) = decisions(Absent(key="X1"), orphan, build.without("TSKOTKDLT"), meeting=Meeting.MARKER)
    assert (skipped.gate, skipped.gate_rule, skipped.after) == (Gate.SKIPPED, "U2", None)
