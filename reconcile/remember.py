"""What a link looks like once its decision was carried out (C1): the last arrow of a pass, still pure.

The shell carries out the steps of a decision and hands over how each side looks now: the item read back where it wrote,
the item observed elsewhere. What was read back may hold more than was written: see `strayed`. A decision of which a step
failed is not remembered at all, or, where the shell goes on without that step, with what it would have carried `unsettled`
(see `gate.unsettled`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from reconcile import fields
from reconcile.actions import Create, Decision, Delete, Drop, Gate, Join, Step, Update, Withdraw
from reconcile.content import Changes, Content, Relation, Side, field_names
from reconcile.context import Context
from reconcile.fields import ONE_SIDED
from reconcile.model import Born, Link, LinkState, Meeting, Present, Private, Seen


def link_after(
    decision: Decision, link: Link | None, looks: Mapping[Side, Present], written: Collection[Side], context: Context
) -> Link | None:
    """The link to be stored, None when there is none (any more).

    `link` is what is stored now: `decision.pair.link`, or what an earlier decision of the same pair left in this pass.
    Of a held decision nothing is remembered, of a skipped one only that a deletion waits (D6).
    """
    base = link or decision.pair.link
    if decision.gate is Gate.HELD or decision.after is None:
        return base
    if decision.after is Drop.LINK:
        return None
    if decision.gate is Gate.SKIPPED:
        return replace(base, state=decision.after) if base else None
    kept = base or _new(decision, looks)
    if decision.after in (LinkState.LINKED, LinkState.ASLEEP):
        kept = _identified(kept, looks)
    return replace(
        kept,
        state=decision.after,
        organized_by="" if decision.erase else kept.organized_by,
        x3=_seen(Side.X3, decision, kept, looks, written, context),
        outlook=_seen(Side.OUTLOOK, decision, kept, looks, written, context),
    )


def found_again(decision: Decision, step: Create, found: Present) -> Decision:
    """M7: an earlier attempt had made the item, perhaps of another content, and somebody may have edited it since. Where it
    differs from what would be sent now, both sides count as changed, and the next look decides (C4); so the shell marks
    the pair dirty when `unsettled` is not empty."""
    names = field_names(step.type)
    differing = frozenset(n for n in names if getattr(step.content, n) != getattr(found.content, n)) - ONE_SIDED[step.type]
    waiting = {side: decision.unsettled.get(side, frozenset()) | differing for side in Side} if differing else {}
    return replace(decision, unsettled=waiting or decision.unsettled)


def strayed(side: Side, decision: Decision, look: Present) -> Changes:
    """The fields that no step wrote on a side and that are not as they were observed before the steps, and what they were:
    somebody changed them meanwhile, and nobody has heard of it. They keep the look they had, so that they count as changed
    (C1); the shell marks the pair dirty."""
    observed = decision.pair.on(side)
    if not isinstance(observed, Present) or type(observed.content) is not type(look.content):
        return {}
    written = {name for step in decision.steps if step.side is side for name in _written(step)}
    names = set(field_names(decision.pair.type)) - written
    before = {name: getattr(observed.content, name) for name in names}
    return {name: value for name, value in before.items() if getattr(look.content, name) != value}


def _written(step: Step) -> Collection[str]:
    match step:
        case Update():
            return step.changes
        case Join() | Withdraw():
            return ("participants",)
        case _:
            return ()


def before_deletion(decision: Decision, link: Link) -> Link:
    """The link as it is stored before a deletion in Outlook is sent whose record lives on (S7), to be kept if no answer
    comes: a blank look says that the sync itself may have deleted the item. Else, were the record given back meanwhile,
    the item's absence would count as a person's deletion (D2)."""
    ours = any(isinstance(step, Delete) and step.side is Side.OUTLOOK for step in decision.steps)
    return replace(link, outlook=Seen()) if ours and isinstance(decision.pair.x3, Present) else link


def _new(decision: Decision, looks: Mapping[Side, Present]) -> Link:
    """A first link; KeyError when one half is missing, for then there is nothing to link. Of a private item only its id is
    known (S5)."""
    x3, hidden, meeting = looks[Side.X3], decision.pair.outlook, decision.pair.meeting
    outlook = hidden if isinstance(hidden, Private) else looks[Side.OUTLOOK]
    marker = outlook.outlook.marker if isinstance(outlook, Present) else None
    created = decision.creates_on
    ours = marker is not None and marker.born is Born.CREATED
    # What the sync made in X3 carries its ZSYNCID (M7): so a lost link knows again where the item came from (A1).
    found = created is None and not ours and x3.x3.sync_id != ""
    from_outlook = found or created is Side.X3 or meeting is Meeting.MEETING
    return Link(
        type=decision.pair.type,
        state=LinkState.LINKED,
        x3_key=x3.key,
        auuid=x3.x3.auuid,
        outlook_key=outlook.key,
        born=Side.OUTLOOK if from_outlook else Side.X3,
        made=ours and created is not Side.X3 and meeting in (Meeting.MARKER, Meeting.ALONE),
    )


def _identified(link: Link, looks: Mapping[Side, Present]) -> Link:
    """Keys and places as they are now: D4 re-creates one side, S8 finds an item elsewhere."""
    x3, outlook = looks.get(Side.X3), looks.get(Side.OUTLOOK)
    if x3 is not None:
        owner = x3.x3.representatives[0] if x3.x3.representatives else ""
        link = replace(link, x3_key=x3.key, auuid=x3.x3.auuid, owner=owner)
    if outlook is not None:
        facts, event = outlook.outlook, outlook.outlook.event
        link = replace(link, outlook_key=outlook.key, folder=facts.folder)
        if event is not None:
            link = link.of_event(event)
    return link


def _seen(
    side: Side,
    decision: Decision,
    link: Link,
    looks: Mapping[Side, Present],
    written: Collection[Side],
    context: Context,
) -> Seen:
    old, look = link.seen(side), looks.get(side)
    if decision.erase or decision.blank is side:
        return Seen()
    if look is None or not (decision.remember or written):
        return old
    away = strayed(side, decision, look) if side in written else {}
    content, waiting = replace(look.content, **away), decision.unsettled.get(side, frozenset())
    for name in waiting:
        content = replace(content, **{name: _unsettled(name, side, old.content, looks, context)})
    # What is unsettled or strayed has to be looked at again, so its version is not remembered.
    return Seen(
        content=content,
        version="" if waiting or away else look.version,
        written_at=look.modified_at if side in written else old.written_at,
    )


def _unsettled(name: str, side: Side, old: Content | None, looks: Mapping[Side, Present], context: Context) -> Any:
    """A field that could not be carried yet keeps its old look, so that it still counts as changed. Without an old look
    it is taken to have looked like the other side: the difference is the change."""
    present = looks[side].content
    if old is not None:
        return getattr(old, name)
    if name == "relation":
        return Relation()
    carried = fields.carry(name, looks[side.other].content, present, side, context, None)
    return carried.value if isinstance(carried, fields.Value) else getattr(present, name)
