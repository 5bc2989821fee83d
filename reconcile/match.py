"""Which items belong together: links, markers, the same meeting, natural keys (M1-M4, M6; S8's "moved").

Works on what was observed in one pass; what it would need beside that, it says in `wanted` and does nothing meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reconcile import heirs
from reconcile.content import ItemType, Side
from reconcile.fields import in_type
from reconcile.likeness import default_type, similar, type_of_new
from reconcile.matching import Matching, Observed, OutlookKey, Work, X3Key, meeting_key
from reconcile.model import UNREAD, Link, LinkState, Meeting, Pair, Present, Private, Unread
from reconcile.model import Seen as Look


def match(seen: Observed, *, fp: str, mailbox: str) -> Matching:
    """All pairs of a pass. `fp` and `mailbox` tell our own markers from copies and foreign ones (M2, M3)."""
    work = Work(seen, fp, mailbox)
    linked_x3 = {(link.type, link.x3_key) for link in seen.links}
    linked_outlook = {(link.type.kind, link.outlook_key) for link in seen.links}
    work.free_x3 = {k: o for k, o in seen.x3.items() if isinstance(o, Present) and k not in linked_x3}
    free = [o for k, o in sorted(seen.outlook.items()) if k not in linked_outlook and isinstance(o, Present)]
    work.hidden = {k: o for k, o in seen.outlook.items() if k not in linked_outlook and isinstance(o, Private)}
    free = heirs.pair_links(work, free)
    free = _unanswered(work, free)
    free = _marked(work, free)
    free = _meetings(work, free)
    _natural(work, free)
    attempted = _attempted(work)
    for name, hidden in work.hidden.items():
        if name not in attempted:
            work.pairs.append(_hidden(work, name, hidden))
    for key, present in sorted(work.free_x3.items()):
        if key[1] in seen.claimed:
            note = "the record comes from a meeting that is not in this mailbox"
            work.pairs.append(Pair(type=key[0], link=None, x3=present, outlook=UNREAD, meeting=Meeting.CLAIMED, note=note))
        else:
            work.pairs.append(Pair(type=key[0], link=None, x3=present, outlook=UNREAD))
    return Matching(pairs=tuple(work.pairs), foreign=work.foreign, wanted=frozenset(work.wanted))


def _attempted(work: Work) -> set[OutlookKey]:
    """M7: records of open creates whose item went away, or became private, before the answer was known. They are linked
    after all, so that the deletion or the privacy reaches X3; else they would be made again in Outlook. While the item was
    not read, the record waits. (A task that moved meanwhile has another id, and no marker yet: M4 finds it.)"""
    linked: set[OutlookKey] = set()
    for sync, key in work.by_sync_id().items():
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
            invited=sync in work.seen.invitations,
            x3=Look(content=x3.content, version=x3.version),
            outlook=Look(content=x3.content),
        )
        linked.add(outlook_key)
        note = "the record was made of this item"
        work.pairs.append(Pair(type=key[0], link=link, x3=x3, outlook=outlook, note=note))
    return linked


def _unanswered(work: Work, free: list[Present]) -> list[Present]:
    """M7: a record that carries the ZSYNCID this item would give it was made of it, though nobody heard the answer. That
    comes before the marker, which on a copy names the record of the original (M3)."""
    by_sync_id = work.by_sync_id()
    rest: list[Present] = []
    for item in free:
        key = by_sync_id.pop(work.sync_id(item), None) if by_sync_id else None
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


def _marked(work: Work, free: list[Present]) -> list[Present]:
    """Adoption by marker (M2) and copies (M3). An item whose own record may just have been created (M7) is as good as a
    copy: its marker still names the original's."""
    trying = set(work.seen.attempts.values())
    links = {(link.type, link.x3_key): link for link in work.seen.links}
    rest: list[Present] = []
    for item in free:
        if item.outlook.marker is not None and item.outlook.marker.fp != work.fp:
            work.foreign += 1
            continue
        marker = work.own_marker(item)
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


def _hidden(work: Work, name: OutlookKey, item: Private) -> Pair:
    """A private item without a link: one with the marker of a record that has no item is that record's (M2, S5)."""
    marker = work.own_marker(item)
    key = (marker.type, marker.x3_key) if marker is not None else None
    taken = {(link.type, link.x3_key) for link in work.seen.links} | work.paired
    if key is None or key in taken:
        return Pair(type=default_type(name[0]), link=None, x3=UNREAD, outlook=item)
    work.paired.add(key)
    work.free_x3.pop(key, None)
    x3 = work.seen.x3.get(key, UNREAD)
    if isinstance(x3, Unread):
        work.wanted.add(key)
    return Pair(type=key[0], link=None, x3=x3, outlook=item, meeting=Meeting.MARKER, note="carries our marker")


def _adopt(work: Work, item: Present, key: X3Key) -> None:
    x3 = work.seen.x3.get(key, UNREAD)
    work.free_x3.pop(key, None)
    if isinstance(x3, Unread):
        work.wanted.add(key)
    item = in_type(item, key[0], None)
    note = "carries our marker"
    work.pairs.append(Pair(type=key[0], link=None, x3=x3, outlook=item, meeting=Meeting.MARKER, note=note))


def _meetings(work: Work, free: list[Present]) -> list[Present]:
    """M6: the same meeting in another mailbox already has a record."""
    rest: list[Present] = []
    links = {(link.type, link.x3_key): link for link in work.seen.links}
    taken = set(links) | work.paired
    for item in free:
        key = meeting_key(item)
        x3_key = work.seen.claims.get(key) if key else None
        link = links.get(x3_key) if x3_key else None
        if x3_key is None or (link and _another_of_the_series(link, item)):
            rest.append(item)
            continue
        if link and isinstance(work.seen.outlook.get((link.type.kind, link.outlook_key), UNREAD), Unread):
            continue  # as in _marked: it may have come here from there
        if x3_key in taken:
            # M1: a record has one item in a mailbox. Nothing tells which of the two it should be.
            note = f"the meeting is in this mailbox twice: X3 {x3_key[1]}"
            pair = Pair(type=x3_key[0], link=None, x3=UNREAD, outlook=item, meeting=Meeting.AMBIGUOUS, note=note)
            work.pairs.append(pair)
            continue
        taken.add(x3_key)
        x3 = work.seen.x3.get(x3_key, UNREAD)
        work.free_x3.pop(x3_key, None)
        if isinstance(x3, Unread):
            work.wanted.add(x3_key)
        note, item = "the same meeting already has a record in X3", in_type(item, x3_key[0], None)
        work.pairs.append(Pair(type=x3_key[0], link=None, x3=x3, outlook=item, meeting=Meeting.MEETING, note=note))
    return rest


def _another_of_the_series(link: Link, item: Present) -> bool:
    """A8: whether the record has gone over to another occurrence since somebody gave it to this one."""
    key = meeting_key(item)
    return key is not None and link.ical_uid == key[0] and link.original_start != key[1]


# ------------------------------------------------------------------------------------- first meeting (M4)


def _natural(work: Work, free: Iterable[Present]) -> None:
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
