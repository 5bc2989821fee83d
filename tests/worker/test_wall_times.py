"""Links read again in another zone (U6): all at once, whatever their state, and only under the lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconcile.model import Appointment, Call, Content, ItemType, Kind, LinkState, Seen, Task, When, type_of
from tests.worker.conftest import NOW
from tests.worker.test_state_links import a_link
from worker import wall_times
from worker.recall import Recall
from worker.state import leases, links, users
from worker.state.leases import Lease
from worker.state.store import Store
from worker.state.users import User

NINE = datetime(2026, 6, 10, 7, tzinfo=UTC)  # in Paris
HOUR = timedelta(hours=1)


@pytest.fixture
def lease(store: Store, user: User) -> Lease:
    with store.begin() as tx:
        taken = leases.acquire(tx, user.id, "pass", 60, monotonic=0)
    assert taken is not None
    return taken


def put(store: Store, user: User, *contents: Content) -> None:
    """Links that saw each content on both sides, in turn in each state."""
    states = list(LinkState)
    with store.begin() as tx:
        for n, content in enumerate(contents):
            seen, state = Seen(content=content, version="1", written_at=NOW), states[n % len(states)]
            links.save(tx, user.id, a_link(n, type=type_of(content), state=state, x3=seen, outlook=seen))


def starts(store: Store, user: User) -> list[datetime | None]:
    """When X3 starts, as the links remember it."""
    with store.read() as tx:
        found = [link.x3.content for one in ItemType if one.kind is Kind.EVENT for link in links.of_user(tx, user.id, one)]
    return [content.when.start for content in found if isinstance(content, Appointment | Call)]


def test_u6_links_in_every_state_are_read_again_and_nothing_else_of_them(store: Store, user: User, lease: Lease) -> None:
    when = When(start=NINE, end=NINE + HOUR)
    put(store, user, *[Appointment(when=when)] * 5, Call(when=when), Task(subject="Task"))
    wall_times.adopt(store, user, lease, "Europe/Paris")
    with store.read() as tx:
        before = links.of_user(tx, user.id)
    assert starts(store, user) == [NINE] * 6, "the first pass only says in which zone it reads"
    wall_times.adopt(store, user, lease, "Europe/London")
    assert starts(store, user) == [NINE + HOUR] * 6
    wall_times.adopt(store, user, lease, "Europe/London")
    wall_times.adopt(store, user, lease, "Europe/Paris")
    with store.read() as tx:
        assert links.of_user(tx, user.id) == before
        assert users.x3_zone(tx, user.id) == "Europe/Paris"


def test_u6_an_erased_link_has_nothing_to_read_again(store: Store, user: User, lease: Lease) -> None:
    with store.begin() as tx:
        kept = links.save(tx, user.id, a_link(type=ItemType.CALL, state=LinkState.DETACHED, x3=Seen(), outlook=Seen()))
    wall_times.adopt(store, user, lease, "Europe/Paris")
    wall_times.adopt(store, user, lease, "Asia/Tokyo")
    with store.read() as tx:
        assert links.of_user(tx, user.id) == [kept]


def test_u6_without_the_lease_nothing_changes(store: Store, user: User, lease: Lease) -> None:
    put(store, user, Appointment(when=When(start=NINE, end=NINE + HOUR)))
    wall_times.adopt(store, user, lease, "Europe/Paris")
    with pytest.raises(leases.LeaseLost):
        wall_times.adopt(store, user, replace(lease, owner="another"), "Europe/London")
    assert starts(store, user) == [NINE]
    with store.read() as tx:
        assert users.x3_zone(tx, user.id) == "Europe/Paris"


def test_g4_u6_a_dry_run_sees_the_links_as_the_real_run_would(store: Store, user: User, lease: Lease) -> None:
    put(store, user, Appointment(when=When(start=NINE, end=NINE + HOUR)))
    wall_times.adopt(store, user, lease, "Europe/Paris")
    memory, key = Recall(store, user.id, "fp", "Europe/London"), (ItemType.APPOINTMENT, "T0")
    told = memory.links_by_x3([key])
    assert memory.links_by_outlook([(Kind.EVENT, "AAMk0")]) == told
    assert starts(store, user) == [NINE]
    wall_times.adopt(store, user, lease, "Europe/London")
    assert memory.links_by_x3([key]) == told
    assert starts(store, user) == [NINE + HOUR]


def test_u1_a_user_who_comes_again_has_no_zone_yet(store: Store, user: User, lease: Lease) -> None:
    wall_times.adopt(store, user, lease, "Europe/Paris")
    with store.begin() as tx:
        users.remove(tx, user.id)
        again = users.add(tx, x3_user=user.x3_user, representative="R", mailbox="m", address="a@b.example", now=NOW)
        assert users.x3_zone(tx, again.id) == ""
