"""Persons of whom a card would be made: who in X3 they could be, and whether one has come from another mailbox (M4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconcile.actions import Decision
from reconcile.likeness import persons_alike
from reconcile.model import Contact, ItemType, Present
from reconcile.port import Moved
from worker.observed import Memory, X3Questions
from worker.state import links, users
from worker.state.store import Store


async def candidates(strangers: Sequence[Contact], memory: Memory, persons: X3Questions) -> Sequence[Present]:
    """The CORs that cards without a record could be, whoever has them (M4). Raises TryLater and Stop."""
    emails = sorted({mail for card in strangers for mail in card.emails})
    names = {card.name for card in strangers if card.name.surname}
    found = await persons.find_contacts(emails, names)
    # Whom another item of this mailbox is linked to already is no candidate (M1).
    taken = {link.x3_key for link in memory.links_by_x3((ItemType.CONTACT, one.key) for one in found)}
    return [one for one in found if one.key not in taken]


def card_of(decision: Decision) -> Contact | None:
    """Outlook's card that a contact is made of. X3's shape of it will not do, for it has no place for a third address."""
    outlook = decision.pair.outlook
    return outlook.content if isinstance(outlook, Present) and isinstance(outlook.content, Contact) else None


def locks(card: Contact) -> set[str]:
    """What creates of one person are serialised by across users: each of his addresses (M4)."""
    return {f"mail:{mail.casefold()}" for mail in card.emails}


async def none_came_before(
    store: Store, user_id: int, persons: X3Questions, card: Contact | None, known: Collection[str]
) -> None:
    """Asked by whoever has the `locks` of the card, for the match is older than the lock. Whom the match has seen
    (`known`) is no news, whatever became of him there; whom the user has linked already is another one (M3). X3 is asked
    only where another mailbox could have brought him.

    Raises Moved, TryLater and Stop.
    """
    if card is None or not card.emails:
        return
    with store.read() as tx:
        if len(users.everyone(tx)) == 1:
            return
    found = await persons.find_contacts(card.emails, [])
    alike = [one.key for one in persons_alike(card, found) if one.key not in known]
    with store.read() as tx:
        taken = {link.x3_key for link in links.by_x3(tx, user_id, ((ItemType.CONTACT, key) for key in alike))}
    if set(alike) - taken:
        raise Moved("the same person has just come into X3 from another mailbox")
