"""What is alike: which record an item without a link could be (M4), and which type it would have in X3.

Pure comparison of contents; that a match must be one-to-one is `match.py`'s to see.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.content import Contact, Content, ItemType, Kind
from reconcile.fields import natural_keys
from reconcile.model import Present, Where
from reconcile.text import fold


def default_type(kind: Kind) -> ItemType:
    """The type of a new item of a kind, its category aside."""
    return {Kind.CONTACT: ItemType.CONTACT, Kind.TASK: ItemType.TASK, Kind.EVENT: ItemType.APPOINTMENT}[kind]


def type_of_new(item: Present) -> ItemType:
    """What an item without a link becomes in X3: an event of the category "X3 Call" a call, other events appointments."""
    event = item.outlook.event
    if event is not None and event.call:
        return ItemType.CALL
    return default_type(item.outlook.kind)


def same_person(one: Contact, other: Contact) -> bool:
    """M4 for contacts: an e-mail in common unless both surnames are set and differ; without any e-mail match surname,
    given name and company."""
    surnames = fold(one.name.surname), fold(other.name.surname)
    if natural_keys(one) & natural_keys(other):
        return not all(surnames) or surnames[0] == surnames[1]
    return (
        bool(surnames[0])
        and surnames[0] == surnames[1]
        and fold(one.name.given) == fold(other.name.given)
        and fold(one.company) == fold(other.company)
    )


def similar(item: Present, records: Mapping[tuple[ItemType, str], Present]) -> list[tuple[ItemType, str]]:
    """The records that this item could be, by what they hold and where they stand (M4)."""
    item_type = type_of_new(item)
    if item.where is not Where.HERE:
        return []  # S2, U5: nothing is made of it, so it takes nobody's place either
    return [key for key, record in records.items() if key[0] is item_type and _alike(item.content, record)]


def _alike(content: Content, record: Present) -> bool:
    """All CORs are candidates, whoever has them; of other records only the user's own."""
    if isinstance(content, Contact) and isinstance(record.content, Contact):
        return same_person(content, record.content)
    return record.where is Where.HERE and bool(natural_keys(content) & natural_keys(record.content))
