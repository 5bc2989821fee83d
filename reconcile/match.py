"""Which items belong together: links, markers, the same meeting, natural keys (M1-M4, M6; S8's "moved").

Works on what was observed in one pass; what it would need beside that, it says in `wanted` and does nothing meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconcile import series
from reconcile.content import Contact, ItemType, Kind, Side, field_names
from reconcile.context import Force
from reconcile.fields import again_sync_id, in_type, sync_id
from reconcile.likeness import default_type, persons_alike, similar, type_of_new
from reconcile.model import (
    UNREAD,
    Absent,
    Link,
    LinkState,
    Marker,
    Meeting,
    Observation,
    Pair,
    Present,
    Private,
    Shape,
    Unread,
    Where,
)
from reconcile.model import Seen as Look

X3Key = tuple[ItemType, str]
OutlookKey = tuple[Kind, str]
MeetingKey = tuple[str, datetime | None]  # iCalUId, original start (M6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything a pass observed. `links` are all links of observed items and of the markers on them; `claims` say which
    record a meeting has (M6), `claimed` which records come from a meeting at all; `candidates` are the CORs found for
    contacts without a link (M4), whoever has them; `attempts` are the open creates in X3 (M7), ZSYNCID -> Outlook id,
    `creating` the records with an open create in Outlook; `force` lets items outside the window meet (F1, F2)."""

    links: Sequence[Link]
    x3: Mapping[X3Key, Observation]
    outlook: Mapping[OutlookKey, Observation]
    candidates: Sequence[Present] = ()
    claims: Mapping[MeetingKey, str] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()
    attempts: Mapping[str, str] = field(default_factory=dict)
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
class _Work:
    seen: Seen
    fp: str
    mailbox: str
    pairs: list[Pair] = field(default_factory=list)
    free_x3: dict[X3Key, Present] = field(default_factory=dict)
    foreign: int = 0
    wanted: set[X3Key] = field(default_factory=set)
    paired: set[X3Key] = field(default_factory=set)  # records that got an item in this pass


def match(seen: Seen, *, fp: str, mailbox: str) -> Matching:
    """All pairs of a pass. `fp` and `mailbox` tell our own markers from copies and foreign ones (M2, M3)."""
    work = _Work(seen, fp, mailbox)
    linked_x3 = {(link.type, link.x3_key) for link in seen.links}
    linked_outlook = {(link.type.kind, link.outlook_key) for link in seen.links}
    work.free_x3 = {k: o for k, o in seen.x3.items() if isinstance(o, Present) and k not in linked_x3}
    free = [o for k, o in sorted(seen.outlook.items()) if k not in linked_outlook and isinstance(o, Present)]
    private = [(k, o) for k, o in seen.outlook.items() if k not in linked_outlook and isinstance(o, Private)]
    free = _moved(work, free)
    free = _unanswered(work, free)
    free = _marked(work, free)
    free = _meetings(work, free)
    _natural(work, free)
    attempted = _attempted(work)
    for name, hidden in private:
        if name not in attempted:
            work.pairs.append(Pair(type=default_type(name[0]), link=None, x3=UNREAD, outlook=hidden))
    for key, present in sorted(work.free_x3.items()):
        if key[1] in seen.claimed:
            note = "the record comes from a meeting that is not in this mailbox"
            work.pairs.append(Pair(type=key[0], link=None, x3=present, outlook=UNREAD, meeting=Meeting.CLAIMED, note=note))
        else:
            work.pairs.append(Pair(type=key[0], link=None, x3=present, outlook=UNREAD))
    return Matching(pairs=tuple(work.pairs), foreign=work.foreign, wanted=frozenset(work.wanted))


def _meeting_key(item: Present) -> MeetingKey | None:
    event = item.outlook.event
    return (event.ical_uid, event.original_start) if event is not None and event.ical_uid else None


def _own_marker(work: _Work, item: Present) -> Marker | None:
    """The item's marker, unless it is a copy from another mailbox (M3) or another installation's."""
    marker = item.outlook.marker
    if marker is None or marker.fp != work.fp or marker.mailbox != work.mailbox or not marker.x3_key:
        return None
    return marker


def _attempted(work: _Work) -> set[OutlookKey]:
    """M7: records of open creates whose item went away, or became private, before the answer was known. They are linked
    after all, so that the deletion or the privacy reaches X3; else they would be made again in Outlook. While the item was
    not read, the record waits. (A task that moved meanwhile has another id, and no marker yet: M4 finds it.)"""
    linked: set[OutlookKey] = set()
    for sync, key in _by_sync_id(work).items():
        if sync not in work.seen.attempts:
            continue
        x3, outlook_key = work.free_x3[key], (key[0].kind, work.seen.attempts[sync])
        outlook = work.seen.outlook.get(outlook_key, UNREAD)
        if isinstance(outlook, Present):
            continue  # see _unanswered
        del work.free_x3[key]
        if isinstance(outlook, Unread):
            continue
        owner = x3.x3.representatives[0] if x3.x3.representatives else ""
        link = Link(
            type=key[0],
            state=LinkState.LINKED,
            x3_key=x3.key,
            auuid=x3.x3.auuid,
            outlook_key=outlook_key[1],
            born=Side.OUTLOOK,
            owner=owner,
            x3=Look(content=x3.content, version=x3.version),
            outlook=Look(content=x3.content),
        )
        linked.add(outlook_key)
        note = "the record was made of this item"
        work.pairs.append(Pair(type=key[0], link=link, x3=x3, outlook=outlook, note=note))
    return linked


def _moved(work: _Work, free: list[Present]) -> list[Present]:
    """Pairs of existing links. S8: what vanished under its id may be here under another one. A meeting is known by its
    iCalUId: it was accepted anew. Anything else by its marker, which is no copy's while no living item has it (M3): a task
    was moved to another list, an item was taken out and brought in again, or was created again (D4, M7)."""
    seen = work.seen
    by_marker = _carriers(work, free)
    by_meeting: dict[MeetingKey, list[Present]] = defaultdict(list)
    for item in free:
        if key := _meeting_key(item):
            by_meeting[key].append(item)
    taken: set[str] = set()
    made = _by_sync_id(work)
    handed_on = _handed_on(work, free)
    for link in seen.links:
        outlook = seen.outlook.get((link.type.kind, link.outlook_key), UNREAD)
        x3 = seen.x3.get((link.type, link.x3_key), UNREAD)
        note = ""
        if isinstance(outlook, Absent):
            heirs = by_meeting[link.ical_uid, link.original_start] if link.ical_uid else []
            # A8: an occurrence has no marker. One that names its record was the single event's that became the series.
            if not heirs and (not link.series_id or (link.type, link.x3_key) in seen.creating):
                heirs = by_marker[link.type, link.x3_key]
            heir = _heir(link, x3, [item for item in heirs if item.key not in taken])
            if heir is not None:
                taken.add(heir.key)
                note = "found again under another id (S8)"
                link = replace(link, outlook_key=heir.key, folder=heir.outlook.folder)
                outlook = heir
        if (successor := handed_on.get(link.outlook_key)) is not None and successor.key not in taken:
            taken.add(successor.key)
            note = series.HANDED_ON
            link = replace(link, outlook_key=successor.key, folder=successor.outlook.folder)
            outlook = successor
        outlook = series.without_master(outlook)
        if isinstance(outlook, Present):
            ids = (sync_id(outlook, fp=work.fp, mailbox=work.mailbox), again_sync_id(link.auuid, fp=work.fp))
            again = next((made[one] for one in ids if one in made), None)
            if isinstance(x3, Absent) and again is not None and again in work.free_x3 and again[0] is link.type:
                # M7: created again by D4, but the answer was lost.
                x3 = work.free_x3.pop(again)
                work.paired.add(again)
                link = replace(link, x3_key=x3.key, auuid=x3.x3.auuid)
                note = "found again under another key (M7)"
            outlook = in_type(outlook, link.type, link)
        work.pairs.append(Pair(type=link.type, link=link, x3=x3, outlook=outlook, note=note))
    return [item for item in free if item.key not in taken]


def _carriers(work: _Work, free: Iterable[Present]) -> dict[X3Key, list[Present]]:
    """Which items carry a record's marker as their own. An occurrence only shows what its master carries, and that is no
    item (A8); what has a record of its own, or may just be getting it (M7), is a copy."""
    made, trying = _by_sync_id(work), set(work.seen.attempts.values())
    carriers: dict[X3Key, list[Present]] = defaultdict(list)
    for item in free:
        marker, event = _own_marker(work, item), item.outlook.event
        if marker is None or (event is not None and event.shape is not Shape.SINGLE):
            continue
        if item.key not in trying and sync_id(item, fp=work.fp, mailbox=work.mailbox) not in made:
            carriers[marker.type, marker.x3_key].append(item)
    return carriers


def _handed_on(work: _Work, free: Iterable[Present]) -> dict[str, Present]:
    """A8: which new occurrence takes over the record of a vanished one; not one that has a record of its own (M6, M7)."""
    seen, made = work.seen, _by_sync_id(work)
    unclaimed = [
        item
        for item in free
        if item.outlook.event is not None
        and _meeting_key(item) not in seen.claims
        and sync_id(item, fp=work.fp, mailbox=work.mailbox) not in made
    ]

    def look(link: Link) -> tuple[Observation, Observation]:
        x3 = seen.x3.get((link.type, link.x3_key), UNREAD)
        return x3, seen.outlook.get((link.type.kind, link.outlook_key), UNREAD)

    return series.heirs(seen.links, seen.series, look, unclaimed, seen.now)


def _heir(link: Link, x3: Observation, heirs: Sequence[Present]) -> Present | None:
    """Which of the items found for a vanished one it has become: the one that differs least from what was last seen. What
    S7 will delete, whatever was edited, must not differ at all, lest it be an edited copy; nor may a card that is another
    person's now take over a COR that others may have, too (D3)."""
    lost = isinstance(x3, Present) and x3.where is Where.ELSEWHERE
    differing = {item.key: _differences(item, link) for item in heirs}
    alike = [item for item in heirs if not differing[item.key] or not (lost or _another_person(item, link))]
    return min(alike, key=lambda item: differing[item.key], default=None)


def _another_person(item: Present, link: Link) -> bool:
    seen = link.outlook.content
    return isinstance(seen, Contact) and not persons_alike(seen, [item])


def _differences(item: Present, link: Link) -> int:
    """In how many fields an item differs from what was last seen: it tells a moved item from an edited copy of it."""
    seen, now = link.outlook.content, in_type(item, link.type, link).content
    if seen is None or type(seen) is not type(now):
        return 0
    return sum(getattr(seen, name) != getattr(now, name) for name in field_names(link.type))


def _by_sync_id(work: _Work) -> dict[str, X3Key]:
    return {record.x3.sync_id: key for key, record in work.free_x3.items() if record.x3.sync_id}


def _unanswered(work: _Work, free: list[Present]) -> list[Present]:
    """M7: a record that carries the ZSYNCID this item would give it was made of it, though nobody heard the answer. That
    comes before the marker, which on a copy names the record of the original (M3)."""
    by_sync_id = _by_sync_id(work)
    rest: list[Present] = []
    for item in free:
        key = by_sync_id.pop(sync_id(item, fp=work.fp, mailbox=work.mailbox), None) if by_sync_id else None
        if key is None:
            rest.append(item)
            continue
        event = item.outlook.event
        met = Meeting.MEETING if event and (event.attendees or not event.organizer) else Meeting.MARKER
        x3, item = work.free_x3.pop(key), in_type(item, key[0], None)
        work.paired.add(key)
        note = "the record was made of this item"
        work.pairs.append(Pair(type=key[0], link=None, x3=x3, outlook=item, meeting=met, note=note))
    return rest


def _marked(work: _Work, free: list[Present]) -> list[Present]:
    """Adoption by marker (M2) and copies (M3). An item whose own record may just have been created (M7) is as good as a
    copy: its marker still names the original's."""
    trying = set(work.seen.attempts.values())
    links = {(link.type, link.x3_key): link for link in work.seen.links}
    rest: list[Present] = []
    for item in free:
        if item.outlook.marker is not None and item.outlook.marker.fp != work.fp:
            work.foreign += 1
            continue
        marker = _own_marker(work, item)
        if marker is None or item.key in trying:
            rest.append(item)
            continue
        key = (marker.type, marker.x3_key)
        link = links.get(key)
        if link is not None:
            if isinstance(work.seen.outlook.get((link.type.kind, link.outlook_key), UNREAD), Unread):
                # Only a look at the linked item tells a copy from a moved original.
                continue
            rest.append(item)  # M3: a copy is a new item
        elif key in work.paired:
            rest.append(item)
        else:
            work.paired.add(key)
            _adopt(work, item, key)
    return rest


def _adopt(work: _Work, item: Present, key: X3Key) -> None:
    x3 = work.seen.x3.get(key, UNREAD)
    work.free_x3.pop(key, None)
    if isinstance(x3, Unread):
        work.wanted.add(key)
    item = in_type(item, key[0], None)
    note = "carries our marker"
    work.pairs.append(Pair(type=key[0], link=None, x3=x3, outlook=item, meeting=Meeting.MARKER, note=note))


def _meetings(work: _Work, free: list[Present]) -> list[Present]:
    """M6: the same meeting in another mailbox already has a record."""
    rest: list[Present] = []
    links = {(link.type, link.x3_key): link for link in work.seen.links}
    taken = set(links) | work.paired
    for item in free:
        key = _meeting_key(item)
        record = work.seen.claims.get(key) if key else None
        if record is None:
            rest.append(item)
            continue
        x3_key = (type_of_new(item), record)
        link = links.get(x3_key)
        if link and isinstance(work.seen.outlook.get((link.type.kind, link.outlook_key), UNREAD), Unread):
            continue  # as in _marked: it may have come here from there
        if x3_key in taken:
            # M1: a record has one item in a mailbox. Nothing tells which of the two it should be.
            note = f"the meeting is in this mailbox twice: X3 {record}"
            pair = Pair(type=x3_key[0], link=None, x3=UNREAD, outlook=item, meeting=Meeting.AMBIGUOUS, note=note)
            work.pairs.append(pair)
            continue
        taken.add(x3_key)
        x3 = work.seen.x3.get(x3_key, UNREAD)
        work.free_x3.pop(x3_key, None)
        if isinstance(x3, Unread):
            work.wanted.add(x3_key)
        note = "the same meeting already has a record in X3"
        work.pairs.append(Pair(type=x3_key[0], link=None, x3=x3, outlook=item, meeting=Meeting.MEETING, note=note))
    return rest


# ------------------------------------------------------------------------------------- first meeting (M4)


def _natural(work: _Work, free: Iterable[Present]) -> None:
    """One-to-one in both directions is a match; otherwise nothing is done and it is said (M4)."""
    items = list(free)
    records = dict(work.free_x3)
    taken = {(link.type, link.x3_key) for link in work.seen.links} | work.paired
    for present in work.seen.candidates:
        if (key := (ItemType.CONTACT, present.key)) not in taken:
            records.setdefault(key, present)
    fits = {item.key: similar(item, records, work.seen.force) for item in items}
    suitors: dict[X3Key, list[str]] = defaultdict(list)
    for item_key, keys in fits.items():
        for key in keys:
            suitors[key].append(item_key)
    for item in items:
        keys = fits[item.key]
        item_type = type_of_new(item)
        if not keys:
            work.pairs.append(Pair(type=item_type, link=None, x3=UNREAD, outlook=item))
        elif len(keys) == 1 and len(suitors[keys[0]]) == 1:
            note = "the same " + ("person" if item_type is ItemType.CONTACT else "subject and dates") + " on both sides"
            x3 = records[keys[0]]
            work.free_x3.pop(keys[0], None)
            work.pairs.append(Pair(type=item_type, link=None, x3=x3, outlook=item, meeting=Meeting.NATURAL, note=note))
        else:
            for key in keys:
                work.free_x3.pop(key, None)
            note = "several items fit each other: X3 " + ", ".join(sorted(key[1] for key in keys))
            work.pairs.append(
                Pair(type=item_type, link=None, x3=UNREAD, outlook=item, meeting=Meeting.AMBIGUOUS, note=note)
            )
