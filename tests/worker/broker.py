"""A real Valkey for tests, started once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from worker.processes import embedded_valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a running server."""
    with embedded_valkey() as address:
        yield address


@pytest.fixture
def broker(valkey: str) -> str:
    """The same, emptied."""
    with Redis.from_url(valkey) as redis:
        redis.flushdb()
    return valkey
