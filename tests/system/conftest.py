"""Fixtures: one emulator process per pytest worker, a fresh world per test."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
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


Prepared = Callable[[int], World]


@pytest.fixture(scope="session")
def prepared(servers: Servers, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A world in which so many had their first, empty pass, made once for all tests of this worker."""

    @functools.cache
    def made(count: int) -> World:
        home = tmp_path_factory.mktemp(f"enabled{count}")
        one = World.fresh(servers, home, environment(servers, home), template)
        for number in range(1, count + 1):
            one.enable(number)
        one.remember()
        return one

    return made


def _may_mail(world: World, request: pytest.FixtureRequest) -> World:
    """The product may mail only in a test with the mark `mails` (A6)."""
    world.product.may_mail = request.node.get_closest_marker("mails") is not None
    return world


@pytest.fixture
def bare(servers: Servers, template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """A world in which nobody is enabled yet."""
    return _may_mail(World.fresh(servers, tmp_path, environment(servers, tmp_path), template), request)


@pytest.fixture
def world(servers: Servers, prepared: Prepared, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """A world in which REP1 is enabled and had his first, empty pass."""
    return _may_mail(prepared(1).again(tmp_path, environment(servers, tmp_path)), request)


@pytest.fixture
def pair(servers: Servers, prepared: Prepared, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """The same with REP2."""
    return _may_mail(prepared(2).again(tmp_path, environment(servers, tmp_path)), request)
