"""The field-level three-way merge (C1-C5, U4): base is what EACH side last looked like.

A side changed a field when its value differs from what that side last showed. So echoes, bumped change keys and values
the server rewrote are no change, and need no flag. Versions and stamps never take part, except to say who was later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconcile import contacts, events, fields
from reconcile.actions import Problem, Rule
from reconcile.content import Changes, Contact, Content, Side, field_names
from reconcile.context import Conflict, Context
from reconcile.model import Pair, Present
from reconcile.shown import shown

SAME_MOMENT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What a merge wants: `changes` per side to be written, the rule that shaped it, and values that lost. `left` are the
    invitation's changes that another user's pass has to carry: they wait, for the record may go over to this user (D7)."""

    changes: Mapping[Side, Changes]
    rule: Rule
    why: str
    problems: tuple[Problem, ...] = ()
    lost: tuple[tuple[Side, Content], ...] = ()
    ask: bool = False  # U4: a person decides
    left: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Work:
    pair: Pair
    context: Context
    content: dict[Side, Content]
    changes: dict[Side, Changes] = field(default_factory=lambda: {Side.X3: {}, Side.OUTLOOK: {}})
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # an invitation's changes, its organiser's to carry
    forced: list[str] = field(default_factory=list)  # as last seen on both sides, but different (F rules)
    known_now: bool = False

    def move(self, name: str, origin: Side) -> None:
        """Carry `name` from `origin` to the other side, unless that already holds it."""
        to = origin.other
        outlook = self.pair.outlook
        carried = fields.carry(
            name,
            self.content[origin],
            self.content[to],
            to,
            self.context,
            outlook if isinstance(outlook, Present) else None,
        )
        self.problems.extend(carried.problems)
        if isinstance(carried, fields.Value):
            for field_name, value in ((name, carried.value), *carried.extra):
                if not _holds(field_name, self.content[to], value, to):
                    self.changes[to][field_name] = value

    def agrees(self, name: str) -> bool:
        """C5: whether either side's value, carried over, is what the other one shows already."""
        for origin in Side:
            to = origin.other
            carried = fields.carry(name, self.content[origin], self.content[to], to, self.context, None)
            if isinstance(carried, fields.Value):
                # A list that X3 could not follow (K2) is no agreement.
                followed = (
                    name != "relation" or to is Side.OUTLOOK or (not carried.problems and _listed(self.content[origin]))
                )
                if followed and not carried.extra and _holds(name, self.content[to], carried.value, to):
                    return True
            elif name == "place":
                return True
        return False


def _holds(name: str, content: Content, value: object, side: Side) -> bool:
    held = getattr(content, name)
    if name == "relation" and side is Side.OUTLOOK:
        return contacts.listed_alike(held, value)  # type: ignore[arg-type]  # a relation's value is a Relation
    return bool(held == value)


def _listed(content: Content) -> bool:
    """Whether the contact list names anybody."""
    return not isinstance(content, Contact) and bool(content.relation.people)


def changed(pair: Pair, side: Side) -> tuple[str, ...]:
    """The fields that `side` changed since it was last seen (C1). Every field without a base."""
    present = pair.on(side)
    assert isinstance(present, Present)
    seen = pair.link.seen(side).content if pair.link else None
    names = field_names(pair.type)
    if seen is None:
        return names
    return tuple(name for name in names if getattr(present.content, name) != getattr(seen, name))


def merge(pair: Pair, context: Context, *, owner: bool = True) -> Merge:
    """The three-way merge of a linked pair whose both sides are present.

    `owner` False: the user is not the main organiser, Outlook's changes are replaced by X3's version (A2).
    """
    x3, outlook = pair.x3, pair.outlook
    assert isinstance(x3, Present)
    assert isinstance(outlook, Present)
    work = _Work(pair, context, {Side.X3: x3.content, Side.OUTLOOK: outlook.content})
    edits = {side: set(changed(pair, side)) for side in Side}
    forced = _forced(pair, context, owner=owner)
    for name in field_names(pair.type):
        by = [side for side in Side if name in edits[side]]
        if name in fields.ONE_SIDED[pair.type]:
            if Side.OUTLOOK in by and owner and not (pair.link and pair.link.born is Side.X3):
                work.move(name, Side.OUTLOOK)  # A1: a category is raised, never on a record that X3 created
        elif len(by) == 1 and (owner or by[0] is Side.X3):
            work.move(name, by[0])
        elif by and not work.agrees(name):
            if owner:
                work.conflicts.append(name)
            elif events.invited(outlook):
                work.left.append(name)
            else:
                work.restored.append(name)
                work.move(name, Side.X3)
        elif not by and forced and not work.agrees(name):
            before = len(work.changes[forced.other])
            work.move(name, forced)
            if len(work.changes[forced.other]) > before:
                work.forced.append(name)
    if forced is Side.X3:
        _whole_list(work, forced=True)
    if owner and (pair.type, x3.key) in context.unknown and "relation" not in edits[Side.X3] | edits[Side.OUTLOOK]:
        _known_by_now(work)
    return _settle(work, edits)


def _known_by_now(work: _Work) -> None:
    """R4: X3 may know by now whom it did not know (K2), unless its own list replaces Outlook's with another write (K3)."""
    if not (work.changes[Side.OUTLOOK] or work.conflicts):
        before = len(work.changes[Side.X3])
        work.move("relation", Side.OUTLOOK)
        work.known_now = len(work.changes[Side.X3]) > before


def _forced(pair: Pair, context: Context, *, owner: bool) -> Side | None:
    """The side that wins where neither changed. Force allows nothing: an invitation is never written (A4), and only the
    main organiser's Outlook changes an appointment (A2)."""
    side = context.force.winner(pair)
    if side is Side.X3 and isinstance(pair.outlook, Present) and events.invited(pair.outlook):
        return None
    return None if side is Side.OUTLOOK and not owner else side


def _settle(work: _Work, edits: Mapping[Side, set[str]]) -> Merge:
    rule, why, ask = Rule.IN_STEP, "both sides look as they did", False
    both = {side for side in Side if edits[side]} == set(Side)
    wrote = [side for side in Side if work.changes[side]]
    if wrote:
        rule = Rule.C3 if both and len(wrote) == 2 else Rule.C2
        why = "; ".join(f"{_title(s.other)} changed {', '.join(sorted(work.changes[s]))}" for s in wrote)
    elif both:
        rule, why = Rule.C5, "both sides were changed to the same"
    elif work.left:
        rule, why = Rule.A4, f"the meeting's {', '.join(work.left)} changed: its organiser's own pass carries it"
    elif any(edits.values()):
        rule, why = Rule.C1, "what changed has no place on the other side, or is there already"
    if work.known_now:
        rule, why = (rule, why) if any(edits.values()) else (Rule.K1, "the contact list names whom X3 did not know before")
    if work.forced:
        rule, why = _by_force(work, rule, why, edits)
    lost: tuple[tuple[Side, Content], ...] = ()
    if work.forced:
        side = work.context.force.winner(work.pair) or Side.X3
        lost = ((side.other, work.content[side.other]),)
    if work.restored:
        rule, why = Rule.A2, f"only the main organiser changes the appointment; X3's {', '.join(work.restored)} is put back"
        work.problems.extend(_kept(name, work, why) for name in work.restored)
        lost = ((Side.OUTLOOK, work.content[Side.OUTLOOK]),)
    if work.conflicts:
        winner, reason = later(work.pair, work.context)
        ask = work.context.rules.conflict is Conflict.ASK
        for name in work.conflicts:
            work.move(name, winner)
        work.problems.extend(_conflict(work, winner, reason))
        rule, why = Rule.C4, f"both sides changed {', '.join(work.conflicts)}; {_title(winner)} wins: {reason}"
        lost = ((winner.other, work.content[winner.other]),)
    _whole_list(work)
    return Merge(
        changes=work.changes,
        rule=rule,
        why=why,
        problems=tuple(work.problems),
        lost=lost,
        ask=ask,
        left=frozenset(work.left) - edits[Side.X3],
    )


def _by_force(work: _Work, rule: Rule, why: str, edits: Mapping[Side, set[str]]) -> tuple[Rule, str]:
    """F1, F2: the forced side wins where the sides only differ; what changed keeps its own rule."""
    side = work.context.force.winner(work.pair) or Side.X3
    forced = f"the sides differed in {', '.join(work.forced)}; forced from {_title(side)}, which wins"
    if any(edits.values()):
        return rule, f"{why}; {forced}"
    return (Rule.F1 if side is Side.X3 else Rule.F2), forced


def _kept(name: str, work: _Work, message: str) -> Problem:
    values = {side: shown(getattr(work.content[side], name)) for side in Side}
    return Problem(field=name, message=message, x3=values[Side.X3], outlook=values[Side.OUTLOOK], kept=True)


def _conflict(work: _Work, winner: Side, reason: str) -> list[Problem]:
    """C4: each field on which the sides differed, with the value that lost."""
    message = f"changed on both sides; {_title(winner)} wins: {reason} (C4)"
    return [_kept(name, work, message) for name in work.conflicts]


def _whole_list(work: _Work, *, forced: bool = False) -> None:
    """K3: whatever field is written to Outlook, and at F1, the contact list becomes exactly X3's."""
    changes = work.changes[Side.OUTLOOK]
    x3 = work.content[Side.X3]
    if not (changes or forced) or not hasattr(x3, "relation") or "relation" in changes:
        return
    relation = work.changes[Side.X3].get("relation", x3.relation)
    wanted = contacts.to_outlook(relation, work.context.directory)
    if not contacts.listed_alike(work.content[Side.OUTLOOK].relation, wanted):  # type: ignore[union-attr]
        changes["relation"] = wanted
        if forced:
            work.forced.append("relation")


def _title(side: Side) -> str:
    return "X3" if side is Side.X3 else "Outlook"


def later(pair: Pair, context: Context) -> tuple[Side, str]:
    """Who wins a field that both changed (C4, U4), and why in words."""
    match context.rules.conflict:
        case Conflict.X3:
            return Side.X3, "the user's setting"
        case Conflict.OUTLOOK:
            return Side.OUTLOOK, "the user's setting"
        case Conflict.NEWEST | Conflict.ASK:
            pass
    ages = {side: _age(pair, side, context) for side in Side}
    x3, outlook = ages[Side.X3], ages[Side.OUTLOOK]
    if x3 is None or outlook is None:
        return Side.X3, "the times of the changes are not reliable"
    if abs(x3 - outlook) <= SAME_MOMENT:
        return Side.X3, "both changed within two seconds"
    return (Side.X3 if x3 < outlook else Side.OUTLOOK), "it was changed last"


def _age(pair: Pair, side: Side, context: Context) -> timedelta | None:
    """How long ago by the side's own clock; None when its stamp cannot be relied on."""
    present = pair.on(side)
    assert isinstance(present, Present)
    written = pair.link.seen(side).written_at if pair.link else None
    stamp, now = present.modified_at, context.now.get(side)
    if stamp is None or now is None or stamp > now + SAME_MOMENT or (written is not None and stamp <= written):
        return None
    return now - stamp


def first_meeting(pair: Pair, context: Context, *, newest: bool, owner: bool = True) -> Merge:
    """Two items that meet without a base. Natural keys (M4): X3 wins where both have a value; adoption by marker (M2):
    C4 decides (`newest`). A value that only one side has goes to the other; losers are kept in problem lines. Unless the
    user is the main organiser (`owner`), nothing of Outlook goes to X3 (A2)."""
    x3, outlook = pair.x3, pair.outlook
    assert isinstance(x3, Present)
    assert isinstance(outlook, Present)
    bare = replace(pair, link=None)
    work = _Work(bare, context, {Side.X3: x3.content, Side.OUTLOOK: outlook.content})
    winner, reason = (Side.X3, "X3 wins at the first meeting (M4)")
    if not owner:
        reason = "only the main organiser changes the appointment (A2)"
    elif newest:
        winner, reason = later(bare, context)
    empty = fields.blank(pair.type, x3.content)
    for name in field_names(pair.type):
        if work.agrees(name) or name in fields.ONE_SIDED[pair.type]:
            continue
        values = {side: getattr(work.content[side], name) for side in Side}
        only = [side for side in Side if values[side] != getattr(empty, name)]
        if owner and name != "when" and len(only) == 1:
            work.move(name, only[0])
        elif owner and name == "relation" and not x3.content.relation.people:  # type: ignore[union-attr]
            work.move(name, Side.OUTLOOK)
        else:
            work.conflicts.append(name)
            work.move(name, winner)
    work.problems.extend(_conflict(work, winner, reason))
    wrote = any(work.changes.values())
    lost = ((winner.other, work.content[winner.other]),) if work.conflicts else ()
    _whole_list(work)
    return Merge(
        changes=work.changes,
        rule=Rule.M2 if newest else Rule.M4,
        why=pair.note + (f"; {', '.join(work.conflicts)} differed, {reason}" if work.conflicts else "")
        if wrote
        else pair.note,
        problems=tuple(work.problems),
        lost=lost,
        ask=newest and owner and bool(work.conflicts) and context.rules.conflict is Conflict.ASK,
    )
