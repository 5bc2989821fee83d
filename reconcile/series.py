"""Series (A8): X3 has no recurrence, so each occurrence is one record. What becomes of the records of occurrences that a
change of the series, a split or a single event's becoming a series took away; and what counts as one deletion (G1).

Works on what one pass observed; no item or record is touched here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from reconcile import events
from reconcile.actions import Create, Decision, Rule
from reconcile.content import Appointment, Call, Kind, Side, When
from reconcile.events import EventClass
from reconcile.matching import meeting_key
from reconcile.model import UNREAD, Absent, Link, LinkState, Observation, Pair, Present, Response, Shape, Went, Where
from reconcile.text import fold

_RECURRING = (Shape.OCCURRENCE, Shape.EXCEPTION)
HANDED_ON = "its occurrence went with a change of the series; this one takes its record over (A8)"


@dataclass(frozen=True, slots=True)
class _Orphan:
    """A record whose occurrence has vanished, with the day on which it stood in the series."""

    link: Link
    series: str
    day: date
    past: bool


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """An occurrence without a record."""

    item: Present
    series: str
    day: date
    past: bool


def is_master(observed: Observation) -> bool:
    """Whether a linked item is now the master of a series: it was a single event and is no item of its own any more."""
    event = observed.outlook.event if isinstance(observed, Present) else None
    return event is not None and event.shape is Shape.MASTER


def heirs(
    links: Sequence[Link],
    known: Collection[str],
    look: Callable[[Link], tuple[Observation, Observation]],
    free: Iterable[Present],
    now: datetime | None,
) -> dict[str, Present]:
    """Which new occurrence takes over which record: vanished Outlook id -> new item.

    `known` are the series that have records already, `look` answers how X3 and Outlook look for a link, `free` are the
    items that nothing else claims, `now` is Outlook's own clock. Offered first to the same series, then to a new one with
    the same organiser and subject (a split); by day, then in order. A record of the past stays one of the past, and that
    of an occurrence that was taken out alone goes with it (D8).
    """
    orphans = _orphans(links, look, now)
    if not orphans:
        return {}
    gone = {(orphan.link.ical_uid, orphan.link.original_start) for orphan in orphans if orphan.link.ical_uid}
    newcomers = [_newcomer(item, now) for item in free if _may_inherit(item)]
    newcomers = [n for n in newcomers if meeting_key(n.item) not in gone]
    found: dict[str, Present] = {}
    for series in dict.fromkeys(orphan.series for orphan in orphans):
        _offer([o for o in orphans if o.series == series], [n for n in newcomers if n.series == series], found)
    taken = {item.key for item in found.values()}
    old = {*known} | {n.series for n in newcomers if n.item.key in taken}
    for series in dict.fromkeys(n.series for n in newcomers if n.series not in old):
        split = [n for n in newcomers if n.series == series]
        left = [o for o in orphans if o.link.outlook_key not in found and _continues(o.link, split[0].item)]
        _offer(left, split, found)
    return found


def _orphans(
    links: Sequence[Link],
    look: Callable[[Link], tuple[Observation, Observation]],
    now: datetime | None,
) -> list[_Orphan]:
    orphans: list[_Orphan] = []
    for link in links:
        if link.type.kind is not Kind.EVENT or link.state is not LinkState.LINKED:
            continue
        x3, outlook = look(link)
        series = outlook.key if isinstance(outlook, Present) and is_master(outlook) else link.series_id
        vanished = isinstance(outlook, Absent) and series != "" and outlook.went is not Went.ALONE
        if not (vanished or is_master(outlook)) or not isinstance(x3, Present) or x3.where is not Where.HERE:
            continue
        when = _when(x3)
        day = link.original_start.date() if link.original_start else _day(when)
        orphans.append(_Orphan(link, series, day, _over(when, now)))
    return sorted(orphans, key=lambda orphan: (orphan.day, orphan.link.x3_key))


def _newcomer(item: Present, now: datetime | None) -> _Newcomer:
    event, when = item.outlook.event, _when(item)
    assert event is not None
    day = event.original_start.date() if event.original_start else _day(when)
    return _Newcomer(item, event.series_id or item.key, day, _over(when, now))


def _may_inherit(item: Present) -> bool:
    """An occurrence, or the single event that a series has become; in the window, and one that X3 would have. A series that
    its organiser moved asks for an answer again; like any linked meeting it keeps its records meanwhile."""
    event = item.outlook.event
    return (
        event is not None
        and item.where is Where.HERE
        and (event.shape in _RECURRING or event.shape is Shape.SINGLE)
        and events.classify(item) in (EventClass.MANAGED, EventClass.REQUEST)
        and not events.declined(item)
    )


def _offer(orphans: Sequence[_Orphan], newcomers: Sequence[_Newcomer], found: dict[str, Present]) -> None:
    """By day, then in order; past to past and future to future, so that a change of the series rewrites no history."""
    by_day = {newcomer.day: newcomer for newcomer in reversed(newcomers)}
    rest: list[_Orphan] = []
    taken: set[str] = set()
    for orphan in orphans:
        same = by_day.pop(orphan.day, None)
        if same is None or same.past is not orphan.past:
            rest.append(orphan)
        else:
            taken.add(same.item.key)
            found[orphan.link.outlook_key] = same.item
    left = sorted((n for n in newcomers if n.item.key not in taken), key=lambda n: (n.day, n.item.key))
    for past in (True, False):
        pairs = zip((o for o in rest if o.past is past), (n for n in left if n.past is past), strict=False)
        found.update({orphan.link.outlook_key: newcomer.item for orphan, newcomer in pairs})


def _continues(link: Link, item: Present) -> bool:
    """Whether a new series goes on where the link's ended: of the same organiser, with the subject that the link's last
    had."""
    event, seen = item.outlook.event, link.outlook.content
    if event is None or event.shape not in _RECURRING or not isinstance(seen, Appointment | Call):
        return False
    return fold(seen.subject) == fold(_subject(item)) and event.organized_by == link.organized_by


def _subject(item: Present) -> str:
    assert isinstance(item.content, Appointment | Call)
    return item.content.subject


def _when(item: Present) -> When:
    assert isinstance(item.content, Appointment | Call)
    return item.content.when


def _day(when: When) -> date:
    if when.first is not None:
        return when.first
    assert when.start is not None
    return when.start.date()


def _over(when: When, now: datetime | None) -> bool:
    """Whether it is past; an all-day item, once its last day is over in UTC."""
    if now is None:
        return False
    if when.last is not None:
        return when.last < now.date()
    assert when.end is not None
    return when.end <= now


def anew(step: Create) -> Create:
    """The create of an occurrence whose first record was handed on, and whose ZSYNCID stands there (M7)."""
    return replace(step, sync_id=hashlib.sha256(f"{step.sync_id}\x1fanew".encode()).hexdigest()[:40])


# --------------------------------------------------------------------------------------------- deletions


def spared(decisions: Iterable[Decision], now: Mapping[Side, datetime]) -> list[Decision]:
    """Past records are never deleted by a change of the series: the link of a past one ends, and X3 keeps the record. One
    that was taken out of its series alone was deleted by itself (D8). Where the series does not tell which it was, it was
    changed if several of its occurrences vanish at once, or one and others were handed on."""
    listed = list(decisions)
    touched = Counter(d.pair.link.series_id for d in listed if d.pair.link and _touched(d.pair))
    return [_spared(d, now) if _changed(d.pair, touched) else d for d in listed]


def _went(observed: Observation) -> Went | None:
    """How an occurrence ended, None while it goes on. What is cancelled or declined counts as deleted (A5, D7): the whole
    series, where the occurrence only shows what its master says."""
    if isinstance(observed, Absent):
        return observed.went
    event = observed.outlook.event if isinstance(observed, Present) else None
    if event is None or not (event.cancelled or event.response is Response.DECLINED):
        return None
    return Went.CHANGED if event.shape is Shape.OCCURRENCE else Went.UNTOLD


def _touched(pair: Pair) -> bool:
    """Whether a change of the series may be the reason for what became of this occurrence."""
    return pair.note == HANDED_ON or _went(pair.outlook) in (Went.CHANGED, Went.UNTOLD)


def _changed(pair: Pair, touched: Mapping[str, int]) -> bool:
    """Whether an occurrence ended because its series was changed."""
    if pair.link is None or not pair.link.series_id:
        return False
    went = _went(pair.outlook)
    return went is Went.CHANGED or (went is Went.UNTOLD and touched.get(pair.link.series_id, 0) > 1)


def _spared(decision: Decision, now: Mapping[Side, datetime]) -> Decision:
    pair = decision.pair
    x3 = pair.x3
    if decision.deletes_on is not Side.X3 or not isinstance(x3, Present):
        return decision
    if not isinstance(x3.content, Appointment | Call) or not _over(x3.content.when, now.get(Side.OUTLOOK)):
        return decision
    why = "past, and its series was changed or deleted: X3 keeps its record"
    return Decision(pair=pair, rule=Rule.A8, why=why, after=LinkState.RELEASED)


def counted(decisions: Iterable[Decision]) -> int:
    """How many deletions these are to the guard: all of one series are one (G1)."""
    of_series = Counter(decision.pair.link.series_id if decision.pair.link else "" for decision in decisions)
    return of_series.pop("", 0) + len(of_series)


def without_master(outlook: Observation) -> Observation:
    """A master whose record nobody took over is nothing to write to: it would move the whole series."""
    return UNREAD if is_master(outlook) else outlook
