"""The clock both emulators share: real time plus an offset, so that it ticks wherever it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """An aware UTC clock that tests may set and advance."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The emulated instant, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        """Make `now()` continue from `moment` (naive values are taken as UTC)."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        self._offset = moment.astimezone(UTC) - datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Jump ahead (or back, when negative)."""
        self._offset += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Back to real time."""
        self._offset = timedelta(0)
