"""What was refused or not carried, and the lines that tell it (R4, A7, C6, G2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from reconcile import guard, merge
from reconcile.actions import Decision, Delete, Problem, Rule, Step, Update, Withdraw
from reconcile.model import Absent, ItemType, Observation, Pair, Present, Side
from reconcile.port import Refused
from reconcile.shown import shown
from reconcile.text import fold
from worker import persons
from worker.observed import Gathered
from worker.report import DONE, LATER, MOVED, Outcome
from worker.state import journal, links, problems
from worker.state.items import ItemKey
from worker.state.problems import QUARANTINE_AFTER, ProblemLine

# By these rules, without a step, nothing was decided anew: detached, released, not read, another record, in step.
_AS_IT_WAS = frozenset({Rule.S5, Rule.S6, Rule.S8, Rule.M1, Rule.IN_STEP})
_PLACE = frozenset({"when", "participants"})  # what an appointment takes in X3's calendar
_FAILED = frozenset({LATER, MOVED})  # without a word of refusal
OUTAGE = timedelta(minutes=3)  # what fails for no longer is not quarantined (G2)
LEFT = "X3 took the change and left the field as it was"
LEFT_BY_FORCE = f"{LEFT}, when it was forced, too"


def _lines(pair: Pair, known: Mapping[ItemKey, list[ProblemLine]]) -> list[ProblemLine]:
    """The stored lines of a pair's item, by either key."""
    x3_key, outlook_key = pair.key(Side.X3), pair.key(Side.OUTLOOK)
    return [
        line
        for item, lines in known.items()
        if (x3_key and (item.type, item.x3_key) == (pair.type, x3_key)) or (outlook_key and item.outlook_key == outlook_key)
        for line in lines
    ]


def standing(decision: Decision, known: Mapping[ItemKey, list[ProblemLine]]) -> str | None:
    """A7, G2: what a server said to an item that is not sent again before either side changed, or by hand. One of which a
    field was refused by name is given up after a few times. `known` are the user's stored lines."""
    if not decision.steps:
        return None
    fingerprint = guard.versions(decision)
    for line in _lines(decision.pair, known):
        given_up = line.quarantined if line.problem.field else line.attempts > 0
        if given_up and not line.problem.kept and line.fingerprint == fingerprint:
            return line.problem.message
    return None


def makes_room(outcome: Outcome) -> bool:
    """A7: whether there is a place in X3's calendar now that was taken before: an appointment moved, lost a participant or
    went. Where a person in X3 did it, the step is Outlook's."""
    if outcome.status != DONE or outcome.decision.pair.type is not ItemType.APPOINTMENT:
        return False
    return any(
        isinstance(step, Delete | Withdraw) or (isinstance(step, Update) and not _PLACE.isdisjoint(step.changes))
        for step in outcome.steps
    )


def waits_for_room(line: ProblemLine) -> bool:
    """A7: whether the line tells of an appointment that was refused as a whole, which may have been for want of room."""
    return line.item.type is ItemType.APPOINTMENT and not line.problem.field and line.attempts > 0


def not_again(decision: Decision, known: Mapping[ItemKey, list[ProblemLine]]) -> Decision:
    """F4: a forced decision without the fields that X3 left as they were when they were last forced, neither side having
    changed them since, unless somebody asked for it by hand (G2)."""
    pair = decision.pair
    told = [line.problem for line in _lines(pair, known) if line.attempts]
    if not (told and isinstance(pair.x3, Present) and isinstance(pair.outlook, Present)):
        return decision
    changed = {name for side in Side for name in merge.changed(pair, side)}
    steps: list[Step] = []
    for step in decision.steps:
        if isinstance(step, Update):
            tried = {line.field for line in left_alone(step, step.target, pair, forced=True) if line in told} - changed
            step = replace(step, changes={name: value for name, value in step.changes.items() if name not in tried})
            if not step.changes:
                continue
        steps.append(step)
    return replace(decision, steps=tuple(steps))


def put(
    tx: Session,
    user_id: int,
    decision: Decision,
    item: ItemKey,
    failures: Sequence[Problem],
    known: Mapping[ItemKey, list[ProblemLine]],
    now: datetime,
    *,
    linked: bool,
    given_up: bool = False,
) -> None:
    """Lines of fields that were decided anew are replaced, others stay until they are cured, or their link ends (R4):
    `linked` says whether there is one now, `given_up` that it is in quarantine from its first line on (G2). Only the
    `failures` count as such, not what the decision itself tells."""
    pair, fingerprint = decision.pair, guard.versions(decision)
    lines, found = _lines(pair, known), [*decision.problems, *failures]
    if not (found or decision.steps or decision.after):
        # Outside the window only what was forced could be refused: an ordinary pass has no word on it before it changes.
        forced = decision.rule is Rule.U5 and any(line.fingerprint == fingerprint for line in lines)
        if forced or decision.rule in _AS_IT_WAS:
            return
    stored = [line.problem for line in lines]
    touched = {line.field for line in found} | {""}
    # K3: also what goes along with a change of another field.
    touched |= {name for step in decision.steps if isinstance(step, Update) for name in step.changes}
    if isinstance(pair.x3, Present) and isinstance(pair.outlook, Present):
        touched |= {name for side in Side for name in merge.changed(pair, side)}
    # Of what has no link everything was decided anew. Nothing that was said of an item before it became private stays (S4).
    anew = decision.erase or pair.link is None or not linked
    staying = [] if anew else [line for line in stored if line.field not in touched]
    failed = QUARANTINE_AFTER if given_up else 1
    told = {line.field for line in (*decision.problems, *staying)} - {line.field for line in failures}
    problems.put(tx, user_id, item, [*found, *staying], fingerprint, now, failed=failed, told=told)


def ended(tx: Session, user_id: int, seen: Gathered) -> list[ItemKey]:
    """R4: the items of lines that have no link and are no longer there: proven gone, or not shown where everything was
    looked at, because they were moved out of the managed folders or lie outside the window."""
    over = {line.item for line in problems.of_user(tx, user_id) if _is_over(line.item, seen)}
    return sorted(item for item in over if links.of_item(tx, user_id, item) is None)


def _is_over(item: ItemKey, seen: Gathered) -> bool:
    if persons.is_cardless(item):
        return False
    halves: list[Observation | None] = []
    if item.x3_key:
        halves.append(seen.x3.get((item.type, item.x3_key)))
    if item.outlook_key:
        halves.append(seen.outlook.get((item.type.kind, item.outlook_key)))
    everything = seen.complete and item.type.kind in seen.complete_kinds
    return bool(halves) and all(isinstance(half, Absent) or (half is None and everything) for half in halves)


def left_alone(step: Update, look: Present | None, pair: Pair, *, forced: bool) -> list[Problem]:
    """C6: a line for each field that X3 said to have written and shows as it was, because a screen or an entry point sets
    it back. It counts as seen, lest it be sent again and again; a `forced` one says so, lest it be forced again and again.
    In other capitals X3 had it before (C1). What Outlook cannot show is known beforehand."""
    outlook = pair.outlook
    if look is None or step.side is not Side.X3 or not isinstance(outlook, Present):
        return []
    lines = []
    for name, wanted in step.changes.items():
        before, now = (getattr(one.content, name) for one in (step.target, look))
        if now == before != wanted and fold(shown(now)) != fold(shown(wanted)):
            message = LEFT_BY_FORCE if forced else LEFT
            held = getattr(outlook.content, name)
            told = shown(wanted if held is None else held)  # None: Outlook has no place for it
            lines.append(Problem(field=name, message=message, x3=shown(now), outlook=told, kept=True))
    return lines


def poisoned(tx: Session, user_id: int, item: ItemKey, side: Side | None, why: str, now: datetime) -> list[Problem]:
    """G2: the line of an item at which a side has failed without a word of refusal in so many passes that it is not sent
    again; none while it may be an outage, which ends by itself: one of a few minutes, or of all that is written there."""
    if side is None:
        return []
    failures = journal.failing(tx, user_id, item, _FAILED)
    if len(failures) < QUARANTINE_AFTER or now - failures[-1] < OUTAGE:
        return []
    others = journal.others(tx, side, item, failures[-1], {DONE, *_FAILED})
    if others and DONE not in others:
        return []
    return [Problem(field="", message=f"failed in {len(failures)} passes: {why}")]


def refusal(refused: Refused, pair: Pair, on: Side) -> Problem:
    """A server's refusal as a problem line, with what stands on both sides in that field."""
    values = {
        side: shown(getattr(observed.content, refused.field, None)) if refused.field else ""
        for side in Side
        if isinstance(observed := pair.on(side), Present)
    }
    return Problem(
        field=refused.field,
        message=str(refused),
        x3=values.get(Side.X3, ""),
        outlook=values.get(Side.OUTLOOK, ""),
        log_code=refused.log_code,
        said_by=on,
    )
