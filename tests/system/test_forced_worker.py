"""The admin task `x3sync.force_resync`, asked for over the broker as any other program would, done by a real worker."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest
from celery import Celery

from tests.system.world import World, at, on, ymd
from tests.worker.broker import broker, valkey

__all__ = ["broker", "valkey"]
OLD = -90
FORCE = "x3sync.force_resync"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def sender(world: World, broker: str) -> Iterator[Celery]:
    """A worker process, and another program's Celery: it knows the broker, the queue and the names of the contract."""
    world.product.settings["X3SYNC_REDIS_URL"] = broker
    log = world.product.home / "worker.log"
    with log.open("w") as out, world.product.start("worker", stderr=out.fileno()) as worker:
        client = Celery("elsewhere", broker=broker, set_as_current=False)
        client.conf.task_default_queue = "x3sync"
        yield client
        client.close()
        worker.send_signal(signal.SIGTERM)
        try:
            worker.communicate(timeout=30)
        finally:
            worker.kill()
    assert worker.returncode == 0, log.read_text()


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def last(world: World) -> str:
    """The last pass that has ended."""
    return str(world.product.json("report", "REP1")["pass"])


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
