"""The seeds: what the contract promises of them, and that they are the same each time."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from infra.emulators.seed import build
from infra.emulators.x3.controls import span
from infra.emulators.x3.loader import load
from infra.emulators.x3.tables import TABLES

NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
SEEDS = ("demo", "empty", "load:3:60", "load:2:60:x3", "load:2:60:outlook")


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_is_the_same_each_time(name: str) -> None:
    assert build(name, NOW) == build(name, NOW)


def test_demo_is_what_the_contract_says() -> None:
    world = build("demo", NOW)
    assert [(u.code, u.representative, u.mailbox) for u in world.users] == [
        (f"REP{n}", f"R00{n}", f"rep{n}@contoso.example") for n in (1, 2, 3)
    ]
    assert [u.has_parameter for u in world.users] == [True, True, False]
    assert len(world.customers) == 12
    assert len(world.contacts) + len(world.mail_contacts) == 40
    assert len(world.tasks) + len(world.mail_tasks) == 30
    assert len(world.appointments) + len(world.events) == 30
    assert len(world.calls) == 10
    assert {a.category for a in world.appointments} == {"1", "2"}
    assert any(len(a.representatives) > 1 for a in world.appointments)
    assert sum(e.recurrence is not None for e in world.events) == 1
    assert {e.sensitivity for e in world.events} > {"private"}
    assert sum(c.private for c in world.mail_contacts) == 2
    assert all(abs(t.due - NOW.date()) < timedelta(days=60) for t in world.tasks)
    assert any(len(t.subject) > 255 for t in world.tasks)


def test_empty_has_people_and_folders_only() -> None:
    world = build("empty", NOW)
    assert (len(world.users), len(world.mailboxes), len(world.customers)) == (3, 3, 12)
    assert (*world.contacts, *world.tasks, *world.calls, *world.appointments, *world.events, *world.mail_contacts) == ()


@pytest.mark.parametrize(
    ("name", "x3", "outlook"), [("load:3:60", 90, 90), ("load:2:60:x3", 120, 0), ("load:2:60:outlook", 0, 120)]
)
def test_load_gives_each_mailbox_its_items(name: str, x3: int, outlook: int) -> None:
    world = build(name, NOW)
    assert len(world.contacts) + len(world.tasks) + len(world.calls) + len(world.appointments) == x3
    assert len(world.mail_contacts) + len(world.mail_tasks) + len(world.events) == outlook


def test_an_unknown_seed_is_refused() -> None:
    for name in ("nope", "load:1", "load:a:b", "load:1:1:sideways", "demo:1"):
        with pytest.raises(ValueError, match="seed"):
            build(name, NOW)


@pytest.mark.parametrize("name", ["demo", "load:2:3000:x3"])
def test_no_representative_is_in_two_places_and_nothing_is_too_long(name: str) -> None:
    store = load(build(name, NOW))
    for rep, records in store.by_rep.items():
        spans = sorted(span(store.tables["BAPPOINT"][key]) for code, key in records if code == "BAP")
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans)), rep
    for table, rows in store.tables.items():
        for row in rows.values():
            for known in TABLES[table].fields.values():
                value = row[known.name]
                assert len(value) == known.dim if known.dim > 1 else True
                assert isinstance(value, list) or known.kind in "IM" or len(value) <= known.length, (
                    table,
                    known.name,
                    value,
                )


@pytest.mark.parametrize("name", ["demo", "load:2:3000"])
def test_what_was_born_in_outlook_fits_between_what_x3_has(name: str) -> None:
    """So a first synchronisation meets no refusal that the seed did not mean."""
    world = build(name, NOW)
    rep_of = {user.mailbox: user.representative for user in world.users}
    taken: dict[str, list[tuple[datetime, datetime]]] = {rep: [] for rep in rep_of.values()}
    for meeting in world.appointments:
        end = meeting.end + timedelta(days=1) if meeting.all_day else meeting.end
        for rep in {meeting.organiser, *meeting.representatives}:
            taken[rep].append((meeting.start, end))
    for event in world.events:
        if event.sensitivity != "normal":
            continue
        people = {event.mailbox, *(attendee.address for attendee in event.attendees)}
        for rep in (rep_of[one] for one in people if one in rep_of):
            for week in range(8 if event.recurrence else 1):
                shift = timedelta(weeks=week)
                taken[rep].append((event.start + shift, event.end + shift))
    for spans in taken.values():
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(sorted(spans)))
