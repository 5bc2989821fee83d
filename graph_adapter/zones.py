"""Windows and IANA names of time zones, and instants as Graph writes them (A9).

The table is CLDR's windowsZones as tzlocal publishes it. Unknown names are reported by UnknownZone, never guessed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

_UTC_NAMES = frozenset({"", "utc", "tzone://microsoft/utc", "etc/utc", "z"})
_WINDOWS = {name.casefold(): iana for name, iana in win_tz.items()}


class UnknownZone(Exception):
    """No table knows this zone: the item that carries it cannot be placed in time."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def zone(name: str | None) -> ZoneInfo:
    """The zone of a Windows or IANA name; blank is UTC. Raises UnknownZone."""
    text = (name or "").strip()
    if text.casefold() in _UTC_NAMES:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(_WINDOWS.get(text.casefold(), text))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(text) from error


def windows_name(iana: str) -> str:
    """The Windows name of an IANA zone, which every version of Outlook understands; "UTC" when there is none."""
    return tz_win.get(iana, "UTC")


def instant(wall: str, name: str | None) -> datetime:
    """A dateTimeTimeZone as an aware UTC instant. Raises UnknownZone, and ValueError for what is no date-time."""
    found = datetime.fromisoformat(wall)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone(name))
    return found.astimezone(UTC)


def stamp(text: str | None) -> datetime | None:
    """A DateTimeOffset as an aware UTC instant; None when absent or unreadable."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def wall(moment: datetime, iana: str) -> tuple[str, str]:
    """(wall time, Windows zone name) of a UTC instant in the user's zone.

    Falls back to UTC where the wall time would be ambiguous (the hour that a clock change repeats), the zone has no Windows
    name, or its Windows zone keeps another time (America/Scoresbysund is told as the Azores).
    """
    windows = windows_name(iana)
    local = moment.astimezone(zone(iana)) if windows != "UTC" else moment
    ambiguous = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    if windows == "UTC" or ambiguous or local.replace(tzinfo=zone(windows)) != moment:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(), "UTC"
    return local.replace(tzinfo=None).isoformat(), windows


def day(wall_time: str, name: str | None, home: str) -> date:
    """The calendar date of a To Do date, which is a midnight: of the date itself, or of the user's zone told in another
    (clients that convert it to UTC). `home` is the user's IANA zone. Raises UnknownZone."""
    found = datetime.fromisoformat(wall_time)
    if found.time() == time(0):
        return found.date()
    return instant(wall_time, name).astimezone(zone(home)).date()


def birthday(text: str | None) -> date | None:
    """A contact's birthday: noon, 11:59 UTC, or a local midnight told in UTC; the nearest date. Outlook's 1604 means
    that the year is not known, which X3 cannot hold."""
    found = stamp(text)
    if found is None or found.year <= 1604:
        return None
    return (found + timedelta(hours=12)).date()
