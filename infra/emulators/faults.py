"""Faults a test asks for through `POST /_emulator/faults`: which request they hit, and how often."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

GRAPH_KEYS = frozenset({"method", "path", "mailbox"})
X3_KEYS = frozenset({"operation", "object"})
# These happen to the service, not to one request; without `times` they last until DELETE faults.
NOTIFICATION_ACTIONS = frozenset({"lose_notifications", "double_notifications", "delay_notifications"})
IMMEDIATE_ACTIONS = frozenset({"expire_cursors", "drop_subscriptions"})
ACTIONS = (
    frozenset({"drop_after_commit", "status", "delay", "html_502", "empty_listing"})
    | frozenset({"lock_record", "nil_result", "pool_exhausted", "refuse"})
    | NOTIFICATION_ACTIONS
    | IMMEDIATE_ACTIONS
)


class BadRuleError(ValueError):
    """A fault rule that cannot be understood; its text goes back to the caller as 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is to happen to the request that matched."""

    action: str
    status: int = 503
    retry_after: int | None = None
    code: str = ""
    inner_code: str = ""
    message: str = ""
    commit: bool = False
    seconds: float = 0.0
    rule: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    match: dict[str, str]
    side: str
    nth: int
    every: bool
    times: int | None
    seen: int = 0
    fired: int = 0

    def fits(self, side: str, attributes: dict[str, str]) -> bool:
        if self.side and self.side != side:
            return False
        for key, wanted in self.match.items():
            have = attributes.get(key, "")
            if key == "path":
                if wanted not in have:
                    return False
            elif key == "mailbox":
                if wanted.casefold() not in have.casefold().split():
                    return False
            elif wanted.casefold() != have.casefold():
                return False
        return True

    def fires(self) -> bool:
        self.seen += 1
        if self.times is not None and self.fired >= self.times:
            return False
        due = self.seen % self.nth == 0 if self.every else self.seen >= self.nth
        if due:
            self.fired += 1
        return due


class FaultBook:
    """The rules in force. `take` is called once per request (and per part of a `$batch`)."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, rule: dict[str, Any], side: str = "") -> Fault:
        """Add one rule; `side` ("graph" or "x3") counts when its match names no side. Raises BadRuleError."""
        action = str(rule.get("action", ""))
        if action not in ACTIONS:
            raise BadRuleError(f"unknown action {action!r}; known: {', '.join(sorted(ACTIONS))}")
        match = rule.get("match") or {}
        if not isinstance(match, dict) or not set(match) <= GRAPH_KEYS | X3_KEYS:
            raise BadRuleError(f"match accepts {', '.join(sorted(GRAPH_KEYS | X3_KEYS))}")
        if set(match) & GRAPH_KEYS:
            side = "graph"
        elif set(match) & X3_KEYS:
            side = "x3"
        every = bool(rule.get("every", False))
        nth = max(1, int(rule.get("nth") or 1))
        times: int | None = None if every or action in NOTIFICATION_ACTIONS else 1
        if rule.get("times") is not None:
            times = int(rule["times"])
        fault = Fault(
            action=action,
            status=int(rule.get("status") or 503),
            retry_after=None if rule.get("retry_after") is None else int(rule["retry_after"]),
            code=str(rule.get("code") or ""),
            inner_code=str(rule.get("inner_code") or ""),
            message=str(rule.get("message") or ""),
            commit=bool(rule.get("commit", False)),
            seconds=float(rule.get("seconds") or 0.0),
            rule=dict(rule),
        )
        self._rules.append(_Rule(fault, {k: str(v) for k, v in match.items()}, side, nth, every, times))
        return fault

    def withdraw(self, fault: Fault) -> None:
        """Forget the rule of a fault that has already been carried out."""
        self._rules = [rule for rule in self._rules if rule.fault is not fault]

    def clear(self) -> None:
        """Forget every rule."""
        self._rules.clear()

    def take(self, *, among: Collection[str] | None = None, **attributes: str) -> Fault | None:
        """The fault for this request, or None.

        Graph passes method, path and mailbox (id and address, separated by a blank), X3 operation and object. Every
        matching rule counts the request; the first one due decides. `among` narrows the actions looked at.
        """
        side = "x3" if attributes.keys() & X3_KEYS else "graph"
        due: Fault | None = None
        for rule in self._rules:
            wanted = rule.fault.action in among if among is not None else rule.fault.action not in NOTIFICATION_ACTIONS
            if wanted and rule.fits(side, attributes) and rule.fires() and due is None:
                due = rule.fault
        return due

    def as_list(self) -> list[dict[str, Any]]:
        """The rules with their counters, for `GET faults`."""
        return [{**r.fault.rule, "side": r.side, "seen": r.seen, "fired": r.fired} for r in self._rules]
