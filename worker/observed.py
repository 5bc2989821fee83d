"""What observing needs to know, and what it has seen: the values between the streams and the decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from reconcile.context import Force
from reconcile.matching import Matching, MeetingKey, OutlookKey, X3Key
from reconcile.model import (
    UNREAD,
    Absent,
    ItemType,
    Kind,
    Link,
    Marker,
    Observation,
    PersonName,
    Present,
    Private,
    Side,
    Unread,
    Went,
)
from reconcile.port import Hint, Listing, Ref, Sighting, Stream

FORCED = "R"  # F5: SYNCDATA's action of the function FUNSYD6


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCreates:
    """Creates whose answer is not known (M7). In X3: ZSYNCID -> Outlook id, and the ZSYNCIDs of other people's meetings
    among them (A4); in Outlook: the records they are of."""

    in_x3: Mapping[str, str]
    invitations: frozenset[str]
    in_outlook: frozenset[X3Key]


class Memory(Protocol):
    """What the pass remembers of earlier ones, as far as observing needs it."""

    def links_by_x3(self, keys: Iterable[X3Key]) -> Sequence[Link]:
        """Links of these records."""
        ...

    def links_by_outlook(self, keys: Iterable[OutlookKey]) -> Sequence[Link]:
        """Links of these items."""
        ...

    def link_keys(self, folder: str | None) -> Sequence[Link]:
        """All links of the user, or those of one folder, without content."""
        ...

    def links_of_series(self, series: Iterable[str]) -> Sequence[Link]:
        """Links of the occurrences of these series (A8)."""
        ...

    def creates(self) -> OpenCreates:
        """What was sent and not answered (M7)."""
        ...

    def claims(self, keys: Iterable[MeetingKey]) -> Mapping[MeetingKey, X3Key]:
        """The records that other mailboxes have of meetings (M6)."""
        ...

    def meetings_of(self, records: Iterable[X3Key]) -> Mapping[X3Key, frozenset[MeetingKey]]:
        """The events that these records have in other mailboxes, of those that have any (M6)."""
        ...

    def claimed(self, records: Mapping[X3Key, Observation]) -> frozenset[str]:
        """Which of these records come from a meeting of another mailbox (M6)."""
        ...


class X3Questions(Protocol):
    """What X3 is asked beside the port: which CORs could be this person (M4), which versions have these records."""

    async def versions(self, refs: Sequence[Ref]) -> Mapping[Ref, str]:
        """Versions without reading; a record that is gone is left out."""
        ...

    async def keys_of(self, types: Iterable[ItemType], days: tuple[date, date] | None = None) -> frozenset[X3Key]:
        """Every record of the representative, whatever its dates, or those that touch the days, both included."""
        ...

    async def find_contacts(self, emails: Iterable[str], names: Iterable[PersonName]) -> Sequence[Present]:
        """CORs with one of the addresses or names, whoever has them."""
        ...


class OutlookQuestions(Protocol):
    """What Outlook is asked beside the port: where a vanished item went (S8)."""

    async def seek(self, markers: Collection[Marker]) -> Mapping[Marker, Present | Private]:
        """Tasks by their markers, in all lists of the mailbox."""
        ...

    async def modified(self, folder: str, since: datetime) -> Sequence[Sighting]:
        """Single events of a calendar that were changed at `since` or later, whatever their dates (F2)."""
        ...

    async def between(self, folder: str, start: datetime, end: datetime) -> Sequence[Sighting]:
        """What a calendar shows in [start, end)."""
        ...

    async def find_ical(self, uid: str) -> Sequence[Present | Private]:
        """Events with this iCalUId, in any calendar of the mailbox."""
        ...

    async def how_they_went(self, links: Sequence[Link]) -> Mapping[str, Went]:
        """How vanished occurrences went, as their series tell it (A8, D8): Outlook id -> how."""
        ...


@dataclass(slots=True)
class Gathered:
    """What was seen in a pass. `refs` are the items asked for beyond the streams (dirty marks, held items)."""

    listings: dict[Stream, Listing] = field(default_factory=dict)
    x3: dict[X3Key, Observation] = field(default_factory=dict)
    outlook: dict[OutlookKey, Observation] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    candidates: Sequence[Present] = ()  # CORs that could be the persons of cards without a link (M4)
    matching: Matching = field(default_factory=lambda: Matching(pairs=(), foreign=0, wanted=frozenset()))
    echoes: list[Link] = field(default_factory=list)
    in_step: dict[ItemType, int] = field(default_factory=dict)
    emptied: set[tuple[ItemType, Side]] = field(default_factory=set)
    hints: list[Hint] = field(default_factory=list)
    asked: set[Ref] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)  # new records of meetings whose event is in this mailbox (M6)
    complete: bool = False
    unknown: frozenset[X3Key] = frozenset()  # records of lines on persons or companies that X3 did not know (K2, K5)
    force: Force = field(default_factory=Force)

    @property
    def now(self) -> dict[Side, datetime]:
        """Each server's own clock (C4)."""
        return {
            (Side.X3 if stream.kind is None else Side.OUTLOOK): listing.now for stream, listing in self.listings.items()
        }

    @property
    def begun(self) -> datetime:
        """Outlook's own clock when the look began: what is changed there from then on may not have been seen (F2)."""
        return min(listing.now for stream, listing in self.listings.items() if stream.kind is not None)

    @property
    def queued(self) -> frozenset[X3Key]:
        """The records that X3's own Forced synchronization function names (F5)."""
        return frozenset((hint.type, hint.key) for hint in self.hints if hint.action == FORCED)

    @property
    def unread(self) -> list[Ref]:
        """Items that were asked for and not seen: nothing is decided about them, and they must be asked for again."""
        return [ref for ref in self.asked if isinstance(self.look(ref), Unread)]

    def found(self, kind: Kind, item: Present | Private) -> None:
        """A search showed the item. Where it left from it counts as absent under the same id (a task that keeps its id when
        it moves, S6): what shows it is right."""
        if isinstance(self.outlook.get((kind, item.key), UNREAD), Absent | Unread):
            self.outlook[kind, item.key] = item

    def look(self, ref: Ref) -> Observation:
        """What was seen of an item."""
        if ref.kind is not None:
            return self.outlook.get((ref.kind, ref.key), UNREAD)
        return self.x3.get((ref.type, ref.key), UNREAD) if ref.type is not None else UNREAD

    @property
    def complete_kinds(self) -> frozenset[Kind]:
        """Kinds whose every managed stream answered and was read to its end (S8, S9)."""
        silent = {stream.kind for stream, listing in self.listings.items() if not listing.answered}
        return frozenset(kind for kind in Kind if kind not in silent)

    @property
    def silent_folders(self) -> tuple[Stream, ...]:
        """Managed folders that did not answer (S9)."""
        return tuple(stream for stream, listing in self.listings.items() if not listing.answered)
