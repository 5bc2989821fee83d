"""The only clock of the product. Everything that needs the time is handed a `Clock`, or an instant."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Read = Callable[[], datetime]
_FRESH_SECONDS = 1.0
_SINCE_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class Clock:
    """The time, and the seconds between two moments. Safe to use from any thread."""

    def __init__(self, read: Read) -> None:
        self._read = read

    @classmethod
    def of_machine(cls) -> Clock:
        """The machine's own clock."""
        return cls(lambda: datetime.now(UTC))

    @classmethod
    def following(cls, url: str) -> Clock:
        """The clock of the emulators at `url` (tests; the settings allow loopback only), asked at most once a second.

        `now` raises OSError while nobody answers there and ValueError for an answer that is no instant.
        """
        return cls(_Followed(url).now)

    @classmethod
    def chosen(cls, url: str) -> Clock:
        """By the setting CLOCK_URL: followed, or the machine's own when it is blank."""
        return cls.following(url) if url else cls.of_machine()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._read()

    def monotonic(self) -> float:
        """Seconds that only ever grow, for measuring; never moved by anybody, also not by the emulators. They pass while
        the machine sleeps, where it can tell (Linux): somebody else may have a user's lease when it wakes up."""
        return time.monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)


class _Followed:
    """Keeps the difference to the machine's clock for a second, so that reading the time costs nothing."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/_emulator/clock"
        self._offset = timedelta()
        self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            if time.monotonic() - self._asked_at >= _FRESH_SECONDS:
                self._offset = self._ask() - datetime.now(UTC)
                self._asked_at = time.monotonic()
            return datetime.now(UTC) + self._offset

    def _ask(self) -> datetime:
        # The settings let only loopback addresses through; proxies of the environment are none of its business.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self._url, timeout=5) as answer:
            told = datetime.fromisoformat(json.load(answer)["now"])
        if told.tzinfo is None:
            raise ValueError("the followed clock told an instant without a zone")
        return told.astimezone(UTC)
