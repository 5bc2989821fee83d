"""Both emulators as one process, driven over HTTP only."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Emulators:
    """A running process and its two addresses."""

    process: subprocess.Popen[str]
    graph: str
    x3: str

    def control(self, method: str, path: str, body: Any = None, *, port: str = "graph") -> Any:
        """Call the control plane; fails the test on anything but 2xx."""
        root = self.graph if port == "graph" else self.x3
        answer = httpx.request(method, f"{root}/_emulator/{path}", json=body, verify=False, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()


def start(*arguments: str) -> Emulators:
    """Start `python -m infra.emulators` on free ports and wait for its line."""
    command = [sys.executable, "-m", "infra.emulators", "--graph-port", "0", "--x3-port", "0", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 60)
    line = process.stdout.readline() if ready else ""
    if not line:
        process.kill()
        raise RuntimeError("the emulators did not start")
    urls = json.loads(line)
    return Emulators(process, urls["graph"], urls["x3"])


@contextmanager
def running(*arguments: str) -> Iterator[Emulators]:
    """The same for as long as the block lasts, both worlds empty."""
    started = start("--seed", "empty", *arguments)
    try:
        yield started
    finally:
        code = started.stop()
    assert code == 0


@pytest.fixture(scope="session")
def emulators() -> Iterator[Emulators]:
    """One process for the whole session; tests reset it themselves."""
    with running() as started:
        yield started
