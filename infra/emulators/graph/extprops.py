"""Legacy extended properties: their ids, normalised as Exchange does (docs: resources/extended-properties-overview).

`Integer 0x0036` comes back as `Integer 0x36`; the type, the GUID and the number are compared without case, the Name
part with it.
"""

from __future__ import annotations

import re
from typing import Any

from infra.emulators.graph.errors import invalid

_TAG = re.compile(r"^(\w+)\s+0x([0-9a-f]{1,8})$", re.IGNORECASE)
_NAMED = re.compile(r"^(\w+)\s+\{([0-9a-f-]{36})\}\s+Name\s+(.+)$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\w+)\s+\{([0-9a-f-]{36})\}\s+Id\s+0x([0-9a-f]{1,8})$", re.IGNORECASE)
_TYPES = {
    name.lower(): name
    for name in [
        "ApplicationTime",
        "Binary",
        "Boolean",
        "CLSID",
        "Currency",
        "Double",
        "Error",
        "Float",
        "Integer",
        "Long",
        "Null",
        "Object",
        "Short",
        "String",
        "SystemTime",
    ]
}
_TYPES |= {f"{name}array": f"{proper}Array" for name, proper in list(_TYPES.items())}
SENSITIVITY = "Integer 0x36"
LEVELS = ("normal", "personal", "private", "confidential")


def canonical(raw: object) -> str:
    """The normalised id; 400 for anything that is none."""
    text = str(raw).strip()
    kind = _TYPES.get(text.split(" ", 1)[0].lower())
    if kind:
        if found := _TAG.match(text):
            number = int(found[2], 16)
            if number > 0xFFFF:  # a full property tag: its low half repeats the type
                return f"{kind} 0x{number:x}"
            return f"{kind} 0x{number:x}"
        if found := _NAMED.match(text):
            return f"{kind} {{{found[2].lower()}}} Name {found[3]}"
        if found := _NUMBERED.match(text):
            return f"{kind} {{{found[2].lower()}}} Id 0x{int(found[3], 16):x}"
    raise invalid(f"The property id '{text}' is invalid.", "ErrorInvalidProperty")


def single(rows: Any) -> dict[str, str | None]:
    """The `singleValueExtendedProperties` of a body; a null value takes the property away."""
    found: dict[str, str | None] = {}
    for row in _rows(rows):
        key, value = canonical(row.get("id")), row.get("value")
        if key.split(" ", 1)[0].endswith("Array"):
            raise invalid(f"'{key}' holds several values.", "ErrorInvalidProperty")
        if value is not None and not isinstance(value, str):
            raise invalid("The value of an extended property is a string.", "RequestBodyRead")
        if value is not None and key.startswith("Integer ") and not re.fullmatch(r"-?\d+", value):
            raise invalid(f"'{value}' is no integer.", "ErrorInvalidProperty")
        if value is not None and key.startswith("Boolean ") and value.lower() not in ("true", "false", "1", "0"):
            raise invalid(f"'{value}' is no boolean.", "ErrorInvalidProperty")
        if value is not None and key.startswith("Boolean "):
            value = "true" if value.lower() in ("true", "1") else "false"
        found[key] = value
    return found


def multi(rows: Any) -> dict[str, list[str]]:
    """The `multiValueExtendedProperties` of a body; an empty list takes the property away."""
    found: dict[str, list[str]] = {}
    for row in _rows(rows):
        key, value = canonical(row.get("id")), row.get("value")
        if not key.split(" ", 1)[0].endswith("Array"):
            raise invalid(f"'{key}' holds one value.", "ErrorInvalidProperty")
        found[key] = [str(v) for v in value or []]
    return found


def _rows(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise invalid("Extended properties are an array of objects.", "RequestBodyRead")
    return rows
