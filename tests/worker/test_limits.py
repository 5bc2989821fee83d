"""The shared limits, on a real Valkey (house.md, "Runtime")."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.worker.broker import broker, valkey
from worker.limits import Limits, OwnParts, Turns

__all__ = ["broker", "valkey"]
NOBODY = "redis://127.0.0.1:1/0"


def make(url: str, *, calls: int = 2, parts: int = 10, seconds: float = 5.0, grace: float = 1.0) -> Limits:
    redis = Redis.from_url(url) if url else None
    return Limits(
        monotonic=time.monotonic,
        x3_calls=calls,
        call_seconds=seconds,
        grace_seconds=grace,
        scope="t",
        redis=redis,
        parts=parts,
    )


@pytest.fixture
async def two(broker: str) -> AsyncIterator[tuple[Limits, Limits]]:
    """Two processes' limits."""
    pair = make(broker), make(broker)
    yield pair
    for one in pair:
        await one.aclose()


async def test_x3_gets_no_more_calls_at_once_than_its_pool_has_over_all_processes(two: tuple[Limits, Limits]) -> None:
    running = most = 0

    async def call(limits: Limits) -> None:
        nonlocal running, most
        async with limits.x3_call():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1

    await asyncio.gather(*(call(two[n % 2]) for n in range(20)))
    assert most == 2


async def test_the_place_of_a_process_that_died_is_free_again_after_its_time(broker: str) -> None:
    dead, living = make(broker, calls=1, seconds=0.2, grace=0.1), make(broker, calls=1)
    assert dead.redis is not None
    await dead._take_place(dead.redis, "never given back")
    async with asyncio.timeout(2), living.x3_call():
        pass
    await dead.aclose()
    await living.aclose()


async def test_a_cancelled_call_gives_its_place_back(broker: str) -> None:
    limits = make(broker, calls=1)

    async def forever() -> None:
        async with limits.x3_call():
            await asyncio.sleep(60)

    task = asyncio.create_task(forever())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(1), limits.x3_call():
        pass
    await limits.aclose()


async def test_a_mailbox_gets_its_parts_and_no_more_over_all_processes(two: tuple[Limits, Limits]) -> None:
    first, second = two
    await first.pace("a", 4)
    await second.pace("a", 6)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await first.pace("a", 1)
    async with asyncio.timeout(1):
        await second.pace("b", 10)  # another mailbox has its own


async def test_a_single_request_beyond_the_whole_limit_is_sent_all_the_same(two: tuple[Limits, Limits]) -> None:
    async with asyncio.timeout(1):
        await two[0].pace("a", 20)


async def test_without_a_broker_the_process_counts_alone() -> None:
    limits = make("")
    await limits.pace("a", 10)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await limits.pace("a", 1)
    async with limits.x3_call():
        pass


async def test_a_broker_that_is_away_stops_nobody() -> None:
    limits = make(NOBODY)
    async with asyncio.timeout(10):
        async with limits.x3_call():
            await limits.pace("a", 1)
    await limits.aclose()


def test_own_parts_come_back_after_the_window() -> None:
    now = [0.0]
    own = OwnParts(10, 600.0, lambda: now[0])
    assert own.wait("a", 6) == 0.0
    now[0] = 100.0
    assert own.wait("a", 4) == 0.0
    assert own.wait("a", 1) == pytest.approx(500.0)
    now[0] = 600.0
    assert own.wait("a", 6) == 0.0
    assert own.wait("a", 1) == pytest.approx(100.0)


def test_one_message_waits_per_user(broker: str) -> None:
    turns = Turns.connect(broker, "t")
    assert turns.take(1, 60)
    assert not turns.take(1, 60)
    assert turns.take(2, 60)
    turns.give(1)
    assert turns.take(1, 0.05)
    time.sleep(0.1)
    assert turns.take(1, 60)
    turns.hold(3, 60)
    assert not turns.take(3, 60)
    assert turns.alive()
    turns.close()


def test_turns_never_stand_in_the_way_when_the_broker_is_away() -> None:
    turns = Turns.connect(NOBODY, "t")
    assert turns.take(1, 60)
    turns.give(1)
    assert not turns.alive()
