"""decide(pair) -> decisions, and the plan of a pass.

`decide` is total over (link state, X3, Outlook); the order of the cases is their precedence, and each says which rule it
follows. It is small enough to be enumerated: `tests/reconcile/golden` holds the whole table for a business person to read.
Deletions come last in a plan (S8).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from reconcile import events, fields, meet, series
from reconcile.actions import Decision, Delete, Drop, Problem, Rule, Step, Unassign, Withdraw
from reconcile.content import Appointment, ItemType, Side
from reconcile.context import Context
from reconcile.events import EventClass
from reconcile.gate import gate
from reconcile.merge import Merge, changed, first_meeting, merge
from reconcile.model import Absent, Link, LinkState, Pair, Present, Private, Unread, Where

MEETING = 2  # A1: the category of an appointment with attendees


def plan(pairs: Iterable[Pair], context: Context) -> tuple[Decision, ...]:
    """All decisions of a pass in the order in which they are carried out: contacts first (their names are needed by the
    others), deletions last (S8)."""
    decisions = [decision for pair in pairs if context.force.covers(pair) for decision in decide(pair, context)]
    decisions = series.spared(decisions, context.now)
    order = list(ItemType)
    return tuple(sorted(decisions, key=lambda d: (d.deletes_on is not None, order.index(d.pair.type))))


def decide(pair: Pair, context: Context) -> tuple[Decision, ...]:
    """What is done for one pair. One decision, or two where a part of it is blocked (U2, A6)."""
    decision = _decide(pair, context)
    return gate(_listed(decision) if context.force.only else decision, context)


def _listed(decision: Decision) -> Decision:
    """F2: a forced pass deletes nothing; the deletions are listed, and the next ordinary pass applies the D rules."""
    side = decision.deletes_on
    if side is None:
        return decision
    why = "a forced pass deletes nothing: the next ordinary one does"
    return meet.skipped(decision, Rule.F2 if side is Side.X3 else Rule.F1, why)


def _decide(pair: Pair, context: Context) -> Decision:
    link = pair.link
    if link is None:
        return meet.decide_unlinked(pair, context)
    # Privacy comes first: whatever else is true of the pair, what is stored of it has to go (S4).
    if isinstance(pair.outlook, Private):
        return _became_private(pair, link)
    if isinstance(pair.x3, Present) and link.auuid and pair.x3.x3.auuid != link.auuid:
        return _another_record(pair, link)
    match link.state:
        case LinkState.DETACHED:
            return _detached(pair, context)
        case LinkState.RELEASED:
            return _released(pair, link, context)
        case LinkState.LINKED | LinkState.ASLEEP | LinkState.PENDING_DELETE:
            return _linked(pair, link, context)
        case _:
            assert_never(link.state)


def nothing(pair: Pair, rule: Rule, why: str) -> Decision:
    """Do nothing, and say why."""
    return Decision(pair=pair, rule=rule, why=why)


def _another_record(pair: Pair, link: Link) -> Decision:
    """M1: the same key with another AUUID is another record."""
    why = "the X3 key now belongs to another record (its AUUID differs)"
    if link.state is LinkState.RELEASED:
        return nothing(pair, Rule.M1, why)
    return Decision(pair=pair, rule=Rule.M1, why=why, after=LinkState.RELEASED, problems=(Problem(field="", message=why),))


def _became_private(pair: Pair, link: Link) -> Decision:
    """S5, S4."""
    if isinstance(pair.x3, Absent):
        return Decision(
            pair=pair, rule=Rule.S5, why="private, and deleted in X3: the link ends", after=Drop.LINK, erase=True
        )
    if link.state is LinkState.DETACHED:
        return nothing(pair, Rule.S5, "private: nothing crosses")
    problem = Problem(field="", message="private: nothing crosses any more (S5)")
    why = "private: nothing crosses any more, X3 keeps what it had"
    return Decision(pair=pair, rule=Rule.S5, why=why, after=LinkState.DETACHED, erase=True, problems=(problem,))


def _detached(pair: Pair, context: Context) -> Decision:
    match pair.x3, pair.outlook:
        case Absent(), _:
            return Decision(pair=pair, rule=Rule.S5, why="deleted in X3: the link ends", after=Drop.LINK)
        case Present(), Present() as outlook if outlook.where is not Where.ELSEWHERE:
            return _both(pair, context)
        case Present() as x3, Absent() | Present() if _forced(pair, x3, context):
            return meet.again(pair, x3, context, "no longer private in a managed folder, and forced from X3")
        case _:
            return nothing(pair, Rule.S5, "was private when last seen: nothing crosses")


def _forced(pair: Pair, x3: Present, context: Context) -> bool:
    """F1: whether what is missing in the managed folders is created there again. Their whole content was read (S8); what
    is another organiser's meeting comes back by his invitation only (A4)."""
    invitation = isinstance(x3.content, Appointment) and x3.content.category == MEETING and not meet.owns(pair, context)
    mine = x3.where is not Where.ELSEWHERE and not invitation
    return mine and context.force.winner(pair) is Side.X3 and pair.type.kind in context.complete


def _released(pair: Pair, link: Link, context: Context) -> Decision:
    match pair.x3, pair.outlook:
        case Absent(), Absent():
            return Decision(pair=pair, rule=Rule.D5, why="gone on both sides: the link ends", after=Drop.LINK)
        case Absent(), _ if link.x3.content is not None:
            return Decision(pair=pair, rule=Rule.S6, why="deleted in X3: the link ends", after=Drop.LINK)
        case Present(where=Where.ELSEWHERE), _ if link.x3.content is None:
            # A4, G3: it was withdrawn, and that was the reason for the release.
            return nothing(pair, Rule.S6, "released: carries and creates nothing")
        case Present(), Present() as outlook if outlook.where is not Where.ELSEWHERE:
            return _both(pair, context)
        case Present() as x3, Absent() | Present() if _forced(pair, x3, context):
            return meet.again(pair, x3, context, "released, but forced from X3: created in the default folder")
        case _:
            return nothing(pair, Rule.S6, "released: carries and creates nothing")


def _linked(pair: Pair, link: Link, context: Context) -> Decision:
    match pair.x3, pair.outlook:
        case (Unread(), _) | (_, Unread()):
            return nothing(pair, Rule.S8, "one side was not read in this pass: nothing is decided")
        case Absent(), Absent():
            return Decision(pair=pair, rule=Rule.D5, why="gone on both sides", after=Drop.LINK)
        case Absent(), Present() as outlook:
            return _gone_in_x3(pair, link, outlook, context)
        case Present() as x3, Absent():
            return _gone_in_outlook(pair, link, x3, context)
        case _:
            return _both(pair, context)


def _gone_in_x3(pair: Pair, link: Link, outlook: Present, context: Context) -> Decision:
    """D1, and D4 when Outlook's side was edited meanwhile."""
    if outlook.where is Where.ELSEWHERE:
        return Decision(
            pair=pair, rule=Rule.S6, why="moved to a folder that is not managed, deleted in X3", after=Drop.LINK
        )
    if events.classify(outlook) is EventClass.CANCELLED:
        why = "deleted in X3, cancelled in Outlook: the event is left alone"
        return Decision(pair=pair, rule=Rule.D5, why=why, after=Drop.LINK)
    if events.invited(outlook):
        why = "deleted in X3; an invitation is never deleted by the sync"
        return Decision(pair=pair, rule=Rule.A4, why=why, after=LinkState.RELEASED, blank=Side.X3)
    edits = changed(pair, Side.OUTLOOK)
    if edits and meet.owns(pair, context) and events.classify(outlook) is EventClass.MANAGED:
        content, problems = fields.translate(outlook.content, Side.X3, context)
        step = meet.create_in_x3(pair.type, outlook, content, context)
        if pair.type is ItemType.CONTACT:
            step = replace(step, sync_id=fields.again_sync_id(link.auuid, fp=context.fp), sought=True)
        lost = ((Side.X3, link.x3.content),) if link.x3.content is not None else ()
        why = f"deleted in X3, but changed in Outlook ({', '.join(edits)}): the edit survives"
        steps: tuple[Step, ...] = (step, *meet.mark(pair.type, outlook, "", context))
        return Decision(
            pair=pair,
            rule=Rule.D4,
            why=why,
            steps=steps,
            after=LinkState.LINKED,
            problems=(*problems, _conflict(why)),
            lost=lost,
        )
    step_ = Delete(side=Side.OUTLOOK, type=pair.type, target=outlook)
    return Decision(pair=pair, rule=Rule.D1, why="deleted in X3", steps=(step_,), after=Drop.LINK)


def _conflict(why: str) -> Problem:
    return Problem(field="", message=f"{why} (D4)", kept=True)


def _gone_in_outlook(pair: Pair, link: Link, x3: Present, context: Context) -> Decision:
    """D2, D3, D7 for an item that is proven gone."""
    if pair.type.kind not in context.complete:
        return nothing(pair, Rule.S8, "gone in Outlook, but not every managed folder was read: decided later")
    if _forced(pair, x3, context):
        return meet.again(pair, x3, context, "deleted in Outlook, but forced from X3")
    if x3.where is Where.ELSEWHERE:
        return Decision(
            pair=pair, rule=Rule.S7, why="gone in Outlook, and no longer this representative's", after=Drop.LINK
        )
    if link.outlook.content is None:
        # See remember.before_deletion: nobody else's doing, so no reason to delete in X3.
        return meet.create_in_outlook(replace(pair, note="given back, and deleted by the sync itself"), x3, context)
    if link.state is LinkState.ASLEEP and x3.where is Where.OUT_OF_WINDOW:
        why = "gone in Outlook outside the window, where Outlook's changes are not looked for"
        return nothing(pair, Rule.S6, why)
    if pair.type is ItemType.CONTACT:
        step = Unassign(target=x3, representative=context.representative)
        why = "deleted in Outlook: only the assignment to the representative goes"
        return Decision(pair=pair, rule=Rule.D3, why=why, steps=(step,), after=Drop.LINK)
    if _only_leaves(pair, x3, context, invited=link.invited):
        return _withdraw(pair, x3, Rule.D7, "deleted by a participant: only his participation goes", context)
    return _deleted_by_owner(pair, link, x3, context, Rule.D2, "deleted in Outlook")


def _only_leaves(pair: Pair, x3: Present, context: Context, *, invited: bool) -> bool:
    """D7: whether the record lives on without the user. It is not his; or it is (A4), but the meeting is somebody else's
    and others are in it, to whom it goes over."""
    return not meet.owns(pair, context) or (invited and bool(meet.participants(x3)))


def _deleted_by_owner(pair: Pair, link: Link, x3: Present, context: Context, rule: Rule, why: str) -> Decision:
    """D2, and D4 when X3's side was edited meanwhile."""
    # A participant who left is no edit: that was the sync's own doing (D7), and it would bring back what all deleted.
    edits = [name for name in changed(pair, Side.X3) if name != "participants"]
    if edits:
        survives = f"{why}, but changed in X3 ({', '.join(edits)}): the edit survives"
        created = meet.create_in_outlook(replace(pair, note=survives), x3, context)
        lost = ((Side.OUTLOOK, link.outlook.content),) if link.outlook.content is not None else ()
        return replace(created, rule=Rule.D4, lost=lost, problems=(*created.problems, _conflict(survives)))
    if context.rules.delete_done_keep and getattr(x3.content, "done", False):
        return Decision(pair=pair, rule=rule, why=f"{why}; done items are kept in X3", after=LinkState.RELEASED)
    step = Delete(side=Side.X3, type=pair.type, target=x3)
    return Decision(pair=pair, rule=rule, why=why, steps=(step,), after=Drop.LINK)


def _withdraw(pair: Pair, x3: Present, rule: Rule, why: str, context: Context) -> Decision:
    if meet.owns(pair, context):
        why = f"{why}; the record goes over to {meet.participants(x3)[0]} (A4)"
    step = Withdraw(target=x3, representative=context.representative)
    return Decision(pair=pair, rule=rule, why=why, steps=(step,), after=Drop.LINK)


def _both(pair: Pair, context: Context) -> Decision:
    x3, outlook = pair.x3, pair.outlook
    assert isinstance(x3, Present)
    assert isinstance(outlook, Present)
    if outlook.where is Where.ELSEWHERE:
        why = "moved to a folder that is not managed: X3 keeps its record"
        return Decision(pair=pair, rule=Rule.S6, why=why, after=LinkState.RELEASED)
    if x3.where is Where.ELSEWHERE:
        return _reassigned(pair, outlook)
    answer = _as_deleted(pair, x3, outlook, context)
    if answer is not None:
        return answer
    assert pair.link is not None
    if pair.link.state is LinkState.DETACHED:
        again = replace(pair, note="no longer private: compared as on first meeting")
        merged = replace(first_meeting(again, context, newest=False, owner=meet.owns(pair, context)), rule=Rule.S5)
    else:
        merged = merge(pair, context, owner=meet.owns(pair, context))
    asleep = x3.where is Where.OUT_OF_WINDOW and outlook.where is Where.OUT_OF_WINDOW
    return _merged(pair, context, _moved_in_time(merged, pair.link, asleep=asleep), asleep=asleep)


def _moved_in_time(merged: Merge, link: Link, *, asleep: bool) -> Merge:
    """A link whose state changes although nothing is carried says so: the window moves, too (S6)."""
    if merged.rule is not Rule.IN_STEP:
        return merged
    if link.state is LinkState.RELEASED:
        return replace(merged, rule=Rule.S6, why="back in a managed folder")
    if link.state is LinkState.PENDING_DELETE:
        return replace(merged, rule=Rule.D6, why="no longer deleted on either side: no deletion waits any more")
    if asleep is (link.state is LinkState.ASLEEP):
        return merged
    why = "outside the window on both sides: the link sleeps" if asleep else "in the window again: the link wakes"
    return replace(merged, rule=Rule.S6, why=why)


def _reassigned(pair: Pair, outlook: Present) -> Decision:
    """S7: gone from the former representative's Outlook; wins over his edits (D4)."""
    if events.declined(outlook):
        # Whoever took him out, it may have been an unanswered write of the sync: he is free to accept again (D7, M6).
        why = "declined in Outlook, and in X3's record no more"
        return Decision(pair=pair, rule=Rule.D7, why=why, after=Drop.LINK)
    if events.invited(outlook):
        why = "withdrawn in X3; an invitation is never deleted by the sync"
        return Decision(pair=pair, rule=Rule.A4, why=why, after=LinkState.RELEASED, blank=Side.X3)
    step = Delete(side=Side.OUTLOOK, type=pair.type, target=outlook)
    return Decision(pair=pair, rule=Rule.S7, why="no longer this representative's in X3", steps=(step,), after=Drop.LINK)


def _as_deleted(pair: Pair, x3: Present, outlook: Present, context: Context) -> Decision | None:
    """A5: a cancelled meeting counts as deleted by its organiser, a declined one as deleted by a participant (D7)."""
    cancelled = events.classify(outlook) is EventClass.CANCELLED
    if not cancelled and not events.declined(outlook):
        return None
    rule, why = (Rule.A5, "the meeting was cancelled") if cancelled else (Rule.D7, "the user declined the meeting")
    assert pair.link is not None
    if pair.link.state is LinkState.RELEASED:
        return nothing(pair, Rule.S6, f"{why}, but it was released: X3 keeps its record")
    if _only_leaves(pair, x3, context, invited=not cancelled):
        return _withdraw(pair, x3, rule, why, context)
    return _deleted_by_owner(pair, pair.link, x3, context, rule, why)


def _merged(pair: Pair, context: Context, merged: Merge, *, asleep: bool) -> Decision:
    """A merge as a decision: at most one update a side, details along with a write (C7), questions held (U4)."""
    steps, problems = meet.updates(pair, merged, context)
    rule, why = merged.rule, merged.why
    marks = meet.mend(pair, context)
    if marks and rule is Rule.IN_STEP:
        rule, why = Rule.M2, "the marker names another record"
    decision = Decision(
        pair=pair,
        rule=rule,
        why=why,
        steps=(*steps, *marks),
        after=LinkState.ASLEEP if asleep else LinkState.LINKED,
        remember=True,
        problems=problems,
        lost=merged.lost,
        unsettled={Side.OUTLOOK: merged.left} if merged.left else {},
    )
    if merged.ask:
        return meet.held(decision, Rule.C4, "both sides changed the same field; the user decides")
    return decision
