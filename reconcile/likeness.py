"""What is alike: which record an item without a link could be (M4), and which type it would have in X3.

Pure comparison of contents; that a match must be one-to-one is `match.py`'s to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconcile.content import Contact, ItemType, Kind
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


def persons_alike(one: Contact, cards: Iterable[Present]) -> list[Present]:
    """M4 for contacts: the cards that have an e-mail in common with this one, unless both surnames are set and differ; only
    where there is none, those of the same surname, given name and company."""
    mails, who = natural_keys(one), _who(one)
    others = [(card, card.content) for card in cards if isinstance(card.content, Contact)]
    sharing = [(card, _who(other)[0]) for card, other in others if mails & natural_keys(other)]
    by_mail = [card for card, surname in sharing if not (surname and who[0]) or surname == who[0]]
    return by_mail or [card for card, other in others if who[0] and _who(other) == who]


def _who(contact: Contact) -> tuple[str, str, str]:
    return fold(contact.name.surname), fold(contact.name.given), fold(contact.company)


def similar(
    item: Present, records: Mapping[tuple[ItemType, str], Present], force: Force | None = None
) -> list[tuple[ItemType, str]]:
    """The records that this item could be, by what they hold and where they stand (M4)."""
    item_type, forced = type_of_new(item), force or Force()
    near = [record for key, record in records.items() if key[0] is item_type and _near(item, record, key, forced)]
    if isinstance(item.content, Contact):
        alike = persons_alike(item.content, near)
    else:
        alike = [record for record in near if natural_keys(item.content) & natural_keys(record.content)]
    return [(item_type, record.key) for record in alike]


def _near(item: Present, record: Present, key: tuple[ItemType, str], force: Force) -> bool:
    """S2, U5: of an item outside nothing is made, so it takes nobody's place either; unless it is forced (F1, F2). All
    CORs are candidates, whoever has them; of other records only the user's own."""
    if item.where is Where.HERE and (record.where is Where.HERE or key[0] is ItemType.CONTACT):
        return True
    forced = force.side(*key, item, linked=False) is not None
    return forced and Where.ELSEWHERE not in (item.where, record.where)
