"""Expansion of a patternedRecurrence into dates (docs: resources/recurrencepattern, recurrencerange)."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from infra.emulators.graph.errors import invalid

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEX = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
TYPES = ("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly")
HORIZON = 366 * 60  # days after which an endless series is not followed any more


def check(recurrence: dict[str, Any], start: date) -> dict[str, Any]:
    """The recurrence completed with Graph's defaults; 400 when it makes no sense."""
    pattern, span = dict(recurrence.get("pattern") or {}), dict(recurrence.get("range") or {})
    if pattern.get("type") not in TYPES or span.get("type") not in ("endDate", "noEnd", "numbered"):
        raise invalid("The recurrence needs a pattern and a range.")
    pattern["interval"] = int(pattern.get("interval") or 1)
    if pattern["interval"] < 1:
        raise invalid("interval must be at least 1.")
    defaults: dict[str, Any] = {"month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday", "index": "first"}
    pattern = {**defaults, **{k: v for k, v in pattern.items() if v is not None}}
    if not {str(d).lower() for d in pattern["daysOfWeek"]} <= set(_DAYS) or pattern["index"] not in _INDEX:
        raise invalid("daysOfWeek or index holds an unknown name.", "RequestBodyRead")
    if str(pattern["firstDayOfWeek"]).lower() not in _DAYS:
        raise invalid("firstDayOfWeek is no day of the week.", "RequestBodyRead")
    if pattern["type"] in ("weekly", "relativeMonthly", "relativeYearly") and not pattern["daysOfWeek"]:
        raise invalid("daysOfWeek is required for this pattern.")
    if pattern["type"] in ("absoluteMonthly", "absoluteYearly") and not pattern["dayOfMonth"]:
        raise invalid("dayOfMonth is required for this pattern.")
    span.setdefault("startDate", start.isoformat())
    if span["type"] == "endDate" and str(span.get("endDate", "")) < span["startDate"]:
        raise invalid("endDate must not be before startDate.")
    if span["type"] == "numbered" and int(span.get("numberOfOccurrences") or 0) < 1:
        raise invalid("numberOfOccurrences must be at least 1.")
    for name in ("startDate", "endDate"):
        try:
            date.fromisoformat(str(span.get(name) or "0001-01-01")[:10])
        except ValueError:
            raise invalid(f"Cannot convert '{span[name]}' to Edm.Date.", "RequestBodyRead") from None
    span.setdefault("recurrenceTimeZone", "")
    span.setdefault("endDate", "0001-01-01")
    span.setdefault("numberOfOccurrences", 0)
    return {"pattern": pattern, "range": span}


def dates(recurrence: dict[str, Any]) -> Iterator[date]:
    """Every date of the series in order, cancelled ones included."""
    span = recurrence["range"]
    first = date.fromisoformat(span["startDate"][:10])
    last = date.fromisoformat(span["endDate"][:10]) if span["type"] == "endDate" else first + timedelta(days=HORIZON)
    left = int(span["numberOfOccurrences"]) if span["type"] == "numbered" else HORIZON
    for day in _candidates(recurrence["pattern"], first, last):
        if day < first:
            continue
        if day > last or left == 0:
            return
        left -= 1
        yield day


def _candidates(pattern: dict[str, Any], first: date, last: date) -> Iterator[date]:
    kind, step = pattern["type"], pattern["interval"]
    names = {_DAYS.index(d.lower()) for d in pattern["daysOfWeek"]}
    if kind == "daily":
        day = first
        while day <= last:
            yield day
            day += timedelta(days=step)
    elif kind == "weekly":
        week_start = _DAYS.index(pattern["firstDayOfWeek"].lower())
        monday = first - timedelta(days=(first.weekday() - week_start) % 7)
        while monday <= last:
            for offset in range(7):
                day = monday + timedelta(days=offset)
                if day.weekday() in names:
                    yield day
            monday += timedelta(weeks=step)
    else:
        months = step * (12 if kind.endswith("Yearly") else 1)
        month = pattern["month"] if kind.endswith("Yearly") and pattern["month"] else first.month
        at = first.year * 12 + month - 1
        while at // 12 <= last.year:
            year, number = divmod(at, 12)
            found = _in_month(pattern, year, number + 1, names)
            if found is not None:
                yield found
            at += months


def _in_month(pattern: dict[str, Any], year: int, month: int, names: set[int]) -> date | None:
    length = calendar.monthrange(year, month)[1]
    if pattern["type"].startswith("absolute"):
        return date(year, month, min(int(pattern["dayOfMonth"]), length))
    fitting = [d for d in range(1, length + 1) if date(year, month, d).weekday() in names]
    index = _INDEX[pattern["index"]]
    return date(year, month, fitting[index]) if -len(fitting) <= index < len(fitting) else None
