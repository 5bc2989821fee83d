"""The process: its command line, the control plane on both ports, TLS with real credentials, state, size."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential

from infra.emulators.graph.tls import prepare
from tests.emulators.conftest import ROOT, Emulators, start
from tests.emulators.graph.conftest import REP1, Graph

SCOPE = "https://graph.microsoft.com/.default"


def test_both_ports_share_the_clock_and_a_reset_puts_it_back(emulators: Emulators) -> None:
    emulators.control("POST", "clock", {"now": "2026-03-28T23:00:00Z"})
    assert emulators.control("GET", "clock", port="x3")["now"].startswith("2026-03-28T23:00:0")
    emulators.control("POST", "clock", {"advance_seconds": 3600}, port="x3")
    assert emulators.control("GET", "clock")["now"].startswith("2026-03-29T00:00:0")
    emulators.control("POST", "reset", {"seed": "empty", "keep_clock": True})
    assert emulators.control("GET", "clock")["now"].startswith("2026-03-29T00:00:0")
    emulators.control("POST", "reset", {"seed": "empty"}, port="x3")
    assert not emulators.control("GET", "clock")["now"].startswith("2026-03-29")


def test_a_reset_forgets_items_figures_switches_and_faults(graph: Graph) -> None:
    graph.contact()
    graph.switch(bin_answers_200=False)
    graph.fault("status", every=True)
    graph.control("POST", "reset", {"seed": "empty"})
    assert graph.stats()["requests"]["total"] == 0
    assert graph.ok("GET", "/contacts")["value"] == []
    assert graph.control("GET", "switches")["bin_answers_200"] is True
    answer = httpx.post(f"{graph.emulators.graph}/_emulator/reset", json={"seed": "nothing"})
    assert answer.status_code == 400
    assert httpx.post(f"{graph.emulators.graph}/_emulator/switches", json={"unknown": 1}).status_code == 400


def test_a_snapshot_brings_back_both_worlds_their_clock_and_their_cursors(graph: Graph) -> None:
    graph.control("POST", "clock", {"now": "2026-06-08T07:30:00Z"})
    graph.contact()
    delta = graph.ok("GET", "/contactFolders/contacts/contacts/delta")
    while "@odata.deltaLink" not in delta:
        delta = graph.ok("GET", delta["@odata.nextLink"])
    x3 = graph.control("GET", "dump", port="x3")
    graph.control("POST", "snapshot", {"name": "one contact"})
    graph.contact(surname="Another")
    graph.control("POST", "clock", {"advance_seconds": 86_400})
    graph.fault("status", every=True)
    graph.control("POST", "reset", {"snapshot": "one contact"}, port="x3")
    assert [row["surname"] for row in graph.ok("GET", "/contacts")["value"]] == ["Dupré"]
    assert graph.ok("GET", delta["@odata.deltaLink"])["value"] == []
    assert graph.control("GET", "dump", port="x3") == x3
    assert graph.control("GET", "clock")["now"].startswith("2026-06-08T07:30:0")
    answer = httpx.post(f"{graph.emulators.graph}/_emulator/reset", json={"snapshot": "another"})
    assert answer.status_code == 400


def test_the_demo_seed_its_dump_and_its_page(graph: Graph) -> None:
    graph.control("POST", "reset", {"seed": "demo"})
    dump = graph.control("GET", "dump")
    assert [m["address"] for m in dump["mailboxes"]] == [f"rep{n}@contoso.example" for n in (1, 2, 3)]
    kinds = {f["kind"] for m in dump["mailboxes"] for f in m["folders"] if f["items"]}
    assert kinds == {"calendar", "contacts", "list"}
    items = [i for m in dump["mailboxes"] for f in m["folders"] for i in f["items"]]
    assert any(i.get("sensitivity") == "private" for i in items)
    assert any(i.get("type") == "seriesMaster" for i in items)
    assert any(i.get("isOrganizer") is False for i in items)
    assert graph.mails() == 0
    page = httpx.get(f"{graph.emulators.graph}/_emulator/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert REP1 in page.text


def test_an_unchanged_delta_does_not_cost_a_listing(graph: Graph) -> None:
    graph.control("POST", "reset", {"seed": "load:1:3000:outlook"})
    mailbox = graph.control("GET", "stats")["items"]
    assert mailbox["contact"] > 300
    graph.mailbox = graph.send("GET", "/users").json()["value"][0]["id"]
    big = 'IdType="ImmutableId", odata.maxpagesize=1000'
    rows, link = graph.round("/contacts/delta", Prefer=big)
    assert len({r["id"] for r in rows}) == mailbox["contact"]
    began = time.perf_counter()
    graph.round("/contacts/delta", Prefer=big)
    whole = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(10):
        rows, link = graph.round(link, Prefer=big)
        assert rows == []
    assert (time.perf_counter() - began) / 10 < whole, "an unchanged delta does not cost a listing"


def test_state_is_kept_over_a_restart(tmp_path: Path) -> None:
    first = start("--seed", "empty", "--state-dir", str(tmp_path))
    graph = Graph(first)
    made = graph.contact()
    _, link = graph.round("/contacts/delta")
    graph.switch(todo_if_match=True)
    assert first.stop() == 0
    second = start("--seed", "empty", "--state-dir", str(tmp_path))
    try:
        graph = Graph(second)
        assert graph.ok("GET", f"/contacts/{made['id']}")["surname"] == "Dupré"
        assert graph.round(link.replace(first.graph, second.graph))[0] == []
        assert graph.control("GET", "switches")["todo_if_match"] is True
    finally:
        assert second.stop() == 0


def test_real_credentials_over_tls(tmp_path: Path) -> None:
    running = start("--seed", "empty", "--tls-dir", str(tmp_path))
    try:
        assert running.graph.startswith("https://")
        facts = json.loads((tmp_path / "app.json").read_text())
        common = {
            "tenant_id": facts["tenant_id"],
            "client_id": facts["client_id"],
            "authority": running.graph.removeprefix("https://"),
            "disable_instance_discovery": True,
            "connection_verify": str(tmp_path / "ca.pem"),
        }
        trusted = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        for credential in (
            ClientSecretCredential(client_secret=facts["client_secret"], **common),
            CertificateCredential(certificate_path=str(tmp_path / "app.pem"), **common),
        ):
            headers = {"Authorization": f"Bearer {credential.get_token(SCOPE).token}"}
            assert httpx.get(f"{running.graph}/v1.0/users", headers=headers, verify=trusted).status_code == 200
        answer = httpx.get(f"{running.graph}/v1.0/users", headers={"Authorization": "Bearer emulator"}, verify=trusted)
        assert answer.status_code == 401
        prepare(tmp_path / "other")
        for refused, code in (
            (ClientSecretCredential(client_secret="wrong", **common), "AADSTS7000215"),
            (ClientSecretCredential(client_secret="expired", **common), "AADSTS7000222"),
            (CertificateCredential(certificate_path=str(tmp_path / "other" / "app.pem"), **common), "AADSTS700027"),
        ):
            with pytest.raises(ClientAuthenticationError, match=code):
                refused.get_token(SCOPE)
    finally:
        assert running.stop() == 0


def test_x3_over_tls_needs_a_certificate() -> None:
    command = [sys.executable, "-m", "infra.emulators", "--x3-tls"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, "--tls-dir" in told.stderr) == (2, True)


def test_the_date_header_is_the_emulated_clock(emulators: Emulators) -> None:
    emulators.control("POST", "clock", {"now": "2026-03-28T23:00:00Z"})
    answer = httpx.get(f"{emulators.graph}/v1.0/users", headers={"Authorization": "Bearer emulator"})
    assert answer.headers["Date"].startswith("Sat, 28 Mar 2026 23:00:0")
