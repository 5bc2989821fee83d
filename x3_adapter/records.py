"""Reading records for one user: from X3's screens and key sets to observations (S1, S6, S8).

A record's stamp is never taken from a later moment than its content: an older stamp only makes the next pass look again, a
newer one would hide a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from reconcile.model import (
    UNREAD,
    Absent,
    Appointment,
    Call,
    Contact,
    Content,
    ItemType,
    Observation,
    Present,
    Task,
    Where,
    Window,
    X3Facts,
)
from reconcile.port import Ref, Refused, TryLater
from x3_adapter import programs, stamps
from x3_adapter.discovery import Description, describe
from x3_adapter.mapping import FORMS, IDENTITY, STAMP, Form, Tables, Terms, appointments, contacts
from x3_adapter.payload import Data
from x3_adapter.programs import Row
from x3_adapter.soap import X3

T = TypeVar("T")
_SLICE = 256  # records under way at once: enough to keep the pool busy, few enough to keep memory flat
_ENOUGH = 4  # failures without a single answer that mean "X3 is away"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmScope:
    """For whom X3 is looked at: the X3 user, his representative, the IANA zone of X3's wall times, his window (U5), and the
    settings' tables."""

    user: str
    representative: str
    zone: str
    window: Window
    tables: Tables = field(default_factory=Tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A record that was read: as X3 shows it and as the sync sees it."""

    data: Data
    present: Present


class Records:
    """The four published objects, as one user sees them. Raises the port's errors."""

    def __init__(self, x3: X3, scope: CrmScope) -> None:
        self.x3 = x3
        self.scope = scope
        self.screens: dict[ItemType, Description] = {}
        self._zone = ZoneInfo(scope.zone)

    async def prepare(self) -> None:
        """Learn where the fields live; asked once for a connection. Raises Stop when an object is not published."""
        if len(self.screens) == len(ItemType) and all(self.publication(t) in self.x3.descriptions for t in ItemType):
            return
        found = await together([describe(self.x3, self.publication(item_type)) for item_type in ItemType])
        self.screens = dict(zip(ItemType, found, strict=True))

    def publication(self, item_type: ItemType) -> str:
        """The published name of a type's object."""
        return self.x3.connection.objects[item_type.code]

    def terms(self, item_type: ItemType) -> Terms:
        """What the mapping of a type needs."""
        return Terms(zone=self._zone, tables=self.scope.tables, screen=self.screens[item_type], today=self._today())

    def _today(self) -> date | None:
        now = self.x3.not_before()
        return None if now is None else now.astimezone(self._zone).date()

    # ---------------------------------------------------------------------------------------------- reading

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Observation]:
        """The present look of each. Absent only with X3's proof; Unread for what X3 did not show although it is there.

        Raises TryLater when X3 answers for none of them.
        """
        await self.prepare()
        by_type: dict[ItemType, list[Ref]] = {}
        for ref in refs:
            if ref.type is not None:
                by_type.setdefault(ref.type, []).append(ref)
        parts = await together([self._read_type(item_type, some) for item_type, some in by_type.items()])
        found = {ref: look for part in parts for ref, look in part.items()}
        return {ref: found.get(ref, UNREAD) for ref in refs}

    async def _read_type(self, item_type: ItemType, refs: Sequence[Ref]) -> dict[Ref, Observation]:
        keys = list(dict.fromkeys(ref.key for ref in refs))
        rows: dict[str, Row] = {}
        gone: frozenset[str] = frozenset()
        if not self._tells_all(item_type):
            known = await programs.known(self.x3, item_type, keys)
            rows, gone = {row.key: row for row in known.rows}, known.gone
        wanted = [key for key in keys if key not in gone]
        seen: dict[str, Present] = {}
        for start in range(0, len(wanted), _SLICE):
            part = wanted[start : start + _SLICE]
            looks = await settled([self._present(item_type, key, rows.get(key)) for key in part])
            seen |= {key: look for key, look in zip(part, looks, strict=True) if look is not None}
        unread = [key for key in wanted if key not in seen]
        if unread and self._tells_all(item_type):
            # A fault on reading proves nothing by itself: the key set does (S8).
            gone = (await programs.known(self.x3, item_type, unread)).gone
        return {
            ref: seen[ref.key] if ref.key in seen else Absent(key=ref.key) if ref.key in gone else UNREAD for ref in refs
        }

    def _tells_all(self, item_type: ItemType) -> bool:
        """Whether a record shows its own stamp and AUUID. A contact's stamp also counts its CORREP rows, so the key set is
        asked first."""
        screen = self.screens[item_type]
        return item_type is not ItemType.CONTACT and not screen.missing((STAMP, IDENTITY))

    async def _look(self, item_type: ItemType, key: str, row: Row | None) -> Seen | None:
        """One record; None when X3 does not show it."""
        try:
            data = await self.x3.read(self.publication(item_type), {FORMS[item_type].key: key})
        except Refused:
            return None
        return self.seen(item_type, data, row)

    async def _present(self, item_type: ItemType, key: str, row: Row | None) -> Present | None:
        """The same without X3's own picture of it, which a long listing has no room for."""
        look = await self._look(item_type, key, row)
        return look.present if look is not None else None

    async def one(self, item_type: ItemType, key: str) -> Seen | None:
        """One record as it is now; None when it is proven gone.

        Raises TryLater when it is there and X3 does not show it.
        """
        await self.prepare()
        row: Row | None = None
        if not self._tells_all(item_type):
            known = await programs.known(self.x3, item_type, [key])
            if key in known.gone:
                return None
            row = next(iter(known.rows), None)
        look = await self._look(item_type, key, row)
        if look is None and key not in (await programs.known(self.x3, item_type, [key])).gone:
            raise TryLater(f"{item_type.code} {key} is there, but X3 does not show it")
        return look

    async def after_write(self, item_type: ItemType, data: Data) -> Seen | None:
        """A record as the answer of a write shows it; the key set is asked for what the screen does not tell.

        For a contact the screen's own stamp will do: it is unsettled right after a write, so the next pass looks again.
        """
        row: Row | None = None
        if self.screens[item_type].missing((STAMP, IDENTITY)):
            known = await programs.known(self.x3, item_type, [data.text(FORMS[item_type].key)])
            row = next(iter(known.rows), None)
        return self.seen(item_type, data, row)

    # --------------------------------------------------------------------------------------- what a record is

    def seen(self, item_type: ItemType, data: Data, row: Row | None) -> Seen | None:
        """The observation of a record; None for one that cannot be an item (no date). `row` wins over the screen."""
        content = FORMS[item_type].read(data, self.terms(item_type))
        if content is None:
            return None
        stamp = row.stamp if row is not None else data.text(STAMP)
        reps = self.representatives(FORMS[item_type], data) or (row.reps if row is not None else ())
        facts = X3Facts(
            type=item_type,
            auuid=(row.auuid if row is not None else data.text(IDENTITY)).replace("-", "").lower(),
            representatives=reps,
            sync_id=data.text(self.x3.connection.sync_id) or (row.sync_id if row is not None else ""),
            person=data.text(contacts.CRM_CONTACT) if item_type is ItemType.CONTACT else "",
        )
        present = Present(
            key=data.text(FORMS[item_type].key),
            version=stamps.version(stamp, self.x3.not_before()),
            modified_at=stamps.parse(stamp),
            content=content,
            facts=facts,
            where=self._where(content, reps),
        )
        return Seen(data=data, present=present)

    def representatives(self, form: Form, data: Data) -> tuple[str, ...]:
        """Who has the record (S1), the owner or organiser first."""
        match form.type:
            case ItemType.CONTACT:
                return tuple(self.lines(data))
            case ItemType.APPOINTMENT:
                return appointments.representatives(data)
            case _:
                return (data.text(form.owner),) if data.text(form.owner) else ()

    def lines(self, data: Data) -> list[str]:
        """The representatives on a contact's lines, in order."""
        return [line.get(contacts.LINES_FIELD, "") for line in data.lines(self.lines_group())]

    def lines_group(self) -> str:
        """The group of a contact's lines. Raises Refused when the object was published without them."""
        place = self.screens[ItemType.CONTACT].places.get(contacts.LINES_FIELD)
        if place is None:
            raise Refused(f"{contacts.LINES_FIELD} is not on the screen of {self.publication(ItemType.CONTACT)}")
        return place.group

    def _where(self, content: Content, reps: Iterable[str]) -> Where:
        if self.scope.representative not in reps:
            return Where.ELSEWHERE
        window = self.scope.window
        match content:
            case Contact():
                inside = True
            case Task():
                inside = window.holds_task(content)
            case Call() | Appointment():
                inside = window.overlaps(content.when)
        return Where.HERE if inside else Where.OUT_OF_WINDOW


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run calls side by side (the pool's size limits them), wait for all, raise the first error."""
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


async def settled(work: Sequence[Coroutine[Any, Any, T]]) -> list[T | None]:
    """The same, where one that has to wait does not take the others with it (G2): None stands for it.

    Raises TryLater when all have to wait, or the first few have and none has answered yet (X3 is away: the rest would
    only wait too), and every other error.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    answered, waiting = 0, 0
    try:
        for done in asyncio.as_completed(tasks):
            try:
                await done
                answered += 1
            except TryLater:
                waiting += 1
                if not answered and waiting >= min(_ENOUGH, len(tasks)):
                    raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [None if task.exception() else task.result() for task in tasks]
