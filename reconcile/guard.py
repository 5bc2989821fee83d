"""The brakes (G1, G3, G7): they move decisions to `held` and say why. Part of the plan, not of its execution, so a preview
shows them (G4)."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconcile import series
from reconcile.actions import Create, Decision, Gate, Problem, Rule, Step
from reconcile.content import ItemType, Side
from reconcile.context import Force
from reconcile.model import Absent, LinkState, Observation, Pair, Present, Private

FEWEST_DELETIONS = 5
DELETIONS_SHARE = 0.10
EMPTIED_LINKS = 6
MOST_CREATIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the guard must know of the past. `links`: living links by type; `deleted`: deletions done on (type, side) in
    the last 24 hours for this user; `fleet_links`, `fleet_deleted`: the same over all users by side; `emptied`: (type,
    side) that answered an empty listing; `released` and `rejected`: fingerprints a person has decided on (G3)."""

    links: Mapping[ItemType, int] = field(default_factory=dict)
    deleted: Mapping[tuple[ItemType, Side], int] = field(default_factory=dict)
    fleet_links: int = 0
    fleet_deleted: Mapping[Side, int] = field(default_factory=dict)
    emptied: frozenset[tuple[ItemType, Side]] = frozenset()
    first_pass: bool = False
    go: bool = False
    deletions_least: int = FEWEST_DELETIONS
    deletions_share: float = DELETIONS_SHARE
    creations_most: int = MOST_CREATIONS
    released: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()


def fingerprint(decision: Decision) -> str:
    """What a hold is about (G3): the pair, the rule, and both versions. Contents count, not stamps: a bumped change key
    is the same version (C1)."""
    pair = decision.pair
    rule = decision.gate_rule or decision.rule
    keys = (pair.type.value, pair.key(Side.X3), pair.key(Side.OUTLOOK), rule.value)
    parts = (*keys, _look(pair.x3), _look(pair.outlook), ",".join(_what(step) for step in decision.steps))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def versions(decision: Decision) -> str:
    """The two versions alone: an item refused by a server is tried again when either changes (A7)."""
    return looks(decision.pair)


def looks(pair: Pair) -> str:
    """What the two sides hold."""
    parts = (_look(pair.x3), _look(pair.outlook))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def still_forced(pairs: Iterable[Pair], force: Force, held: Mapping[tuple[ItemType, str], str]) -> Force:
    """G3: what a hold forces stays forced only while both sides hold what they held then. `held`: the forced records (by
    X3 key) and items (by Outlook key) of holds -> the `versions` they are about."""
    lapsed = {
        name
        for pair in pairs
        for side in Side
        if (name := (pair.type, pair.key(side))) in held and not pair.half_read and held[name] != looks(pair)
    }
    return replace(force, x3=force.x3 - lapsed, outlook=force.outlook - lapsed)


def _what(step: Step) -> str:
    return f"{type(step).__name__}:{step.side.value}"


def _look(observed: Observation) -> str:
    match observed:
        case Present():
            return repr(observed.content)
        case Absent():
            return "absent"
        case Private():
            return "private"
        case _:
            return "unread"


def guard(decisions: Sequence[Decision], ledger: Ledger) -> tuple[Decision, ...]:
    """The decisions after all brakes: persons' releases and rejections first, then G7, then G1."""
    judged = tuple(_judged(decision, ledger) for decision in decisions)
    whole = _whole_pass(judged, ledger)
    if whole:
        return tuple(
            _hold(decision, Rule.G7, whole) if decision.steps and not _is_released(decision, Rule.G7, ledger) else decision
            for decision in judged
        )
    braked = _deletion_brakes(judged, ledger)
    if not braked:
        return judged
    return tuple(
        _hold(decision, Rule.G1, why)
        if (why := _brake(decision, braked)) and not _is_released(decision, Rule.G1, ledger)
        else decision
        for decision in judged
    )


def _hold(decision: Decision, rule: Rule, why: str) -> Decision:
    if decision.gate is not Gate.OPEN:
        return decision
    return replace(decision, gate=Gate.HELD, gate_rule=rule, gate_why=why)


def _is_released(decision: Decision, rule: Rule, ledger: Ledger) -> bool:
    return fingerprint(replace(decision, gate_rule=rule)) in ledger.released


def _judged(decision: Decision, ledger: Ledger) -> Decision:
    """G3: a released hold goes through once; a rejected one counts as seen, the sides stay different."""
    if not decision.steps or decision.gate is Gate.SKIPPED:
        return decision
    rules = [decision.gate_rule] if decision.gate_rule else [Rule.G1, Rule.G7]
    marks = {fingerprint(replace(decision, gate_rule=rule)) for rule in rules}
    if marks & ledger.rejected:
        return _rejected(decision)
    if decision.gate is Gate.HELD and marks & ledger.released:
        return replace(decision, gate=Gate.OPEN, gate_rule=None, gate_why="")
    return decision


def _rejected(decision: Decision) -> Decision:
    pair, side = decision.pair, decision.deletes_on
    why = f"{decision.why}: rejected by a person, the sides stay different"
    gone = side.other if side is not None else decision.creates_on
    after = decision.after
    if gone is not None:
        # One half is missing and stays so: an existing link leads nowhere, a new one cannot be.
        after = LinkState.RELEASED if pair.link else None
    return replace(
        decision,
        rule=Rule.G3,
        why=why,
        steps=(),
        after=after,
        remember=after is not None,
        problems=(*decision.problems, Problem(field="", message=why)),
        lost=(),
        gate=Gate.OPEN,
        gate_rule=None,
        gate_why="",
        blank=gone if pair.link else None,
    )


def _whole_pass(decisions: Sequence[Decision], ledger: Ledger) -> str:
    """G7: a first pass, or more creations on a side than a person would make."""
    if ledger.go or not any(decision.steps and decision.gate is Gate.OPEN for decision in decisions):
        return ""
    if ledger.first_pass:
        return "the first pass of a user waits for his release"
    creations = Counter(step.side for d in decisions if d.gate is Gate.OPEN for step in d.steps if isinstance(step, Create))
    for side, count in creations.items():
        if count > ledger.creations_most:
            return f"{count} creations on {side.value} in one pass, more than {ledger.creations_most}"
    return ""


def _deletion_brakes(decisions: Sequence[Decision], ledger: Ledger) -> dict[tuple[ItemType, Side], str]:
    """G1, per type and side, and fleet-wide per side."""
    planned: dict[tuple[ItemType, Side], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.gate is Gate.OPEN and (deleted_on := decision.deletes_on) is not None:
            planned[decision.pair.type, deleted_on].append(decision)
    wanted = {key: series.counted(of_key) for key, of_key in planned.items()}
    brakes: dict[tuple[ItemType, Side], str] = {}
    for (item_type, side), count in wanted.items():
        links = ledger.links.get(item_type, 0)
        most = max(ledger.deletions_least, ledger.deletions_share * links)
        done = ledger.deleted.get((item_type, side), 0)
        fleet_most = max(ledger.deletions_least, ledger.deletions_share * ledger.fleet_links)
        fleet = ledger.fleet_deleted.get(side, 0) + sum(n for (_, s), n in wanted.items() if s is side)
        lost = _emptied_links(side.other, ledger)
        if (item_type, side.other) in ledger.emptied and lost >= EMPTIED_LINKS:
            brakes[item_type, side] = f"{side.other.value} answered no {item_type.value} at all, {lost} items were linked"
        elif done + count > most:
            brakes[item_type, side] = f"{done + count} deletions in 24 hours, more than {most:.0f} of {links}"
        elif fleet > fleet_most:
            brakes[item_type, side] = f"{fleet} deletions of all users in 24 hours, more than {fleet_most:.0f}"
    return brakes


def _emptied_links(side: Side, ledger: Ledger) -> int:
    """How many links it had of all the types that are empty now: a calendar holds calls and appointments, and a side that
    was lost as a whole may have held few of each type."""
    return sum(links for item_type, links in ledger.links.items() if (item_type, side) in ledger.emptied)


def _brake(decision: Decision, brakes: Mapping[tuple[ItemType, Side], str]) -> str:
    side = decision.deletes_on
    return brakes.get((decision.pair.type, side), "") if side is not None else ""
