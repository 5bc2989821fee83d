"""The connection test names each problem and its mending, against the real servers, and writes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from reconcile.model import Kind
from tests.emulators.conftest import Emulators, start
from tests.worker.conftest import NOW
from worker import checks
from worker.checks import Finding
from worker.state import passes, users
from worker.state.passes import Installation
from worker.state.store import Store


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    running = start("--seed", "demo")
    yield running
    assert running.stop() == 0


@pytest.fixture
def settings(emulators: Emulators, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    emulators.control("DELETE", "faults")
    emulators.control("POST", "reset", {"seed": "demo"})
    for name in [name for name in os.environ if name.startswith("X3SYNC_")]:
        monkeypatch.delenv(name)
    good = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/state.db",
        "INSTALLATION": "here",
        "TIMEZONE": "Europe/Paris",
        "GRAPH__BASE_URL": f"{emulators.graph}/v1.0",
        "GRAPH__STATIC_TOKEN": "emulator",
        "X3__BASE_URL": emulators.x3,
        "X3__POOL": "SYNC",
        "X3__FOLDER": "SEED",
        "X3__USER": "x3sync",
        "X3__PASSWORD": "x3sync",
    }
    for name, value in good.items():
        monkeypatch.setenv(f"X3SYNC_{name}", value)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def store(settings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/state.db")
    opened.upgrade()
    yield opened
    opened.close()


def wrong(who: str = "") -> dict[str, Finding]:
    """The findings that are not well, by name; each says why and how to mend it."""
    found = asyncio.run(checks.check(who))
    assert all(finding.why and finding.mend for finding in found if not finding.ok)
    return {finding.name: finding for finding in found if not finding.ok}


def add(store: Store, mailbox: str, representative: str = "R001") -> None:
    with store.begin() as tx:
        users.add(
            tx, x3_user="REP1", representative=representative, mailbox=mailbox, address="rep1@contoso.example", now=NOW
        )


def test_all_is_well(store: Store) -> None:
    assert wrong() == {}


def test_nothing_is_made_where_there_is_no_database(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {name: f.mend for name, f in wrong().items()} == {"database": "Run `x3sync db upgrade`."}
    assert list(tmp_path.iterdir()) == []


def test_every_wrong_setting_is_a_finding(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("X3SYNC_TIMEZONE", "Mars/Olympus")
    settings.setenv("X3SYNC_X3__POOOL", "SYNC")
    settings.delenv("X3SYNC_X3__USER")
    assert {"X3SYNC_TIMEZONE", "X3SYNC_X3__POOOL", "X3SYNC_X3__USER"} <= set(wrong())


def test_a_database_without_tables_and_one_of_another_installation(store: Store, settings: pytest.MonkeyPatch) -> None:
    with store.begin() as tx:
        passes.claim_installation(tx, Installation(installation_id="there", fp="", public_url="", created=NOW))
    assert set(wrong()) == {"database identity"}
    with store.begin() as tx:
        tx.execute(text("DROP TABLE alembic_version"))
    assert set(wrong()) == {"database"}


def test_a_dead_broker_and_a_dead_database(store: Store, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("X3SYNC_REDIS_URL", "redis://127.0.0.1:9/0")
    settings.setenv("X3SYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert set(wrong()) == {"broker", "database"}
    settings.setenv("X3SYNC_DATABASE_URL", "mysql://nobody@127.0.0.1:9/none")
    assert set(wrong()) == {"broker", "database"}


def test_one_dead_side_does_not_hide_the_other(store: Store, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("X3SYNC_X3__BASE_URL", "http://127.0.0.1:9")
    settings.setenv("X3SYNC_GRAPH__STATIC_TOKEN", "somebody-else")
    add(store, "rep1@contoso.example")
    assert set(wrong()) == {"X3 connection", "REP1 Calendars", "REP1 Contacts", "REP1 To Do"}


def test_a_wrong_x3_password_and_a_missing_publication(store: Store, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("X3SYNC_X3__PROGRAMS__KEYS", "ZNOWHERE")
    settings.setenv("X3SYNC_X3__OBJECTS__TSK", "ZNOTASK")
    settings.setenv("X3SYNC_X3__SYNC_ID_FIELD", "ZNOID")
    found = wrong()
    assert {"X3 sub-program ZNOWHERE", "X3 object ZNOTASK", "X3 field ZNOID on ZBAP"} <= set(found)
    assert "create switches" in found["X3 field ZNOID on ZBAP"].mend
    settings.setenv("X3SYNC_X3__PASSWORD", "wrong")
    assert "X3 connection" in wrong()


def test_a_users_mailbox_folder_and_representative(store: Store, emulators: Emulators) -> None:
    add(store, "rep1@contoso.example", representative="R002")
    with store.begin() as tx:
        user = users.get(tx, "REP1")
        assert user is not None
        folder = users.Folder(kind=Kind.EVENT, folder_id="gone", name="Gone", is_default=True)
        users.set_folders(tx, user.id, Kind.EVENT, [folder])
        users.pause(tx, user.id, "for a test")
    found = wrong("rep1")
    assert set(found) == {"REP1", "REP1 representative", "REP1 event folder Gone"}
    assert "R001" in found["REP1 representative"].why


def test_nothing_is_written(store: Store, emulators: Emulators, tmp_path: Path) -> None:
    add(store, "rep1@contoso.example")
    wrong()
    by_method = emulators.control("GET", "stats")["requests"]["by_method"]
    assert set(by_method) == {"GET"}
    with store.read() as tx:
        assert passes.installation(tx) is None
