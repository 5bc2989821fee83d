"""Which migration the tables are at, asked without Alembic: each command asks, and hardly one migrates."""

from __future__ import annotations

from sqlalchemy import Engine, inspect, text

NEWEST = "0004"  # the last of migrations/versions


def current(engine: Engine) -> str | None:
    """The revision of the tables; None for an empty database."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found
