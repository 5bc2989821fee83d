"""X3's stamps: 14 digits, UTC, whole seconds (CONTRACT.md), and what one second of resolution means for a version."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

UNSETTLED = "~"
SETTLING = timedelta(seconds=2)
_DIGITS = re.compile(r"\D")


def parse(text: str) -> datetime | None:
    """The instant of a stamp, aware, UTC; None when there is none.

    The sub-programs send 14 digits; a screen may show UPDDATTIM with separators, so everything else is dropped first.
    """
    digits = _DIGITS.sub("", text)[:14]
    if len(digits) < 14:
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def render(moment: datetime) -> str:
    """The stamp of an aware instant."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def version(stamp: str, now: datetime | None) -> str:
    """The version of a record with `stamp`, looked at when X3's clock was at least at `now`.

    A record can change twice within one second, so a stamp younger than two seconds does not tell the second change from
    the first: such a version ends in "~" and equals no other one, and the next pass looks again.
    """
    moment = parse(stamp)
    settled = moment is not None and now is not None and now - moment >= SETTLING
    return render(moment) + ("" if settled else UNSETTLED) if moment is not None else UNSETTLED
