"""The short part of the soak: fixed seeds, every kind of step, no failure. The long part is `make soak MINUTES=n`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.soak import database
from tests.soak.history import History
from tests.soak.stage import Stage
from tests.system.servers import Servers
from worker.processes import embedded_valkey

# Short histories that between them hold every deed, way of passing and fault. A seed that once failed stays here.
SEEDS = (1, 2, 11, 29, 33, 38, 40, 44, 53, 1005, 3112)
DRAWN = settings().max_examples // 20


@contextmanager
def set_up(kind: str, home: Path) -> Iterator[Stage]:
    """A stage for any number of histories."""
    servers = Servers.start()
    with database.opened(kind, home) as state:
        one = Stage(servers, home, state)
        try:
            yield one
        finally:
            one.close()
            servers.stop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all seeds."""
    with set_up("sqlite", tmp_path_factory.mktemp("soak")) as one:
        yield one


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_doubled_lost_deleted_mailed_or_leaked(stage: Stage, seed: int) -> None:
    told = History(stage, seed).play()
    assert not told.findings, told.text()


@settings(max_examples=DRAWN, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_nor_in_what_hypothesis_draws(stage: Stage, rng: Random) -> None:
    """What fails is made shorter. `HYPOTHESIS_PROFILE=thorough` draws a hundred."""
    told = History(stage, 0, rng).play()
    assert not told.findings, told.text()


@pytest.mark.parametrize("seed", [9101])
def test_nor_with_real_workers_on_a_real_database(tmp_path: Path, seed: int) -> None:
    with set_up("postgresql", tmp_path) as one, embedded_valkey() as broker:
        told = History(one, seed).play_with_workers(broker)
    assert not told.findings, told.text()
