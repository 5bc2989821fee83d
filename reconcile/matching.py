"""What a matching is made of: everything that a pass observed, and the pairs that come of it (M1-M4, M6, M7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconcile.content import Contact, ItemType, Kind
from reconcile.context import Force
from reconcile.fields import sync_id
from reconcile.model import Link, Marker, Meeting, Observation, Pair, Present, Private, Where

X3Key = tuple[ItemType, str]
OutlookKey = tuple[Kind, str]
MeetingKey = tuple[str, datetime | None]  # iCalUId, original start (M6)


def meeting_key(item: Present) -> MeetingKey | None:
    """What the same meeting has in common in all mailboxes (M6); None for what is no event."""
    event = item.outlook.event
    return (event.ical_uid, event.original_start) if event is not None and event.ical_uid else None


def marker_on(item: Present | Private) -> Marker | None:
    """The marker that an Outlook item carries, whosever it is (M2)."""
    return item.marker if isinstance(item, Private) else item.outlook.marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything a pass observed. `links` are all links of observed items, of the markers on them and of the records of
    their meetings; `claims` say which record a meeting has in another mailbox (M6), `claimed` which records come from a
    meeting at all; `candidates` are the CORs found for contacts without a link (M4), whoever has them; `attempts` are the
    open creates in X3 (M7), ZSYNCID -> Outlook id, `invitations` those of other people's meetings; `creating` are the
    records with an open create in Outlook; `force` lets items outside the window meet (F1, F2)."""

    links: Sequence[Link]
    x3: Mapping[X3Key, Observation]
    outlook: Mapping[OutlookKey, Observation]
    candidates: Sequence[Present] = ()
    claims: Mapping[MeetingKey, X3Key] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()
    attempts: Mapping[str, str] = field(default_factory=dict)
    invitations: frozenset[str] = frozenset()
    creating: frozenset[X3Key] = frozenset()
    now: datetime | None = None  # Outlook's own clock (A8)
    series: frozenset[str] = frozenset()  # those of which an occurrence is linked, echoes included (A8)
    force: Force = field(default_factory=Force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The pairs, how many items carry another installation's marker (M2), and the X3 keys that markers name but that
    were not observed."""

    pairs: tuple[Pair, ...]
    foreign: int
    wanted: frozenset[X3Key]

    @property
    def strangers(self) -> list[Contact]:
        """Cards in the managed folders that neither a link nor a marker brings to a record that is there: each may be any
        COR (M4). A copy is one of them, wherever it comes from (M3)."""
        return [
            pair.outlook.content
            for pair in self.pairs
            if pair.link is None
            and isinstance(pair.outlook, Present)
            and pair.outlook.where is Where.HERE
            and isinstance(pair.outlook.content, Contact)
            and not (pair.meeting is Meeting.MARKER and isinstance(pair.x3, Present))
        ]


@dataclass(slots=True)
class Work:
    """A matching under way: what is still free, and what has been paired so far. Its steps hand it on to each other."""

    seen: Observed
    fp: str
    mailbox: str
    pairs: list[Pair] = field(default_factory=list)
    free_x3: dict[X3Key, Present] = field(default_factory=dict)
    foreign: int = 0
    wanted: set[X3Key] = field(default_factory=set)
    paired: set[X3Key] = field(default_factory=set)  # records that got an item in this pass
    hidden: dict[OutlookKey, Private] = field(default_factory=dict)  # private items without a link

    def own_marker(self, item: Present | Private) -> Marker | None:
        """The item's marker, unless it is a copy from another mailbox (M3) or another installation's."""
        marker = marker_on(item)
        if marker is None or marker.fp != self.fp or marker.mailbox != self.mailbox or not marker.x3_key:
            return None
        return marker

    def sync_id(self, item: Present) -> str:
        """The ZSYNCID of a record that is made of the item (M7)."""
        return sync_id(item, fp=self.fp, mailbox=self.mailbox)

    def by_sync_id(self) -> dict[str, X3Key]:
        """The records without a link that the sync made itself, whoever heard of it (M7)."""
        return {record.x3.sync_id: key for key, record in self.free_x3.items() if record.x3.sync_id}
