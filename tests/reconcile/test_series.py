"""Who takes over the record of a vanished occurrence, what of the past stays, what counts as one (A8, G1)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconcile import guard, match, plan, series
from reconcile.actions import Delete, Gate, Rule
from reconcile.content import ItemType, Kind, Side, When
from reconcile.guard import Ledger
from reconcile.matching import Observed
from reconcile.model import Absent, EventFacts, Link, LinkState, Observation, Present, Response, Shape, Went
from reconcile.model import Seen as Look
from tests.reconcile.build import CONTENTS, FP, MAILBOX, NOW, alter, context, link, outlook, x3

MONDAY = datetime(2026, 3, 2, 9, tzinfo=NOW.tzinfo)  # three hours before NOW


def at(days: int) -> When:
    start = MONDAY + timedelta(days=days)
    return When(start=start, end=start + timedelta(hours=1))


def linked(number: int, days: int, of_series: str = "S", organized_by: str = "") -> tuple[Link, Present]:
    """The link and the record of an occurrence so many days from the first Monday."""
    there = alter(CONTENTS[ItemType.APPOINTMENT][Side.X3], when=at(days))
    here = alter(CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK], when=at(days))
    made = link(
        ItemType.APPOINTMENT,
        id=number,
        x3_key=f"X{number}",
        auuid=f"A{number}",
        outlook_key=f"old-{number}",
        series_id=of_series,
        original_start=at(days).start,
        organized_by=organized_by,
        ical_uid=f"old-{number}",
        x3=Look(content=there),
        outlook=Look(content=here),
    )
    return made, x3(there, key=made.x3_key, auuid=made.auuid)


HOST = "host@away.example"
BY_HOST = EventFacts(organizer=False, organizer_email=HOST).organized_by


def occurrence(days: int, master: str, subject: str = "Visit", *, host: str = "") -> Present:
    """An occurrence without a record, of the user's own series or of one to which `host` invites him."""
    facts = EventFacts(
        ical_uid=f"{master}-{days}",
        shape=Shape.OCCURRENCE,
        series_id=master,
        original_start=at(days).start,
        organizer=not host,
        organizer_email=host,
        response=Response.ACCEPTED if host else Response.ORGANIZER,
    )
    content = alter(CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK], when=at(days), subject=subject)
    return outlook(content, key=f"{master}-{days}", event=facts)


def answered(item: Present, response: Response) -> Present:
    """The same item with another answer of the user."""
    event = item.outlook.event
    assert event is not None
    return replace(item, facts=replace(item.outlook, event=replace(event, response=response)))


def heirs(
    old: list[int], new: list[Present], *, known: str = "S", went: Went = Went.UNTOLD, by: str = ""
) -> dict[str, str]:
    """old-N -> the key of what takes its record over; the old ones are of the series S."""
    pairs = [linked(number, days, organized_by=by) for number, days in enumerate(old)]
    looks: dict[str, tuple[Observation, Observation]] = {
        one.outlook_key: (record, Absent(key=one.outlook_key, went=went)) for one, record in pairs
    }
    found = series.heirs([one for one, _ in pairs], known, lambda one: looks[one.outlook_key], new, NOW)
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


@pytest.mark.parametrize(("host", "by"), [("", ""), (HOST, BY_HOST), (HOST.upper(), BY_HOST)])
def test_a8_a_split_hands_on_by_organiser_and_subject(host: str, by: str) -> None:
    split = [occurrence(7, "T", host=host), occurrence(14, "T", host=host)]
    assert heirs([7, 14], split, by=by) == {"old-0": "T-7", "old-1": "T-14"}
    assert heirs([7], [occurrence(7, "T", "Other", host=host)], by=by) == {}
    assert heirs([7], split, by=by, known="ST") == {}


def test_a8_a_series_of_another_organiser_is_no_heir() -> None:
    assert heirs([7], [occurrence(7, "T", host=HOST)]) == {}
    assert heirs([7], [occurrence(7, "T")], by=BY_HOST) == {}
    assert heirs([7], [occurrence(7, "T", host="other@away.example")], by=BY_HOST) == {}


def test_s4_a_link_remembers_no_address_of_an_organiser() -> None:
    assert re.fullmatch("[0-9a-f]{16}", BY_HOST)
    assert EventFacts(organizer=False).organized_by not in ("", BY_HOST)


@pytest.mark.parametrize(("response", "heir"), [(Response.NOT_RESPONDED, {"old-0": "T-7"}), (Response.DECLINED, {})])
def test_a8_a_split_is_a_new_request_and_keeps_the_records_until_it_is_declined(
    response: Response, heir: dict[str, str]
) -> None:
    assert heirs([7], [answered(occurrence(7, "T", host=HOST), response)], by=BY_HOST) == heir


def test_d8_what_was_taken_out_alone_is_handed_to_nobody() -> None:
    assert heirs([7], [occurrence(8, "S")], went=Went.ALONE) == {}
    assert heirs([7], [occurrence(8, "S")], went=Went.CHANGED) == {"old-0": "S-8"}


def test_a8_a_series_its_organiser_moved_keeps_its_records_unanswered() -> None:
    asked = occurrence(8, "S", host=HOST)
    assert heirs([7], [answered(asked, Response.NOT_RESPONDED)]) == {"old-0": "S-8"}
    assert heirs([7], [answered(asked, Response.DECLINED)]) == {}


def test_a8_the_own_series_comes_before_another() -> None:
    assert heirs([7], [occurrence(7, "T"), occurrence(8, "S")]) == {"old-0": "S-8"}


@pytest.mark.parametrize("theirs", [False, True], ids=["alone", "with a colleague's link"])
def test_a8_m6_s8_a_meeting_that_became_a_series_under_another_id_is_its_first_occurrence(theirs: bool) -> None:
    """Accepting it anew gave it the other id; it is never the master, whoever names that."""
    one, record = linked(1, 7)
    single = replace(one, series_id="", original_start=None, ical_uid="uid")
    content = CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK]
    master = outlook(content, key="S", event=EventFacts(shape=Shape.MASTER, ical_uid="uid"))
    first = occurrence(7, "S")
    looks = {name: look for look in (Absent(key=one.outlook_key), master, first) for name in [(Kind.EVENT, look.key)]}
    name = (one.type, one.x3_key)
    claims = (
        {("uid", None): name, (first.outlook.event.ical_uid, at(7).start): name} if theirs and first.outlook.event else {}
    )
    seen = Observed(links=(single,), x3={name: record}, outlook=looks, claims=claims, now=NOW)
    linked_pair = next(pair for pair in match.match(seen, fp=FP, mailbox=MAILBOX).pairs if pair.link is not None)
    assert linked_pair.key(Side.OUTLOOK) == first.key


def test_a8_a_master_without_an_heir_is_nothing_to_write_to() -> None:
    one, record = linked(1, 7)
    content = CONTENTS[ItemType.APPOINTMENT][Side.OUTLOOK]
    master = outlook(content, key=one.outlook_key, event=EventFacts(shape=Shape.MASTER))
    seen = Observed(
        links=(one,), x3={(one.type, one.x3_key): record}, outlook={(Kind.EVENT, one.outlook_key): master}, now=NOW
    )
    (pair,) = match.match(seen, fp=FP, mailbox=MAILBOX).pairs
    (decision,) = plan.decide(pair, context())
    assert (decision.rule, decision.steps) == (Rule.S8, ())


def vanished(days: list[int], *, names: str = "", went: str = "") -> Observed:
    """A pass in which these occurrences vanished: of the series S, or of those that `names` names one by one. `went` tells
    how each went: a (alone), c (its series was changed), u (untold)."""
    pairs = [linked(number, day, names[number] if names else "S") for number, day in enumerate(days)]
    how = {"a": Went.ALONE, "c": Went.CHANGED, "u": Went.UNTOLD}
    told = {f"old-{number}": how[letter] for number, letter in enumerate(went or "u" * len(days))}
    return Observed(
        links=tuple(one for one, _ in pairs),
        x3={(one.type, one.x3_key): record for one, record in pairs},
        outlook={(Kind.EVENT, key): Absent(key=key, went=how) for key, how in told.items()},
        now=NOW,
    )


def kept(seen: Observed) -> list[str]:
    """Which records of the past stay, by the links that are released."""
    pairs = match.match(seen, fp=FP, mailbox=MAILBOX).pairs
    decisions = plan.plan(pairs, context(now=dict.fromkeys(Side, NOW)))
    assert all(d.steps for d in decisions if d.rule is not Rule.A8)  # the others are deleted or handed on
    return [d.pair.link.x3_key for d in decisions if d.rule is Rule.A8 and d.pair.link and d.after is LinkState.RELEASED]


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


def test_d8_one_of_each_of_two_series_were_deleted_by_themselves() -> None:
    assert kept(vanished([-7, -14], names="ST")) == []
    assert kept(vanished([-7, 7, -14], names="SST")) == ["X0"]


def test_d8_the_past_occurrences_that_a_person_took_out_of_a_series_go() -> None:
    assert kept(vanished([-14, -7, 0], went="aac")) == ["X2"]
    assert kept(vanished([-14, -7], went="aa")) == []
    assert kept(vanished([-14, -7], went="au")) == []


def test_a8_the_last_past_occurrence_of_a_series_that_went_stays() -> None:
    assert kept(vanished([-7], went="c")) == ["X0"]


def called_off(days: list[int], shape: Shape) -> Observed:
    """A pass in which the organiser has cancelled these occurrences of an invited series."""
    seen, looks = vanished(days), {}
    for one in seen.links:
        assert one.outlook.content is not None
        facts = EventFacts(shape=shape, series_id="S", organizer=False, response=Response.ACCEPTED, cancelled=True)
        looks[Kind.EVENT, one.outlook_key] = outlook(one.outlook.content, key=one.outlook_key, event=facts)
    return replace(seen, outlook=looks)


def test_a8_a5_the_past_of_a_series_its_organiser_cancelled_stays() -> None:
    assert kept(called_off([-14, -7, 0, 7], Shape.OCCURRENCE)) == ["X0", "X1", "X2"]
    assert kept(called_off([-7], Shape.OCCURRENCE)) == ["X0"]


def test_a5_one_past_occurrence_its_organiser_cancelled_goes() -> None:
    assert kept(called_off([-7], Shape.EXCEPTION)) == []


def test_s6_what_was_released_stays_when_its_meeting_is_cancelled() -> None:
    seen = called_off([-7], Shape.EXCEPTION)
    seen = replace(seen, links=tuple(replace(one, state=LinkState.RELEASED) for one in seen.links))
    (decision,) = plan.plan(match.match(seen, fp=FP, mailbox=MAILBOX).pairs, context(now=dict.fromkeys(Side, NOW)))
    assert (decision.rule, decision.steps, decision.after) == (Rule.S6, (), None)


def test_a8_a_past_one_stays_where_another_of_its_series_was_handed_on() -> None:
    seen = vanished([-7, 7])
    newcomer = occurrence(8, "S")
    assert kept(replace(seen, outlook={**seen.outlook, (Kind.EVENT, newcomer.key): newcomer})) == ["X0"]


def test_g1_two_series_of_one_subject_are_two_deletions() -> None:
    decisions = plan.plan(match.match(vanished([7, 14, 7, 14], names="SSTT"), fp=FP, mailbox=MAILBOX).pairs, context())
    assert series.counted(decisions) == 2


def test_g1_items_that_are_no_occurrences_count_one_by_one() -> None:
    seen = vanished([7, 14, 21])
    seen = replace(seen, links=tuple(replace(one, series_id="", original_start=None) for one in seen.links))
    decisions = plan.plan(match.match(seen, fp=FP, mailbox=MAILBOX).pairs, context())
    assert series.counted(decisions) == 3
