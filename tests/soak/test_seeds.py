"""The short part of the soak: fixed seeds, every kind of step, no failure. The long part is `make soak MINUTES=n`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak import database
from tests.soak.history import History
from tests.soak.stage import Stage
from tests.system.servers import Servers

# Short histories that between them hold every deed, way of passing and fault. A seed that once failed stays here.
SEEDS = (1, 2, 11, 29, 33, 38, 40, 44, 53, 1005, 3112)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all seeds."""
    home = tmp_path_factory.mktemp("soak")
    servers = Servers.start()
    with database.opened("sqlite", home) as state:
        one = Stage(servers, Path(home), state)
        try:
            yield one
        finally:
            one.close()
            servers.stop()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_doubled_lost_deleted_mailed_or_leaked(stage: Stage, seed: int) -> None:
    told = History(stage, seed).play()
    assert not told.findings, told.text()
