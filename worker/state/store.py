"""The database, opened. Gives transactions; what is done in them stands in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from worker.state import leases, revision
from worker.state.engine import WRITES, open_engine
from worker.state.journal import ERASED


class Store:
    """Transactions on one database. Safe to share between threads; a session is not."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{WRITES: True})

    @classmethod
    def open(cls, url: str) -> Self:
        """A store on `url` (engine.py). Creates no tables: `upgrade` does."""
        return cls(open_engine(url))

    @contextmanager
    def begin(self, lease: leases.Lease | None = None) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back on any exception.

        With a lease it begins by proving that the lease still holds, and nobody else can take the lease before it ends.
        Raises leases.LeaseLost.
        """
        with Session(self._writer, expire_on_commit=False) as tx:
            with tx.begin():
                if lease is not None:
                    leases.prove(tx, lease)
                yield tx
            erased = tx.info.pop(ERASED, False)
        if erased and self.engine.dialect.name == "sqlite":
            # S4: the write-ahead log still holds the pages as they were.
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads: on SQLite it waits for no writer. What it would have written is rolled back."""
        with Session(self.engine, expire_on_commit=False) as tx:
            yield tx
            tx.rollback()

    def upgrade(self) -> None:
        """Bring the tables up to the newest migration."""
        from worker.state import migrate  # Alembic takes a while to load, and hardly a command needs it

        migrate.upgrade(self.engine)

    def up_to_date(self) -> bool:
        """Whether the tables are those of this version."""
        return revision.current(self.engine) == revision.NEWEST

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
