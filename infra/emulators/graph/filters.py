"""`$filter` as Outlook understands it: comparisons, and/or/not, startswith/contains/endswith, `any` lambdas.

Strings compare without case, as Exchange does, extended property values too (graph: ep/value).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from infra.emulators.graph import extprops
from infra.emulators.graph.errors import GraphError

Test = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<date>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_@][\w./@]*)"
    r"|(?P<mark>[():,]))"
)
_OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le")
_FUNCTIONS = ("startswith", "contains", "endswith")
# Edm.DateTimeOffset: written without quotes, unlike the Edm.String of start/dateTime.
_INSTANTS = ("createddatetime", "lastmodifieddatetime", "bodylastmodifieddatetime", "originalstart", "birthday")


def bad_filter(text: str) -> GraphError:
    """Graph's answer to a filter it cannot read."""
    return GraphError(400, "BadRequest", f"Invalid filter clause: {text}")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found or found.end() == at:
                raise bad_filter(text)
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind]))
            at = found.end()
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def mark(self, mark: str) -> None:
        if self.next()[1] != mark:
            raise bad_filter(self.text)

    def whole(self) -> Test:
        test = self.either()
        if self.at != len(self.tokens):
            raise bad_filter(self.text)
        return test

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek()[1].lower() == "or":
            self.next()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda row: any(t(row) for t in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.peek()[1].lower() == "and":
            self.next()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda row: all(t(row) for t in tests)

    def one(self) -> Test:
        kind, value = self.next()
        if value == "(":
            test = self.either()
            self.mark(")")
            return test
        if kind != "name":
            raise bad_filter(self.text)
        if value.lower() == "not":
            negated = self.one()
            return lambda row: not negated(row)
        if value.lower() in _FUNCTIONS and self.peek()[1] == "(":
            return self.function(value.lower())
        if value.lower().endswith("/any") and self.peek()[1] == "(":
            return self.any(value[:-4])
        operator = self.next()[1].lower()
        if operator not in _OPERATORS:
            raise bad_filter(self.text)
        if (value.lower() in _INSTANTS) is not (self.peek()[0] == "date") and self.peek()[1].lower() != "null":
            raise bad_filter(self.text)
        return _comparison(value, operator, self.literal())

    def literal(self) -> Any:
        kind, value = self.next()
        if kind == "text":
            return value[1:-1].replace("''", "'")
        if kind == "number":
            return float(value) if "." in value else int(value)
        if kind == "date":
            return value
        if kind == "name" and value.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[value.lower()]
        raise bad_filter(self.text)

    def function(self, name: str) -> Test:
        self.mark("(")
        _, path = self.next()
        self.mark(",")
        wanted = str(self.literal()).casefold()
        self.mark(")")

        def test(row: dict[str, Any]) -> bool:
            have = str(_value(row, path) or "").casefold()
            if name == "startswith":
                return have.startswith(wanted)
            return have.endswith(wanted) if name == "endswith" else wanted in have

        return test

    def any(self, collection: str) -> Test:
        self.mark("(")
        variable = self.next()[1]
        self.mark(":")
        inner = self.either()
        self.mark(")")

        def test(row: dict[str, Any]) -> bool:
            members = _value(row, collection) or []
            return any(inner({variable: m}) for m in members)

        return test


def _value(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for step in path.split("/"):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _moment(text: str) -> datetime | None:
    plain = re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return moment.replace(tzinfo=None) - (moment.utcoffset() or moment - moment)


def _pair(have: Any, wanted: Any) -> tuple[Any, Any]:
    if isinstance(have, str) and isinstance(wanted, str):
        first, second = (_moment(have), _moment(wanted)) if wanted[:4].isdigit() else (None, None)
        if first is not None and second is not None:
            return first, second
        return have.casefold(), wanted.casefold()
    return have, wanted


def _comparison(path: str, operator: str, wanted: Any) -> Test:
    is_property_id = path.endswith("/id") and isinstance(wanted, str) and " " in wanted
    target = extprops.canonical(wanted) if is_property_id else wanted

    def test(row: dict[str, Any]) -> bool:
        have = _value(row, path)
        if is_property_id:
            return (have == target) is (operator == "eq")
        left, right = _pair(have, target)
        if operator == "eq":
            return bool(left == right)
        if operator == "ne":
            return bool(left != right)
        if left is None or right is None or type(left) is not type(right):
            return False
        return bool({"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[operator])

    return test


def compile_filter(text: str) -> Test:
    """A predicate over the rendered JSON of an item. Raises GraphError 400."""
    return _Parser(text).whole()


def property_ids(text: str) -> list[str]:
    """The ids asked for in `$filter=id eq 'A' or id eq 'B'` inside `$expand`, normalised."""
    return [extprops.canonical(x.replace("''", "'")) for x in re.findall(r"\bid\s+eq\s+'((?:[^']|'')*)'", text)]
