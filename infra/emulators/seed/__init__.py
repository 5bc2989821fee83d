"""One generator for both emulators, so that X3 and the mailboxes belong to the same company.

`demo` is a small office with every kind of item; `empty` has people, partners and folders only; `load:M:N` gives M
mailboxes N items each, half born in X3 and half in Outlook; `load:M:N:x3` and `load:M:N:outlook` put all on one side.
The same name and moment always give the same world.
"""

from datetime import datetime

from infra.emulators.seed.base import empty
from infra.emulators.seed.demo import demo
from infra.emulators.seed.load import load
from infra.emulators.seed.model import World

__all__ = ["World", "build"]


def build(name: str, now: datetime) -> World:
    """The world of that name around `now` (aware, UTC). Raises ValueError for a name no generator knows."""
    kind, *rest = name.split(":")
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    if kind == "empty" and not rest:
        return empty(name, now)
    if kind == "demo" and not rest:
        return demo(name, now)
    if kind == "load" and len(rest) in (2, 3) and rest[0].isdigit() and rest[1].isdigit():
        side = rest[2] if len(rest) == 3 else "both"
        if side in ("x3", "outlook", "both"):
            return load(name, now, int(rest[0]), int(rest[1]), side)
    raise ValueError(f"unknown seed {name!r}: demo, empty, load:MAILBOXES:ITEMS[:x3|outlook|both]")
