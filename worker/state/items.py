"""How an item is named in every table, and the two things SQL dialects spell differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Float, and_, false, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from reconcile.model import ItemType
from worker.state.tables import HeldRow, JournalRow, LinkRow, ProblemRow, Table

T = TypeVar("T")
Insert = postgresql.Insert | sqlite.Insert


class ItemKey(NamedTuple):
    """One item of a user. Either key is blank as long as the item does not stand on that side."""

    type: ItemType
    x3_key: str = ""
    outlook_key: str = ""


def same_item(
    table: type[LinkRow] | type[JournalRow] | type[ProblemRow] | type[HeldRow], user_id: int, item: ItemKey
) -> ColumnElement[bool]:
    """Rows of this item: one key is enough, for a row may have been written before the item stood on both sides."""
    ways: list[ColumnElement[bool]] = []
    if item.x3_key:
        ways.append(and_(table.type == item.type.value, table.x3_key == item.x3_key))
    if item.outlook_key:
        ways.append(table.outlook_key == item.outlook_key)
    return and_(table.user_id == user_id, or_(false(), *ways))


def chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Slices short enough for the databases' limits on parameters."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def upsert(tx: Session, table: type[Table]) -> Insert:
    """An INSERT that can say ON CONFLICT, in the dialect of the session."""
    if tx.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


class epoch(FunctionElement[float]):  # noqa: N801 - SQL functions are spelt in lower case
    """Seconds since 1970 by the database's own clock, as of this statement."""

    type = Float(53)
    inherit_cache = True
    name = "epoch"


@compiles(epoch, "sqlite")
def _sqlite_epoch(_element: epoch, _compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch, "postgresql")
def _postgresql_epoch(_element: epoch, _compiler: Any, **_: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"
