"""Which item a link has now: what vanished under its id may be here under another one (S8, A8, M6), and so may its record
(M7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from reconcile import series
from reconcile.content import Contact, field_names
from reconcile.fields import again_sync_id, in_type
from reconcile.likeness import persons_alike
from reconcile.matching import MeetingKey, Work, X3Key, meeting_key
from reconcile.model import UNREAD, Absent, Link, Observation, Pair, Present, Private, Shape, Where


def pair_links(work: Work, free: Iterable[Present]) -> list[Present]:
    """Makes the pairs of all links; answers which of the `free` items are still nobody's."""
    heirs, made = _Heirs(work, list(free)), work.by_sync_id()
    for link in work.seen.links:
        x3 = work.seen.x3.get((link.type, link.x3_key), UNREAD)
        link, outlook, note = heirs.follow(link, x3)
        if isinstance(outlook, Present):
            ids = (work.sync_id(outlook), again_sync_id(link.auuid, fp=work.fp))
            again = next((made[one] for one in ids if one in made), None)
            if isinstance(x3, Absent) and again is not None and again in work.free_x3 and again[0] is link.type:
                # M7: created again by D4, but the answer was lost.
                x3 = work.free_x3.pop(again)
                work.paired.add(again)
                link = replace(link, x3_key=x3.key, auuid=x3.x3.auuid)
                note = "found again under another key (M7)"
            outlook = in_type(outlook, link.type, link)
        work.pairs.append(Pair(type=link.type, link=link, x3=x3, outlook=outlook, note=note))
    return heirs.left()


class _Heirs:
    """The items without a link that may be what vanished. Each is taken once."""

    def __init__(self, work: Work, free: list[Present]) -> None:
        self._free = {item.key: item for item in free}
        self._work, self._seen = work, work.seen
        # A master is no item (A8), but it tells what became of a single event.
        self._masters = {
            item.outlook.event.ical_uid: item for item in free if series.is_master(item) and item.outlook.event
        }
        free = [item for item in free if not series.is_master(item)]
        self._by_marker = _carriers(work, free)
        self._by_meeting: dict[MeetingKey, list[Present]] = defaultdict(list)
        self._by_record: dict[X3Key, list[Present]] = defaultdict(list)
        for item in free:
            if key := meeting_key(item):
                self._by_meeting[key].append(item)
                if key in work.seen.claims:
                    self._by_record[work.seen.claims[key]].append(item)
        self._successors = _successors(work, free, self._look)

    def _look(self, link: Link) -> Observation:
        """How the item looks under its id. A meeting that became a series and was accepted anew has another id (S8): then
        its master, as it would look had it kept the id."""
        outlook = self._seen.outlook.get((link.type.kind, link.outlook_key), UNREAD)
        single = link.ical_uid and link.original_start is None
        return self._masters.get(link.ical_uid, outlook) if isinstance(outlook, Absent) and single else outlook

    def left(self) -> list[Present]:
        return list(self._free.values())

    def follow(self, link: Link, x3: Observation) -> tuple[Link, Observation, str]:
        """The link with the item that it has now, how that looks, and how it was found."""
        outlook, heir, note = self._look(link), None, ""
        if isinstance(outlook, Absent) or series.is_master(outlook):
            heir, note = self._heir(link, x3, outlook)
        # A8: a change of the series has the last word.
        if (successor := self._successors.get(link.outlook_key)) is not None and successor.key in self._free:
            heir, note = successor, series.HANDED_ON
        if heir is None and isinstance(outlook, Absent) and (hidden := self._hidden(link)) is not None:
            return replace(link, outlook_key=hidden.key), hidden, "found again under another id, private (S5, S8)"
        if heir is None:
            return link, series.without_master(outlook), ""
        del self._free[heir.key]
        return replace(link, outlook_key=heir.key, folder=heir.outlook.folder), heir, note

    def _hidden(self, link: Link) -> Private | None:
        """The private item without a link that carries a vanished one's marker, or is the same single event: a task moved
        to a private list, an event accepted anew and made private."""
        if link.series_id:
            return None
        for name, item in self._work.hidden.items():
            marker = self._work.own_marker(item)
            ours = marker is not None and (marker.type, marker.x3_key) == (link.type, link.x3_key)
            same = bool(link.ical_uid) and item.ical_uid == link.ical_uid
            if name[0] is link.type.kind and (ours or same):
                return self._work.hidden.pop(name)
        return None

    def _heir(self, link: Link, x3: Observation, outlook: Observation) -> tuple[Present | None, str]:
        """A meeting is known by its iCalUId: it was accepted anew. Where another mailbox has given the record to another
        occurrence (A8), it is that one's here, too (M6). Anything else is known by its marker, which is no copy's while no
        living item has it (M3): a task was moved to another list, an item was taken out and brought in again, or created
        again (D4, M7). Of several it is the one that differs least from what was last seen."""
        record = (link.type, link.x3_key)
        handed_on = self._by_record[record]
        heirs = handed_on or (self._by_meeting[link.ical_uid, link.original_start] if link.ical_uid else [])
        # An occurrence has no marker (A8). One that names its record was the single event's that became the series; that
        # event lives on as its master, and what carries the marker beside a living item is a copy (M3).
        alone = isinstance(outlook, Absent) and (not link.series_id or record in self._seen.creating)
        if not heirs and alone:
            heirs = [item for item in self._by_marker[record] if _may_be_moved(link, x3, item)]
        heirs = [item for item in heirs if item.key in self._free]
        heir = min(heirs, key=lambda item: _differences(item, link), default=None)
        occurrence = heir is not None and heir.outlook.event is not None and bool(heir.outlook.event.series_id)
        return heir, series.HANDED_ON if handed_on and occurrence else "found again under another id (S8)"


def _carriers(work: Work, free: Iterable[Present]) -> dict[X3Key, list[Present]]:
    """Which items carry a record's marker as their own. An occurrence only shows what its master carries, and that is no
    item (A8); what has a record of its own, or may just be getting it (M7), is a copy."""
    made, trying = work.by_sync_id(), set(work.seen.attempts.values())
    carriers: dict[X3Key, list[Present]] = defaultdict(list)
    for item in free:
        marker, event = work.own_marker(item), item.outlook.event
        if marker is None or (event is not None and event.shape is not Shape.SINGLE):
            continue
        if item.key not in trying and work.sync_id(item) not in made:
            carriers[marker.type, marker.x3_key].append(item)
    return carriers


def _successors(work: Work, free: Iterable[Present], outlook: Callable[[Link], Observation]) -> dict[str, Present]:
    """A8: which new occurrence takes over the record of a vanished one; not one that has a record of its own (M6, M7)."""
    seen, made = work.seen, work.by_sync_id()
    unclaimed = [
        item
        for item in free
        if item.outlook.event is not None and meeting_key(item) not in seen.claims and work.sync_id(item) not in made
    ]

    def look(link: Link) -> tuple[Observation, Observation]:
        return seen.x3.get((link.type, link.x3_key), UNREAD), outlook(link)

    return series.heirs(seen.links, seen.series, look, unclaimed, seen.now)


def _may_be_moved(link: Link, x3: Observation, item: Present) -> bool:
    """Whether an item with the marker of a vanished one may be that. What S7 will delete, whatever was edited, must not
    differ at all, lest it be an edited copy; nor may a card that is another person's now take over a COR that others may
    have, too (D3)."""
    lost = isinstance(x3, Present) and x3.where is Where.ELSEWHERE
    return not _differences(item, link) or not (lost or _another_person(item, link))


def _another_person(item: Present, link: Link) -> bool:
    seen = link.outlook.content
    return isinstance(seen, Contact) and not persons_alike(seen, [item])


def _differences(item: Present, link: Link) -> int:
    """In how many fields an item differs from what was last seen: it tells a moved item from an edited copy of it."""
    seen, now = link.outlook.content, in_type(item, link.type, link).content
    if seen is None or type(seen) is not type(now):
        return 0
    return sum(getattr(seen, name) != getattr(now, name) for name in field_names(link.type))
