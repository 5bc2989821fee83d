"""When something is to be looked at again: often while things happen, ever more seldom while nothing does.

Kept among the cursors, so that it survives every process and two of them at once do no harm: both store the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from worker.state import dirty
from worker.state.store import Store

T = TypeVar("T", bound="Rhythm")
_GROWTH = 1.5


class Rhythm(msgspec.Struct, kw_only=True):
    """When it was last looked at, and after how many seconds it is looked at again."""

    at: datetime
    pause: float


def load(store: Store, name: str, shape: type[T], user_id: int = dirty.INSTALLATION) -> T | None:
    """A stored rhythm; None before the first look."""
    with store.read() as tx:
        value = dirty.cursors(tx, user_id).get(name)
    return msgspec.json.decode(value, type=shape) if value else None


def encoded(rhythm: msgspec.Struct) -> str:
    """As it is stored."""
    return msgspec.json.encode(rhythm).decode()


def due(known: Rhythm | None, now: datetime) -> bool:
    """Whether it is time. A second of grace: beat and clock are not the same. A clock that was set back must not silence a
    poll."""
    return known is None or now < known.at or (now - known.at).total_seconds() >= known.pause - min(1.0, known.pause / 10)


def longer(known: Rhythm | None, shortest: float, longest: float) -> float:
    """The next pause when nothing happened, in seconds."""
    return shortest if known is None else max(shortest, min(longest, known.pause * _GROWTH))
