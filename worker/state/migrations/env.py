"""Alembic's entry: runs migrations on the connection that `worker/state/migrate.py` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from worker.state.columns import Instant, Words
from worker.state.tables import Table


def render(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types as what they are in the database: a migration must not change when the code does."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, Words):
        return "sa.Text()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_item=render,
    compare_type=True,
)
context.run_migrations()
