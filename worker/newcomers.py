"""Whether the person a card is about to be made of has come into X3 from another mailbox meanwhile (M4)."""

from __future__ import annotations

from collections.abc import Collection

from reconcile.actions import Decision
from reconcile.likeness import persons_alike
from reconcile.model import Contact, ItemType, Present
from reconcile.port import Moved
from worker.observed import X3Questions
from worker.state import links, users
from worker.state.store import Store


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
