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
    mine: str  # and in Alice's

    def occurrence(self, number: int) -> str:
        """The organiser's occurrence, counted from 0."""
        rows = self.host.occurrences(str(on(-40)), str(on(240)))
        return str(sorted(rows, key=lambda row: str(row["start"]["dateTime"]))[number]["id"])


@pytest.fixture
def invited(world: World) -> Invited:
    """The series, and its twelve records in X3."""
    host = Outlook(world.servers, mailbox(3))
    guest: Any = attendee(world.alice.address)
    theirs = str(host.new_event("Round", at(1), recurrence=weekly(1, 12), attendees=[guest])["id"])
    report = world.sync()
    assert report["outlook_classes"]["request"] > 0
    assert records(world) == {}, "not answered: not created (A5)"
    mine = str(world.alice.events()[0]["id"])
    world.alice.ok("POST", f"/events/{mine}/accept", {"sendResponse": False})
    report = world.sync()
    assert report["writes"] == {"x3": 12, "outlook": 0}
    assert {row["ATPREPMNA"] for row in world.sage.all("ZBAP")} == {"R001"}
    world.quiet()
    world.later()
    return Invited(host, theirs, mine)


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
    world.alice.ok("POST", f"/events/{invited.mine}/accept", {"sendResponse": False})
    world.later()
    world.quiet()
    assert records(world) == after


def test_m6_a8_one_of_a_shared_series_moved_stays_one_record(pair: World) -> None:
    guest: Any = attendee(pair.benoit.address)
    pair.alice.new_event("Meeting", at(1), recurrence=weekly(1, 3), attendees=[guest])
    theirs = pair.benoit.rows("/events?$top=50")[0]["id"]
    pair.benoit.ok("POST", f"/events/{theirs}/accept", {"sendResponse": False})
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
    theirs = pair.benoit.rows("/events?$top=50")[0]["id"]
    pair.benoit.ok("POST", f"/events/{theirs}/accept", {"sendResponse": False})
    for user in ("REP1", "REP2", "REP1", "REP2"):
        pair.later()
        pair.sync(user)
    before = records(pair)
    assert len(before) == 4
    pair.later()
    pair.alice.change_event(master, recurrence=weekly(2, 5), start=stop(at(2, 10)), end=stop(at(2, 11)))
    pair.benoit.ok("POST", f"/events/{theirs}/accept", {"sendResponse": False})
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
