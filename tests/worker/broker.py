"""A real Valkey for tests, started once a session."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from worker.processes import _started_valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a running server."""
    with tempfile.TemporaryDirectory(prefix="x3valkey") as directory:
        server = _started_valkey(Path(directory))
        yield f"{server.connection_url}/0"
        server.stop()


@pytest.fixture
def broker(valkey: str) -> str:
    """The same, emptied."""
    with Redis.from_url(valkey) as redis:
        redis.flushdb()
    return valkey
