"""Pairs without a link: adoption by marker (M2), first meeting (M4), the same meeting (M6), and what is simply new (M5)."""

from __future__ import annotations

from dataclasses import replace

from reconcile import events, fields
from reconcile.actions import Assign, Create, Decision, Delete, Gate, Join, Mark, Problem, Rule, Step, Update
from reconcile.contacts import MOST_REPRESENTATIVES
from reconcile.content import Appointment, ItemType, Side, field_names
from reconcile.context import Context
from reconcile.events import EventClass
from reconcile.merge import Merge, first_meeting
from reconcile.model import Absent, Born, LinkState, Marker, Meeting, Pair, Present, Private, Unread, Where
from reconcile.text import fold


def decide_unlinked(pair: Pair, context: Context) -> Decision:
    """What is done for a pair that has no link."""
    if pair.meeting is Meeting.AMBIGUOUS:
        return _ambiguous(pair, context)
    if pair.meeting is Meeting.CLAIMED:
        return _claimed(pair, context)
    match pair.x3, pair.outlook:
        case Present() as x3, Private() if x3.where is not Where.ELSEWHERE:  # matched by its marker
            problem = Problem(field="", message="private: nothing crosses (S5)")
            why = "private, and of this record: nothing crosses"
            return Decision(pair=pair, rule=Rule.S5, why=why, after=LinkState.DETACHED, erase=True, problems=(problem,))
        case _, Private():
            return Decision(pair=pair, rule=Rule.S3, why="private: never crosses", erase=True)
        case Present() as x3, Present() as outlook:
            return _met(pair, x3, outlook, context)
        case Absent(), Present() if pair.meeting is Meeting.MEETING:
            return _nothing(pair, Rule.M6, "the record of this meeting was deleted in X3")
        case Absent(), Present() as outlook:
            return _orphan(pair, outlook, context)
        case Unread(), Present() as outlook if pair.meeting is Meeting.ALONE:
            return _new_in_outlook(pair, outlook, context)
        case Present() as x3, Unread() | Absent():
            forced = context.force.winner(pair) is Side.X3
            if x3.where is Where.ELSEWHERE:
                if forced and pair.type is ItemType.CONTACT:
                    return assigned(pair, x3, context)
                return _nothing(pair, Rule.S1, "not assigned to this representative")
            if x3.where is Where.OUT_OF_WINDOW:
                why = "outside the window, but forced from X3"
                return again(pair, x3, context, why) if forced else _nothing(pair, Rule.U5, "outside the window")
            return create_in_outlook(pair, x3, context)
        case Absent(), Absent():
            return _nothing(pair, Rule.D5, "gone on both sides")
        case _:
            return _nothing(pair, Rule.S8, "one side was not read in this pass: nothing is decided")


def again(pair: Pair, x3: Present, context: Context, why: str) -> Decision:
    """F1: created in Outlook although it lies outside the window, or was deleted there."""
    made = create_in_outlook(replace(pair, note=why), x3, context)
    if made.gate is not Gate.OPEN or x3.where is not Where.OUT_OF_WINDOW:
        return replace(made, pair=pair, rule=Rule.F1)
    # M2: without a link the item may stand there already, where no listing looks.
    steps = tuple(replace(s, sought=pair.link is None) if isinstance(s, Create) else s for s in made.steps)
    return replace(made, pair=pair, rule=Rule.F1, steps=steps, after=LinkState.ASLEEP)


def assigned(pair: Pair, x3: Present, context: Context) -> Decision:
    """F1: a contact in the scope that the representative does not have (yet, or since D3): he gets it."""
    made = again(pair, x3, context, "forced from X3: assigned to the representative")
    return replace(made, steps=(Assign(target=x3, representative=context.representative), *made.steps))


def owns(pair: Pair, context: Context) -> bool:
    """Whether the user is the main organiser (A2): of other types he has only what is his."""
    if pair.type is not ItemType.APPOINTMENT:
        return True
    if isinstance(pair.x3, Present):
        owner = pair.x3.x3.representatives[0] if pair.x3.x3.representatives else ""
    else:
        owner = pair.link.owner if pair.link else ""
    return owner in ("", context.representative)


def participants(x3: Present) -> tuple[str, ...]:
    """The representatives of an appointment beside its main organiser."""
    return (x3.content.participants or ()) if isinstance(x3.content, Appointment) else ()


def _nothing(pair: Pair, rule: Rule, why: str) -> Decision:
    return Decision(pair=pair, rule=rule, why=why)


def held(decision: Decision, rule: Rule, why: str) -> Decision:
    """The decision waits for a person (G3)."""
    return replace(decision, gate=Gate.HELD, gate_rule=rule, gate_why=why)


def skipped(decision: Decision, rule: Rule, why: str) -> Decision:
    """The decision waits for a condition; the link stays as it is."""
    return replace(decision, after=None, remember=False, gate=Gate.SKIPPED, gate_rule=rule, gate_why=why)


def _claimed(pair: Pair, context: Context) -> Decision:
    """M6: never created here. Who is invited gets his event from the organiser; the organiser's own should be there, and if
    he deleted it before the sync first looked, nothing but a person's word can end the record."""
    waits = _nothing(pair, Rule.M6, pair.note)
    if not owns(pair, context):
        return skipped(waits, Rule.M6, "waits for the meeting to appear in this mailbox")
    message = "the meeting of this record is in none of your calendars: if it is over, delete the record in X3 (M6)"
    return replace(waits, problems=(Problem(field="", message=message),))


def _ambiguous(pair: Pair, context: Context) -> Decision:
    """M4: several candidates. An item that nothing would be made of anyway needs no problem line."""
    ignored = _out_of_scope(pair, pair.outlook, context) if isinstance(pair.outlook, Present) else None
    if ignored is not None:
        return ignored
    problem = Problem(field="", message=f"{pair.note} (M4)")
    return Decision(pair=pair, rule=Rule.M4, why=pair.note, problems=(problem,))


def _out_of_scope(pair: Pair, outlook: Present, context: Context) -> Decision | None:
    """S2, S6, A5: items that nothing is made of. What is forced may lie outside the window (F1, F2)."""
    if outlook.where is Where.ELSEWHERE:
        return _nothing(pair, Rule.S2, "not in a managed folder")
    if outlook.where is Where.OUT_OF_WINDOW and context.force.winner(pair) is None:
        return _nothing(pair, Rule.U5, "outside the window")
    event_class = events.classify(outlook)
    if event_class is not EventClass.MANAGED:
        return _nothing(pair, Rule.A5, f"event class: {event_class.value.replace('_', ' ')}")
    return None


def _new_in_outlook(pair: Pair, outlook: Present, context: Context) -> Decision:
    """M5: created in X3, and marked (M2)."""
    ignored = _out_of_scope(pair, outlook, context)
    if ignored is not None:
        return ignored
    event = outlook.outlook.event
    if event is not None and event.series_id and not context.rules.series:
        return _nothing(pair, Rule.U5, "series are skipped by setting")
    if event is not None and event.series_id and outlook.where is Where.OUT_OF_WINDOW:
        return _nothing(pair, Rule.A8, "an occurrence outside the window, where series are not looked at")
    content, problems = fields.translate(outlook.content, Side.X3, context)
    steps: tuple[Step, ...] = (
        create_in_x3(pair.type, outlook, content, context),
        *mark(pair.type, outlook, "", context),
    )
    why = pair.note or "new in Outlook"
    if outlook.where is Where.OUT_OF_WINDOW:
        why = "outside the window, but forced from Outlook"
        return Decision(pair=pair, rule=Rule.F2, why=why, steps=steps, after=LinkState.ASLEEP, problems=problems)
    return Decision(pair=pair, rule=Rule.M5, why=why, steps=steps, after=LinkState.LINKED, problems=problems)


def create_in_x3(item_type: ItemType, outlook: Present, content: object, context: Context) -> Create:
    """The creation in X3, owned by the meeting's organiser if he is a representative (A4), else by this user, with the
    deterministic ZSYNCID of M7."""
    owner = context.representative
    event = outlook.outlook.event
    if event is not None and not event.organizer:
        mail = fold(event.organizer_email)
        owners = [
            entry.code
            for entry in context.directory.representatives.values()
            if mail in {fold(address) for address in entry.emails}
        ]
        owner = owners[0] if len(owners) == 1 else owner
    if isinstance(content, Appointment):
        others = [code for code in (content.participants or ()) if code != owner]
        if owner != context.representative and context.representative not in others:
            others.insert(0, context.representative)
        content = replace(content, participants=tuple(others))
    return Create(
        side=Side.X3,
        type=item_type,
        content=content,  # type: ignore[arg-type]  # a content value, narrowed above
        representative=owner,
        sync_id=fields.sync_id(outlook, fp=context.fp, mailbox=context.mailbox),
    )


def mark(item_type: ItemType, outlook: Present, x3_key: str, context: Context) -> tuple[Mark, ...]:
    """The marker of a linked item, where it is not there yet and may be written. A blank key stands for the record that an
    earlier step of the same decision creates."""
    born = Born.LINKED
    present = outlook.outlook.marker
    if (
        present
        and x3_key
        and (present.fp, present.mailbox, present.type, present.x3_key)
        == (
            context.fp,
            context.mailbox,
            item_type,
            x3_key,
        )
    ):
        return ()
    if not events.may_mark(outlook, context.rules):
        return ()
    marker = Marker(fp=context.fp, mailbox=context.mailbox, type=item_type, x3_key=x3_key, born=born)
    return (Mark(type=item_type, target=outlook, marker=marker),)


def mend(pair: Pair, context: Context) -> tuple[Mark, ...]:
    """The marker of a linked item that still names another record: a copy whose marker could not be written (M3), or a
    record that was created again (D4). A missing marker may only not have been read, so it is left."""
    outlook = pair.outlook
    assert isinstance(outlook, Present)
    assert pair.link is not None
    present = outlook.outlook.marker
    if present is None or present.fp != context.fp:
        return ()
    return mark(pair.type, outlook, pair.link.x3_key, context)


def create_in_outlook(pair: Pair, x3: Present, context: Context) -> Decision:
    """M5, D4: created in the default folder, with its marker in the same request (M2)."""
    content, problems = fields.translate(x3.content, Side.OUTLOOK, context)
    why = pair.note or "new in X3"
    folder = context.default_folders.get(pair.type.kind, "")
    marker = Marker(fp=context.fp, mailbox=context.mailbox, type=pair.type, x3_key=x3.key, born=Born.CREATED)
    step = Create(
        side=Side.OUTLOOK,
        type=pair.type,
        content=content,
        marker=marker,
        details=fields.details(pair.type, x3.key, x3.content, context),
        folder=folder,
    )
    decision = Decision(pair=pair, rule=Rule.M5, why=why, steps=(step,), after=LinkState.LINKED, problems=problems)
    return decision if folder else skipped(decision, Rule.S9, "no default folder")


def _met(pair: Pair, x3: Present, outlook: Present, context: Context) -> Decision:
    """M2, M4, M6: two living items that belong together."""
    joins = _may_join(pair, x3, outlook)
    ours = pair.meeting is Meeting.MARKER
    ours = ours or (pair.meeting is Meeting.MEETING and events.classify(outlook) is EventClass.MANAGED and not joins)
    if ours and outlook.where is Where.ELSEWHERE:
        # M2, M6, S6: without a link the record would be created again.
        why = f"{pair.note}, in a folder that is not managed"
        # How the two differ is found out when it is back.
        names = frozenset(field_names(pair.type)) - fields.ONE_SIDED[pair.type]
        unsettled = dict.fromkeys(Side, names)
        return Decision(pair=pair, rule=Rule.S6, why=why, after=LinkState.RELEASED, remember=True, unsettled=unsettled)
    asleep = ours and outlook.where is Where.OUT_OF_WINDOW
    ignored = None if asleep else _out_of_scope(pair, outlook, context)
    if ignored is not None:
        return ignored
    steps: list[Step] = []
    if joins:
        if len(participants(x3)) >= MOST_REPRESENTATIVES:
            return _no_place(pair, context)
        steps.append(Join(target=x3, representative=context.representative))
    elif x3.where is Where.ELSEWHERE:
        if pair.type is not ItemType.CONTACT or pair.meeting is not Meeting.NATURAL:
            return _of_another(pair, outlook)
        steps.append(Assign(target=x3, representative=context.representative))
    merged = first_meeting(pair, context, newest=ours, owner=owns(pair, context))
    written, problems = updates(pair, merged, context)
    steps.extend((*written, *mark(pair.type, outlook, x3.key, context)))
    rule = {Meeting.MARKER: Rule.M2, Meeting.MEETING: Rule.M6}.get(pair.meeting, Rule.M4)
    decision = Decision(
        pair=pair,
        rule=rule,
        why=merged.why,
        steps=tuple(steps),
        after=LinkState.ASLEEP if x3.where is outlook.where is Where.OUT_OF_WINDOW else LinkState.LINKED,
        remember=True,
        problems=problems,
        lost=merged.lost,
    )
    return held(decision, Rule.C4, "the two sides differ; the user decides") if merged.ask else decision


def _may_join(pair: Pair, x3: Present, outlook: Present) -> bool:
    """M6: whether the user is to be put into the record of a meeting that he takes part in. He is not in it because nobody
    could name him when it was made, because he was invited later, or because he had declined; one whom X3 took out has a
    released link (A4)."""
    appointment = pair.meeting is Meeting.MEETING and pair.type is ItemType.APPOINTMENT
    return appointment and x3.where is Where.ELSEWHERE and events.invited(outlook)


def _no_place(pair: Pair, context: Context) -> Decision:
    """K4."""
    why = f"X3 has room for {MOST_REPRESENTATIVES} representatives; you were left out"
    line = Problem(field="participants", message=f"{why} (K4)", outlook=context.representative)
    return Decision(pair=pair, rule=Rule.K4, why=why, problems=(line,))


def updates(pair: Pair, merged: Merge, context: Context) -> tuple[tuple[Step, ...], tuple[Problem, ...]]:
    """At most one update a side. An invitation is never written (A4), an event with attendees gets no details (C7)."""
    x3, outlook = pair.x3, pair.outlook
    assert isinstance(x3, Present)
    assert isinstance(outlook, Present)
    steps: list[Step] = []
    problems = merged.problems
    if merged.changes[Side.X3]:
        steps.append(Update(side=Side.X3, type=pair.type, target=x3, changes=dict(merged.changes[Side.X3])))
    changes = dict(merged.changes[Side.OUTLOOK])
    if changes and events.invited(outlook):
        message = f"an invitation is never written; X3's {', '.join(sorted(changes))} stays in X3 (A4)"
        problems = (*problems, Problem(field="", message=message))
    elif changes:
        lines = () if events.attended(outlook) else fields.details(pair.type, x3.key, x3.content, context)
        steps.append(Update(side=Side.OUTLOOK, type=pair.type, target=outlook, changes=changes, details=lines))
    return tuple(steps), problems


def _of_another(pair: Pair, outlook: Present) -> Decision:
    """An item of ours whose record another representative has now: S7 without the memory of how it came about, so nothing
    is deleted. The link of a marked one is kept as released, lest it be made again when the record comes back (M2)."""
    why = "the record is another representative's now"
    if events.invited(outlook) or pair.meeting is Meeting.NATURAL:
        return _nothing(pair, Rule.S7, why)
    problem = Problem(field="", message=f"{why}; the item in Outlook is left alone (S7)")
    marker = outlook.outlook.marker
    if marker is None or marker.x3_key != pair.key(Side.X3):
        return replace(_nothing(pair, Rule.S7, why), problems=(problem,))
    return Decision(
        pair=pair, rule=Rule.S7, why=why, after=LinkState.RELEASED, remember=True, problems=(problem,), blank=Side.X3
    )


def _orphan(pair: Pair, outlook: Present, context: Context) -> Decision:
    """M2: our marker, no link, and the record proven gone: a person decides. What the sync made would be deleted in
    Outlook, what a person made would be created in X3."""
    ignored = _out_of_scope(pair, outlook, context)
    if ignored is not None:
        return ignored
    why = "carries our marker, but its X3 record is gone"
    marker = outlook.outlook.marker
    if marker is not None and marker.born is Born.CREATED:
        step = Delete(side=Side.OUTLOOK, type=pair.type, target=outlook)
        return held(Decision(pair=pair, rule=Rule.M2, why=why, steps=(step,)), Rule.M2, "delete it in Outlook")
    return held(
        replace(_new_in_outlook(replace(pair, note=why), outlook, context), rule=Rule.M2), Rule.M2, "create it in X3 again"
    )
