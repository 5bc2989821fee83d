"""The clock, and the one event loop of a process."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from worker.clock import Clock
from worker.loop import Loop

TOLD = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


@contextmanager
def told(answer: str) -> Iterator[tuple[str, list[str]]]:
    """A server that tells the time as the emulators do: its address, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"now": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_machines_clock_is_aware_and_in_utc() -> None:
    clock = Clock.chosen("")
    assert clock.now().tzinfo is UTC
    before = clock.monotonic()
    assert clock.monotonic() >= before


def test_a_followed_clock_is_asked_at_most_once_a_second() -> None:
    with told("2026-03-28T23:00:00Z") as (url, asked):
        clock = Clock.chosen(url + "/")
        times = [clock.now() for _ in range(1000)]
    assert asked == ["/_emulator/clock"]
    assert times == sorted(times)
    assert TOLD <= times[0] <= times[-1] < TOLD + timedelta(seconds=30)
    assert times[0].tzinfo is UTC


def test_a_followed_clock_follows_jumps() -> None:
    with told("2026-03-28T23:00:00Z") as (url, asked):
        clock = Clock.following(url)
        clock.now()
        time.sleep(1.05)
        clock.now()
        assert len(asked) == 2


def test_a_followed_clock_that_is_away_is_an_error() -> None:
    with told("2026-03-28T23:00:00Z") as (url, _):
        pass
    with pytest.raises(OSError, match="refused"):
        Clock.following(url).now()
    with told("2026-03-28T23:00:00") as (url, _), pytest.raises(ValueError, match="zone"):
        Clock.following(url).now()


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop that is closed at the end."""
    made = Loop()
    yield made
    made.close()


async def which() -> tuple[int, int]:
    return id(asyncio.get_running_loop()), threading.get_ident()


def test_all_threads_share_one_loop(loop: Loop) -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(loop.run(which()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0][1] != threading.get_ident()


def test_what_a_coroutine_raises_comes_out(loop: Loop) -> None:
    async def fail() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        loop.run(fail())
    assert loop.run(which())


def test_a_coroutine_that_takes_too_long_has_ended_when_run_returns(loop: Loop) -> None:
    ended = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            ended.set()

    with pytest.raises(TimeoutError):
        loop.run(slow(), seconds=0.05)
    assert ended.is_set()


def test_the_loops_own_thread_must_not_wait_for_itself(loop: Loop) -> None:
    async def inner() -> None:
        loop.run(which())

    with pytest.raises(RuntimeError, match="own thread"):
        loop.run(inner())


def test_closing_lets_what_runs_clean_up_and_a_new_loop_can_start(loop: Loop) -> None:
    steps: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    async def start() -> asyncio.Task[None]:
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return task

    async def current() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    first = loop.run(current())  # held, so that a new loop cannot get its address
    assert loop.run(start())
    loop.close()
    loop.close()
    assert steps == ["cleaned up"]
    assert loop.run(current()) is not first


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only where the machine counts its sleep")
def test_the_seconds_of_a_sleeping_machine_pass_too() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= Clock.of_machine().monotonic() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_starts_a_loop_of_its_own(loop: Loop) -> None:
    loop.run(which())
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if loop.run(which(), seconds=10) else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
