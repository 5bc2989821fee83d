"""Content values as compact JSON text, and back, exactly.

The shape is that of `reconcile.model`: field names as declared, dates and instants in ISO 8601 (instants in UTC). A field
unknown to this version is ignored and a missing one takes its default, so a newer model reads older rows.
"""

from __future__ import annotations

import hashlib
from typing import get_type_hints

import msgspec

from reconcile.model import CONTENT_TYPES, Appointment, Call, Contact, Content, ItemType, Task, type_of

_ENCODER = msgspec.json.Encoder(order="deterministic")
_CONTACT = msgspec.json.Decoder(Contact)
_TASK = msgspec.json.Decoder(Task)
_CALL = msgspec.json.Decoder(Call)
_APPOINTMENT = msgspec.json.Decoder(Appointment)


def encode(content: Content | None) -> str | None:
    """The stored text; None for "nothing known"."""
    return None if content is None else _ENCODER.encode(content).decode()


def decode(item_type: ItemType, text: str | None) -> Content | None:
    """The value in a stored text. Raises msgspec.ValidationError for a text that is not of that type."""
    if text is None:
        return None
    match item_type:
        case ItemType.CONTACT:
            return _CONTACT.decode(text)
        case ItemType.TASK:
            return _TASK.decode(text)
        case ItemType.CALL:
            return _CALL.decode(text)
        case ItemType.APPOINTMENT:
            return _APPOINTMENT.decode(text)


def fingerprint(content: Content | None, *also: str) -> str:
    """A short hash of a version (G3, G2): equal values have equal fingerprints, and it tells nothing about them."""
    digest = hashlib.sha256((encode(content) or "").encode())
    for text in also:
        digest.update(b"\x00" + text.encode())
    return digest.hexdigest()[:32]


def builtins(content: Content) -> dict[str, object]:
    """The value as plain JSON types, for documents that people and other tools read."""
    plain = msgspec.to_builtins(content, order="deterministic")
    assert isinstance(plain, dict)
    return plain


def from_builtins(item_type: ItemType, plain: object) -> Content:
    """The value in plain JSON types. Raises msgspec.ValidationError."""
    content = msgspec.convert(plain, CONTENT_TYPES[item_type])
    assert type_of(content) is item_type
    return content


def field_value(item_type: ItemType, field: str, text: str) -> object:
    """What a person typed for one field (R4): the text itself, a number, date or word, or JSON for a nested field.

    Raises msgspec.ValidationError or msgspec.DecodeError when it does not fit the field, KeyError for an unknown field.
    """
    wanted = get_type_hints(CONTENT_TYPES[item_type])[field]
    if wanted in (str, str | None):
        return text
    if text.startswith(("{", "[")):
        return msgspec.json.decode(text, type=wanted)
    return msgspec.convert(text, wanted, strict=False)
