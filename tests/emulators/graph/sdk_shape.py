"""What Microsoft's own SDK would make of a JSON value: unknown names, wrong types, unknown enum members.

The generated models say of every property how it is read (`get_field_deserializers`). Handing those readers a node that
records instead of building gives a checker of Graph's v1.0 shapes that nobody here wrote. What the SDK cannot say is
whether null is allowed; `published.py` asks the CSDL for that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

Reader = Callable[["Node"], None]


def deviations(value: Any, model: Any) -> list[str]:
    """Where a JSON value differs from an SDK model, a line each."""
    found: list[str] = []
    Node(value, model.__name__, found).get_object_value(model)
    return found


@functools.cache
def _readers(model: Any) -> dict[str, Reader]:
    """The readers of one model. Asking a model for them runs thousands of imports, so it is done once a class."""
    readers: dict[str, Reader] = model().get_field_deserializers()
    return readers


def _open(model: Any) -> bool:
    """Open types may hold members of any name (docs: resources/opentypeextension)."""
    return bool(model.__name__ == "OpenTypeExtension")


class Node:
    """A JSON value under the methods of kiota's ParseNode. Every method records what is wrong and answers None."""

    def __init__(self, value: Any, where: str, found: list[str]) -> None:
        self._value = value
        self._where = where
        self._found = found

    def _wrong(self, expected: str) -> None:
        self._found.append(f"{self._where}: {self._value!r} is no {expected}")

    def _is(self, right: bool, expected: str) -> None:
        if not right:
            self._wrong(expected)

    def _parses(self, read: Callable[[str], object], expected: str) -> Any:
        try:
            return read(self._value)
        except (TypeError, ValueError):
            return self._wrong(expected)

    def _items(self) -> Iterator[Node]:
        if not isinstance(self._value, list):
            self._wrong("collection")
            return
        for item in self._value:
            yield Node(item, f"{self._where}[]", self._found)

    # -- asked by the models' factories ------------------------------------------------------------------------

    def get_child_node(self, name: str) -> Node | None:
        """The member of that name, if it is there."""
        if isinstance(self._value, dict) and name in self._value:
            return Node(self._value[name], f"{self._where}.{name}", self._found)
        return None

    # -- asked by the models' readers --------------------------------------------------------------------------

    def get_str_value(self) -> str | None:
        """A text; also the factories' way to the discriminator, hence the answer."""
        self._is(isinstance(self._value, str), "string")
        return self._value if isinstance(self._value, str) else None

    def get_bool_value(self) -> None:
        self._is(isinstance(self._value, bool), "boolean")

    def get_int_value(self) -> None:
        self._is(isinstance(self._value, int) and not isinstance(self._value, bool), "whole number")

    def get_float_value(self) -> None:
        self._is(isinstance(self._value, int | float) and not isinstance(self._value, bool), "number")

    def get_uuid_value(self) -> None:
        self._parses(UUID, "GUID")

    def get_datetime_value(self) -> None:
        moment = self._parses(datetime.fromisoformat, "date-time")
        self._is(moment is None or moment.tzinfo is not None, "date-time with an offset")

    def get_date_value(self) -> None:
        self._parses(date.fromisoformat, "date")

    def get_time_value(self) -> None:
        self._parses(time.fromisoformat, "time")

    def get_enum_value(self, members: type[Enum]) -> None:
        self._is(self._value in {member.value for member in members}, f"member of {members.__name__}")

    def get_collection_of_primitive_values(self, kind: type[Any]) -> None:
        for item in self._items():
            item._is(isinstance(item._value, kind), kind.__name__)

    def get_collection_of_enum_values(self, members: type[Enum]) -> None:
        for item in self._items():
            item.get_enum_value(members)

    def get_collection_of_object_values(self, model: Any) -> None:
        for item in self._items():
            item.get_object_value(model)

    def get_object_value(self, model: Any) -> None:
        """An object by a model, or by the derived model that its @odata.type names."""
        if not isinstance(self._value, dict):
            self._wrong("object")
            return
        kind: Any = type(model.create_from_discriminator_value(self))
        readers = _readers(kind)
        for name, value in self._value.items():
            if name in readers:
                if value is not None:
                    readers[name](Node(value, f"{self._where}.{name}", self._found))
            elif "@" not in name and not _open(kind):
                self._found.append(f"{self._where}: {kind.__name__} has no member {name!r}")
