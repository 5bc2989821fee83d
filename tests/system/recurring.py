"""Series as the scenarios make and read them: a recurrence, what the calendar shows of it, its records in X3."""

from __future__ import annotations

from datetime import date

from tests.system.outlook import Json
from tests.system.world import World, on

DAY = 24 * 3600
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def weekly(first: int, count: int = 0, *, on_day: str = "", until: date | None = None) -> Json:
    """A weekly recurrence from so many days from today: endless, or of `count` occurrences, or to a date."""
    span: Json = {"type": "noEnd", "startDate": str(on(first))}
    if count:
        span |= {"type": "numbered", "numberOfOccurrences": count}
    if until:
        span |= {"type": "endDate", "endDate": str(until)}
    names = [on_day or WEEKDAYS[on(first).weekday()]]
    return {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": names}, "range": span}


def shown(world: World, first: int = -40, last: int = 240) -> list[Json]:
    """What Alice's calendar shows, in order."""
    return sorted(world.alice.occurrences(str(on(first)), str(on(last))), key=lambda row: str(row["start"]["dateTime"]))


def records(world: World) -> dict[str, str]:
    """X3's appointments: key -> day and hour."""
    return {row["APTNUM"]: f"{row['APTDAT']} {row['APTHOU']}" for row in world.sage.all("ZBAP")}


def days(world: World) -> list[str]:
    """The days of X3's appointments, in order."""
    return sorted(row["APTDAT"] for row in world.sage.all("ZBAP"))


def key_on(world: World, day: str) -> str:
    """The key of X3's one appointment on a day."""
    (key,) = [row["APTNUM"] for row in world.sage.all("ZBAP") if row["APTDAT"] == day]
    return str(key)


def renames_the_first_alone(world: World, key: str) -> None:
    """The record is that of the first of four visits: X3's edit of it leaves the series alone."""
    world.later()
    world.sage.modify("ZBAP", key, FULOBJ="First")
    world.sync()
    assert [row["subject"] for row in shown(world)] == ["First", "Visit", "Visit", "Visit"]
    world.quiet()
