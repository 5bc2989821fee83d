"""The endpoints the contract holds for. A further one is one more entry of `X3_CASES` or `OUTLOOK_CASES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from reconcile.model import ItemType, Side
from tests.contract.cases import EndpointCase, MemoryCase
from tests.contract.graph_case import open_graph
from tests.contract.x3_case import open_x3
from tests.emulators.conftest import Emulators, start

Opener = Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[EndpointCase]]


def _memory(side: Side) -> Opener:
    @asynccontextmanager
    async def opened(request: pytest.FixtureRequest) -> AsyncIterator[EndpointCase]:
        yield MemoryCase(side)

    return opened


def _emulated(open_case: Callable[[Emulators], AbstractAsyncContextManager[EndpointCase]]) -> Opener:
    def opened(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[EndpointCase]:
        return open_case(request.getfixturevalue("running_emulators"))

    return opened


X3_CASES: dict[str, Opener] = {"memory-x3": _memory(Side.X3), "x3": _emulated(open_x3)}
OUTLOOK_CASES: dict[str, Opener] = {"memory-outlook": _memory(Side.OUTLOOK), "graph": _emulated(open_graph)}
CASES = X3_CASES | OUTLOOK_CASES


@pytest.fixture(scope="session")
def running_emulators() -> Iterator[Emulators]:
    """Both emulators in a process of their own; each case seeds them anew."""
    running = start("--seed", "empty")
    yield running
    running.stop()


@pytest.fixture(params=CASES)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[EndpointCase]:
    """Either side: an endpoint, and users of the side itself."""
    async with CASES[request.param](request) as opened:
        yield opened


@pytest.fixture(params=X3_CASES)
async def x3_case(request: pytest.FixtureRequest) -> AsyncIterator[EndpointCase]:
    """X3 only."""
    async with CASES[request.param](request) as opened:
        yield opened


@pytest.fixture(params=OUTLOOK_CASES)
async def outlook_case(request: pytest.FixtureRequest) -> AsyncIterator[EndpointCase]:
    """Outlook only."""
    async with CASES[request.param](request) as opened:
        yield opened


@pytest.fixture(params=list(ItemType))
def item_type(request: pytest.FixtureRequest) -> ItemType:
    """Each of the four types."""
    found = request.param
    assert isinstance(found, ItemType)
    return found
