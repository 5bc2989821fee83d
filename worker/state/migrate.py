"""Migrations, run from the package itself: no alembic.ini, no working directory."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from worker.state.engine import WRITES

_SCRIPTS = Path(__file__).with_name("migrations")


def configuration() -> Config:
    """Alembic's configuration; `env.py` takes the connection out of its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables up to `revision`. Processes that start together wait for each other."""
    config = configuration()
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(793473)")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
