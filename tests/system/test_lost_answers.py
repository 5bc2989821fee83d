"""M7: a create whose answer is lost, and a worker killed between create and link: one item, one link, on each side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.outlook import attendee, day
from tests.system.world import X3_LIMIT, World, at, mailbox, on, ymd
from tests.system.x3 import KEYS


@dataclass(frozen=True)
class Case:
    """One type: how it is born on each side, and where its creation is seen on the other."""

    name: str
    in_outlook: Callable[[World], Any]
    in_x3: Callable[[World], Any]
    graph_path: str


CASES = [
    Case(
        "ZTSK",
        lambda w: w.alice.new_task("Twin", dueDateTime=day(on(1))),
        lambda w: w.sage.new_task("Twin", ymd(1)),
        "/tasks",
    ),
    Case("ZBAP", lambda w: w.alice.new_event("Twin", at(1)), lambda w: w.sage.new_appointment("Twin", ymd(1)), "/events"),
    Case(
        "ZCLL",
        lambda w: w.alice.new_event("Twin", at(1), categories=["X3 Call"]),
        lambda w: w.sage.new_call("Twin", ymd(1)),
        "/events",
    ),
    Case("ZCOR", lambda w: w.alice.new_contact("Twin", "A"), lambda w: w.sage.new_contact("Twin", "A"), "/contacts"),
]
TYPES = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
LOST = pytest.mark.parametrize(
    ("action", "more"),
    [("status", {"status": 504, "commit": True}), ("drop_after_commit", {}), ("html_502", {"commit": True})],
    ids=["504", "cut", "502"],
)


def one_of_each(world: World, case: Case) -> None:
    """One item, one record, one link: a change still crosses, and nothing else happens."""
    record = world.sage.only(case.name)
    items = world.alice.tasks() + world.alice.events() + world.alice.contacts()
    assert len(items) == 1, [row.get("title") or row.get("subject") or row.get("surname") for row in items]
    world.quiet()
    world.later()
    key = next(record[name] for name in ("TSKNUM", "APTNUM", "CLLNUM", "CORNUM") if name in record)
    field = "LNA" if case.name == "ZCOR" else "FULOBJ"
    edit: dict[str, Any] = {field: "Linked"}
    world.sage.modify(case.name, key, **edit)
    world.sync()
    items = world.alice.tasks() + world.alice.events() + world.alice.contacts()
    assert [row.get("title") or row.get("subject") or row.get("surname") for row in items] == ["Linked"]
    world.quiet()
    assert world.problems() == []


@TYPES
@LOST
def test_m7_a_create_in_x3_whose_answer_is_lost(world: World, case: Case, action: str, more: dict[str, Any]) -> None:
    case.in_outlook(world)
    world.servers.fault(action, {"operation": "save", "object": case.name}, port="x3", **more)
    world.sync("REP1", code=None)
    assert world.servers.fired() == 1
    world.settle()
    one_of_each(world, case)


@TYPES
@LOST
def test_m7_a_create_in_outlook_whose_answer_is_lost(world: World, case: Case, action: str, more: dict[str, Any]) -> None:
    case.in_x3(world)
    world.servers.fault(action, {"method": "POST", "path": case.graph_path}, **more)
    world.sync("REP1", code=None)
    assert world.servers.fired() == 1
    world.settle()
    one_of_each(world, case)


@TYPES
def test_m7_an_x3_create_is_not_repeated_before_its_limit_has_passed(world: World, case: Case) -> None:
    case.in_outlook(world)
    world.servers.fault("status", {"operation": "save", "object": case.name}, port="x3", status=504)  # never committed
    world.sync("REP1", code=None)
    world.later(30)
    world.sync("REP1", code=None)
    assert world.sage.all(case.name) == []
    world.settle()
    one_of_each(world, case)


def test_g2_m7_a_create_that_only_waits_is_not_given_up(world: World) -> None:
    """Its line tells of a contact nobody knows (K2); that is no failure, however often it is said."""
    key = world.alice.new_task("Visit", dueDateTime=day(on(1)))["id"]
    world.alice.link_contact(key, "Ada Rossi")
    world.servers.fault("status", {"operation": "save", "object": "ZTSK"}, port="x3", status=504)
    for _ in range(7):
        world.sync()
    assert world.sage.all("ZTSK") == []
    assert [(row["field"], row["attempts"]) for row in world.problems()] == [("relation", 0)]
    world.later(X3_LIMIT)
    world.sync()
    assert world.sage.only("ZTSK")["FULOBJ"] == "Visit"
    world.quiet()


def killed(world: World, match: dict[str, str], port: str) -> None:
    """Kill a real worker process while a create of its is being answered, and let the server finish it."""
    world.servers.fault("delay", match, port=port, seconds=1.2)
    with world.product.start("sync", "REP1", "--json") as worker:
        deadline = time.monotonic() + 30
        while world.servers.fired() == 0:
            assert time.monotonic() < deadline
            assert worker.poll() is None, worker.communicate()
            time.sleep(0.05)
        worker.kill()
        worker.communicate()
        time.sleep(1.4)  # the create is carried out after its caller is dead
    world.age_leases()


@TYPES
def test_m7_a_worker_killed_while_x3_creates(world: World, case: Case) -> None:
    case.in_outlook(world)
    killed(world, {"operation": "save", "object": case.name}, "x3")
    assert len(world.sage.all(case.name)) == 1
    world.settle()
    one_of_each(world, case)


@TYPES
def test_m7_a_worker_killed_while_outlook_creates(world: World, case: Case) -> None:
    case.in_x3(world)
    killed(world, {"method": "POST", "path": case.graph_path}, "graph")
    world.settle()
    one_of_each(world, case)


@TYPES
def test_m7_a_worker_killed_before_the_marker_is_written(world: World, case: Case) -> None:
    case.in_outlook(world)
    # Task markers are linkedResources (POST), the others' are properties (PATCH).
    match = {"method": "POST", "path": "/linkedResources"} if case.name == "ZTSK" else {"method": "PATCH"}
    killed(world, match, "graph")
    world.settle()
    one_of_each(world, case)


def test_m6_a_meeting_whose_answer_is_lost_is_not_made_in_another_mailbox(pair: World) -> None:
    pair.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "Benoît Lefèvre")])
    pair.servers.fault("drop_after_commit", {"operation": "save", "object": "ZBAP"}, port="x3")
    pair.sync("REP1", code=None)
    assert "R002" in pair.sage.only("ZBAP")["APTREPNUM"]
    pair.sync("REP2")
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    for user in ("REP1", "REP2"):
        pair.settle(user)
    assert pair.sage.only("ZBAP")["ATPREPMNA"] == "R001"
    assert [len(box.events()) for box in (pair.alice, pair.benoit)] == [1, 1]
    pair.quiet()


def test_s7_a_record_given_back_after_an_unheard_deletion_stays(pair: World) -> None:
    record = pair.sage.new_task("Twin", ymd(1))["TSKNUM"]
    pair.sync()
    pair.later()
    pair.sage.modify("ZTSK", record, TSKREP="R002")
    pair.servers.fault("drop_after_commit", {"method": "DELETE"}, every=True)
    pair.sync("REP1", code=None)
    assert pair.alice.tasks() == []
    pair.servers.mend()
    pair.sage.modify("ZTSK", record, TSKREP="R001")
    pair.settle("REP1")
    assert pair.sage.only("ZTSK")["TSKNUM"] == record
    assert len(pair.alice.tasks()) == 1
    pair.quiet()


REASSIGN: dict[str, dict[str, Any]] = {
    "ZTSK": {"TSKREP": "R002"},
    "ZBAP": {"ATPREPMNA": "R002", "APTREPNUM": ["R002"]},
    "ZCLL": {"CLLREP": "R002"},
}


@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.name)
def test_m7_s7_reassigned_before_its_create_was_heard_of(pair: World, case: Case) -> None:
    """What the search finds is the other one's by now. A task leaves the mailbox where it was born; an event is known by
    its iCalUId only, which it may share with another one, so it is left alone, and that is told."""
    case.in_outlook(pair)
    pair.servers.fault("drop_after_commit", {"operation": "save", "object": case.name}, port="x3")
    pair.sync("REP1", code=None)
    record = pair.sage.only(case.name)
    pair.later()
    pair.sage.modify(case.name, record[KEYS[case.name]], **REASSIGN[case.name])
    pair.sync("REP2")
    pair.settle("REP1", passes=3)
    assert len(pair.sage.all(case.name)) == 1
    born_here = 0 if case.name == "ZTSK" else 1
    assert [len(box.tasks() + box.events()) for box in (pair.alice, pair.benoit)] == [born_here, 1]
    told = "the record is another representative's now; the item in Outlook is left alone (S7)"
    assert [row["message"] for row in pair.problems()] == [told] * born_here
    pair.quiet()
