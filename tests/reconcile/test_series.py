"""Who takes over the record of a vanished occurrence, what of the past stays, what counts as one (A8, G1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconcile import guard, match, plan, series
from reconcile.actions import Delete, Gate, Rule
from reconcile.content import ItemType, Kind, Side, When
from reconcile.guard import Ledger
from reconcile.match import Seen
from reconcile.model import Absent, EventFacts, Link, LinkState, Observation, Present, Response, Shape
from reconcile.model import Seen as Look
from tests.reconcile.build import CONTENTS, FP, MAILBOX, NOW, alter, context, link, outlook, x3

MONDAY = datetime(2026, 3, 2, 9, tzinfo=NOW.tzinfo)  # three hours before NOW


def at(days: int) -> When:
    start = MONDAY + timedelta(days=days)
    return When(start=start, end=start + timedelta(hours=1))


def linked(number: int, days: int) -> tuple[Link, Present]:
    """The link and the record of an occurrence so many days from the first Monday."""
    there = alter(CONTENTS[ItemType.APPOINTMENT][Side.X3], when=at(days))
    here = alter(CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK], when=at(days))
    made = link(
        ItemType.APPOINTMENT,
        id=number,
        x3_key=f"X{number}",
        auuid=f"A{number}",
        outlook_key=f"old-{number}",
        original_start=at(days).start,
        ical_uid=f"old-{number}",
        x3=Look(content=there),
        outlook=Look(content=here),
    )
    return made, x3(there, key=made.x3_key, auuid=made.auuid)


def occurrence(days: int, master: str, subject: str = "Visit", *, organizer: bool = True) -> Present:
    """An occurrence without a record."""
    facts = EventFacts(
        ical_uid=f"{master}-{days}",
        shape=Shape.OCCURRENCE,
        series_id=master,
        original_start=at(days).start,
        organizer=organizer,
        response=Response.ORGANIZER if organizer else Response.ACCEPTED,
    )
    content = alter(CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK], when=at(days), subject=subject)
    return outlook(content, key=f"{master}-{days}", event=facts)


def heirs(old: list[int], new: list[Present], *, of_series: str = "S") -> dict[str, str]:
    """old-N -> the key of what takes its record over; the old ones are of the series S."""
    pairs = [linked(number, days) for number, days in enumerate(old)]
    looks: dict[str, tuple[Observation, Observation]] = {
        one.outlook_key: (record, Absent(key=one.outlook_key)) for one, record in pairs
    }
    names = {one.outlook_key: of_series for one, _ in pairs}
    found = series.heirs([one for one, _ in pairs], names, lambda one: looks[one.outlook_key], new, NOW)
    return {key: item.key for key, item in found.items()}


def test_a8_in_order_where_no_day_is_the_same() -> None:
    assert heirs([7, 14], [occurrence(15, "S"), occurrence(8, "S")]) == {"old-0": "S-8", "old-1": "S-15"}


def test_a8_the_same_day_comes_before_the_order() -> None:
    assert heirs([7, 14], [occurrence(14, "S"), occurrence(21, "S")]) == {"old-0": "S-21", "old-1": "S-14"}


def test_a8_a_past_record_stays_one_of_the_past() -> None:
    assert heirs([-7, 0, 7], [occurrence(8, "S"), occurrence(-6, "S"), occurrence(15, "S")]) == {
        "old-0": "S--6",
        "old-2": "S-8",
    }


def test_a8_a_split_hands_on_by_subject_and_only_to_a_series_of_the_user() -> None:
    assert heirs([7, 14], [occurrence(7, "T"), occurrence(14, "T")]) == {"old-0": "T-7", "old-1": "T-14"}
    assert heirs([7], [occurrence(7, "T", "Other")]) == {}
    assert heirs([7], [occurrence(7, "T", organizer=False)]) == {}


def test_a8_the_own_series_comes_before_another() -> None:
    assert heirs([7], [occurrence(7, "T"), occurrence(8, "S")]) == {"old-0": "S-8"}


def test_a8_a_master_without_an_heir_is_nothing_to_write_to() -> None:
    one, record = linked(1, 7)
    content = CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK]
    master = outlook(content, key=one.outlook_key, event=EventFacts(shape=Shape.MASTER))
    seen = Seen(links=(one,), x3={(one.type, one.x3_key): record}, outlook={(Kind.EVENT, one.outlook_key): master}, now=NOW)
    (pair,) = match.match(seen, fp=FP, mailbox=MAILBOX).pairs
    (decision,) = plan.decide(pair, context())
    assert (decision.rule, decision.steps) == (Rule.S8, ())


def vanished(days: list[int]) -> Seen:
    """A pass in which these occurrences vanished."""
    pairs = [linked(number, day) for number, day in enumerate(days)]
    return Seen(
        links=tuple(one for one, _ in pairs),
        x3={(one.type, one.x3_key): record for one, record in pairs},
        outlook={(Kind.EVENT, one.outlook_key): Absent(key=one.outlook_key) for one, _ in pairs},
        now=NOW,
    )


def test_a8_g1_the_past_stays_and_the_rest_is_one_deletion() -> None:
    now = context(now=dict.fromkeys(Side, NOW))
    pairs = match.match(vanished([-7, 0, *range(7, 77, 7)]), fp=FP, mailbox=MAILBOX).pairs
    decisions = plan.plan(pairs, now)
    kept = [d for d in decisions if d.rule is Rule.A8]
    gone = [d for d in decisions if any(isinstance(step, Delete) for step in d.steps)]
    assert [d.after for d in kept] == [LinkState.RELEASED] * 2
    assert len(gone) == 10
    assert series.counted(gone) == 1
    assert all(d.gate is Gate.OPEN for d in guard.guard(decisions, Ledger(links={ItemType.APPOINTMENT: 12}, go=True)))


def test_d8_one_that_vanishes_alone_is_deleted_even_if_past() -> None:
    pairs = match.match(vanished([-7]), fp=FP, mailbox=MAILBOX).pairs
    (decision,) = plan.plan(pairs, context(now=dict.fromkeys(Side, NOW)))
    assert decision.deletes_on is Side.X3


def test_g1_items_that_are_no_occurrences_count_one_by_one() -> None:
    seen = vanished([7, 14, 21])
    seen = replace(seen, links=tuple(replace(one, original_start=None) for one in seen.links))
    decisions = plan.plan(match.match(seen, fp=FP, mailbox=MAILBOX).pairs, context())
    assert series.counted(decisions) == 3
