"""azure-identity's real credentials, over TLS with a throw-away CA, against the emulated Entra."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from graph_adapter.client import Graph
from graph_adapter.connection import GraphConnection
from graph_adapter.directory import Directory
from reconcile.model import Side
from reconcile.port import Stop, TryLater
from tests.emulators.conftest import running
from tests.graph_adapter.conftest import ADDRESS


@dataclass(frozen=True, slots=True)
class Tenant:
    """A running emulator with TLS, and the files it wrote."""

    root: str
    files: Path

    def connection(self, *, certificate: bool = False) -> GraphConnection:
        app = json.loads((self.files / "app.json").read_text())
        return GraphConnection(
            base_url=f"{self.root}/v1.0",
            authority=self.root,
            tenant_id=app["tenant_id"],
            client_id=app["client_id"],
            client_secret="" if certificate else app["client_secret"],
            certificate_path=str(self.files / "app.pem") if certificate else "",
            verify=str(self.files / "ca.pem"),
        )


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """The emulator over TLS."""
    files = tmp_path_factory.mktemp("tls")
    with running("--tls-dir", str(files)) as emulators:
        yield Tenant(emulators.graph, files)


@pytest.mark.parametrize("certificate", [False, True])
async def test_a_secret_and_a_certificate_open_graph(tenant: Tenant, certificate: bool) -> None:
    graph = Graph.connect(tenant.connection(certificate=certificate))
    assert await Directory(graph).user(ADDRESS) is not None
    await graph.aclose()


async def test_a_wrong_secret_stops_the_whole_side(tenant: Tenant) -> None:
    graph = Graph.connect(replace(tenant.connection(), client_secret="wrong"))
    finding = await Directory(graph).check_token()
    assert not finding.ok
    assert finding.mend
    with pytest.raises(Stop) as caught:
        await graph.check_token()
    assert caught.value.side is Side.OUTLOOK
    await graph.aclose()


async def test_an_authority_that_is_not_trusted_gives_no_token(tenant: Tenant) -> None:
    graph = Graph.connect(replace(tenant.connection(), verify=None))
    with pytest.raises((Stop, TryLater)):
        await graph.check_token()
    await graph.aclose()


async def test_a_certificate_that_is_not_trusted_says_what_to_set(tenant: Tenant) -> None:
    graph = Graph.connect(GraphConnection(base_url=f"{tenant.root}/v1.0", static_token="emulator"))
    with pytest.raises(Stop) as stop:
        await Directory(graph).user(ADDRESS)
    assert "X3SYNC_GRAPH__CA_BUNDLE" in stop.value.mend
    await graph.aclose()
