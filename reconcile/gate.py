"""What stands between a decision and its execution, one step at a time: the switches (U2, D6) and attendees (A6).

One mechanism for all of them: a blocked step is taken out of its decision, the fields it would have carried stay unsettled
on the side they come from, and what is left goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconcile import events
from reconcile.actions import (
    Assign,
    Create,
    Decision,
    Delete,
    Gate,
    Identify,
    Join,
    Mark,
    Rule,
    Step,
    Unassign,
    Update,
    Withdraw,
)
from reconcile.content import Side
from reconcile.context import Context, Verb, switch_name
from reconcile.model import LinkState


@dataclass(frozen=True, slots=True)
class _Block:
    gate: Gate
    rule: Rule
    why: str
    mails: int = 0


# Fields that are written because another one changed: while that write waits, the other one stays unsettled.
_CAUSES = {"participants": "relation"}


def gate(decision: Decision, context: Context) -> tuple[Decision, ...]:
    """The decision as it may be carried out, and, where a part is blocked, that part with its reason.

    A decision that is held already is only narrowed: a person's release goes no further than the switches (U2), and he is
    told whom it would mail (A6).
    """
    if decision.gate is Gate.SKIPPED or not decision.steps:
        return (decision,)
    blocks = {position: block for position, step in enumerate(decision.steps) if (block := _block(step, decision, context))}
    if decision.gate is Gate.HELD:
        mails = sum(block.mails for block in blocks.values())
        if mails:
            decision = replace(decision, mails=mails, gate_why=f"{decision.gate_why}; would mail {mails} people")
        blocks = {position: block for position, block in blocks.items() if block.rule is Rule.U2}
    if not blocks:
        return (decision,)
    first = next(iter(blocks.values()))
    if decision.deletes_on is not None or any(isinstance(step, Create | Assign | Join) for step in decision.steps):
        return (_blocked(decision, decision.steps, first, sum(block.mails for block in blocks.values())),)
    free = tuple(step for position, step in enumerate(decision.steps) if position not in blocks)
    rest = replace(decision, steps=free, unsettled=unsettled(decision, (decision.steps[position] for position in blocks)))
    parts = []
    for waits in (Gate.SKIPPED, Gate.HELD):
        of = {position: block for position, block in blocks.items() if block.gate is waits}
        if of:
            steps = tuple(decision.steps[position] for position in of)
            mails = sum(block.mails for block in of.values())
            parts.append(_blocked(decision, steps, next(iter(of.values())), mails))
    state = decision.pair.link.state if decision.pair.link else None
    return (rest, *parts) if free or decision.after is not state else tuple(parts)


def _blocked(decision: Decision, steps: tuple[Step, ...], block: _Block, mails: int) -> Decision:
    """The steps that wait. What is held keeps what its release will do to the link; what a switch forbids changes nothing,
    except that a forbidden deletion is neither done nor undone (D6)."""
    waiting = replace(
        decision, steps=steps, gate=block.gate, gate_rule=block.rule, gate_why=block.why, mails=mails, unsettled={}
    )
    if block.gate is Gate.HELD:
        return waiting
    deletes = decision.deletes_on is not None and decision.gate is Gate.OPEN
    after = LinkState.PENDING_DELETE if deletes and decision.pair.link else None
    return replace(waiting, after=after, remember=False, problems=(), lost=())


def unsettled(decision: Decision, waiting: Iterable[Step]) -> dict[Side, frozenset[str]]:
    """The fields that stay "changed", because the steps `waiting` are not carried out: blocked ones here, failed ones in
    the shell. They stay so where they come from, and, where there is an old look, also where they go: A2 puts a field
    back that X3 did not change."""
    names = dict(decision.unsettled)
    link = decision.pair.link
    for step in waiting:
        if isinstance(step, Update):
            causes = frozenset(_CAUSES.get(name, name) for name in step.changes)
            seen = link is not None and link.seen(step.side).content is not None
            for side in (step.side.other, step.side) if seen else (step.side.other,):
                names[side] = names.get(side, frozenset()) | causes
    return names


def _block(step: Step, decision: Decision, context: Context) -> _Block | None:
    verb = _verb(step)
    if isinstance(step, Assign) and decision.rule is Rule.F1:
        verb = None  # F1: a contact in its scope gets the user's CORREP row, whatever CORADXCRE says
    if verb is not None and not context.rules.allows(step.type, step.side, verb):
        name = switch_name(step.type, step.side, verb)
        return _Block(Gate.SKIPPED, Rule.U2, f"skipped by setting {name}")
    people = events.mails(step, context)
    if people and not context.rules.attendee_mail:
        return _Block(Gate.HELD, Rule.A6, f"would mail {people} people", people)
    return None


def _verb(step: Step) -> Verb | None:
    match step:
        case Create() | Assign():
            return Verb.CREATE
        case Update() | Join():
            return Verb.UPDATE
        case Delete() | Unassign() | Withdraw():
            return Verb.DELETE
        case Identify() | Mark():
            return None


def sides_written(decision: Decision) -> frozenset[Side]:
    """The sides its steps write to."""
    return frozenset(step.side for step in decision.steps)
