"""`up` and its children as real processes: supervision, signals, what is said without a broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from worker.clock import Clock
from worker.processes import Child, Supervisor, run_worker
from worker.settings import Settings, SettingsProblem

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def until(look: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor with one child, running in a thread."""
    one = Supervisor([Child("sleeper", SLEEPER, dict(os.environ))], Clock.of_machine())
    thread = threading.Thread(target=one.run)
    thread.start()
    yield one
    one.stopping.set()
    thread.join(30)
    assert not thread.is_alive()


def pid_of(one: Supervisor) -> int:
    return pid(one.children[0])


def pid(child: Child) -> int:
    return child.process.pid if child.process is not None else 0


def test_a_child_that_is_killed_comes_back(supervisor: Supervisor) -> None:
    until(lambda: pid_of(supervisor))
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    until(lambda: pid_of(supervisor) not in (0, first))
    assert supervisor.children[0].pause == 2.0  # the next time it waits longer


def test_a_child_that_keeps_ending_is_started_ever_more_seldom() -> None:
    child = Child("broken", [sys.executable, "-c", "raise SystemExit(1)"], dict(os.environ))
    pauses, now = [], 0.0
    for _ in range(7):
        child.look(now)
        assert child.process is not None
        child.process.wait()
        child.look(now)
        pauses.append(child.due_at - now)
        child.look(now)  # not due yet
        assert pid(child) == 0
        now = child.due_at
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_worker_without_a_broker_says_what_to_set() -> None:
    with pytest.raises(SettingsProblem, match="X3SYNC_REDIS_URL"):
        run_worker(Settings())


def test_up_starts_everything_and_sigterm_ends_everything(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("X3SYNC_")} | {
        "X3SYNC_DATABASE_URL": f"sqlite:///{tmp_path}/x3sync.db",
        "X3SYNC_INSTALLATION_PATH": str(tmp_path / "installation"),
        "X3SYNC_TIMEZONE": "Europe/Paris",
        "X3SYNC_GRAPH__BASE_URL": "http://127.0.0.1:1/v1.0",
        "X3SYNC_GRAPH__STATIC_TOKEN": "emulator",
        "X3SYNC_X3__BASE_URL": "http://127.0.0.1:1",
        "X3SYNC_X3__POOL": "SYNC",
        "X3SYNC_X3__USER": "x3sync",
        "X3SYNC_X3__PASSWORD": "x3sync",
        "X3SYNC_CONSOLE__PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-c", "from worker.cli import main; main()", "up"]
    log = tmp_path / "up.log"
    with log.open("w") as out:
        up = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        until(lambda: "Ctrl-C" in log.read_text())
        address = next(word for word in log.read_text().split() if word.startswith("http://"))
        until(lambda: _ready(address), 60)
        up.send_signal(signal.SIGTERM)
        assert up.wait(40) == 0
        # Valkey, worker, beat and web are of its process group, which ends with its last member.
        with pytest.raises(ProcessLookupError):
            os.killpg(up.pid, 0)
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGKILL)
            up.wait()


def _ready(address: str) -> bool:
    try:
        answer = httpx.get(f"{address}readyz", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and answer.json() == {"ok": True, "checks": {"database": True, "broker": True}}
