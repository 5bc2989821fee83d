"""The admin task `x3sync.force_resync`, asked for over the broker as any other program would, done by a real worker."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import Popen

import pytest
from celery import Celery

from tests.system.test_forced import person, surnames, twice
from tests.system.world import World, at, on, ymd
from tests.worker.broker import broker, valkey

__all__ = ["broker", "valkey"]
OLD = -90
FORCE = "x3sync.force_resync"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def client(world: World, broker: str) -> Iterator[Celery]:
    """Another program's Celery: it knows the broker, the queue and the names of the contract."""
    world.product.settings["X3SYNC_REDIS_URL"] = broker
    celery = Celery("elsewhere", broker=broker, set_as_current=False)
    celery.conf.task_default_queue = "x3sync"
    yield celery
    celery.close()


@contextmanager
def working(world: World) -> Iterator[Popen[str]]:
    """A worker process, told to stop at the end of the block unless it has ended."""
    log = world.product.home / "worker.log"
    with log.open("w") as out, world.product.start("worker", stderr=out.fileno()) as worker:
        yield worker
        worker.send_signal(signal.SIGTERM)
        try:
            worker.communicate(timeout=30)
        finally:
            worker.kill()
    assert worker.returncode == 0, log.read_text()


@pytest.fixture
def sender(world: World, client: Celery) -> Iterator[Celery]:
    """The same beside a worker."""
    with working(world):
        yield client


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def last(world: World, user: str = "REP1") -> str:
    """The last pass that has ended."""
    return str(world.product.json("report", user)["pass"])


def ask(world: World, sender: Celery, *words: object, **named: object) -> None:
    """Ask for a forced pass, and wait for its end."""
    before = last(world)
    sender.send_task(FORCE, args=["REP1", *words], kwargs=named)
    until(lambda: last(world) != before)
    assert world.product.json("report", "REP1")["cause"] == "forced"


def subjects(world: World) -> list[str]:
    return sorted(row["FULOBJ"] for row in world.sage.all("ZBAP"))


def test_the_admin_task_takes_the_arguments_of_resync(world: World, sender: Celery) -> None:
    numbers = [world.sage.new_task(f"Task {n}", ymd(OLD), TSKDON="2")["TSKNUM"] for n in range(3)]
    world.sage.new_appointment("Old", ymd(OLD))
    world.alice.new_event("Other", at(OLD, 14))

    # --from x3 --types --keys, by the options' own names
    ask(world, sender, **{"from": "x3", "types": "task", "keys": f"{numbers[0]}..{numbers[1]}"})
    assert sorted(row["title"] for row in world.alice.tasks()) == ["Task 0", "Task 1"]
    assert (subjects(world), len(world.alice.events())) == (["Old"], 1)

    # --from outlook --since, by position
    ask(world, sender, "outlook", on(0).isoformat())
    assert (subjects(world), len(world.alice.events())) == (["Old", "Other"], 1)

    # --dry-run writes nothing, and neither does the same again
    before = world.written
    sender.send_task(FORCE, args=["REP1"], kwargs={"source": "both", "dry_run": True})
    ask(world, sender, "outlook", on(0).isoformat())
    assert world.written == before

    ask(world, sender, source="both")
    assert (len(world.alice.tasks()), len(world.alice.events())) == (3, 2)
    before = world.written
    ask(world, sender, source="both")
    assert world.written == before


def test_a_wrong_argument_of_the_admin_task_does_nothing(world: World, sender: Celery) -> None:
    world.sage.new_task("Start", ymd(1))
    for words in ({"from": "nowhere"}, {"from": "x3", "since": "2026-06-01"}, {"form": "x3"}):
        sender.send_task(FORCE, args=["REP1"], kwargs=words)
    ask(world, sender, **{"from": "x3", "types": "call"})
    assert world.alice.tasks() == []


def test_the_admin_task_waits_for_a_side_that_is_away(world: World, sender: Celery) -> None:
    """An ordinary pass is asked for again by marks; a forced one would be lost."""
    world.sage.new_appointment("Old", ymd(OLD))
    world.servers.fault("status", {"method": "GET"}, status=503, every=True, times=4)
    sender.send_task(FORCE, args=["REP1"], kwargs={"from": "x3"})
    until(lambda: world.servers.fired() == 4)
    until(lambda: len(world.alice.events()) == 1)


def test_f1_g7_contacts_and_go_are_arguments_like_any_other(world: World, client: Celery) -> None:
    world.product.settings["X3SYNC_GUARDS__CREATIONS_MOST"] = "2"
    for number in range(3):
        person(world, f"CCN{number}", f"Lake {number}", "BLUELAKE")  # R001's customer
    person(world, "CCN9", "Boulan", "BOULAN")
    with working(world):
        ask(world, client, **{"from": "x3", "types": "contact", "contacts": "own"})
        assert (world.sage.all("ZCOR"), world.alice.contacts()) == ([], [])
        assert world.product.json("report", "REP1")["held_as_a_whole"]
        ask(world, client, **{"from": "x3", "types": "contact", "contacts": "own", "go": True})
    assert surnames(world) == ["Lake 0", "Lake 1", "Lake 2"]


# ------------------------------------------------------------------------------------------------- F4: how it is run

MANY = 30


@pytest.fixture
def slow(world: World) -> World:
    """Many old tasks in X3, of which each takes a while to be made in Outlook."""
    for number in range(MANY):
        world.sage.new_task(f"Task {number:02}", ymd(OLD), TSKDON="2")
    world.servers.fault("delay", {"method": "POST", "path": "/tasks"}, seconds=0.4, every=True)
    return world


def some_are_made(world: World) -> bool:
    """By the count of writes: Graph would refuse a person's look while the worker has four requests under way."""
    return world.servers.writes("graph") > 2


def waiting(world: World) -> list[str]:
    """What is asked for and not carried through (R3)."""
    rows = world.product.json("pending", "REP1")["pending"]
    return [row["action"] for row in rows if "forced synchronisation" in row["why"]]


def test_f4_a_forced_pass_of_a_worker_makes_room_for_others_and_goes_on(slow: World, client: Celery) -> None:
    slow.product.settings["X3SYNC_SLICE_SECONDS"] = "0.5"
    slow.enable(2)
    slow.sage.new_task("Other", ymd(1), TSKREP="R002")
    before = last(slow, "REP2")
    with working(slow):
        client.send_task(FORCE, args=["REP1", "x3"])
        until(lambda: some_are_made(slow))
        client.send_task("x3sync.pass", args=["REP2"])
        until(lambda: last(slow, "REP2") != before)
        assert waiting(slow) == ["R"]
        until(lambda: waiting(slow) == [])
    slow.servers.mend()
    assert [row["title"] for row in slow.benoit.tasks()] == ["Other"]
    assert len(slow.alice.tasks()) == MANY
    assert len({row["title"] for row in slow.alice.tasks()}) == MANY
    twice(slow, "x3")


def test_f4_a_worker_told_to_stop_ends_between_two_items_and_the_next_goes_on(slow: World, client: Celery) -> None:
    with working(slow) as worker:
        client.send_task(FORCE, args=["REP1", "x3"])
        until(lambda: some_are_made(slow))
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
    assert 0 < len(slow.alice.tasks()) < MANY
    assert waiting(slow) == ["R"]
    slow.servers.mend()
    with working(slow):
        until(lambda: waiting(slow) == [])
    twice(slow, "x3")
    assert len(slow.alice.tasks()) == MANY


def test_f4_an_administrator_stops_it(slow: World, sender: Celery) -> None:
    assert slow.product.json("resync", "REP1", "--stop")["called_off"] == 0
    before = last(slow)
    sender.send_task(FORCE, args=["REP1", "x3"])
    until(lambda: some_are_made(slow))
    assert slow.product.json("resync", "REP1", "--stop") == {"user": "REP1", "called_off": 1}
    until(lambda: last(slow) != before)
    report = slow.product.json("report", "REP1")
    assert report["writes"]["outlook"] == len(slow.alice.tasks()) < MANY
    assert waiting(slow) == []
    slow.servers.mend()
    twice(slow, "x3")
    assert len(slow.alice.tasks()) == MANY


def test_f4_while_another_pass_has_the_lease_the_request_waits_and_the_worker_does_not(slow: World, sender: Celery) -> None:
    slow.sage.new_task("New", ymd(1))
    slow.servers.mend()
    slow.servers.fault("delay", {"method": "POST", "path": "/tasks"}, seconds=4.0, every=True)
    with slow.product.start("sync", "REP1", "--json") as other:
        until(lambda: slow.servers.fired() > 0)
        sender.send_task(FORCE, args=["REP1", "x3"])
        until(lambda: waiting(slow) == ["R"])
        other.communicate(timeout=60)
    slow.servers.mend()
    assert [row["title"] for row in slow.alice.tasks()] == ["New"]
    sender.send_task("x3sync.sweep")  # what beat sends every 20 seconds
    until(lambda: waiting(slow) == [])
    assert len(slow.alice.tasks()) == MANY + 1


def test_f4_from_a_side_or_stop(world: World) -> None:
    for words in ((), ("--from", "x3", "--stop")):
        assert "--stop" in world.product.run("resync", "REP1", *words, code=2).err
