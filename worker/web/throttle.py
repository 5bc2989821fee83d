"""How much a second may come in. Graph tries again what is refused; nobody else has a claim to be heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate` a second on average, `burst` at once. `monotonic` in seconds."""

    rate: float
    burst: float
    monotonic: Callable[[], float]
    _level: float = -1.0
    _at: float = 0.0

    def take(self) -> bool:
        """Whether there is room for one more."""
        now = self.monotonic()
        self._level = self.burst if self._level < 0 else min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
