"""What is alike: which record an item without a link could be (M4), and which type it would have in X3.

Pure comparison of contents; that a match must be one-to-one is `match.py`'s to see.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.content import Contact, Content, ItemType, Kind
from reconcile.context import Force
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


def similar(
    item: Present, records: Mapping[tuple[ItemType, str], Present], force: Force | None = None
) -> list[tuple[ItemType, str]]:
    """The records that this item could be, by what they hold and where they stand (M4)."""
    item_type, forced = type_of_new(item), force or Force()
    return [
        key
        for key, record in records.items()
        if key[0] is item_type and _near(item, record, key, forced) and _alike(item.content, record.content)
    ]


def _near(item: Present, record: Present, key: tuple[ItemType, str], force: Force) -> bool:
    """S2, U5: of an item outside nothing is made, so it takes nobody's place either; unless it is forced (F1, F2). All
    CORs are candidates, whoever has them; of other records only the user's own."""
    if item.where is Where.HERE and (record.where is Where.HERE or key[0] is ItemType.CONTACT):
        return True
    forced = force.side(*key, item, linked=False) is not None
    return forced and Where.ELSEWHERE not in (item.where, record.where)


def _alike(content: Content, record: Content) -> bool:
    if isinstance(content, Contact) and isinstance(record, Contact):
        return same_person(content, record)
    return bool(natural_keys(content) & natural_keys(record))
