"""An appointment of three representatives, edited and deleted by each of them (A2, A3, D7, K4)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.system.outlook import Json, Outlook, persons, stop
from tests.system.world import World, at, decided, mailbox, on, ymd

USERS = ("REP1", "REP2", "REP3")
EVERYBODY = ["R001", "R002", "R003"]


@dataclass(slots=True)
class Trio:
    """Three users: Alice organises, Benoît and Carla take part."""

    world: World
    carla: Outlook

    @property
    def boxes(self) -> tuple[Outlook, Outlook, Outlook]:
        return self.world.alice, self.world.benoit, self.carla

    def events(self) -> list[list[str]]:
        """The subjects in the three calendars."""
        return [[row["subject"] for row in box.events()] for box in self.boxes]

    def passes(self, *users: str) -> dict[str, Json]:
        return {user: self.world.sync(user) for user in users or USERS}

    def representatives(self) -> list[str]:
        return [one for one in self.world.sage.only("ZBAP")["APTREPNUM"] if one]


@pytest.fixture
def trio(pair: World) -> Trio:
    """An appointment that X3 made for all three, in every calendar."""
    pair.enable(3)
    pair.sage.new_appointment("Visit", ymd(1), APTREPNUM=EVERYBODY)
    made = Trio(pair, Outlook(pair.servers, mailbox(3)))
    made.passes()
    assert made.events() == [["Visit"], ["Visit"], ["Visit"]]
    pair.later()
    return made


def test_a2_a3_the_organisers_edit_reaches_x3_and_both_others(trio: Trio) -> None:
    world = trio.world
    event = world.alice.events()[0]
    world.alice.change_event(event["id"], subject="Moved", start=stop(at(2, 14)), end=stop(at(2, 15)))
    reports = trio.passes()
    record = world.sage.only("ZBAP")
    assert (record["FULOBJ"], record["APTDAT"], record["APTHOU"]) == ("Moved", ymd(2), "1400")
    assert trio.events() == [["Moved"]] * 3
    assert {box.events()[0]["start"]["dateTime"][:10] for box in trio.boxes} == {str(on(2))}
    assert [reports[user]["writes"] for user in USERS] == [{"x3": 1, "outlook": 0}, *[{"x3": 0, "outlook": 1}] * 2]
    assert trio.representatives() == EVERYBODY
    assert [box.events()[0]["attendees"] for box in trio.boxes] == [[], [], []]
    assert world.problems() == []
    assert world.servers.mails() == 0
    world.quiet()


def test_a3_an_edit_of_x3_reaches_all_three(trio: Trio) -> None:
    world = trio.world
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="From X3", APTHOU="1100", APTHOUEND="1200")
    trio.passes()
    assert trio.events() == [["From X3"]] * 3
    assert {box.events()[0]["start"]["dateTime"][:16] for box in trio.boxes} == {f"{on(1)}T09:00"}  # 11:00 in Paris
    assert world.servers.mails() == 0
    world.quiet()


@pytest.mark.parametrize("number", [2, 3])
def test_a2_a_participants_edit_is_replaced_by_x3s_version_and_listed(trio: Trio, number: int) -> None:
    world, user, own = trio.world, f"REP{number}", trio.boxes[number - 1]
    before = world.sage.only("ZBAP")
    own.change_event(own.events()[0]["id"], subject="Mine", start=stop(at(3)), end=stop(at(3, 10)))
    report = trio.passes()[user]
    assert decided(report, "A2")
    assert report["writes"] == {"x3": 0, "outlook": 1}
    assert world.sage.only("ZBAP") == before
    assert trio.events() == [["Visit"]] * 3
    assert own.events()[0]["start"]["dateTime"][:10] == str(on(1))
    assert {line["field"] for line in world.problems(user=user)} == {"subject", "when"}
    assert world.problems(user="REP1") == []
    assert world.servers.mails() == 0
    world.quiet()


def test_a2_the_organiser_wins_over_edits_of_both_others(trio: Trio) -> None:
    world = trio.world
    for box, subject in zip(trio.boxes, ("Organiser's", "Second's", "Third's"), strict=True):
        box.change_event(box.events()[0]["id"], subject=subject)
        world.later()
    trio.passes("REP3", "REP2")
    lines = {(line["user"], line["outlook"]) for line in world.problems()}
    assert lines == {("REP2", "Second's"), ("REP3", "Third's")}
    assert trio.events() == [["Organiser's"], ["Visit"], ["Visit"]]
    trio.passes()
    assert trio.events() == [["Organiser's"]] * 3
    assert world.sage.only("ZBAP")["FULOBJ"] == "Organiser's"
    assert world.servers.mails() == 0
    world.quiet()


@pytest.mark.parametrize("number", [2, 3])
def test_d7_a_participant_who_deletes_only_withdraws(trio: Trio, number: int) -> None:
    world, own = trio.world, trio.boxes[number - 1]
    own.delete_event(own.events()[0]["id"])
    reports = trio.passes()
    assert decided(reports[f"REP{number}"], "D7")
    assert trio.representatives() == [rep for rep in EVERYBODY if rep != f"R00{number}"]
    assert trio.events() == [[] if box is own else ["Visit"] for box in trio.boxes]
    trio.passes()
    world.quiet()
    # Later changes reach those who are left, and nobody else.
    world.later()
    world.alice.change_event(world.alice.events()[0]["id"], subject="Moved")
    trio.passes()
    assert trio.events() == [[] if box is own else ["Moved"] for box in trio.boxes]
    assert world.servers.mails() == 0
    world.quiet()


def test_d7_both_participants_delete_and_the_organiser_keeps_it(trio: Trio) -> None:
    world = trio.world
    for box in trio.boxes[1:]:
        box.delete_event(box.events()[0]["id"])
    trio.passes("REP3", "REP2", "REP1")
    assert trio.representatives() == ["R001"]
    assert trio.events() == [["Visit"], [], []]
    world.quiet()


def test_d2_the_organiser_deletes_the_record_and_all_copies(trio: Trio) -> None:
    world = trio.world
    world.alice.delete_event(world.alice.events()[0]["id"])
    reports = trio.passes()
    assert decided(reports["REP1"], "D2")
    assert world.sage.all("ZBAP") == []
    assert trio.events() == [[], [], []]
    assert [bool(decided(reports[user], "D1")) for user in USERS] == [False, True, True]
    assert world.servers.mails() == 0
    world.quiet()


def test_d4_a_participants_edit_does_not_save_what_the_organiser_deleted(trio: Trio) -> None:
    world = trio.world
    world.benoit.change_event(world.benoit.events()[0]["id"], subject="Mine")
    world.alice.delete_event(world.alice.events()[0]["id"])
    trio.passes()
    assert world.sage.all("ZBAP") == []
    assert trio.events() == [[], [], []]
    world.quiet()


def test_d7_wins_over_the_organisers_edit(trio: Trio) -> None:
    world = trio.world
    trio.carla.delete_event(trio.carla.events()[0]["id"])
    world.alice.change_event(world.alice.events()[0]["id"], subject="Moved")
    trio.passes()
    assert trio.representatives() == ["R001", "R002"]
    assert trio.events() == [["Moved"], ["Moved"], []]
    world.quiet()


def test_a3_added_in_x3_it_comes_and_another_organiser_takes_over(trio: Trio) -> None:
    world = trio.world
    record = world.sage.only("ZBAP")["APTNUM"]
    world.sage.modify("ZBAP", record, APTREPNUM=["R001", "R002", ""])
    trio.passes()
    assert trio.events() == [["Visit"], ["Visit"], []]
    world.later()
    world.sage.modify("ZBAP", record, APTREPNUM=["R001", "R002", "R003"])
    trio.passes()
    assert trio.events() == [["Visit"]] * 3
    # The main organiser changes: now Benoît's edits count, and Alice's no longer do.
    world.later()
    world.sage.modify("ZBAP", record, ATPREPMNA="R002")
    trio.passes()
    world.later()
    world.alice.change_event(world.alice.events()[0]["id"], subject="Alice's")
    trio.passes()
    assert trio.events() == [["Visit"]] * 3
    world.later()
    world.benoit.change_event(world.benoit.events()[0]["id"], subject="Benoît's")
    trio.passes("REP2", "REP1", "REP3")
    assert trio.events() == [["Benoît's"]] * 3
    assert world.servers.mails() == 0
    world.quiet()


def test_a3_representatives_among_the_contacts_of_an_outlook_appointment(pair: World) -> None:
    pair.enable(3)
    trio = Trio(pair, Outlook(pair.servers, mailbox(3)))
    pair.sage.new_contact("Rossi", "Ada")
    pair.sync("REP1")
    listed = persons("Carla Nuñez", "Ada Rossi", "Benoît Lefèvre")
    pair.alice.new_event("Visit", at(1), multiValueExtendedProperties=[listed])
    trio.passes()
    assert sorted(trio.representatives()) in (EVERYBODY, EVERYBODY[1:])
    assert pair.sage.only("ZBAP")["APTTYP"] == "1"
    assert trio.events() == [["Visit"]] * 3
    assert [box.events()[0]["attendees"] for box in trio.boxes] == [[], [], []]
    assert pair.servers.mails() == 0
    pair.quiet()
