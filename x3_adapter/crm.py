"""X3 as one user's side of the synchronisation: the port's Endpoint over the published objects and sub-programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from reconcile.actions import Assign, Create, Delete, Identify, Join, Mark, Step, Unassign, Update, Withdraw
from reconcile.context import ContactEntry
from reconcile.model import ItemType, Observation, PersonName, Present, Side
from reconcile.port import CursorExpired, Hint, Limits, Listing, Ref, Sighting, Stream
from x3_adapter import programs, scope, stamps, writes
from x3_adapter.mapping import contacts, limits
from x3_adapter.programs import QueueRow, Row
from x3_adapter.records import CrmScope, Records, Seen, settled, together
from x3_adapter.soap import X3

__all__ = ["Crm", "CrmScope"]

_OVERLAP = timedelta(minutes=10)  # a stamp is set before its transaction commits, so rows turn up late
_CURSOR = "v1|"


class Crm:
    """Implements `reconcile.port.Endpoint` for one user and his representative."""

    def __init__(self, x3: X3, scope: CrmScope) -> None:
        self.scope = scope
        self._x3 = x3
        self._records = Records(x3, scope)

    @property
    def side(self) -> Side:
        """X3."""
        return Side.X3

    @property
    def limits(self) -> Limits:
        """Lengths of texts (C6), known once `prepare`, `changes`, `read` or `apply` has run; parts of a field are dotted
        (`name.surname`)."""
        return limits(self._records.screens)

    async def prepare(self) -> None:
        """Learn where X3's fields live, once for a connection. Raises Stop when an object is not published."""
        await self._records.prepare()

    # ----------------------------------------------------------------------------------------------- listing

    async def changes(self, stream: Stream, cursor: str | None) -> Listing:
        """What changed for the representative, and the user's rows of SYNCDATA as hints; everything in his window when
        `cursor` is None. Queue rows come again until they are acknowledged. Raises CursorExpired for a foreign cursor.
        """
        await self._records.prepare()
        if cursor is None:
            return await self._everything()
        since = cursor.removeprefix(_CURSOR)
        if not cursor.startswith(_CURSOR) or stamps.parse(since) is None:
            raise CursorExpired(f"not a cursor of X3: {cursor!r}")
        return await self._since(since)

    async def _everything(self) -> Listing:
        days = (self.scope.window.first, self.scope.window.last)
        parts = await together(
            [
                programs.of_representative(
                    self._x3,
                    item_type,
                    self.scope.representative,
                    window=None if item_type is ItemType.CONTACT else days,
                )
                for item_type in ItemType
            ]
        )
        now = min(part.now for part in parts)
        rows = [row for part in parts for row in part.rows]
        queue = await self._queue(stamps.render(now))
        return Listing(
            sightings=tuple(_sighting(row, now) for row in rows),
            cursor=_cursor(now, (row.stamp for row in rows)),
            complete=True,
            now=now,
            hints=tuple(_hint(row) for row in queue),
        )

    async def _queue(self, since: str) -> list[QueueRow]:
        """The user's queue, whose rows a complete listing answers too (R3)."""
        queue: dict[int, QueueRow] = {}
        while True:
            page = await programs.changes(
                self._x3, self.scope.user, self.scope.representative, since=since, after_queue=max(queue, default=0)
            )
            queue |= {row.number: row for row in page.queue}
            if not page.more_queue or not page.queue:
                return [queue[number] for number in sorted(queue)]

    async def _since(self, since: str) -> Listing:
        rows: dict[tuple[ItemType, str], Row] = {}
        queue: dict[int, QueueRow] = {}
        start, after, after_queue = since, ("", ""), 0
        last, first_now = since, None
        while True:
            page = await programs.changes(
                self._x3, self.scope.user, self.scope.representative, since=start, after=after, after_queue=after_queue
            )
            first_now = first_now or page.now
            rows |= {(row.type, row.key): row for row in page.rows}
            queue |= {row.number: row for row in page.queue}
            if page.rows:
                start, after = page.rows[-1].stamp, (page.rows[-1].type.code, page.rows[-1].key)
                last = page.rows[-1].stamp
            after_queue = max(queue, default=0)
            if not (page.more and page.rows) and not (page.more_queue and page.queue):
                break
        hinted = {(row.type, row.key) for row in queue.values()}
        named = [Sighting(ref=Ref(key=key, type=item_type)) for item_type, key in sorted(hinted)]
        return Listing(
            sightings=(*(_sighting(row, first_now) for name, row in rows.items() if name not in hinted), *named),
            cursor=_cursor(first_now, [last]),
            complete=False,
            now=first_now,
            hints=tuple(_hint(queue[number]) for number in sorted(queue)),
        )

    # ----------------------------------------------------------------------------------------- items, steps

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Observation]:
        """The present look of each; Absent only where ZGSYNKEY says `gone` (S8)."""
        return await self._records.read(refs)

    async def apply(self, step: Step) -> Present | None:
        """Carry out one step. Raises the port's errors; Refused.field is a merge field."""
        match step:
            case Create():
                return await writes.create(self._records, step)
            case Update():
                return await writes.update(self._records, step)
            case Delete():
                await writes.delete(self._records, step)
                return None
            case Unassign():
                return await writes.unassign(self._records, step)
            case Assign():
                return await writes.assign(self._records, step)
            case Identify():
                return await writes.identify(self._records, step)
            case Withdraw():
                return await writes.withdraw(self._records, step)
            case Join():
                return await writes.join(self._records, step)
            case Mark():
                raise TypeError("markers live on Outlook items only")

    async def find(self, step: Create) -> Present | None:
        """The record an unanswered attempt at `step` may have made, by its ZSYNCID (M7)."""
        return await writes.find(self._records, step)

    # ------------------------------------------------------------------------------------- beside the port

    async def names(self, cors: Iterable[str], partners: Iterable[str]) -> tuple[dict[str, ContactEntry], dict[str, str]]:
        """Names for the directory (K3, K5) at two calls: contacts by key, without addresses and company, and partner
        numbers -> names. What X3 does not know is left out."""
        keys, numbers = sorted({cor for cor in cors if cor}), sorted({number for number in partners if number})
        rows = (await programs.known(self._x3, ItemType.CONTACT, keys)).rows if keys else ()
        entries = {
            row.key: ContactEntry(cor=row.key, name=row.name, mine=self.scope.representative in row.reps) for row in rows
        }
        return entries, await programs.partners(self._x3, numbers) if numbers else {}

    async def versions(self, refs: Sequence[Ref]) -> dict[Ref, str]:
        """The versions of records that no listing shows (such as those outside the window), 500 a call and without
        reading them; a record that is gone is left out, so it has to be asked for (S8)."""
        by_type = {t: [ref for ref in refs if ref.type is t] for t in ItemType}
        found: dict[Ref, str] = {}
        for item_type, asked in by_type.items():
            if not asked:
                continue
            known = await programs.known(self._x3, item_type, [ref.key for ref in asked])
            rows = {row.key: stamps.version(row.stamp, known.now) for row in known.rows}
            found |= {ref: rows[ref.key] for ref in asked if ref.key in rows}
        return found

    async def entries(self, cors: Iterable[str]) -> dict[str, ContactEntry]:
        """Full entries (addresses and company too), a read for each: for contacts an Outlook item names (K1, K5)."""
        await self._records.prepare()
        return {entry.cor: entry for entry in map(self._entry, await self._contacts(sorted({cor for cor in cors if cor})))}

    async def find_entries(self, emails: Iterable[str], names: Iterable[PersonName]) -> dict[str, ContactEntry]:
        """Full entries of the contacts with one of the addresses or names, for K's resolving."""
        return {entry.cor: entry for entry in map(self._entry, await self._found(emails, names))}

    async def find_contacts(self, emails: Iterable[str], names: Iterable[PersonName]) -> list[Present]:
        """All contacts of the folder, whoever has them, with one of the e-mail addresses or names: M4's candidates."""
        return [seen.present for seen in await self._found(emails, names)]

    async def acknowledge(self, numbers: Sequence[int]) -> int:
        """Take hints off X3's queue (R3), after their observations were stored; answers how many went.

        Raises Stop in a dry run (G4).
        """
        return await programs.acknowledge(self._x3, numbers)

    async def keys_of(
        self, types: Iterable[ItemType], days: tuple[date, date] | None = None
    ) -> frozenset[tuple[ItemType, str]]:
        """Every record of the representative, whatever its dates (F1), or those that touch the days, both included."""
        return await scope.keys_of(self._x3, self.scope.representative, types, days)

    async def people_of(self, wanted: scope.ContactScope) -> scope.People:
        """The contacts of a forced synchronisation's scope (F1)."""
        return await scope.people_of(self._x3, self.scope.representative, wanted, self.scope.tables.titles)

    async def register(self, person: scope.CrmPerson, sync_id: str) -> Present:
        """The card of a CRM contact that has none, with the representative's CORREP row (F1)."""
        return await scope.register(self._records, person, sync_id)

    async def _found(self, emails: Iterable[str], names: Iterable[PersonName]) -> list[Seen]:
        await self._records.prepare()
        asked = sorted({email.strip() for email in emails if email.strip()})
        who = sorted({(name.surname, name.given) for name in names if name.surname})
        if not asked and not who:
            return []
        rows = (await programs.contacts(self._x3, asked, who)).rows
        return await self._contacts(sorted({row.key for row in rows}))

    async def _contacts(self, keys: Sequence[str]) -> list[Seen]:
        looks = await settled([self._records.one(ItemType.CONTACT, key) for key in keys])
        return [look for look in looks if look is not None]

    def _entry(self, seen: Seen) -> ContactEntry:
        emails = (seen.data.text(name).strip() for name in contacts.EMAILS)
        content = seen.present.content
        return ContactEntry(
            cor=seen.present.key,
            name=content.name.full if hasattr(content, "name") else "",
            emails=tuple(dict.fromkeys(email for email in emails if email)),
            company=seen.data.text(contacts.PARTNER),
            mine=self.scope.representative in seen.present.x3.representatives,
            representative=seen.data.text(contacts.CARD_OF) == contacts.REPRESENTATIVE,
        )


def _sighting(row: Row, now: datetime) -> Sighting:
    return Sighting(ref=Ref(key=row.key, type=row.type), version=stamps.version(row.stamp, now))


def _hint(row: QueueRow) -> Hint:
    return Hint(number=row.number, type=row.type, key=row.key, action=row.action)


def _cursor(now: datetime, seen: Iterable[str]) -> str:
    """min(last stamp, now - 10 minutes); with nothing seen, the latter."""
    return _CURSOR + min(max(seen, default="9"), stamps.render(now - _OVERLAP))
