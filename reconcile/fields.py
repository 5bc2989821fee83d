"""How each field crosses from one side to the other (C2, C6-C8, K rules, and the tables of rules.md).

`carry` takes one field of one side and answers what the other side shall hold, or that it keeps what it has. It knows
nothing of links or conflicts: `merge.py` asks it for every field that has to move.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from reconcile import contacts
from reconcile.actions import Problem
from reconcile.content import (
    CONTENT_TYPES,
    Appointment,
    Call,
    Company,
    Contact,
    Content,
    ItemType,
    Person,
    Place,
    PlaceKind,
    Relation,
    Side,
    Task,
    TaskDates,
    field_names,
    type_of,
)
from reconcile.context import Context
from reconcile.model import Body, Link, Present

# Fields that the other side has no place for: the value never moves, the other side's absence never counts as an edit.
# Those of contacts are Outlook's, the others X3's.
ONE_SIDED = {
    ItemType.CONTACT: frozenset({"more_emails"}),
    ItemType.TASK: frozenset[str](),
    ItemType.CALL: frozenset({"direction", "phone"}),
    ItemType.APPOINTMENT: frozenset({"participants", "category"}),
}
# A shortened text still says what it said; a shortened number or address does not.
MAY_BE_CUT = frozenset({"subject", "report"})


@dataclass(frozen=True, slots=True)
class Value:
    """The other side shall hold `value`. `extra` are further fields that go along (A3, A1)."""

    value: Any
    problems: tuple[Problem, ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """The other side keeps what it has."""

    problems: tuple[Problem, ...] = ()


def blank(item_type: ItemType, source: Content) -> Content:
    """An empty content of the type, the shape a new item starts from."""
    match source:
        case Call(when=when):
            return Call(when=when)
        case Appointment(when=when):
            return Appointment(when=when)
        case _:
            return CONTENT_TYPES[item_type]()  # type: ignore[call-arg]  # contacts and tasks have no mandatory field


def carry(name: str, source: Content, target: Content, to: Side, context: Context, item: Present | None) -> Value | Keep:
    """What becomes of field `name` on side `to`, which now holds `target`.

    `item` is the Outlook item of the pair where there is one: its body may not be ours to write (C7, C8).
    """
    item_type = type_of(source)
    value: Any = getattr(source, name)
    held: Any = getattr(target, name)
    if name in ONE_SIDED[item_type]:
        return Keep() if to is Side.OUTLOOK else _raised(name, value, held)
    match name:
        case "relation":
            return _relation(item_type, value, target, to, context)
        case "place":
            return _place(value, held, to)
        case "when" if to is Side.X3:
            return Value(value.in_minutes)
        case "dates" if to is Side.X3:
            # X3 cannot be without a due date, To Do can: then X3 keeps the one it has.
            due = value.due or held.due or value.start or context.now[Side.X3].date()
            return Value(TaskDates(start=value.start, due=due))
        case "report" if to is Side.OUTLOOK and item is not None:
            refusal = _body_refusal(item, context)
            if refusal:
                return Keep((Problem(field=name, message=refusal, x3=value, outlook=held),))
    return _fit(item_type, name, value, held, to, context)


def _raised(name: str, value: Any, held: Any) -> Value | Keep:
    """A1: a category is only ever raised from 1 to 2. Nothing else crosses of what only one side has."""
    if name == "category" and value == 2 and held != 2:
        return Value(2)
    return Keep()


def _relation(item_type: ItemType, value: Relation, target: Content, to: Side, context: Context) -> Value | Keep:
    assert not isinstance(target, Contact)
    if to is Side.OUTLOOK:
        return Value(contacts.to_outlook(value, context.directory))
    carried = contacts.to_x3(item_type, value, target.relation, context.directory)
    extra: tuple[tuple[str, Any], ...] = ()
    if isinstance(target, Appointment):
        present = target.participants or ()
        added = [r for r in carried.representatives if r not in present and r != context.representative]
        if added:
            extra = (("participants", (*present, *added)[: contacts.MOST_REPRESENTATIVES]),)
    return Value(carried.relation, carried.problems, extra)


def _place(value: Place, held: Place, to: Side) -> Value | Keep:
    if value.text == held.text:
        return Keep()
    return Value(Place(text=value.text, kind=PlaceKind.OTHER if to is Side.X3 else None))


def _body_refusal(item: Present, context: Context) -> str:
    facts = item.outlook
    if facts.body is Body.ONLINE:
        return "the body of an online meeting is never written (C8)"
    if facts.event and facts.event.attendees:
        return "an event with attendees gets no text from X3 (C7)"
    if facts.body is Body.RICH and not context.rules.rich_body_replace:
        return "the formatted text in Outlook is not replaced by plain text (C8)"
    return ""


def _fit(item_type: ItemType, name: str, value: Any, held: Any, to: Side, context: Context) -> Value | Keep:
    """C6: a text longer than the side allows is cut where a cut is harmless, else not written; a longer original is
    never overwritten by its own cut."""
    back = context.limits.get(to.other, {}).get((item_type, name))
    if isinstance(value, str) and isinstance(held, str) and back and len(held) > back and value == held[:back].rstrip():
        return Keep()
    limit = context.limits.get(to, {}).get((item_type, name))
    if limit is None or not isinstance(value, str) or len(value) <= limit:
        return Value(value)
    where = "X3" if to is Side.X3 else "Outlook"
    cut = name in MAY_BE_CUT
    texts = {str(to.other.value): value, str(to.value): value[:limit].rstrip() if cut else str(held)}
    problem = Problem(
        field=name,
        message=f"{len(value)} characters, {where} holds {limit}; "
        + ("it was cut (C6)" if cut else "it was not written (C6)"),
        x3=texts["x3"],
        outlook=texts["outlook"],
    )
    return Value(value[:limit].rstrip(), (problem,)) if cut else Keep((problem,))


def translate(source: Content, to: Side, context: Context) -> tuple[Content, tuple[Problem, ...]]:
    """The whole of `source` in the shape of side `to`, for an item that is to be created there (M5)."""
    item_type = type_of(source)
    result = blank(item_type, source)
    problems: list[Problem] = []
    for name in field_names(item_type):
        carried = carry(name, source, result, to, context, None)
        problems.extend(carried.problems)
        if isinstance(carried, Value):
            result = replace(result, **{name: carried.value}, **dict(carried.extra))
    if isinstance(result, Appointment) and to is Side.X3:
        result = replace(result, category=result.category or context.rules.appointment_category)
    return result, tuple(problems)


def sync_id(outlook: Present, *, fp: str, mailbox: str) -> str:
    """ZSYNCID (M7): 40 hexadecimal digits, the same whenever and wherever the same item is created."""
    event = outlook.outlook.event
    if event is not None and event.ical_uid:
        return meeting_sync_id(fp, event.ical_uid, event.original_start.isoformat() if event.original_start else "")
    parts = (fp, mailbox, outlook.key)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def meeting_sync_id(fp: str, ical_uid: str, original_start: str) -> str:
    """The same for an event, in whosever mailbox it is: `original_start` in ISO format, UTC, blank for a single event."""
    return hashlib.sha256("\n".join((fp, ical_uid, original_start)).encode()).hexdigest()[:40]


def person_sync_id(number: str, *, fp: str, representative: str) -> str:
    """The same for the card of a CRM contact that has none (F1)."""
    return hashlib.sha256("\n".join((fp, "CNTNUM", representative, number)).encode()).hexdigest()[:40]


def again_sync_id(auuid: str, *, fp: str) -> str:
    """The same for a shared card that X3 deleted and several users had edited (D4): whoever comes first brings it back."""
    return hashlib.sha256("\n".join((fp, "again", auuid)).encode()).hexdigest()[:40]


def in_type(item: Present, item_type: ItemType, link: Link | None) -> Present:
    """An event in the shape of the type that its link or marker says: once linked, the category "X3 Call" no longer
    decides what it is. What the other shape does not show counts as last seen."""
    content = item.content
    if type_of(content) is item_type or not isinstance(content, Call | Appointment):
        return item
    shared = {name: getattr(content, name) for name in ("when", "subject", "report", "done", "relation")}
    seen = link.outlook.content if link else None
    if item_type is ItemType.CALL:
        return replace(item, content=Call(**shared))
    place = seen.place if isinstance(seen, Appointment) else Place()
    category = seen.category if isinstance(seen, Appointment) else None
    return replace(item, content=Appointment(**shared, place=place, category=category))


def details(item_type: ItemType, number: str, x3: Content, context: Context) -> tuple[str, ...]:
    """The lines of the details block (C7): type, number, company, contact, what only X3 knows, and a link."""
    lines = [f"{item_type.value.capitalize()} {number}".rstrip()]
    if isinstance(x3, Task | Call | Appointment):
        shown = contacts.to_outlook(x3.relation, context.directory)
        if shown.company != Company():
            lines.append(f"Company: {contacts.company_text(shown.company)}")
        if shown.people:
            lines.append(f"Contact: {', '.join(_name(person) for person in shown.people)}")
    if isinstance(x3, Call):
        if x3.direction:
            lines.append(f"Direction: {x3.direction.value}")
        if x3.phone:
            lines.append(f"Phone: {x3.phone}")
    if context.links_url and number:
        lines.append(context.links_url.format(type=item_type.code, key=number))
    return tuple(lines)


def _name(person: Person) -> str:
    return person.name or person.cor


def natural_keys(content: Content) -> frozenset[tuple[object, ...]]:
    """M4: what two items that were never linked must share to be the same (contacts: see `likeness.persons_alike`)."""
    match content:
        case Task():
            return frozenset({("task", content.subject, content.dates.due)})
        case Call() | Appointment():
            when = content.when.in_minutes
            if when.all_day:
                return frozenset({("day", when.first, when.last, content.subject)})
            return frozenset({("time", when.start, when.end, content.subject)})
        case Contact():
            return frozenset(("mail", mail.casefold()) for mail in content.emails)
