"""The webhook under load: real web services side by side on one PostgreSQL. The longer run, with figures, is
`python -m tests.bench.webhook`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.webhook import OURS, cpu_seconds, fill, load, marked, postgres, web
from tests.worker.broker import broker, valkey

__all__ = ["broker", "valkey"]
RATE, SECONDS = 500.0, 5
COUNT = int(RATE * SECONDS)


@pytest.fixture
def database() -> Iterator[str]:
    """A PostgreSQL with a user and a subscription for each notification."""
    with postgres() as url:
        fill(url, COUNT)
        yield url


def test_500_notifications_a_second_are_all_stored(database: str, broker: str, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with web(OURS, database, broker, log) as one, web(OURS, database, broker, log) as two:
        answers, latencies, stored = asyncio.run(load([one[0], two[0]], RATE, COUNT))
        used = cpu_seconds(one[1].pid) + cpu_seconds(two[1].pid)
    assert answers == {202: COUNT}, log.read_text()[-2000:]
    assert len(stored) == COUNT
    assert marked(database) == stored
    assert used / COUNT < 0.02  # seconds: some milliseconds, were the machine free
    assert len(latencies) == COUNT


def test_what_was_answered_202_outlives_a_killed_web_service(database: str, broker: str, tmp_path: Path) -> None:
    log = tmp_path / "web.log"

    async def killed_in_the_middle() -> set[int]:
        sending = asyncio.create_task(load([one[0], two[0]], RATE, COUNT))
        await asyncio.sleep(SECONDS / 3)
        one[1].kill()
        answers, _, stored = await sending
        assert answers[202] == len(stored)
        assert 0 < answers[202] < COUNT  # what was refused or cut off Graph sends again
        return stored

    with web(OURS, database, broker, log) as one, web(OURS, database, broker, log) as two:
        stored = asyncio.run(killed_in_the_middle())
    assert stored <= marked(database)
    assert len(stored) > COUNT / 2  # the other one goes on


def test_on_a_sqlite_file_marks_are_stored_too(broker: str, tmp_path: Path) -> None:
    url, count = f"sqlite:///{tmp_path}/x3sync.db", 600
    fill(url, count)
    with web(OURS, url, broker, tmp_path / "web.log") as one:
        answers, _, stored = asyncio.run(load([one[0]], 200.0, count))
    assert answers == {202: count}
    assert marked(url) == stored
