"""Series that somebody else organises, as their attendee lives with them (A4, A5, A8, D7, D8, G1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.outlook import Json, Outlook, attendee, stop
from tests.system.recurring import DAY, days, key_on, records, shown, weekly
from tests.system.world import World, at, decided, mailbox, on, ymd


@dataclass(frozen=True)
class Invited:
    """Twelve Tuesdays of an organiser whom the product does not know, accepted by Alice."""

    host: Outlook
    theirs: str  # the series in the organiser's calendar
    alice: Outlook

    @property
    def mine(self) -> str:
        """The series in Alice's calendar; accepting it gives it another id."""
        return str(self.alice.events()[0]["id"])

    def occurrence(self, number: int) -> str:
        """The organiser's occurrence, counted from 0."""
        rows = self.host.occurrences(str(on(-40)), str(on(240)))
        return str(sorted(rows, key=lambda row: str(row["start"]["dateTime"]))[number]["id"])


def accept(box: Outlook) -> None:
    """The attendee accepts the only meeting of his calendar, whatever id it has by now."""
    (meeting,) = box.events()
    box.ok("POST", f"/events/{meeting['id']}/accept", {"sendResponse": False})


@pytest.fixture
def invited(world: World) -> Invited:
    """The series, and its twelve records in X3."""
    host = Outlook(world.servers, mailbox(3))
    guest: Any = attendee(world.alice.address)
    theirs = str(host.new_event("Round", at(1), recurrence=weekly(1, 12), attendees=[guest])["id"])
    report = world.sync()
    assert report["outlook_classes"]["request"] > 0
    assert records(world) == {}, "not answered: not created (A5)"
    accept(world.alice)
    report = world.sync()
    assert report["writes"] == {"x3": 12, "outlook": 0}
    assert {row["ATPREPMNA"] for row in world.sage.all("ZBAP")} == {"R001"}
    world.quiet()
    world.later()
    return Invited(host, theirs, world.alice)


def mails(world: World) -> int:
    return world.servers.mails()


def test_a4_a8_what_the_organiser_does_to_one_occurrence_follows(world: World, invited: Invited) -> None:
    before, moved, gone = records(world), key_on(world, ymd(8)), key_on(world, ymd(15))
    invited.host.change_event(invited.occurrence(1), start=stop(at(9, 14)), end=stop(at(9, 15)), subject="Elsewhere")
    invited.host.delete_event(invited.occurrence(2))
    # An exception that was moved has to be accepted anew; until then it is a request of a linked item.
    sent, answered = mails(world), next(row["id"] for row in shown(world) if row["subject"] == "Elsewhere")
    world.alice.ok("POST", f"/events/{answered}/accept", {"sendResponse": False})
    report = world.sync()
    assert report["writes"]["outlook"] == 0
    expected = {key: when for key, when in before.items() if key != gone} | {moved: f"{ymd(9)} 1400"}
    assert records(world) == expected
    assert {row["APTNUM"] for row in world.sage.all("ZBAP") if row["FULOBJ"] == "Elsewhere"} == {moved}
    assert mails(world) == sent
    world.quiet()
    world.sync("REP1", "--full")
    world.quiet()
    assert records(world) == expected


def test_a4_x3s_edit_of_an_invited_occurrence_is_never_written(world: World, invited: Invited) -> None:
    world.sage.modify("ZBAP", key_on(world, ymd(8)), FULOBJ="Mine")
    report = world.sync()
    assert report["writes"] == {"x3": 0, "outlook": 0}
    assert {row["subject"] for row in shown(world)} == {"Round"}
    assert {row["type"] for row in shown(world)} == {"occurrence"}
    assert world.problems(user="REP1")
    world.quiet()


def test_a4_a_record_deleted_in_x3_releases_only_its_own_occurrence(world: World, invited: Invited) -> None:
    sent = mails(world)
    world.sage.delete("ZBAP", key_on(world, ymd(8)))
    report = world.sync()
    assert report["writes"] == {"x3": 0, "outlook": 0}
    assert decided(report, "A4")
    assert len(shown(world)) == 12
    for options in ((), ("--full",), ()):
        world.later()
        world.sync("REP1", *options)
        assert ymd(8) not in days(world)
    assert len(records(world)) == 11
    assert mails(world) == sent
    world.quiet()


@pytest.mark.parametrize("full", [False, True])
def test_a5_g1_a_series_its_organiser_deletes_counts_as_one(world: World, invited: Invited, *, full: bool) -> None:
    world.later(16 * DAY)
    world.sync()
    invited.host.change_event(invited.occurrence(1), subject="Exception of the past")
    world.sync()
    invited.host.delete_event(invited.theirs)
    report = world.sync("REP1", *(["--full"] if full else []))
    assert {row["isCancelled"] for row in shown(world)} == {True}
    assert report["outlook_classes"]["cancelled"] > 0
    # Nine of the future go although that is more than five; the past three stay (A8).
    past = [ymd(1), ymd(8), ymd(15)]
    assert days(world) == past
    assert world.held() == []
    world.quiet()
    world.sync("REP1", "--full")
    assert days(world) == past
    # What X3 keeps is its own: an edit there makes nothing in Outlook.
    world.later()
    world.sage.modify("ZBAP", key_on(world, ymd(8)), FULOBJ="As it was")
    world.sync()
    assert len(shown(world)) == 12
    world.quiet()
    # Nor does it matter that the user clears the cancelled series away.
    world.alice.delete_event(invited.mine)
    world.sync("REP1", *(["--full"] if full else []))
    assert days(world) == past
    assert shown(world) == []
    world.quiet()


def test_d7_d8_an_occurrence_the_attendee_removes_takes_only_its_own_record(world: World, invited: Invited) -> None:
    before, key, sent = records(world), key_on(world, ymd(8)), mails(world)
    world.alice.delete_event(shown(world)[1]["id"])
    report = world.sync()
    assert report["writes"] == {"x3": 1, "outlook": 0}
    assert records(world) == {k: v for k, v in before.items() if k != key}
    assert mails(world) == sent
    world.quiet()


@pytest.mark.parametrize("deletes", [True, False])
def test_d7_a8_declined_after_it_began_the_past_stays(world: World, invited: Invited, *, deletes: bool) -> None:
    world.servers.control("POST", "switches", {"decline_deletes": deletes})
    world.later(10 * DAY)
    world.sync()
    world.alice.ok("POST", f"/events/{invited.mine}/decline", {"sendResponse": False})
    world.sync()
    assert days(world) == [ymd(1), ymd(8)]
    assert world.held() == []
    for options in ((), ("--full",), ()):
        world.later()
        world.sync("REP1", *options)
        assert days(world) == [ymd(1), ymd(8)]
    world.quiet()


def test_a8_the_organisers_new_pattern_keeps_every_record(world: World, invited: Invited) -> None:
    before = records(world)
    pattern = weekly(2, 12)
    invited.host.change_event(invited.theirs, recurrence=pattern, start=stop(at(2, 10)), end=stop(at(2, 11)))
    report = world.sync()
    assert report["writes"] == {"x3": 12, "outlook": 0}
    after = records(world)
    assert sorted(after.values()) == [f"{ymd(2 + 7 * n)} 1000" for n in range(12)]
    assert set(after) == set(before)
    # A moved series is a new request; the answer changes nothing.
    assert {row["responseStatus"]["response"] for row in shown(world)} == {"notResponded"}
    world.quiet()
    accept(world.alice)
    world.later()
    world.quiet()
    assert records(world) == after


def test_m6_a8_one_of_a_shared_series_moved_stays_one_record(pair: World) -> None:
    guest: Any = attendee(pair.benoit.address)
    pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 3), attendees=[guest])
    accept(pair.benoit)
    for user in ("REP1", "REP2", "REP1", "REP2"):
        pair.later()
        pair.sync(user)
    before, key = records(pair), key_on(pair, ymd(8))
    pair.later()
    pair.alice.change_event(shown(pair)[1]["id"], start=stop(at(9, 14)), end=stop(at(9, 15)))
    rows: list[Json] = pair.benoit.occurrences(str(on(0)), str(on(30)))
    asked = next(row["id"] for row in rows if row["type"] == "exception")
    pair.benoit.ok("POST", f"/events/{asked}/accept", {"sendResponse": False})
    for user in ("REP2", "REP1", "REP2", "REP1"):
        pair.later()
        pair.sync(user)
    assert records(pair) == before | {key: f"{ymd(9)} 1400"}
    pair.quiet()


@pytest.mark.parametrize("order", [("REP1", "REP2"), ("REP2", "REP1")])
def test_m6_a8_a_shared_series_on_another_day_keeps_its_one_record_an_occurrence(
    pair: World, order: tuple[str, str]
) -> None:
    guest: Any = attendee(pair.benoit.address)
    master = pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 4), attendees=[guest])["id"]
    accept(pair.benoit)
    for user in ("REP1", "REP2", "REP1", "REP2"):
        pair.later()
        pair.sync(user)
    before = records(pair)
    assert len(before) == 4
    pair.later()
    pair.alice.change_event(master, recurrence=weekly(2, 5), start=stop(at(2, 10)), end=stop(at(2, 11)))
    accept(pair.benoit)
    for user in (*order, *order, *order):
        pair.later()
        pair.sync(user)
    after = records(pair)
    assert sorted(after.values()) == [f"{ymd(2 + 7 * n)} 1000" for n in range(5)]
    assert set(before) <= set(after)
    pair.quiet()
    for user in order:
        pair.sync(user, "--full")
    pair.quiet()
    assert records(pair) == after


ORDERS = pytest.mark.parametrize("order", [("REP1", "REP2"), ("REP2", "REP1")], ids=" first ".join)


def weeks(pair: World, host: Outlook, count: int, *others: str) -> str:
    """A weekly meeting of a host with Benoît and others, all of whom accept; its id in the host's calendar."""
    guests = [attendee(pair.benoit.address, "Benoît Lefèvre"), *(attendee(other) for other in others)]
    made = host.new_event("Meeting", at(1), recurrence=weekly(1, count), attendees=guests)
    for box in (pair.alice, pair.benoit):
        for row in box.rows("/events?$top=50"):
            if not row["isOrganizer"]:
                box.ok("POST", f"/events/{row['id']}/accept", {"sendResponse": False})
    return str(made["id"])


def passes(pair: World, *users: str) -> None:
    for user in users:
        pair.sync(user)
        pair.later()


def second(box: Outlook) -> str:
    """The second occurrence of the only series in a calendar."""
    rows = sorted(box.occurrences(str(on(0)), str(on(60))), key=lambda row: str(row["start"]["dateTime"]))
    return str(rows[1]["id"])


def parts(pair: World) -> dict[str, list[str]]:
    """Who has the record of each day, its main organiser first."""
    return {row["APTDAT"]: [row["ATPREPMNA"], *(rep for rep in row["APTREPNUM"] if rep)] for row in pair.sage.all("ZBAP")}


@pytest.mark.timeout(180)
def test_m6_a8_two_passes_at_once_make_one_record_an_occurrence(pair: World) -> None:
    weeks(pair, pair.alice, 6)
    pair.product.together(("sync", "REP1", "--json"), ("sync", "REP2", "--json"))
    for user in pair.users:
        pair.settle(user)
    assert parts(pair) == {ymd(1 + 7 * n): ["R001", "R002"] for n in range(6)}
    assert pair.problems() == []
    pair.quiet()


@ORDERS
def test_m6_a8_a_shared_single_turned_series_keeps_its_record_as_the_first(pair: World, order: tuple[str, str]) -> None:
    guest: Any = attendee(pair.benoit.address, "Benoît Lefèvre")
    key = pair.alice.new_event("Meeting", at(1), attendees=[guest])["id"]
    accept(pair.benoit)
    passes(pair, *order)
    single = pair.sage.only("ZBAP")["APTNUM"]
    pair.alice.change_event(key, recurrence=weekly(1, 4))
    accept(pair.benoit)
    passes(pair, *order, *order)
    assert parts(pair) == {ymd(1 + 7 * n): ["R001", "R002"] for n in range(4)}
    assert key_on(pair, ymd(1)) == single
    assert [len(box.rows("/events?$top=50")) for box in (pair.alice, pair.benoit)] == [1, 1]
    assert pair.problems() == []
    pair.quiet()
    for user in order:
        pair.sync(user, "--full")
    pair.quiet()


@ORDERS
def test_a5_a8_one_of_an_outsiders_series_of_two_users_is_called_off(pair: World, order: tuple[str, str]) -> None:
    host = Outlook(pair.servers, mailbox(3))
    weeks(pair, host, 3, pair.alice.address)
    passes(pair, *order, *order)
    owner = parts(pair)[ymd(1)]
    assert parts(pair) == dict.fromkeys((ymd(1), ymd(8), ymd(15)), owner)
    pair.quiet()
    pair.later()
    host.delete_event(second(host))
    passes(pair, *order, *order)
    assert parts(pair) == dict.fromkeys((ymd(1), ymd(15)), owner)
    pair.quiet()


def test_d7_d8_a_colleague_removes_one_occurrence_of_a_shared_series(pair: World) -> None:
    weeks(pair, pair.alice, 3)
    passes(pair, "REP1", "REP2")
    pair.benoit.delete_event(second(pair.benoit))
    passes(pair, "REP2", "REP1")
    assert parts(pair) == {ymd(1): ["R001", "R002"], ymd(8): ["R001"], ymd(15): ["R001", "R002"]}
    pair.quiet()


@pytest.mark.parametrize("deletes", [True, False], ids=["gone", "in place"])
def test_d7_a4_a8_the_records_of_an_outsiders_series_go_over_one_or_all(pair: World, *, deletes: bool) -> None:
    pair.servers.control("POST", "switches", {"decline_deletes": deletes})
    host = Outlook(pair.servers, mailbox(3))
    weeks(pair, host, 7, pair.alice.address)
    passes(pair, "REP1", "REP2", "REP1")
    both, left = ["R001", "R002"], ["R002"]
    series = [ymd(1 + 7 * n) for n in range(7)]
    assert parts(pair) == dict.fromkeys(series, both)
    pair.alice.delete_event(second(pair.alice))
    passes(pair, "REP1", "REP2")
    assert parts(pair) == {day: left if day == ymd(8) else both for day in series}
    pair.quiet()
    pair.later()
    pair.alice.ok("POST", f"/events/{pair.alice.rows('/events?$top=50')[0]['id']}/decline", {"sendResponse": False})
    passes(pair, "REP1", "REP2")
    assert parts(pair) == dict.fromkeys(series, left)
    assert pair.held() == []  # G1: a series is one deletion
    pair.quiet()
    for user in pair.users:
        pair.sync(user, "--full")
    pair.quiet()
    # He carries now what its organiser does.
    pair.later()
    host.change_event(second(host), subject="Renamed")
    passes(pair, "REP1", "REP2")
    assert [row["APTDAT"] for row in pair.sage.all("ZBAP") if row["FULOBJ"] == "Renamed"] == [ymd(8)]


@pytest.mark.mails
def test_a6_x3s_change_of_one_occurrence_with_attendees_waits(pair: World) -> None:
    guest: Any = attendee("buyer@customer.example")
    pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 3), attendees=[guest])
    pair.sync("REP1")
    sent = mails(pair)
    pair.later()
    pair.sage.modify("ZBAP", key_on(pair, ymd(8)), APTHOU="1100", APTHOUEND="1200")
    pair.sage.delete("ZBAP", key_on(pair, ymd(15)))
    pair.sync("REP1")
    assert [hold["would_mail"] for hold in pair.held(rule="A6")] == [1, 1]
    assert [row["type"] for row in shown(pair)] == ["occurrence"] * 3
    assert mails(pair) == sent
    pair.release(*[hold["id"] for hold in pair.held()])
    assert [row["start"]["dateTime"][:16] for row in shown(pair)] == [f"{on(1)}T07:00", f"{on(8)}T09:00"]
    assert mails(pair) == sent + 2
    pair.quiet("REP1")
