"""The golden decision table: what the sync does, in words, for every situation of an item (house.md, "Core types").

Every row is computed by `decide`; `golden.md` is what a business person has read and agreed to. After a wanted change:
`python -m tests.reconcile.golden --write`, and read the difference before committing it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from reconcile.actions import (
    Assign,
    Create,
    Decision,
    Delete,
    Drop,
    Gate,
    Identify,
    Join,
    Mark,
    Step,
    Unassign,
    Update,
    Withdraw,
)
from reconcile.content import Content, ItemType, Side
from reconcile.model import UNREAD, Absent, Link, LinkState, Meeting, Observation, Pair, Private, Seen, Where
from reconcile.plan import decide
from tests.reconcile import build
from tests.reconcile.golden_meetings import meetings

FILE = Path(__file__).with_name("golden.md")
REGENERATE = "python -m tests.reconcile.golden --write"


class X3State(StrEnum):
    """What is found in X3."""

    AS_SEEN = "as last seen"
    CHANGED = "changed"
    OTHERS = "another representative's"
    OUT = "out of the window"
    GONE = "gone"
    ANOTHER = "another record under the same key"
    UNREAD = "not read"


class OutlookState(StrEnum):
    """What is found in Outlook."""

    AS_SEEN = "as last seen"
    CHANGED = "changed"
    SAME_FIELD = "changed, the field X3 changed"
    PRIVATE = "private"
    GONE = "gone"
    UNMANAGED = "in an unmanaged folder"
    OUT = "out of the window"
    UNREAD = "not read"


class Case(StrEnum):
    """The four types; appointments by the user's part in them."""

    CONTACT = "contact"
    TASK = "task"
    CALL = "call"
    OWN = "own appointment"
    PARTICIPANT = "appointment as participant"

    @property
    def type(self) -> ItemType:
        """The item type."""
        return ItemType.APPOINTMENT if self in (Case.OWN, Case.PARTICIPANT) else ItemType(self.value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is done, in words."""

    done: str
    link: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One situation of one case, and its outcome."""

    state: LinkState | None
    x3: X3State
    outlook: OutlookState
    case: Case
    outcome: Outcome


def rows() -> Iterator[Row]:
    """The complete product; without a link an item has no last look, contacts have no window."""
    for state in (None, *LinkState):
        for x3_state in X3State:
            for outlook_state in OutlookState:
                for case in Case:
                    if _exists(state, x3_state, outlook_state, case):
                        found = decide(_pair(state, x3_state, outlook_state, case), build.context())
                        yield Row(state, x3_state, outlook_state, case, outcome(found))


def _exists(state: LinkState | None, x3_state: X3State, outlook_state: OutlookState, case: Case) -> bool:
    if case is Case.CONTACT and (x3_state is X3State.OUT or outlook_state is OutlookState.OUT):
        return False
    if outlook_state is OutlookState.SAME_FIELD and x3_state is not X3State.CHANGED:
        return False
    if state is None:
        changed = x3_state is X3State.CHANGED or outlook_state in (OutlookState.CHANGED, OutlookState.SAME_FIELD)
        return not changed and x3_state is not X3State.ANOTHER
    return True


def _pair(state: LinkState | None, x3_state: X3State, outlook_state: OutlookState, case: Case) -> Pair:
    x3, outlook = _x3(x3_state, case), _outlook(outlook_state, case)
    meeting = (
        Meeting.MARKER if state is None and outlook is not UNREAD and not isinstance(outlook, Private) else Meeting.ALONE
    )
    pair = build.pair(_link(state, case), x3, outlook, meeting=meeting, item_type=case.type)
    return replace(pair, note="carries our marker" if meeting is Meeting.MARKER else "")


def _reps(case: Case) -> tuple[str, ...]:
    return (build.OTHER, build.ME) if case is Case.PARTICIPANT else (build.ME,)


def _content(case: Case, side: Side, **changes: str) -> Content:
    content = build.CONTENTS[case.type][side]
    if case is Case.PARTICIPANT and side is Side.X3:
        content = build.alter(content, participants=(build.ME,))
    return build.alter(content, **changes)


def _link(state: LinkState | None, case: Case) -> Link | None:
    if state is None:
        return None
    link = replace(build.link(case.type, state, owner=_reps(case)[0]), x3=Seen(content=_content(case, Side.X3)))
    # What was stored of an item that became private was erased (S4).
    return replace(link, x3=Seen(), outlook=Seen()) if state is LinkState.DETACHED else link


def _x3(state: X3State, case: Case) -> Observation:
    content, reps = _content(case, Side.X3), _reps(case)
    field = "function" if case is Case.CONTACT else "subject"
    match state:
        case X3State.CHANGED:
            return build.x3(build.alter(content, **{field: "changed in X3"}), reps=reps)
        case X3State.OTHERS:
            return build.x3(content, reps=(build.OTHER,), where=Where.ELSEWHERE)
        case X3State.OUT:
            return build.x3(content, reps=reps, where=Where.OUT_OF_WINDOW)
        case X3State.GONE:
            return Absent(key="X1")
        case X3State.ANOTHER:
            return build.x3(content, reps=reps, auuid="another")
        case X3State.UNREAD:
            return UNREAD
        case _:
            return build.x3(content, reps=reps)


def _outlook(state: OutlookState, case: Case) -> Observation:
    content = _content(case, Side.OUTLOOK)
    fields = ("function", "mobile") if case is Case.CONTACT else ("subject", "report")
    marker = build.marker(case.type)
    match state:
        case OutlookState.CHANGED:
            return build.outlook(build.alter(content, **{fields[1]: "changed in Outlook"}), marker=marker)
        case OutlookState.SAME_FIELD:
            later = build.EARLIER.replace(minute=30)
            return build.outlook(
                build.alter(content, **{fields[0]: "changed in Outlook"}), marker=marker, modified_at=later
            )
        case OutlookState.PRIVATE:
            return Private(key="o1")
        case OutlookState.GONE:
            return Absent(key="o1")
        case OutlookState.UNMANAGED:
            return build.outlook(content, where=Where.ELSEWHERE, marker=marker)
        case OutlookState.OUT:
            return build.outlook(content, where=Where.OUT_OF_WINDOW, marker=marker)
        case OutlookState.UNREAD:
            return UNREAD
        case _:
            return build.outlook(content, marker=marker)


# ------------------------------------------------------------------------------------------------ words


def outcome(decisions: Iterable[Decision]) -> Outcome:
    """Decisions in words."""
    made = tuple(decisions)
    first = made[0]
    return Outcome(
        done="; ".join(_done(decision) for decision in made),
        link=_becomes(first),
        rule=" / ".join(dict.fromkeys(str(d.rule) for d in made)),
        why=" / ".join(dict.fromkeys(d.why for d in made)),
    )


def _done(decision: Decision) -> str:
    words = ", ".join(_words(step) for step in decision.steps) or "nothing"
    if decision.erase:
        words = "forget what came from Outlook"
    if decision.problems:
        words += ", problem line"
    if decision.gate is Gate.HELD:
        return f"held ({decision.gate_rule}, {decision.gate_why}): {words}"
    if decision.gate is Gate.SKIPPED:
        return f"waits ({decision.gate_rule}, {decision.gate_why}): {words}"
    return words


def _words(step: Step) -> str:
    side = "X3" if step.side is Side.X3 else "Outlook"
    match step:
        case Create():
            return f"create in {side}"
        case Update():
            return f"update {side}: {', '.join(sorted(step.changes))}"
        case Delete():
            return f"delete in {side}"
        case Unassign():
            return f"unassign in {side}"
        case Assign():
            return f"assign in {side}"
        case Identify():
            return f"name the CRM contact in {side}"
        case Withdraw():
            return f"withdraw the participant in {side}"
        case Join():
            return f"add the participant in {side}"
        case Mark():
            return f"mark in {side}"


def _becomes(decision: Decision) -> str:
    before = decision.pair.link.state.value if decision.pair.link else "none"
    after = None if decision.gate is Gate.HELD else decision.after
    if after is None or after == before:
        return "stays" if decision.pair.link else "none"
    return "ends" if after is Drop.LINK else after.value


# ---------------------------------------------------------------------------------------------- markdown


def render() -> str:
    """The whole document."""
    lines = [
        "# What the sync decides",
        "",
        f"Generated by `{REGENERATE}`; compared by `make test`. One row a decision, with default settings, by the",
        "state of the link, what is found in X3 and what is found in Outlook. X3's change is of the subject (contacts: of",
        "the function), Outlook's of the text (contacts: of the mobile phone) or of the same field, half an hour later.",
        "*Stays*: the link stays as it is. Rule ids are those of the rules document.",
    ]
    found = list(rows())
    for state in (None, *LinkState):
        title = "No link yet, Outlook's item carries our marker" if state is None else f"Link state: {state.value}"
        lines += ["", f"## {title}", "", *_header("X3", "Outlook", "types")]
        for x3_state in X3State:
            of = [row for row in found if row.state is state and row.x3 is x3_state]
            lines += _merged(x3_state, of)
    lines += ["", *meetings(outcome, _header)]
    return "\n".join(lines) + "\n"


def _header(*titles: str) -> list[str]:
    columns = (*titles, "done", "link", "rule", "why")
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]


_WITHOUT_LINK = {"as last seen": "there", "not read": "nothing found or not read"}


def _merged(x3_state: X3State, found: list[Row]) -> list[str]:
    """Types with the same outcome share a row, and so do Outlook's states that follow each other."""
    blocks = []
    for outlook_state in OutlookState:
        of = [row for row in found if row.outlook is outlook_state]
        outcomes = dict.fromkeys(row.outcome for row in of)
        if of:
            blocks.append((outlook_state, tuple((_types(of, o), o) for o in outcomes)))
    lines = []
    for parts, group in groupby(blocks, key=lambda block: block[1]):
        words = _WITHOUT_LINK if found[0].state is None else {}
        states = ", ".join(words.get(block[0].value, block[0].value) for block in group)
        x3 = words.get(x3_state.value, x3_state.value)
        for types, o in parts:
            lines.append(f"| {x3} | {states} | {types} | {o.done} | {o.link} | {o.rule} | {o.why} |")
    return lines


def _types(of: list[Row], wanted: Outcome) -> str:
    cases = [row.case for row in of if row.outcome == wanted]
    if len(cases) == len({row.case for row in of}):
        return "all types" if Case.CONTACT in cases else "all but contacts"
    return ", ".join(case.value for case in cases)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        FILE.write_text(render(), encoding="utf-8")
    else:
        print(render())
