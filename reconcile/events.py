"""What an event is to the sync (A4, A5), and whom a write on it would mail (A6, A10)."""

from __future__ import annotations

from enum import StrEnum

from reconcile.actions import Delete, Mark, Step, Update
from reconcile.content import Side
from reconcile.context import Context, Rules
from reconcile.model import Present, Response, Shape

# Written as extended properties and categories, which are assumed to mail nobody (A10).
SILENT_FIELDS = frozenset({"relation", "done"})


class EventClass(StrEnum):
    """The classes of the processing report (A5)."""

    MANAGED = "managed"
    NOT_MANAGED = "not_managed"
    CANCELLED = "cancelled"
    REQUEST = "request"


def classify(item: Present) -> EventClass:
    """The class of an event; items of other kinds are managed."""
    event = item.outlook.event
    if event is None:
        return EventClass.MANAGED
    if event.cancelled:
        return EventClass.CANCELLED
    if event.draft or event.shape is Shape.MASTER:
        return EventClass.NOT_MANAGED
    if not event.organizer and event.response in (Response.NOT_RESPONDED, Response.NONE, Response.DECLINED):
        return EventClass.REQUEST
    return EventClass.MANAGED


def declined(item: Present) -> bool:
    """Whether the user declined the meeting."""
    event = item.outlook.event
    return event is not None and not event.organizer and event.response is Response.DECLINED


def invited(item: Present) -> bool:
    """Whether the user is only an attendee: then the event is never written nor deleted (A4)."""
    event = item.outlook.event
    return event is not None and not event.organizer


def attended(item: Present) -> bool:
    """Whether somebody beside the organiser is in it: then its text is not the sync's to write (C7)."""
    event = item.outlook.event
    return event is not None and event.attendees > 0


def may_mark(item: Present, rules: Rules) -> bool:
    """Whether the marker may be written: never on an invitation (A4), on an organised meeting only if silent (A10), and
    not on an occurrence, which a write would turn into an exception; its ZSYNCID finds it again (M7)."""
    event = item.outlook.event
    if event is None:
        return True
    return event.shape is Shape.SINGLE and event.organizer and (rules.silent_properties or not event.attendees)


def mails(step: Step, context: Context) -> int:
    """How many people Graph would mail because of `step` (A6): the attendees, when their organiser writes or deletes."""
    if step.side is Side.X3 or not isinstance(step, Update | Delete | Mark):
        return 0
    event = step.target.outlook.event
    if event is None or not event.organizer or not event.attendees:
        return 0
    silent = isinstance(step, Mark) or (isinstance(step, Update) and SILENT_FIELDS.issuperset(step.changes))
    return 0 if silent and context.rules.silent_properties else event.attendees
