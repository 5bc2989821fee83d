"""The directory of a pass: names and numbers that the K rules and the details block need, gathered before deciding."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconcile.contacts import Known, resolve
from reconcile.context import ContactEntry, Directory, RepresentativeEntry
from reconcile.model import Appointment, Call, Contact, Content, Pair, Present, Side, Task, Where
from worker.state import links, users
from worker.state.store import Store


class Names(Protocol):
    """What X3 can be asked about names."""

    async def names(
        self, cors: Iterable[str], partners: Iterable[str]
    ) -> tuple[Mapping[str, ContactEntry], Mapping[str, str]]:
        """CORRESPOND names by key and BPARTNER names by number; unknown ones are missing."""
        ...

    async def entries(self, cors: Iterable[str]) -> Mapping[str, ContactEntry]:
        """CORRESPOND entries with addresses and company."""
        ...


class Representatives(Protocol):
    """The representatives of X3."""

    async def representatives(self) -> Mapping[str, str]:
        """SALESREP: code -> name."""
        ...


@dataclass(frozen=True, slots=True)
class DirectoryReader:
    """Builds the directory for one user."""

    store: Store
    user_id: int
    names: Names
    representatives: Representatives

    async def read(self, pairs: Sequence[Pair]) -> Directory:
        """The directory for these pairs. Asks X3 only if one of them speaks of persons or companies. Raises TryLater."""
        contents = [o.content for pair in pairs for side in Side if isinstance(o := pair.on(side), Present)]
        relations = [c.relation for c in contents if isinstance(c, Task | Call | Appointment)]
        if not relations:
            return Directory()
        mine = self._mine(pairs)
        listed = resolve([p for r in relations for p in r.people], Directory(contacts=mine))
        named = {entry.cor for entry in listed.entries if isinstance(entry, Known)}
        cors = {p.cor for r in relations for p in r.people if p.cor} - named
        numbers = {r.company.number for r in relations if r.company.number}
        (found, partners), full, codes = await asyncio.gather(
            self.names.names(sorted(cors), sorted(numbers)),
            self.names.entries(sorted(named)),
            self.representatives.representatives(),
        )
        contacts = {**{cor: entry for cor, entry in found.items() if cor not in mine}, **mine, **full}
        return Directory(contacts=contacts, partners=partners, representatives=self._representatives(codes))

    def _mine(self, pairs: Sequence[Pair]) -> dict[str, ContactEntry]:
        with self.store.read() as tx:
            entries = {entry.cor: entry for entry in links.contact_entries(tx, self.user_id)}
        for pair in pairs:
            x3 = pair.x3
            if isinstance(x3, Present) and x3.where is Where.HERE and isinstance(x3.content, Contact):
                entries.setdefault(x3.key, _entry(x3.key, x3.content))
        return entries

    def _representatives(self, codes: Mapping[str, str]) -> dict[str, RepresentativeEntry]:
        with self.store.read() as tx:
            addresses = {user.representative: user.address for user in users.everyone(tx)}
        return {
            code: RepresentativeEntry(code=code, name=name, emails=(addresses[code],) if code in addresses else ())
            for code, name in codes.items()
        }


def _entry(cor: str, content: Content) -> ContactEntry:
    assert isinstance(content, Contact)
    return ContactEntry(cor=cor, name=content.name.full, emails=content.emails)
