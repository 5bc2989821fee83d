"""What a write left in Outlook: Graph's answer to it. The look after it may already hold what a person did in between; were
that taken for our own writing, it would count as seen and never be carried (C1).
"""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from graph_adapter import wire
from graph_adapter.client import Reply
from graph_adapter.mapping import Unreadable
from graph_adapter.mapping.common import as_type
from graph_adapter.mapping.contacts import contact_content
from graph_adapter.mapping.events import event_content
from graph_adapter.mapping.tasks import task_content
from graph_adapter.reading import Found
from graph_adapter.scope import MailboxScope
from graph_adapter.zones import stamp
from reconcile.model import Content, ItemType, Kind, Present
from reconcile.port import TryLater

_SHAPES: dict[Kind, type[wire.Item]] = {Kind.EVENT: wire.Event, Kind.CONTACT: wire.Contact, Kind.TASK: wire.Task}


def answer_of(kind: Kind, reply: Reply) -> wire.Item | None:
    """The item as the answer to a PATCH shows it; None when it shows none, so that the look has to do."""
    try:
        return reply.decode(_SHAPES[kind])
    except TryLater:
        return None


def as_answered(found: Found, answer: wire.Item | None, item_type: ItemType, scope: MailboxScope) -> Found:
    """The look after a write, with the content, version and stamp of the answer where somebody changed the item since: that
    version is no longer the item's, so it is looked at again and his change counts. What answers never show (extended
    properties, links) is taken from the look."""
    if answer is None or found.raw is None or not isinstance(found.observed, Present):
        return found
    try:
        raw, content = _content(answer, found.raw, scope)
    except Unreadable:
        return found
    content = as_type(content, item_type)
    if content == found.observed.content:
        return found
    then = replace(found.observed, content=content, version=answer.etag, modified_at=stamp(answer.last_modified))
    return Found(then, raw)


def _content(answer: wire.Item, look: wire.Item, scope: MailboxScope) -> tuple[wire.Item, Content]:
    match answer, look:
        case wire.Event(), wire.Event():
            event = structs.replace(answer, single=look.single, multi=look.multi)
            return event, event_content(event, scope)
        case wire.Contact(), wire.Contact():
            contact = structs.replace(answer, single=look.single, multi=look.multi)
            return contact, contact_content(contact, scope)
        case wire.Task(), wire.Task():
            task = structs.replace(answer, linked=look.linked)
            return task, task_content(task, scope)
        case _:
            raise TypeError(f"{type(answer).__name__} answered for {type(look).__name__}")
