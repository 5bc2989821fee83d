"""Whether the person a card is about to be made of has come into X3 from another mailbox meanwhile (M4)."""

from __future__ import annotations

from collections.abc import Collection

from reconcile.likeness import persons_alike
from reconcile.model import Contact, Content, ItemType
from reconcile.port import Moved
from worker.observed import X3Questions
from worker.state import links, users
from worker.state.store import Store


async def none_came_before(
    store: Store, user_id: int, persons: X3Questions, content: Content, known: Collection[str]
) -> None:
    """Asked by whoever has the lock of the person's address, for the match is older than the lock. Whom the match has seen
    (`known`) is no news, whatever became of him there; whom the user has linked already is another one (M3). X3 is asked
    only where another mailbox could have brought him.

    Raises Moved, TryLater and Stop.
    """
    if not isinstance(content, Contact) or not content.work_email:
        return
    with store.read() as tx:
        if len(users.everyone(tx)) == 1:
            return
    found = await persons.find_contacts([content.work_email], [])
    alike = [one.key for one in persons_alike(content, found) if one.key not in known]
    with store.read() as tx:
        taken = {link.x3_key for link in links.by_x3(tx, user_id, ((ItemType.CONTACT, key) for key in alike))}
    if set(alike) - taken:
        raise Moved("the same person has just come into X3 from another mailbox")
