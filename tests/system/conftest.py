"""Fixtures: one emulator process per pytest worker, a fresh world per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.product import Product, environment
from tests.system.servers import Servers
from tests.system.world import World

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A scenario that waits for ever is a failure of its own, not of the whole run."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(60))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Both emulators, for all tests of this worker."""
    running = Servers.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded, empty database to copy: the migrations need not run for every test."""
    home = tmp_path_factory.mktemp("template")
    Product(home, environment(servers, home), servers.mails).run("db", "upgrade")
    return home / "x3sync.db"


@pytest.fixture
def bare(servers: Servers, template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """A world in which nobody is enabled yet. The product may mail only in a test with the mark `mails` (A6)."""
    fresh = World.fresh(servers, tmp_path, environment(servers, tmp_path), template)
    fresh.product.may_mail = request.node.get_closest_marker("mails") is not None
    return fresh


@pytest.fixture
def world(bare: World) -> World:
    """A world in which REP1 is enabled and had his first, empty pass."""
    bare.enable(1)
    return bare


@pytest.fixture
def pair(world: World) -> World:
    """The same with REP2."""
    world.enable(2)
    return world
