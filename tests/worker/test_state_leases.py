"""Leases and locks: one holder at a time, measured by the database's clock, proven inside each transaction."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconcile.model import ItemType
from tests.worker.conftest import NOW, add_user
from worker.state import dirty, leases
from worker.state.leases import Lease, LeaseLost, LockBusy
from worker.state.store import Store
from worker.state.users import User


def acquire(store: Store, user: User, owner: str, seconds: float = 60) -> Lease | None:
    with store.begin() as tx:
        return leases.acquire(tx, user.id, owner, seconds, monotonic=time.monotonic())


def held(store: Store, user: User, owner: str, seconds: float = 60) -> Lease:
    lease = acquire(store, user, owner, seconds)
    assert lease is not None
    return lease


def test_a_lease_has_one_holder(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    lease = held(store, user, "one")
    assert acquire(store, user, "two") is None
    assert held(store, other, "two")
    assert held(store, user, "one")  # its own holder may ask again
    with store.begin() as tx:
        assert leases.busy(tx, user.id)
        leases.release(tx, Lease(user_id=user.id, owner="two", deadline=0))
        assert leases.busy(tx, user.id)
        leases.release(tx, lease)
        assert not leases.busy(tx, user.id)
    assert held(store, user, "two")


def test_many_ask_at_once_and_one_gets_it(store: Store, user: User) -> None:
    barrier = threading.Barrier(8)

    def ask(number: int) -> bool:
        barrier.wait()
        return acquire(store, user, f"owner {number}") is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_an_ended_lease_can_be_taken_and_its_holder_writes_nothing_more(store: Store, user: User) -> None:
    lease = held(store, user, "one", 0.2)
    with store.begin(lease) as tx:
        dirty.put_cursors(tx, user.id, {"s": "1"}, NOW)
    time.sleep(0.3)
    with pytest.raises(LeaseLost), store.begin(lease) as tx:
        dirty.put_cursors(tx, user.id, {"s": "2"}, NOW)
    assert held(store, user, "two")
    with pytest.raises(LeaseLost), store.begin(lease):
        raise AssertionError("must not get here")
    with pytest.raises(LeaseLost), store.begin() as tx:
        leases.renew(tx, lease, 60, monotonic=time.monotonic())
    with store.read() as tx:
        assert dirty.cursors(tx, user.id) == {"s": "1"}


def test_renewing_moves_the_end(store: Store, user: User) -> None:
    lease = held(store, user, "one", 0.3)
    with store.begin() as tx:
        renewed = leases.renew(tx, lease, 60, monotonic=time.monotonic())
    time.sleep(0.4)
    assert acquire(store, user, "two") is None
    assert renewed.outlives(50, time.monotonic())
    assert not lease.outlives(0, time.monotonic())
    assert not renewed.outlives(61, time.monotonic())


def test_a_lease_is_not_taken_before_what_was_written_under_it_is_committed(store: Store, user: User) -> None:
    """The proof at the start of a transaction holds to its end, even if the lease's time ends in between."""
    lease = held(store, user, "one", 0.4)
    taken_at: list[float] = []

    def wait_for_it() -> None:
        while acquire(store, user, "two") is None:
            time.sleep(0.02)
        taken_at.append(time.monotonic())

    thread = threading.Thread(target=wait_for_it)
    with store.begin(lease) as tx:
        thread.start()
        dirty.put_cursors(tx, user.id, {"s": "1"}, NOW)
        time.sleep(0.8)
        committing = time.monotonic()
    thread.join()
    assert taken_at[0] >= committing


async def test_x3_locks_take_turns(store: Store) -> None:
    inside, most = 0, 0

    async def write() -> None:
        nonlocal inside, most
        async with leases.x3_lock(store.begin, ItemType.APPOINTMENT, "A1"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.03)
            inside -= 1

    await asyncio.gather(*(write() for _ in range(5)))
    assert most == 1


async def test_m4_locks_of_two_cards_with_the_same_addresses_are_taken_in_one_order(store: Store) -> None:
    async def write(*keys: str) -> None:
        async with leases.x3_locks(store.begin, ItemType.CONTACT, keys):
            await asyncio.sleep(0.03)

    crossed = (("mail:a", "mail:b"), ("mail:b", "mail:a"))
    async with asyncio.timeout(10):  # far less than the patience for one lock
        await asyncio.gather(*(write(*crossed[n % 2]) for n in range(6)))


async def test_an_x3_lock_ends_by_itself_and_patience_ends_before(store: Store) -> None:
    with store.begin() as tx:
        assert leases.try_lock(tx, ItemType.CONTACT, "zoe@x.example", "killed", 0.4)
        assert leases.try_lock(tx, ItemType.CONTACT, "another", "other", 60)
    with pytest.raises(LockBusy):
        async with leases.x3_lock(store.begin, ItemType.CONTACT, "zoe@x.example", patience=0.05):
            raise AssertionError("must not get here")
    async with leases.x3_lock(store.begin, ItemType.CONTACT, "zoe@x.example", patience=5):
        pass
    with store.begin() as tx:
        assert leases.try_lock(tx, ItemType.CONTACT, "zoe@x.example", "third", 1)
