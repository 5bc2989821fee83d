"""Pairs of the ready-made items of `build`, and the decisions taken on them."""

from __future__ import annotations

from typing import Any

from reconcile.actions import Decision
from reconcile.content import ItemType, Side
from reconcile.context import Rules
from reconcile.model import (
    Absent,
    EventFacts,
    Link,
    Meeting,
    Observation,
    Present,
    Private,
    Seen,
    Where,
)
from reconcile.plan import decide
from tests.reconcile import build

TASK, CONTACT, CALL, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.CALL, ItemType.APPOINTMENT
GONE_X3, GONE = Absent(key="X1"), Absent(key="o1")
PRIVATE = Private(key="o1")


def record(item_type: ItemType, *, where: Where = Where.HERE, **changes: Any) -> Present:
    """The ready-made record, changed."""
    reps = (build.OTHER,) if where is Where.ELSEWHERE else (build.ME,)
    return build.x3(build.alter(build.CONTENTS[item_type][Side.X3], **changes), where=where, reps=reps)


def item(item_type: ItemType, *, where: Where = Where.HERE, event: EventFacts | None = None, **changes: Any) -> Present:
    """The ready-made Outlook item, changed."""
    return build.outlook(build.alter(build.CONTENTS[item_type][Side.OUTLOOK], **changes), where=where, event=event)


def decided(
    known: ItemType | Link, x3: Observation, outlook: Observation, rules: Rules | None = None, **context: Any
) -> Decision:
    """The one decision of a linked pair."""
    link = build.link(known) if isinstance(known, ItemType) else known
    (decision,) = decide(build.pair(link, x3, outlook), build.context(rules, **context))
    return decision


def unlinked(
    x3: Observation,
    outlook: Observation,
    meeting: Meeting = Meeting.ALONE,
    item_type: ItemType | None = None,
    rules: Rules | None = None,
) -> Decision:
    """The one decision of a pair without a link."""
    pair = build.pair(None, x3, outlook, meeting=meeting, item_type=item_type)
    (decision,) = decide(pair, build.context(rules))
    return decision


def steps(decision: Decision) -> list[str]:
    """The steps of a decision in short."""
    return [f"{type(step).__name__} {step.side.value}" for step in decision.steps]


def others(*, where: Where = Where.HERE, **changes: Any) -> Present:
    """An appointment of another organiser, in which the user takes part."""
    content = build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,), **changes)
    return build.x3(content, reps=(build.OTHER, build.ME), where=where)


PARTICIPANT = build.link(
    APPOINTMENT, owner=build.OTHER, x3=Seen(content=build.alter(build.APPOINTMENT[Side.X3], participants=(build.ME,)))
)
