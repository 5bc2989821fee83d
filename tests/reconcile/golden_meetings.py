"""The second part of the golden table: items that meet for the first time, and meetings with other people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from reconcile.actions import Decision
from reconcile.content import ItemType, Person, Relation, Side
from reconcile.match import match
from reconcile.matching import Observed
from reconcile.model import UNREAD, Absent, Born, EventFacts, LinkState, Observation, Present, Private, Response, Where
from reconcile.model import Seen as Look
from reconcile.plan import decide
from tests.reconcile import build


class _Outcome(Protocol):
    @property
    def done(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def why(self) -> str: ...


APPOINTMENT = build.CONTENTS[ItemType.APPOINTMENT]
TASK = build.CONTENTS[ItemType.TASK]
CONTACT = build.CONTENTS[ItemType.CONTACT]
DIFFERENT = build.alter(TASK[Side.OUTLOOK], report="Outlook's text")


def meetings(outcome: Callable[[Iterable[Decision]], _Outcome], header: Callable[..., list[str]]) -> list[str]:
    """Both tables as Markdown lines."""
    lines = ["## First meeting: items without a link", "", *header("situation")]
    lines += [_line(title, outcome(decisions)) for title, decisions in first_meetings()]
    lines += ["", "## Meetings with other people, linked", "", *header("part", "X3", "Outlook")]
    lines += [_line(title, outcome(decisions)) for title, decisions in linked_meetings()]
    return lines


def _line(title: str, o: _Outcome) -> str:
    return f"| {title} | {o.done} | {o.link} | {o.rule} | {o.why} |"


def _matched(
    records: Iterable[Present | Absent],
    items: Iterable[Present | Private],
    item_type: ItemType,
    **seen: object,
) -> tuple[Decision, ...]:
    given = Observed(
        links=(),
        x3={(item_type, record.key): record for record in records},
        outlook={(item_type.kind, item.key): item for item in items},
        **seen,  # type: ignore[arg-type]  # the few fields a row needs
    )
    matching = match(given, fp=build.FP, mailbox=build.MAILBOX)
    return tuple(decision for pair in matching.pairs[:1] for decision in decide(pair, build.context()))


def first_meetings() -> Iterator[tuple[str, tuple[Decision, ...]]]:
    """Every way in which an item without a link can be met."""
    task = TASK[Side.OUTLOOK]
    ours = build.marker(ItemType.TASK)
    made = build.marker(ItemType.TASK, born=Born.CREATED)
    record = build.x3(TASK[Side.X3])
    kind = ItemType.TASK
    yield "new in Outlook", _matched([], [build.outlook(task)], kind)
    yield "new in X3", _matched([record], [], kind)
    yield "new in X3, out of the window", _matched([replace(record, where=Where.OUT_OF_WINDOW)], [], kind)
    yield "private in Outlook", _matched([], [Private(key="o1")], kind)
    yield "new in Outlook, out of the window", _matched([], [build.outlook(task, where=Where.OUT_OF_WINDOW)], kind)
    yield "in an unmanaged folder", _matched([], [build.outlook(task, where=Where.ELSEWHERE)], kind)
    yield "our marker, the same content", _matched([record], [build.outlook(task, marker=ours)], kind)
    yield (
        "our marker, Outlook has a text that X3 has not",
        _matched([record], [build.outlook(DIFFERENT, marker=ours)], kind),
    )
    yield "our marker, record not read", _matched([], [build.outlook(task, marker=ours)], kind)
    gone = Absent(key="X1")
    yield "our marker on an item of a person, record gone", _matched([gone], [build.outlook(task, marker=ours)], kind)
    yield "our marker on an item the sync made, record gone", _matched([gone], [build.outlook(task, marker=made)], kind)
    others = build.x3(TASK[Side.X3], where=Where.ELSEWHERE, reps=(build.OTHER,))
    yield (
        "our marker on an item the sync made, record another's",
        _matched([others], [build.outlook(task, marker=made)], kind),
    )
    yield (
        "marker of another mailbox (a copy)",
        _matched([], [build.outlook(task, marker=replace(ours, mailbox="m2"))], kind),
    )
    yield "the same subject and due date", _matched([record], [build.outlook(task)], kind)
    twins = [build.x3(TASK[Side.X3], key=key) for key in ("X1", "X2")]
    yield "the same subject and due date as two records", _matched(twins, [build.outlook(task)], kind)
    contact = ItemType.CONTACT
    person = build.x3(CONTACT[Side.X3], where=Where.ELSEWHERE, reps=(build.OTHER,))
    met = build.outlook(CONTACT[Side.OUTLOOK])
    yield "contact with the e-mail of another's X3 contact", _matched([], [met], contact, candidates=[person])
    yield from _first_events()


def _first_events() -> Iterator[tuple[str, tuple[Decision, ...]]]:
    kind = ItemType.APPOINTMENT
    content = APPOINTMENT[Side.OUTLOOK]
    meeting = build.alter(content, category=2)

    def alone(title: str, facts: EventFacts) -> tuple[str, tuple[Decision, ...]]:
        return title, _matched([], [build.outlook(meeting, event=facts)], kind)

    yield alone("meeting the user organises, new", build.organised())
    yield alone("invitation, accepted", build.invitation())
    yield alone("invitation, not answered", build.invitation(Response.NOT_RESPONDED))
    yield alone("invitation, declined", build.invitation(Response.DECLINED))
    yield alone("cancelled meeting", build.invitation(cancelled=True))
    yield alone("draft", build.organised(draft=True))
    claims = {("uid-m", None): (kind, "X1")}
    record = build.x3(APPOINTMENT[Side.X3], reps=(build.OTHER, build.ME))
    item = build.outlook(meeting, event=build.invitation())
    yield "invitation to a meeting that has a record", _matched([record], [item], kind, claims=claims)
    others = build.x3(APPOINTMENT[Side.X3], where=Where.ELSEWHERE, reps=(build.OTHER,))
    yield "invitation to a meeting of whose record the user is no part", _matched([others], [item], kind, claims=claims)
    gone = Absent(key="X1")
    yield "invitation to a meeting whose record is gone", _matched([gone], [item], kind, claims=claims)
    yield "record of a meeting that is not here", _matched([record], [], kind, claimed=frozenset({"X1"}))
    own = build.x3(APPOINTMENT[Side.X3], reps=(build.ME, build.OTHER))
    yield "record of his own meeting that is not here", _matched([own], [], kind, claimed=frozenset({"X1"}))


def linked_meetings() -> Iterator[tuple[str, tuple[Decision, ...]]]:
    """Linked meetings: by the user's part, what X3 and what Outlook shows."""
    parts = {
        "organiser, with attendees": (build.organised(), (build.ME,)),
        "attendee, record his own": (build.invitation(), (build.ME,)),
        "attendee, record his own, another in it": (build.invitation(), (build.ME, build.OTHER)),
        "attendee, record another's": (build.invitation(), (build.OTHER, build.ME)),
    }
    base = build.alter(APPOINTMENT[Side.OUTLOOK], category=2)
    for part, (facts, reps) in parts.items():
        x3 = build.alter(APPOINTMENT[Side.X3], category=2, participants=reps[1:])
        link = replace(
            build.link(ItemType.APPOINTMENT, owner=reps[0], born=Side.OUTLOOK, ical_uid="uid-m"),
            invited=not facts.organizer,
            x3=Look(content=x3),
            outlook=Look(content=base),
        )
        sides_x3: dict[str, Observation] = {
            "as last seen": build.x3(x3, reps=reps),
            "subject changed": build.x3(build.alter(x3, subject="changed in X3"), reps=reps),
            "contact changed": build.x3(build.alter(x3, relation=Relation(people=(Person(cor="COR1"),))), reps=reps),
            "gone": Absent(key="X1"),
            "another representative's": build.x3(x3, reps=("R003",), where=Where.ELSEWHERE),
        }
        as_seen = build.outlook(base, event=facts)
        moved = build.alter(base, when=build.LATER)
        sides_outlook: dict[str, Observation] = {
            "moved to another day": build.outlook(moved, event=facts),
            "declined": build.outlook(base, event=replace(facts, response=Response.DECLINED)),
            "cancelled": build.outlook(base, event=replace(facts, cancelled=True)),
            "gone": Absent(key="o1"),
        }
        if facts.organizer:
            del sides_outlook["declined"]
        for name, side in sides_x3.items():
            yield f"{part} | {name} | as last seen", decide(build.pair(link, side, as_seen), build.context())
        for name, side in sides_outlook.items():
            unchanged = sides_x3["as last seen"]
            yield f"{part} | as last seen | {name}", decide(build.pair(link, unchanged, side), build.context())
        released = replace(link, state=LinkState.RELEASED, x3=Look())
        found = decide(build.pair(released, sides_x3["gone"], as_seen), build.context())
        yield f"{part}, released when X3 deleted | gone | as last seen", found
        found = decide(build.pair(replace(link, state=LinkState.LINKED), UNREAD, sides_outlook["gone"]), build.context())
        yield f"{part} | not read | gone", found
