"""X3's way of writing dates, times, flags and lists, and what the four mappings share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reconcile.model import Company, Person, Priority, Relation
from reconcile.port import Refused
from reconcile.text import canonical, line
from x3_adapter.discovery import Description
from x3_adapter.payload import Data, Value

Fields = dict[str, Value]
YES, NO = "2", "1"
# X3 has no NULL: these stand for "no date" in databases under it (x3.md, section 2), should they ever come through.
_NO_DATES = frozenset({"", "0", "00000000", "15991231", "17530101"})


def _priorities() -> dict[str, Priority]:
    return {"": Priority.NORMAL, "1": Priority.HIGH, "2": Priority.NORMAL, "3": Priority.LOW}


def _titles() -> dict[str, str]:
    return {"1": "Mr", "2": "Mrs", "3": "Ms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The settings' tables, X3's code first.

    `priorities`: misc. table 405, folder data; the first code of a step is the one written. `titles`: local menu 941.
    `countries`: X3's country code -> ISO 3166 alpha-2, only where they differ. `due_required`: the folder's task screen
    wants a due date (TSKDAT), so a task without one is created as due on its start, or on the day it is created.
    """

    priorities: Mapping[str, Priority] = field(default_factory=_priorities)
    titles: Mapping[str, str] = field(default_factory=_titles)
    countries: Mapping[str, str] = field(default_factory=dict)
    due_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a mapping needs beside the record: the zone of X3's wall times, the tables, the published screen, X3's today in
    that zone (for `due_required`)."""

    zone: ZoneInfo
    tables: Tables
    screen: Description
    today: date | None = None


def read_date(text: str) -> date | None:
    """A date, or None for X3's empty ones and for what is no date."""
    if text in _NO_DATES:
        return None
    try:
        return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def write_date(day: date | None) -> str:
    """`YYYYMMDD`, blank for None."""
    return "" if day is None else f"{day:%Y%m%d}"


def instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time (`HHMM`, blank for midnight, 2400 for the next one).

    A wall time that occurs twice is its first occurrence; one that does not occur moves forward by the gap, as clocks do.
    """
    digits = clock.replace(":", "").rjust(4, "0") if clock else "0000"
    hours, minutes = (int(digits[:2]), int(digits[2:4])) if digits.isdigit() else (0, 0)
    return _shown(datetime.combine(day, time()) + timedelta(hours=min(hours, 24), minutes=min(minutes, 59)), zone)


def _shown(clock: datetime, zone: ZoneInfo) -> datetime:
    return clock.replace(tzinfo=zone, fold=0).astimezone(UTC)


def retold(moment: datetime, before: ZoneInfo, now: ZoneInfo) -> datetime:
    """When clocks in the zone `now` show what clocks in `before` show at `moment`, by the rules of `instant`."""
    return _shown(moment.astimezone(before), now)


def wall(moment: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """The date (`YYYYMMDD`) and wall time (`HHMM`) of an instant; X3 keeps no seconds."""
    local = moment.astimezone(zone)
    return f"{local:%Y%m%d}", f"{local:%H%M}"


def flag(value: bool) -> str:
    """Local menu 1."""
    return YES if value else NO


def one_line(text: str) -> str:
    """A one-line text in canonical form (C8)."""
    return line(text)


def long_text(data: Data, screen: Description, full: str, short: str) -> str:
    """A subject or report: the full text where the screen carries it, else the short column."""
    name = full if screen.has(full) else short
    return canonical(data.text(name) or data.text(short))


def long_field(screen: Description, full: str, short: str) -> str:
    """Where a subject or report is written."""
    return full if screen.has(full) else short


def padded(values: Iterable[str], size: int, merge_field: str) -> list[str]:
    """An array's texts, the rest blanked, so that fewer values leave no old one behind.

    Raises Refused when there are more than the array holds.
    """
    texts = list(values)
    if len(texts) > size:
        raise Refused(f"X3 holds {size} of these, not {len(texts)}", field=merge_field)
    return texts + [""] * (size - len(texts))


def read_relation(company: str, people: Iterable[str]) -> Relation:
    """Company and contacts: numbers only, names are the directory's (K rules)."""
    return Relation(company=Company(number=company), people=tuple(Person(cor=cor) for cor in people if cor))


def needed(screen: Description, fields: Fields, names: Mapping[str, str]) -> Fields:
    """`fields`, once they are known to fit the screen (C6).

    Raises Refused, with the merge field, for a field that is not on the published screen or a text that is too long:
    nothing was sent then.
    """
    for name, value in fields.items():
        merge_field = names.get(name, "")
        if not screen.has(name):
            raise Refused(f"{name} is not on the screen of {screen.publication}: publish it there", field=merge_field)
        limit = screen.length(name)
        longest = max(map(len, [value] if isinstance(value, str) else value), default=0)
        if 0 < limit < longest:
            raise Refused(f"{name}: {longest} characters, X3 holds {limit}", field=merge_field)
    return fields
