"""The tables on both databases: migrations, unique keys, types that come back as they went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests.worker.conftest import NOW
from worker.state import dirty, migrate, revision
from worker.state.engine import open_engine
from worker.state.store import Store
from worker.state.tables import CursorRow, Table
from worker.state.users import User


def test_migrations_up_to_head_equal_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    assert store.up_to_date()


def test_an_upgrade_may_run_twice_and_down_again(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/deep/er/state.db")
    assert revision.current(engine) is None
    migrate.upgrade(engine)
    migrate.upgrade(engine)
    assert revision.current(engine) == revision.NEWEST
    assert ScriptDirectory.from_config(migrate.configuration()).get_current_head() == revision.NEWEST
    with engine.begin() as connection:
        config = migrate.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert revision.current(engine) is None
    engine.dispose()


def test_sqlite_waits_for_writers_enforces_keys_and_overwrites_what_is_erased(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/state.db")
    with engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 20_000}
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"database URL|SQLite or PostgreSQL"):
        open_engine(url)


def test_instants_come_back_in_utc_to_the_microsecond(store: Store, user: User) -> None:
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    with store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=paris)])
    with store.read() as tx:
        [mark] = dirty.take(tx, user.id)
    assert mark.since == NOW
    assert mark.since.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="aware"), store.begin() as tx:
        tx.execute(insert(CursorRow).values(user_id=0, stream="s", value="v", updated=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_s4_an_error_does_not_repeat_what_was_written(store: Store) -> None:
    with pytest.raises(IntegrityError) as caught, store.begin() as tx:
        tx.execute(insert(CursorRow), [{"user_id": 0, "stream": "s", "value": "zebra-quince", "updated": NOW}] * 2)
    assert "zebra-quince" not in str(caught.value)


def test_keys_sort_and_compare_by_their_bytes(store: Store) -> None:
    with store.begin() as tx:
        dirty.put_cursors(tx, 0, dict.fromkeys(["a", "B", "A", "é", "b"], "x"), NOW)
    with store.read() as tx:
        ordered = list(tx.scalars(select(CursorRow.stream).order_by(CursorRow.stream)))
    assert ordered == ["A", "B", "a", "b", "é"]


def test_a_failed_transaction_leaves_nothing(store: Store, user: User) -> None:
    def fail_after_writing() -> None:
        with store.begin() as tx:
            dirty.put_cursors(tx, user.id, {"s": "1"}, NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    with store.read() as tx:
        assert dirty.cursors(tx, user.id) == {}


def test_reading_changes_nothing(store: Store, user: User) -> None:
    with store.read() as tx:
        dirty.put_cursors(tx, user.id, {"s": "1"}, NOW)
    with store.read() as tx:
        assert dirty.cursors(tx, user.id) == {}
