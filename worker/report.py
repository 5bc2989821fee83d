"""The processing report of a pass (R1): counts, decisions, classes of events, requests; as JSON, text and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconcile import events
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
    Problem,
    Rule,
    Step,
    Unassign,
    Update,
    Withdraw,
)
from reconcile.model import ItemType, Kind, LinkState, Observation, Present, Private, Side

DONE, HELD, SKIPPED, PROBLEM, LATER, MOVED, PLANNED = "done", "held", "skipped", "problem", "later", "moved", "planned"


@dataclass(slots=True)
class Outcome:
    """What became of a decision. `steps` are those carried out (in a preview: those that would be)."""

    decision: Decision
    status: str
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    why: str = ""
    x3_key: str = ""
    outlook_key: str = ""


def _zero() -> dict[str, Any]:
    return {
        "x3": {"created": 0, "updated": 0, "deleted": 0, "unassigned": 0},
        "outlook": {"created": 0, "updated": 0, "deleted": 0},
        "linked": 0,
        "unlinked": 0,
        "in_step": 0,
        "held": 0,
        "skipped": 0,
        "private": 0,
        "problems": 0,
    }


@dataclass(slots=True)
class Report:
    """Collects a pass; `document` is what contract.md fixes."""

    user: str
    pass_id: str
    cause: str
    mode: str
    full: bool
    started: datetime
    seconds: float = 0.0
    whole_hold: str = ""
    foreign: int = 0
    counts: dict[str, dict[str, Any]] = field(default_factory=lambda: {t.value: _zero() for t in ItemType})
    classes: dict[str, int] = field(default_factory=lambda: {c.value: 0 for c in events.EventClass})
    writes: dict[str, int] = field(default_factory=lambda: {"x3": 0, "outlook": 0})
    requests: dict[str, int] = field(default_factory=lambda: {"graph": 0, "graph_parts": 0, "x3": 0})
    would_mail: int = 0
    decisions: list[dict[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    waiting: int = 0
    unfinished: bool = False  # a slice: the user's marks stay, and the next pass goes on
    ended: str = ""  # why the pass ended before its time: a side did not answer, or refused everything

    def observe(self, outlook: Mapping[tuple[Kind, str], Observation]) -> None:
        """Count private items and the classes of events (A5)."""
        for (kind, _), observed in outlook.items():
            if isinstance(observed, Private):
                item_type = {Kind.CONTACT: ItemType.CONTACT, Kind.TASK: ItemType.TASK}.get(kind, ItemType.APPOINTMENT)
                self.counts[item_type.value]["private"] += 1
            elif isinstance(observed, Present) and kind is Kind.EVENT:
                self.classes[events.classify(observed).value] += 1

    def in_step(self, counted: Mapping[ItemType, int]) -> None:
        """Count pairs that looked as they did."""
        for item_type, number in counted.items():
            self.counts[item_type.value]["in_step"] += number

    def add(self, outcome: Outcome) -> None:
        """Take one outcome into counts and list."""
        decision = outcome.decision
        counts = self.counts[decision.pair.type.value]
        link = decision.pair.link
        if outcome.status == HELD:
            counts["held"] += 1
            self.would_mail += decision.mails
        elif outcome.status == SKIPPED:
            counts["skipped"] += 1
        elif outcome.status in (LATER, MOVED):
            self.waiting += 1
        counts["problems"] += len(outcome.problems)
        agreed = decision.rule in (Rule.C1, Rule.C5) and not outcome.problems
        if (agreed or decision.rule is Rule.IN_STEP) and not decision.steps:
            counts["in_step"] += 1
            return
        if outcome.status in (DONE, PLANNED):
            if isinstance(decision.after, LinkState) and (link is None or link.state is not decision.after):
                counts["linked" if decision.after is LinkState.LINKED else "unlinked"] += 1
            elif decision.after is Drop.LINK:
                counts["unlinked"] += 1
        for step in outcome.steps:
            self._count(step, counts)
        self._list(outcome)

    def _count(self, step: Step, counts: dict[str, Any]) -> None:
        self.writes[step.side.value] += 1
        side = counts[step.side.value]
        match step:
            case Create():
                side["created"] += 1
            case Update() | Assign() | Identify() | Join():
                side["updated"] += 1
            case Delete():
                side["deleted"] += 1
            case Unassign() | Withdraw():
                side["unassigned"] += 1
            case Mark():
                pass

    def _list(self, outcome: Outcome) -> None:
        decision = outcome.decision
        steps: Sequence[Step | None] = (
            [s for s in decision.steps if not isinstance(s, Mark)] or list(decision.steps) or [None]
        )
        said = [problem for problem in outcome.problems if problem.said_by is not None]
        for step in steps:
            told = said if step is steps[-1] else [one for one in said if step is not None and one.said_by is step.side]
            said = [one for one in said if one not in told]
            self.decisions.append(
                {
                    "type": decision.pair.type.value,
                    "x3_key": outcome.x3_key or decision.pair.key(Side.X3),
                    "outlook_id": outcome.outlook_key or decision.pair.key(Side.OUTLOOK),
                    "rule": (decision.gate_rule or decision.rule).value,
                    "action": type(step).__name__.lower() if step is not None else decision.verb,
                    "on": step.side.value if step is not None else "",
                    "why": outcome.why or _sentence(decision),
                    "outcome": outcome.status,
                    "message": "; ".join(one.message for one in told),
                    "log_code": ", ".join(dict.fromkeys(one.log_code for one in told if one.log_code)),
                }
            )

    def document(self) -> dict[str, Any]:
        """The JSON document of contract.md, with what extends it."""
        return {
            "user": self.user,
            "pass": self.pass_id,
            "cause": self.cause,
            "mode": self.mode,
            "full": self.full,
            "started": self.started.isoformat(),
            "seconds": round(self.seconds, 3),
            "held_as_a_whole": self.whole_hold,
            "ended": self.ended,
            "counts": self.counts,
            "writes": self.writes,
            "requests": self.requests,
            "outlook_classes": self.classes,
            "would_mail": self.would_mail,
            "foreign": self.foreign,
            "waiting": self.waiting,
            "alerts": self.alerts,
            "decisions": self.decisions,
        }


def _sentence(decision: Decision) -> str:
    return f"{decision.why}; {decision.gate_why}" if decision.gate is not Gate.OPEN and decision.gate_why else decision.why


# ------------------------------------------------------------------------------------------------- shown


def as_text(document: Mapping[str, Any]) -> str:
    """The report to be read or pasted into a mail (R1)."""
    lines = [
        f"x3sync report - user {document['user']} - pass {document['pass']}",
        f"cause {document['cause']}, {document['mode']}{', complete' if document['full'] else ''}, {document['seconds']} s",
    ]
    if document.get("held_as_a_whole"):
        lines.append(f"HELD AS A WHOLE: {document['held_as_a_whole']}")
    if document.get("ended"):
        lines.append(f"ENDED EARLY: {document['ended']}")
    for name, counts in document["counts"].items():
        x3, outlook = counts["x3"], counts["outlook"]
        lines.append(
            f"{name}: X3 +{x3['created']} ~{x3['updated']} -{x3['deleted']} (unassigned {x3['unassigned']}); "
            f"Outlook +{outlook['created']} ~{outlook['updated']} -{outlook['deleted']}; linked {counts['linked']}, "
            f"unlinked {counts['unlinked']}, in step {counts['in_step']}, held {counts['held']}, "
            f"skipped {counts['skipped']}, private {counts['private']}, problems {counts['problems']}"
        )
    classes = document["outlook_classes"]
    lines.append(
        f"events: managed {classes['managed']}, not managed {classes['not_managed']}, "
        f"cancelled meeting {classes['cancelled']}, meeting request {classes['request']}"
    )
    lines.extend(f"ALERT: {alert}" for alert in document.get("alerts", ()))
    for entry in document["decisions"]:
        where = f" on {entry['on']}" if entry["on"] else ""
        lines.append(
            f"[{entry['rule']}] {entry['type']} {entry['x3_key'] or '(not in X3)'}: {entry['action']}{where}"
            f" - {entry['outcome']} - {entry['why']}"
        )
        if entry.get("message"):
            lines.append(f"Distant server message: {entry['message']}")
        if entry.get("log_code"):
            lines.append(f"- - - Log code on distant server: {entry['log_code']} - - -")
    return "\n".join(lines)


def as_csv(document: Mapping[str, Any]) -> str:
    """One line a decision."""
    out = io.StringIO()
    columns = ["type", "x3_key", "outlook_id", "rule", "action", "on", "why", "outcome", "message", "log_code"]
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(document["decisions"])
    return out.getvalue()
