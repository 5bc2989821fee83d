"""Forced synchronisation (F1-F4): what a person asks for, and what it makes a pass look at.

Force widens what is looked at, never what is allowed. A forced pass decides nothing but what is forced, deletes nothing,
and leaves cursors, marks and X3's queue to the next ordinary pass, so it may be stopped or repeated at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from reconcile.context import Force
from reconcile.matching import X3Key
from reconcile.model import ItemType, Present
from x3_adapter.scope import ContactScope, CrmPerson, People, ScopeKind

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Source(StrEnum):
    """Which side a forced synchronisation starts from (F1-F3)."""

    X3 = "x3"
    OUTLOOK = "outlook"
    BOTH = "both"


class BadRequest(ValueError):
    """An argument of `resync` that cannot be understood, or does not go with the others; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """What was asked for. `since` (aware) is None for "since the last successful pass", which is `last_pass`; `keys` is a
    range of X3 keys, both ends included. `goes_on`: an earlier slice of it was carried out, and what a server refused then
    stands like any refusal (A7)."""

    source: Source
    since: datetime | None = None
    last_pass: datetime | None = None
    types: frozenset[ItemType] = frozenset(ItemType)
    keys: tuple[str, str] | None = None
    contacts: ContactScope = field(default_factory=ContactScope)
    goes_on: bool = False


class ForcedQuestions(Protocol):
    """What X3 is asked for a forced synchronisation, and the one thing it is told beside the port (F1)."""

    async def keys_of(self, types: Iterable[ItemType], days: tuple[date, date] | None = None) -> frozenset[X3Key]:
        """Every record of the representative, whatever its dates, or those that touch the days, both included."""
        ...

    async def people_of(self, wanted: ContactScope) -> People:
        """The contacts of a scope."""
        ...

    async def register(self, person: CrmPerson, sync_id: str) -> Present:
        """The card of a CRM contact that has none, with the representative's CORREP row."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is forced, and the CRM contacts without a card."""

    force: Force
    persons: tuple[CrmPerson, ...] = ()


def parse(
    source: str,
    *,
    since: str,
    types: str,
    keys: str,
    contacts: str,
    zone: str,
    last_pass: datetime | None = None,
    goes_on: bool = False,
) -> Forced:
    """The arguments of `resync` as they are typed; a date is a day in `zone`. Raises BadRequest."""
    try:
        origin = Source(source)
    except ValueError:
        raise BadRequest(f"--from {source}: x3, outlook or both.") from None
    chosen = _types(types)
    if origin is Source.X3 and since:
        raise BadRequest("--since speaks of Outlook's items: it needs --from outlook or both.")
    if origin is Source.OUTLOOK and (keys or contacts):
        raise BadRequest("--keys and --contacts speak of X3's records: they need --from x3 or both.")
    if contacts and ItemType.CONTACT not in chosen:
        raise BadRequest("--contacts needs contacts among the --types.")
    return Forced(
        source=origin,
        since=_since(since, zone) if since else None,
        last_pass=last_pass,
        types=chosen,
        keys=_range("--keys", keys) if keys else None,
        contacts=_contacts(contacts),
        goes_on=goes_on,
    )


def _types(text: str) -> frozenset[ItemType]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {item_type.value for item_type in ItemType}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise BadRequest(f"--types {','.join(wrong)}: {', '.join(sorted(known))}.")
    return frozenset(map(ItemType, names)) or frozenset(ItemType)


def _range(flag: str, text: str) -> tuple[str, str]:
    first, dots, last = text.upper().partition("..")
    if not dots or not first.strip() or not last.strip() or first.strip() > last.strip():
        raise BadRequest(f"{flag} {text}: a range is A..B, both ends included.")
    return first.strip(), last.strip()


def _contacts(text: str) -> ContactScope:
    kind, colon, ends = text.partition(":")
    if not text:
        return ContactScope()
    if kind == ScopeKind.REPRESENTATIVES and colon:
        first, last = _range("--contacts reps:", ends)
        return ContactScope(kind=ScopeKind.REPRESENTATIVES, first=first, last=last)
    if text in (ScopeKind.TOTAL, ScopeKind.OWN, ScopeKind.LEADS):
        return ContactScope(kind=ScopeKind(text))
    raise BadRequest(f"--contacts {text}: total, own, reps:A..B or leads.")


def _since(text: str, zone: str) -> datetime:
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"--since {text}: a date such as 2026-01-31, or a time such as 2026-01-31T09:00+01:00.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


# --------------------------------------------------------------------------------------------------- scope


async def scope_of(asked: Forced, x3: ForcedQuestions) -> Scope:
    """What is looked at. Raises the port's errors."""
    keys: frozenset[X3Key] = frozenset()
    people = People()
    if asked.source is not Source.OUTLOOK:
        keys = await x3.keys_of(sorted(asked.types))
        if ItemType.CONTACT in asked.types:
            people = await x3.people_of(asked.contacts)
            keys |= {(ItemType.CONTACT, card) for card in people.cards}
    if asked.keys is not None:
        first, last = asked.keys
        keys = frozenset(key for key in keys if first <= key[1] <= last)
        people = People()  # a CRM contact without a card has no key that could lie in the range
    outlook = asked.source is not Source.X3
    force = Force(
        x3=keys,
        since=(asked.since or asked.last_pass or LONG_AGO) if outlook else None,
        # What both sides show as last seen was not modified since the last pass: only a date named leaves it out.
        standing=outlook and asked.since is None,
        types=asked.types,
        only=True,
    )
    return Scope(force=force, persons=people.persons)


def with_cards(force: Force, cards: Iterable[str]) -> Force:
    """The same, with the cards of CRM contacts that had none."""
    return replace(force, x3=force.x3 | {(ItemType.CONTACT, card) for card in cards})
