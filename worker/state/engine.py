"""One SQLAlchemy engine for a SQLite file (one machine) or PostgreSQL (several)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

# A writer waits so long for another before SQLite gives up. Transactions here last milliseconds.
BUSY_MILLISECONDS = 20_000
WRITES = "x3sync_writes"


@lru_cache(maxsize=4)
def open_engine(url: str) -> Engine:
    """An engine for `url`; a SQLite file's directory is created. For the same file or server it is the same one as long as
    the process lives, for it knows its statements by then; closing it only takes its connections away.

    `postgresql://…` means psycopg 3. The engine's errors do not repeat the values of a statement, which are people's items
    (S4). Raises ValueError for another database, or an unreadable URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as unreadable:
        raise ValueError("not a database URL") from unreadable
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        address = parsed.set(drivername="postgresql+psycopg")
        return create_engine(address, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20)
    raise ValueError(f"x3sync keeps its state in SQLite or PostgreSQL, not {parsed.get_backend_name()}")


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and as readers; `_begin` says how each one begins instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        # A power cut may lose the last commits: then a pass observes again, and the sides themselves refuse a second
        # create (M7). A killed process loses nothing.
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_MILLISECONDS}",
        # S4: what is erased is overwritten, not only unlinked from the file's pages.
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A reader that turns into a writer fails at once when another wrote meanwhile, without waiting; so writers say so
    # from the start.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
