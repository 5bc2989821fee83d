"""The brakes: G1, G3 (release and reject by fingerprint), G7."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconcile.actions import Decision, Drop, Gate, Rule
from reconcile.content import ItemType, Side
from reconcile.context import Conflict, Force, Rules
from reconcile.guard import Ledger, fingerprint, guard, looks, still_forced, versions
from reconcile.model import UNREAD, Absent, Born, Link, LinkState, Meeting, Observation, Present
from reconcile.plan import decide
from tests.reconcile import build

TASK, CONTACT, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.APPOINTMENT


def numbered(n: int) -> Link:
    return build.link(TASK, x3_key=f"X{n}", outlook_key=f"o{n}", id=n + 1)


def deletions(count: int) -> list[Decision]:
    """Tasks deleted in Outlook."""
    return [
        decision
        for n in range(count)
        for decision in decide(
            build.pair(numbered(n), build.x3(build.TASK[Side.X3], key=f"X{n}"), Absent(key=f"o{n}")), build.context()
        )
    ]


def creations(count: int) -> list[Decision]:
    """Tasks new in X3."""
    records = [build.x3(build.TASK[Side.X3], key=f"X{n}") for n in range(count)]
    return [d for record in records for d in decide(build.pair(None, record, UNREAD), build.context())]


def update() -> Decision:
    x3 = build.x3(build.alter(build.TASK[Side.X3], subject="X3's"))
    (decision,) = decide(build.pair(build.link(TASK), x3, build.outlook(build.TASK[Side.OUTLOOK])), build.context())
    return decision


def held(decisions: tuple[Decision, ...], rule: str) -> int:
    return sum(d.gate is Gate.HELD and d.gate_rule == rule for d in decisions)


def ledger(**known: Any) -> Ledger:
    return Ledger(**{"links": {TASK: 20}, "fleet_links": 1000, **known})


# -------------------------------------------------------------------------------------------------- G1


@pytest.mark.parametrize(
    ("count", "known", "stopped"),
    [
        (5, {}, 0),
        (6, {}, 6),
        (10, {"links": {TASK: 100}}, 0),
        (11, {"links": {TASK: 100}}, 11),
        (3, {"deleted": {(TASK, Side.X3): 3}}, 3),
        (3, {"deleted": {(TASK, Side.OUTLOOK): 30, (CONTACT, Side.X3): 30}}, 0),
        (3, {"fleet_links": 100, "fleet_deleted": {Side.X3: 8}}, 3),
        (3, {"fleet_links": 100, "fleet_deleted": {Side.X3: 7}}, 0),
        (1, {"emptied": {(TASK, Side.OUTLOOK)}}, 1),
        (1, {"emptied": {(TASK, Side.OUTLOOK)}, "links": {TASK: 5}}, 0),
        (1, {"emptied": {(TASK, Side.OUTLOOK), (CONTACT, Side.OUTLOOK)}, "links": {TASK: 3, CONTACT: 3}}, 1),
        (1, {"emptied": {(TASK, Side.OUTLOOK), (CONTACT, Side.X3)}, "links": {TASK: 3, CONTACT: 3}}, 0),
        (1, {"emptied": {(TASK, Side.X3)}}, 0),
    ],
    ids=[
        "five are few",
        "six are many of 20",
        "a tenth",
        "more than a tenth",
        "with those of 24 hours",
        "others do not count",
        "fleet-wide",
        "fleet-wide, few enough",
        "emptied side",
        "emptied, but held few",
        "emptied of few of each type",
        "emptied here and there",
        "the other side emptied",
    ],
)
def test_G1_more_deletions_than_a_person_makes_are_held(count: int, known: dict[str, Any], stopped: int) -> None:
    assert held(guard(deletions(count), ledger(**known)), "G1") == stopped


def test_G1_everything_else_goes_on() -> None:
    decisions = guard([update(), *deletions(6)], ledger())
    assert (decisions[0].gate, held(decisions, "G1")) == (Gate.OPEN, 6)


def test_G1_a_switched_off_deletion_does_not_count() -> None:
    off = [replace(decision, gate=Gate.SKIPPED) for decision in deletions(6)]
    assert held(guard(off, ledger()), "G1") == 0


# -------------------------------------------------------------------------------------------------- G3


def test_G3_a_release_lets_exactly_that_fingerprint_through() -> None:
    stopped = guard(deletions(6), ledger())
    released = frozenset({fingerprint(stopped[2])})
    again = guard(deletions(6), ledger(released=released))
    assert [d.gate for d in again] == [Gate.HELD] * 2 + [Gate.OPEN] + [Gate.HELD] * 3
    assert again[2].after is Drop.LINK


@pytest.mark.parametrize("side", list(Side))
def test_G3_the_fingerprint_is_of_both_contents_not_of_their_stamps(side: Side) -> None:
    decision = update()
    present = decision.pair.on(side)
    assert isinstance(present, Present)

    def seen(look: Present) -> Decision:
        pair = replace(decision.pair, x3=look) if side is Side.X3 else replace(decision.pair, outlook=look)
        return replace(decision, pair=pair)

    bumped = seen(replace(present, version="9", modified_at=build.NOW))
    other = seen(replace(present, content=build.alter(present.content, report="other")))
    assert fingerprint(bumped) == fingerprint(decision) != fingerprint(other)
    assert versions(bumped) == versions(decision) != versions(other)


def test_G3_the_rule_is_part_of_the_fingerprint() -> None:
    decision = update()
    assert fingerprint(decision) != fingerprint(replace(decision, gate_rule=Rule.G1))


def mailing(x3: Observation, rules: Rules | None = None) -> Decision:
    meeting = build.outlook(build.APPOINTMENT[Side.OUTLOOK], event=build.organised())
    (decision,) = decide(build.pair(build.link(APPOINTMENT), x3, meeting), build.context(rules))
    assert decision.gate is Gate.HELD
    return decision


def released(decision: Decision) -> Decision:
    (judged,) = guard([decision], ledger(released=frozenset({fingerprint(decision)})))
    return judged


def rejected(decision: Decision) -> Decision:
    marks = frozenset({fingerprint(decision)})
    (judged,) = guard([replace(decision, gate_why="asked again")], ledger(rejected=marks))
    return judged


def test_G3_A6_a_released_write_is_done_and_remembered() -> None:
    decision = released(mailing(build.x3(build.alter(build.APPOINTMENT[Side.X3], subject="X3's"))))
    assert (decision.gate, decision.after, decision.remember) == (Gate.OPEN, LinkState.LINKED, True)
    assert len(decision.steps) == 1


def test_G3_A6_a_released_deletion_ends_the_link() -> None:
    decision = released(mailing(Absent(key="X1")))
    assert (decision.gate, decision.after, len(decision.steps)) == (Gate.OPEN, Drop.LINK, 1)


def test_G3_M2_a_released_creation_links_what_it_creates() -> None:
    decision = released(orphan(Born.LINKED))
    assert (decision.gate, decision.after, len(decision.steps)) == (Gate.OPEN, LinkState.LINKED, 2)


def orphan(born: Born) -> Decision:
    marked = build.outlook(build.TASK[Side.OUTLOOK], marker=build.marker(TASK, born=born))
    (decision,) = decide(build.pair(None, Absent(key="X1"), marked, meeting=Meeting.MARKER), build.context())
    return decision


def test_G3_a_rejected_change_counts_as_seen_and_leaves_a_problem_line() -> None:
    decision = rejected(mailing(build.x3(build.alter(build.APPOINTMENT[Side.X3], subject="X3's"))))
    assert (decision.rule, decision.gate, decision.steps) == ("G3", Gate.OPEN, ())
    assert (decision.after, decision.remember) == (LinkState.LINKED, True)
    assert decision.problems


def test_G3_C4_a_rejected_conflict_leaves_the_sides_different() -> None:
    x3 = build.x3(build.alter(build.TASK[Side.X3], subject="X3's"))
    outlook = build.outlook(build.alter(build.TASK[Side.OUTLOOK], subject="Outlook's"))
    (asked,) = decide(build.pair(build.link(TASK), x3, outlook), build.context(Rules(conflict=Conflict.ASK)))
    decision = rejected(asked)
    assert (decision.steps, decision.after, decision.remember, decision.lost) == ((), LinkState.LINKED, True, ())


@pytest.mark.parametrize(
    ("decision", "forgotten"),
    [(mailing(Absent(key="X1")), Side.X3), (guard(deletions(6), ledger())[0], Side.OUTLOOK)],
    ids=["in Outlook", "in X3"],
)
def test_G3_a_rejected_deletion_releases_the_link(decision: Decision, forgotten: Side) -> None:
    judged = rejected(decision)
    assert (judged.steps, judged.after, judged.blank) == ((), LinkState.RELEASED, forgotten)


@pytest.mark.parametrize("born", list(Born))
def test_G3_M2_rejecting_what_has_no_link_makes_none(born: Born) -> None:
    judged = rejected(orphan(born))
    assert (judged.rule, judged.steps, judged.after, judged.remember) == ("G3", (), None, False)


# -------------------------------------------------------------------------------------------------- G7


def test_G7_a_first_pass_is_held_as_a_whole() -> None:
    decisions = guard([update(), *creations(1)], ledger(first_pass=True))
    assert held(decisions, "G7") == 2
    assert held(guard([update(), *creations(1)], ledger(first_pass=True, go=True)), "G7") == 0


@pytest.mark.parametrize(("count", "stopped"), [(200, 0), (201, 201)])
def test_G7_more_than_200_creations_on_a_side_are_held(count: int, stopped: int) -> None:
    assert held(guard(creations(count), ledger()), "G7") == stopped


def test_G7_updates_are_held_with_them_and_what_needs_no_step_goes_on() -> None:
    private = replace(update(), steps=(), after=LinkState.DETACHED)
    decisions = guard([update(), private, *creations(201)], ledger())
    assert [d.gate for d in decisions[:2]] == [Gate.HELD, Gate.OPEN]


def test_G7_one_decision_may_be_released_or_rejected_by_itself() -> None:
    stopped = guard(creations(3), ledger(first_pass=True))
    marks = [fingerprint(decision) for decision in stopped]
    decisions = guard(
        creations(3),
        ledger(first_pass=True, released=frozenset({marks[0]}), rejected=frozenset({marks[1]})),
    )
    assert [(d.gate, d.rule) for d in decisions] == [(Gate.OPEN, "M5"), (Gate.OPEN, "G3"), (Gate.HELD, "M5")]
    assert decisions[1].after is None


# ------------------------------------------------------------------------------------------- forced (F rules)


@pytest.mark.parametrize("side", list(Side))
def test_g3_a_hold_forces_its_pair_only_while_both_sides_hold_what_they_held(side: Side) -> None:
    found = build.pair(build.link(TASK), build.x3(build.TASK[Side.X3]), build.outlook(build.TASK[Side.OUTLOOK]))
    name = (TASK, found.key(side))
    force = Force(x3=frozenset({name})) if side is Side.X3 else Force(outlook=frozenset({name}))
    held_ = {name: looks(found)}
    assert force.winner(found) is side
    assert still_forced([found], force, held_) == force
    bumped = replace(found, outlook=replace(build.outlook(build.TASK[Side.OUTLOOK]), version="9"))
    assert still_forced([bumped], force, held_) == force  # C1: a version is no change
    edited = replace(found, outlook=build.outlook(build.alter(build.TASK[Side.OUTLOOK], subject="Edited")))
    assert still_forced([edited], force, held_).winner(edited) is None
    gone = replace(found, outlook=Absent(key=found.key(Side.OUTLOOK)))
    assert still_forced([gone], force, held_).winner(gone) is None


def test_s9_a_hold_does_not_lapse_by_a_look_that_failed() -> None:
    found = build.pair(build.link(TASK), build.x3(build.TASK[Side.X3]), UNREAD)
    force = Force(x3=frozenset({(TASK, found.key(Side.X3))}))
    assert still_forced([found], force, {(TASK, found.key(Side.X3)): "what was seen"}) == force
