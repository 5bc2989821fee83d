"""One lease per user: who works on him. Deciding a deletion needs all his streams (S8), so a pass is never shared.

Leases are measured by the database's clock, for there is one of it. The holder measures what is left by his own monotonic
clock, from before he asked, so he always stops before anybody else may start.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from reconcile.model import ItemType
from worker.state.items import epoch, upsert
from worker.state.tables import LeaseRow, X3LockRow


class LeaseLost(Exception):
    """The lease ended, or another owner has it: write nothing more, anywhere."""


class LockBusy(Exception):
    """Another pass kept the X3 record locked for longer than we wait: leave the item for the next pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on a user. `deadline` is on the monotonic clock of this process, in seconds."""

    user_id: int
    owner: str
    deadline: float

    def outlives(self, seconds: float, monotonic: float) -> bool:
        """Whether it still holds in `seconds` from `monotonic` (now): a request of that time-out may be sent."""
        return monotonic + seconds < self.deadline


def acquire(tx: Session, user_id: int, owner: str, seconds: float, *, monotonic: float) -> Lease | None:
    """Take the user's lease for `seconds`; None while another owner has it. `monotonic` is read before the call."""
    statement = upsert(tx, LeaseRow).values(user_id=user_id, owner=owner, until=epoch() + seconds)
    taken = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"owner": statement.excluded.owner, "until": statement.excluded.until},
            where=(LeaseRow.until <= epoch()) | (LeaseRow.owner == owner),
        ).returning(LeaseRow.user_id)
    ).first()
    return Lease(user_id=user_id, owner=owner, deadline=monotonic + seconds) if taken else None


def renew(tx: Session, lease: Lease, seconds: float, *, monotonic: float) -> Lease:
    """Hold it for `seconds` from now. Raises LeaseLost when another owner took it meanwhile."""
    renewed = tx.execute(
        update(LeaseRow)
        .where(LeaseRow.user_id == lease.user_id, LeaseRow.owner == lease.owner)
        .values(until=epoch() + seconds)
        .returning(LeaseRow.user_id)
    ).first()
    if renewed is None:
        raise LeaseLost(f"user {lease.user_id}")
    return Lease(user_id=lease.user_id, owner=lease.owner, deadline=monotonic + seconds)


def release(tx: Session, lease: Lease) -> None:
    """Give it back; nothing happens when it is another's already."""
    tx.execute(delete(LeaseRow).where(LeaseRow.user_id == lease.user_id, LeaseRow.owner == lease.owner))


def prove(tx: Session, lease: Lease) -> None:
    """Raises LeaseLost unless the lease holds. Its row stays locked to the end of the transaction, so that it cannot be
    taken before what is written here is committed."""
    held = tx.execute(
        select(LeaseRow.user_id)
        .where(LeaseRow.user_id == lease.user_id, LeaseRow.owner == lease.owner, LeaseRow.until > epoch())
        .with_for_update(read=True)
    ).first()
    if held is None:
        raise LeaseLost(f"user {lease.user_id}")


def busy(tx: Session, user_id: int) -> bool:
    """Whether somebody works on the user now."""
    held = select(LeaseRow.user_id).where(LeaseRow.user_id == user_id, LeaseRow.until > epoch())
    return tx.execute(held).first() is not None


def try_lock(tx: Session, item_type: ItemType, key: str, owner: str, seconds: float) -> bool:
    """Take the lock of an X3 record for `seconds`; False while another owner has it."""
    statement = upsert(tx, X3LockRow).values(type=item_type.value, key=key, owner=owner, until=epoch() + seconds)
    taken = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["type", "key"],
            set_={"owner": statement.excluded.owner, "until": statement.excluded.until},
            where=(X3LockRow.until <= epoch()) | (X3LockRow.owner == owner),
        ).returning(X3LockRow.owner)
    ).first()
    return taken is not None


def unlock(tx: Session, item_type: ItemType, key: str, owner: str) -> None:
    """Give the lock of an X3 record back."""
    tx.execute(delete(X3LockRow).where(X3LockRow.type == item_type.value, X3LockRow.key == key, X3LockRow.owner == owner))


@asynccontextmanager
async def x3_lock(
    begin: Callable[[], AbstractContextManager[Session]],
    item_type: ItemType,
    key: str,
    *,
    seconds: float = 300.0,
    patience: float = 30.0,
) -> AsyncIterator[None]:
    """Serialise writes of one X3 record, across passes and within one: `async with x3_lock(store.begin, type, key):`.

    `key` may also be what a create must be serialised by, such as an e-mail address (M4). Waits up to `patience` seconds,
    looking again at growing intervals, then raises LockBusy. The lock ends by itself after `seconds`, which must outlast
    the write's own time-out.
    """

    owner = uuid.uuid4().hex

    def attempt() -> bool:
        with begin() as tx:
            return try_lock(tx, item_type, key, owner, seconds)

    def give_back() -> None:
        with begin() as tx:
            unlock(tx, item_type, key, owner)

    waited, pause = 0.0, 0.02
    while not await asyncio.to_thread(attempt):
        if waited >= patience:
            raise LockBusy(f"{item_type.value} {key}")
        await asyncio.sleep(pause)
        waited, pause = waited + pause, min(pause * 1.7, 1.0)
    try:
        yield
    finally:
        await asyncio.to_thread(give_back)


@asynccontextmanager
async def x3_locks(
    begin: Callable[[], AbstractContextManager[Session]],
    item_type: ItemType,
    keys: Iterable[str],
    *,
    seconds: float = 300.0,
) -> AsyncIterator[None]:
    """Several of them, always in one order, so that two passes never wait for each other."""
    async with AsyncExitStack() as stack:
        for key in sorted(set(keys)):
            await stack.enter_async_context(x3_lock(begin, item_type, key, seconds=seconds))
        yield
