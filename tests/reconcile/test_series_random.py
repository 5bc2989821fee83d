"""Any change of series in one pass: every record is kept, handed on, or deleted for a reason (A8, D8, G1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile import match, plan, series
from reconcile.actions import Create, Decision, Delete, Drop, Rule
from reconcile.content import Kind, Side
from reconcile.matching import Observed
from reconcile.model import Absent, Link, LinkState, Observation, Went
from tests.reconcile.build import FP, MAILBOX, NOW, context
from tests.reconcile.test_series import linked, occurrence

PAST = range(-21, 1, 7)  # days from the first Monday, whose occurrence ends before NOW
FUTURE = range(7, 36, 7)
SEARCH = settings(max_examples=300, derandomize=True, database=None, deadline=None)
DAYS = st.sampled_from([*PAST, *FUTURE])


@dataclass(frozen=True)
class Change:
    """What one pass finds: old occurrences with how they went (None: as they were), new ones, and of which series."""

    old: dict[tuple[str, int], Went | None]
    new: frozenset[tuple[str, int]]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Two linked series, S and T; new occurrences of theirs and of U, which nobody knows yet."""
    went = st.one_of(st.none(), st.sampled_from(list(Went)))
    old = draw(st.dictionaries(st.tuples(st.sampled_from("ST"), DAYS), went, max_size=12))
    shifted = st.tuples(st.sampled_from("STU"), DAYS.map(lambda day: day + 1))
    same = st.tuples(st.sampled_from("U"), DAYS)
    return Change(old, frozenset(draw(st.sets(shifted | same, max_size=8))))


def decided(change: Change) -> tuple[dict[str, tuple[str, int]], tuple[Decision, ...]]:
    """Outlook id -> (series, day) of the old ones, and the decisions of the pass."""
    links: list[Link] = []
    looks: dict[tuple[Kind, str], Observation] = {}
    records = {}
    names = {}
    for number, ((of_series, day), went) in enumerate(sorted(change.old.items(), key=lambda entry: entry[0])):
        link, record = linked(number, day, of_series)
        names[link.outlook_key] = (of_series, day)
        links.append(link)
        records[link.type, link.x3_key] = record
        if went is not None:
            looks[Kind.EVENT, link.outlook_key] = Absent(key=link.outlook_key, went=went)
        else:
            assert link.outlook.content is not None
            here = replace(occurrence(day, of_series), key=link.outlook_key, content=link.outlook.content)
            looks[Kind.EVENT, link.outlook_key] = here
    for of_series, day in sorted(change.new):
        item = occurrence(day, of_series)
        looks[Kind.EVENT, item.key] = item
    seen = Observed(links=links, x3=records, outlook=looks, now=NOW, series=frozenset(one for one, _ in change.old))
    pairs = match.match(seen, fp=FP, mailbox=MAILBOX).pairs
    return names, plan.plan(pairs, context(now=dict.fromkeys(Side, NOW)))


@SEARCH
@given(changes())
def test_a8_every_record_is_kept_handed_on_or_deleted_for_a_reason(change: Change) -> None:
    names, decisions = decided(change)
    of_link = {d.pair.link.x3_key: d for d in decisions if d.pair.link is not None}
    assert len(of_link) == len(change.old), "one decision a record"
    by_number = {f"X{key.removeprefix('old-')}": name for key, name in names.items()}
    handed = {key: d.pair.key(Side.OUTLOOK) for key, d in of_link.items() if _heir(d)}
    assert len(set(handed.values())) == len(handed), "no newcomer takes two records"
    touched = Counter(
        of_series
        for key, (of_series, day) in by_number.items()
        if key in handed or change.old[of_series, day] in (Went.CHANGED, Went.UNTOLD)
    )
    for key, decision in of_link.items():
        of_series, day = by_number[key]
        went, past = change.old[of_series, day], day in PAST
        if went is None:
            assert decision.steps == (), "what is as it was is left alone"
        elif key in handed:
            assert went is not Went.ALONE
            assert (int(handed[key].partition("-")[2]) <= 0) is past, "the past stays the past"
        elif past and (went is Went.CHANGED or (went is Went.UNTOLD and touched[of_series] > 1)):
            assert (decision.rule, decision.steps, decision.after) == (Rule.A8, (), LinkState.RELEASED)
        else:
            assert [type(step) for step in decision.steps] == [Delete]
            assert decision.after is Drop.LINK


@SEARCH
@given(changes())
def test_a8_records_are_offered_before_new_ones_are_made(change: Change) -> None:
    names, decisions = decided(change)
    made = [d.pair.key(Side.OUTLOOK).partition("-") for d in decisions if any(isinstance(s, Create) for s in d.steps)]
    taken = [d.pair.key(Side.OUTLOOK) for d in decisions if d.pair.link is not None and _heir(d)]
    assert len(made) + len(taken) == len(change.new), "each new occurrence has one record"
    for of_series, _, day in made:
        past = int(day) <= 0
        left = [
            d
            for d in decisions
            if d.pair.link is not None
            and d.pair.link.series_id == of_series
            and isinstance(d.pair.outlook, Absent)
            and d.pair.outlook.went is not Went.ALONE
            and (names[d.pair.link.outlook_key][1] in PAST) is past
        ]
        assert left == [], "a record of the same series was left while another was made"


@SEARCH
@given(changes())
def test_g1_deletions_count_by_series(change: Change) -> None:
    _, decisions = decided(change)
    gone = [d for d in decisions if d.deletes_on is Side.X3]
    assert series.counted(gone) == len({d.pair.link.series_id for d in gone if d.pair.link is not None})


def _heir(decision: Decision) -> bool:
    return decision.pair.note == series.HANDED_ON
