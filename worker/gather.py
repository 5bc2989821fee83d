"""Observe: from change streams to everything a decision needs to see (house.md: change source -> dirty mark -> observe).

Reads only. What a stream merely mentions is read; of a pair in which either side is touched both sides are read; an echo,
an item that looks exactly as it was last seen, is dropped at once (C1). Nothing here decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconcile.context import Force
from reconcile.match import match
from reconcile.matching import Matching, MeetingKey, Observed, X3Key, marker_on, meeting_key
from reconcile.model import (
    UNREAD,
    ItemType,
    Kind,
    Link,
    LinkState,
    Observation,
    Present,
    Private,
    Shape,
    Side,
    Unread,
    Where,
)
from reconcile.port import CursorExpired, Endpoint, Listing, Ref, Sighting, Stream
from worker import newcomers
from worker.beyond import Beyond
from worker.observed import Gathered, Memory, OutlookQuestions, X3Questions
from worker.sought import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Observes one user's two sides."""

    x3: Endpoint
    outlook: Endpoint
    questions: X3Questions
    outlook_questions: OutlookQuestions
    memory: Memory
    as_linked: Callable[[Present, Link], Present]  # an item as its link's type, whatever its categories say now
    fp: str
    mailbox: str
    representative: str
    folders: Mapping[Kind, tuple[str, ...]]
    force: Force = field(default_factory=Force)
    unknown: frozenset[X3Key] = frozenset()  # looked at even where nothing changed: X3 may know the persons by now (K2)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All streams of the user: X3, then each managed folder."""
        outlook = (Stream(kind=kind, folder=folder) for kind, ids in self.folders.items() for folder in ids)
        return (Stream(kind=None, folder=self.representative), *outlook)

    async def gather(self, cursors: Mapping[Stream, str], refs: Iterable[Ref], *, full: bool) -> Gathered:
        """Read every stream to its end, then all that must be seen to decide. Raises TryLater and Stop."""
        seen = Gathered(unknown=self.unknown)
        listings = await asyncio.gather(*(self._listing(s, None if full else cursors.get(s)) for s in self.streams))
        seen.listings = dict(zip(self.streams, listings, strict=True))
        seen.hints.extend(hint for listing in listings for hint in listing.hints)
        seen.force = self._forced(seen)
        asked = {*refs, *self._widened(seen.force)}
        for stream, listing in seen.listings.items():
            asked |= self._sighted(seen, stream, listing)
            asked |= await self._missing(seen, stream, listing)
        seen.complete = all(listing.complete for listing in seen.listings.values())
        self._emptied(seen)
        asked |= self._shown(seen, await self._beyond(seen).changed())
        await self._read(seen, asked)
        await self._read(seen, self._of_series(seen))
        await self._counterparts(seen)
        await self._read(seen, self._shown(seen, await self._search.invitations(seen, self._calendars(seen))))
        await self._partners(seen)
        await self._settle(seen)
        return seen

    async def _listing(self, stream: Stream, cursor: str | None) -> Listing:
        endpoint = self.x3 if stream.kind is None else self.outlook
        try:
            return await endpoint.changes(stream, cursor)
        except CursorExpired:
            return await endpoint.changes(stream, None)

    # ------------------------------------------------------------------------------------------- forced

    def _forced(self, seen: Gathered) -> Force:
        """F5: a row of X3's own Forced synchronization function forces its record."""
        return self.force if self.force.only else replace(self.force, x3=self.force.x3 | seen.queued)

    def _widened(self, force: Force) -> set[Ref]:
        """What is looked at because it is forced: the records, and linked items outside the window (F1, F2)."""
        asked = {Ref(type=item_type, key=key) for item_type, key in force.x3}
        if force.since is None:
            return asked
        sleeping = [link for link in self.memory.link_keys(None) if link.state is LinkState.ASLEEP]
        return asked | {_outlook_ref(link) for link in sleeping if link.type in force.types}

    def _calendars(self, seen: Gathered) -> list[str]:
        return [stream.folder for stream, lst in seen.listings.items() if stream.kind is Kind.EVENT and lst.answered]

    def _beyond(self, seen: Gathered) -> Beyond:
        calendars = self._calendars(seen)
        return Beyond(x3=self.questions, outlook=self.outlook_questions, calendars=calendars, force=seen.force)

    @property
    def _search(self) -> Search:
        return Search(outlook=self.outlook_questions, memory=self.memory, fp=self.fp, mailbox=self.mailbox)

    def _shown(self, seen: Gathered, sightings: Iterable[Sighting]) -> set[Ref]:
        """Take what is shown outside the streams; answer what has to be read."""
        new = [sighting for sighting in sightings if not self._has(seen, sighting.ref)]
        for sighting in new:
            if sighting.observation is not None:
                self._take(seen, sighting.ref, sighting.observation)
        return {sighting.ref for sighting in new if sighting.observation is None}

    async def _counterparts(self, seen: Gathered) -> None:
        """What may be, on the other side, the items without a link that are forced outside the window (M4)."""
        on_x3 = {(link.type, link.x3_key) for link in self.memory.links_by_x3(seen.x3)}
        on_outlook = {(link.type.kind, link.outlook_key) for link in self.memory.links_by_outlook(seen.outlook)}
        records = [(key, o) for key, o in seen.x3.items() if key not in on_x3 and isinstance(o, Present)]
        items = [o for key, o in seen.outlook.items() if key not in on_outlook and isinstance(o, Present)]
        beyond = self._beyond(seen)
        shown, keys = await asyncio.gather(beyond.events(records), beyond.records(items))
        keys -= {(link.type, link.x3_key) for link in self.memory.links_by_x3(keys)}
        refs = {Ref(type=item_type, key=key) for item_type, key in keys}
        await self._read(seen, refs | self._shown(seen, shown))

    def _is_forced(self, seen: Gathered, link: Link) -> bool:
        observed = seen.outlook.get((link.type.kind, link.outlook_key), UNREAD)
        return seen.force.side(link.type, link.x3_key, observed, linked=True) is not None

    # ------------------------------------------------------------------------------------------ streams

    def _sighted(self, seen: Gathered, stream: Stream, listing: Listing) -> set[Ref]:
        """Take what the listing shows; answer what has to be read."""
        side = Side.X3 if stream.kind is None else Side.OUTLOOK
        links = self._links_of(listing.sightings, stream)
        asked: set[Ref] = set()
        for sighting in listing.sightings:
            link = links.get(_name(sighting.ref))
            if sighting.observation is not None:
                self._take(seen, sighting.ref, sighting.observation)
            elif link is None or not _same(sighting.version, link.seen(side).version):
                asked.add(sighting.ref)
            elif listing.complete and link.state is LinkState.ASLEEP:
                asked.add(sighting.ref)  # S6: the window has come to it
            elif (link.type, link.x3_key) not in seen.force.x3:
                _count(seen.in_step, link.type)
        return asked

    async def _missing(self, seen: Gathered, stream: Stream, listing: Listing) -> set[Ref]:
        """Linked items that a complete listing does not show: a linked one is asked for (S8), a sleeping one only in X3,
        and there by its version (S6); but a contact has no window, and one that is assigned no more keeps its version
        (S7)."""
        if not (listing.complete and listing.answered):
            return set()
        listed = {_name(sighting.ref) for sighting in listing.sightings}
        known = self.memory.link_keys(None if stream.kind is None else stream.folder)
        if stream.kind is not None:
            return {
                _outlook_ref(link)
                for link in known
                if link.outlook_key not in listed and link.state is not LinkState.ASLEEP
            }
        links = {_x3_ref(link): link for link in known if _name(_x3_ref(link)) not in listed}
        asked = {ref for ref in links if ref.type is ItemType.CONTACT}
        timed = {ref: link for ref, link in links.items() if ref not in asked}
        versions = await self.questions.versions(list(timed)) if timed else {}
        for ref, link in timed.items():
            if (link.type, link.x3_key) in seen.force.x3:
                continue  # it is read anyway
            if _same(versions.get(ref, ""), link.x3.version):
                _count(seen.in_step, link.type)
            else:
                asked.add(ref)
        return asked

    def _links_of(self, sightings: Iterable[Sighting], stream: Stream) -> dict[str, Link]:
        refs = [sighting.ref for sighting in sightings]
        if stream.kind is None:
            links = self.memory.links_by_x3((ref.type, ref.key) for ref in refs if ref.type is not None)
            return {f"{link.type}:{link.x3_key}": link for link in links}
        links = self.memory.links_by_outlook((stream.kind, ref.key) for ref in refs)
        return {link.outlook_key: link for link in links}

    def _take(self, seen: Gathered, ref: Ref, observed: Observation) -> None:
        if ref.kind is not None:
            # Of two folders' words about one item a living one is the better proof than none.
            if not isinstance(observed, Unread) or (ref.kind, ref.key) not in seen.outlook:
                seen.outlook[ref.kind, ref.key] = observed
        else:
            assert ref.type is not None
            seen.x3[ref.type, ref.key] = observed

    def _emptied(self, seen: Gathered) -> None:
        """G1: a side that had items and now answers none at all."""
        for kind in self.folders:
            listings = [lst for stream, lst in seen.listings.items() if stream.kind is kind]
            if all(lst.complete for lst in listings) and not any(lst.sightings for lst in listings):
                seen.emptied |= {(t, Side.OUTLOOK) for t in ItemType if t.kind is kind}
        for stream, listing in seen.listings.items():
            if stream.kind is None and listing.complete:
                present = {sighting.ref.type for sighting in listing.sightings if sighting.version}
                seen.emptied |= {(t, Side.X3) for t in ItemType if t not in present}

    # ------------------------------------------------------------------------------------------ reading

    async def _read(self, seen: Gathered, refs: Iterable[Ref]) -> None:
        wanted = [ref for ref in refs if ref.key and not self._has(seen, ref)]
        seen.asked.update(wanted)
        on_x3 = [ref for ref in wanted if ref.kind is None]
        on_outlook = [ref for ref in wanted if ref.kind is not None]
        answers = await asyncio.gather(self.x3.read(on_x3), self.outlook.read(on_outlook))
        for answer in answers:
            for ref, observed in answer.items():
                self._take(seen, ref, observed)

    def _has(self, seen: Gathered, ref: Ref) -> bool:
        if ref.kind is not None:
            return (ref.kind, ref.key) in seen.outlook
        return ref.type is not None and (ref.type, ref.key) in seen.x3

    def _of_series(self, seen: Gathered) -> list[Ref]:
        """A series tells of its occurrences only by its master (A8): those it no longer shows have to be asked for."""
        series = {key for (kind, key), o in seen.outlook.items() if kind is Kind.EVENT and not isinstance(o, Present)}
        for observed in seen.outlook.values():
            if isinstance(observed, Present) and observed.outlook.event is not None and observed.outlook.event.series_id:
                series.add(observed.outlook.event.series_id)
        if not seen.complete:  # a complete listing shows by itself which occurrences went when a series became single
            series |= {key for kind, key in seen.outlook if kind is Kind.EVENT}
        links = list(self.memory.links_of_series(sorted(series)))
        # A single event that has become a series is linked by what is the master's id now.
        links += self.memory.links_by_outlook((Kind.EVENT, key) for key in series)
        return [_outlook_ref(link) for link in links if link.state not in (LinkState.ASLEEP, LinkState.RELEASED)]

    def _shape(self, seen: Gathered, links: Iterable[Link]) -> None:
        for link in links:
            key = (link.type.kind, link.outlook_key)
            observed = seen.outlook.get(key)
            if isinstance(observed, Present):
                seen.outlook[key] = self.as_linked(observed, link)

    async def _partners(self, seen: Gathered) -> None:
        """Read the other half of every touched link, except of echoes."""
        links = {link.id: link for link in (*self.memory.links_by_x3(seen.x3), *self.memory.links_by_outlook(seen.outlook))}
        self._shape(seen, links.values())
        refs: set[Ref] = set()
        for link in links.values():
            x3 = seen.x3.get((link.type, link.x3_key))
            outlook = seen.outlook.get((link.type.kind, link.outlook_key))
            echo = self._echo(link, x3, Side.X3) and self._echo(link, outlook, Side.OUTLOOK)
            if echo and not self._is_forced(seen, link) and (link.type, link.x3_key) not in seen.unknown:
                seen.echoes.append(link)
                _count(seen.in_step, link.type)
                continue
            seen.links[link.id] = link
            refs |= {_x3_ref(link), _outlook_ref(link)}
        await self._read(seen, refs)

    def _echo(self, link: Link, observed: Observation | None, side: Side) -> bool:
        """Whether a side, if it was looked at, looks as it was last seen (C1)."""
        if observed is None:
            return True
        if not isinstance(observed, Present) or link.state not in (LinkState.LINKED, LinkState.ASLEEP):
            return False
        if side is Side.OUTLOOK and observed.outlook.event is not None:
            event = observed.outlook.event
            if event.cancelled or not event.organizer or event.shape is Shape.MASTER:
                return False
        where = Where.HERE if link.state is LinkState.LINKED else Where.OUT_OF_WINDOW
        if side is Side.X3 and (observed.x3.auuid != link.auuid or _owner(observed) != link.owner):
            return False
        if side is Side.OUTLOOK and observed.outlook.folder != link.folder:
            return False
        return observed.where is where and observed.content == link.seen(side).content

    async def _settle(self, seen: Gathered) -> None:
        """Match, and read what the matching still wants: markers' records, their linked items, persons alike (M2-M4)."""
        for attempt in range(3):
            self._links_named(seen)
            await self._read(seen, [ref for link in seen.links.values() for ref in (_x3_ref(link), _outlook_ref(link))])
            self._shape(seen, seen.links.values())
            if attempt == 0:
                await self._search.vanished(seen)
            seen.matching = self._match(seen)
            if not seen.matching.wanted:
                break
            await self._read(seen, [Ref(type=item_type, key=key) for item_type, key in seen.matching.wanted])
        if strangers := seen.matching.strangers:
            seen.candidates = await newcomers.candidates(strangers, self.memory, self.questions)
            seen.matching = self._match(seen)

    def _claims(self, seen: Gathered) -> Mapping[MeetingKey, X3Key]:
        keys = (meeting_key(observed) for observed in seen.outlook.values() if isinstance(observed, Present))
        return self.memory.claims([key for key in keys if key is not None])

    def _links_named(self, seen: Gathered) -> None:
        """The links of the records that markers and claims name. An item of which another item's link has the record takes
        that link out of the echoes: only a look at both tells a copy from a moved original (M3, S8), and whether the
        meeting is in this mailbox twice (M6)."""
        claims = self._claims(seen)
        carriers: dict[X3Key, set[str]] = {}
        for observed in seen.outlook.values():
            if not isinstance(observed, Present | Private):
                continue
            marker, meeting = marker_on(observed), meeting_key(observed) if isinstance(observed, Present) else None
            if marker is not None and marker.x3_key:
                carriers.setdefault((marker.type, marker.x3_key), set()).add(observed.key)
            if meeting is not None and meeting in claims:
                carriers.setdefault(claims[meeting], set()).add(observed.key)
        for link in self.memory.links_by_x3(carriers):
            if carriers[link.type, link.x3_key] != {link.outlook_key}:
                seen.links[link.id] = link
        seen.echoes = [link for link in seen.echoes if link.id not in seen.links]

    def _match(self, seen: Gathered) -> Matching:
        echoed_x3 = {(link.type, link.x3_key) for link in seen.echoes}
        echoed_outlook = {(link.type.kind, link.outlook_key) for link in seen.echoes}
        creates = self.memory.creates()
        observed = Observed(
            links=tuple(seen.links.values()),
            x3={key: o for key, o in seen.x3.items() if key not in echoed_x3},
            outlook={key: o for key, o in seen.outlook.items() if key not in echoed_outlook},
            candidates=seen.candidates,
            claims=self._claims(seen),
            claimed=self.memory.claimed(seen.x3) | seen.invited,
            attempts=creates.in_x3,
            invitations=creates.invitations,
            creating=creates.in_outlook,
            now=seen.now.get(Side.OUTLOOK),
            series=frozenset(link.series_id for link in (*seen.links.values(), *seen.echoes)),
            force=seen.force,
        )
        return match(observed, fp=self.fp, mailbox=self.mailbox)


def _same(version: str, seen: str) -> bool:
    """Whether a listing's version proves that nothing changed (port.Sighting)."""
    return bool(version) and version == seen and not version.endswith("~")


def _count(counts: dict[ItemType, int], item_type: ItemType) -> None:
    counts[item_type] = counts.get(item_type, 0) + 1


def _owner(present: Present) -> str:
    return present.x3.representatives[0] if present.x3.representatives else ""


def _name(ref: Ref) -> str:
    return ref.key if ref.kind is not None else f"{ref.type}:{ref.key}"


def _x3_ref(link: Link) -> Ref:
    return Ref(type=link.type, key=link.x3_key)


def _outlook_ref(link: Link) -> Ref:
    return Ref(kind=link.type.kind, key=link.outlook_key, folder=link.folder)
