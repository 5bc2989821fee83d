"""Slices: a long pass of a worker makes room for other users, and nothing of it is lost."""

from __future__ import annotations

import asyncio

from tests.worker.fleet import app, broker, causes, enable, new_task, servers, settings, valkey
from worker import people
from worker.bootstrap import Application
from worker.rounds import AT_ONCE
from worker.state import dirty, held, passes, users
from worker.state.users import User
from worker.tasks import Slice, sync_user

__all__ = ["app", "broker", "servers", "settings", "valkey"]
TASKS = 4 * AT_ONCE


def created(app: Application, user: User) -> list[int]:
    """How many tasks each pass made in Outlook, the oldest first."""
    with app.store.read() as tx:
        runs = passes.latest(tx, user.id, limit=100)
    return [run.report["counts"]["task"]["outlook"]["created"] for run in reversed(runs) if run.cause != "test"]


async def test_a_slice_begins_with_its_first_item(app: Application) -> None:
    now = [100.0]
    one = Slice(10.0, lambda: now[0])
    now[0] = 500.0  # observing took long
    assert not one.over()
    now[0] = 509.0
    assert not one.over()
    now[0] = 510.0
    assert one.over()


async def test_a_huge_mailbox_is_done_in_slices_and_marks_stay_until_the_last(app: Application) -> None:
    user = await enable(app, 1)
    await asyncio.gather(*(new_task(app, f"Task {n}") for n in range(TASKS)))
    app.settings = app.settings.model_copy(update={"slice_seconds": 0.08})
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=app.clock.now(), causes=("poll",))])
    slices = 1
    while await sync_user.run(app, user.id) == (user.id,):
        assert causes(app, user) == [("poll",)]
        slices += 1
        assert slices < TASKS
    made = created(app, user)
    assert slices > 2
    assert sum(made) == TASKS  # each once
    assert max(made) < TASKS
    assert causes(app, user) == []
    assert await sync_user.run(app, user.id) == ()
    assert sum(created(app, user)) == TASKS


async def test_g7_a_released_first_pass_stays_released_over_all_its_slices(app: Application) -> None:
    user = await people.add(app, "REP1", "rep1@contoso.example", people.FolderChoice())
    await asyncio.gather(*(new_task(app, f"Task {n}") for n in range(TASKS)))
    app.settings = app.settings.model_copy(update={"slice_seconds": 0.08})
    assert await sync_user.run(app, user.id) == ()
    assert created(app, user) == [0]
    with app.store.begin() as tx:
        (whole,) = held.of_user(tx, user.id)
        held.release(tx, [whole.id])
    while await sync_user.run(app, user.id) == (user.id,):
        assert len(created(app, user)) < TASKS
    assert sum(created(app, user)) == TASKS
    assert max(created(app, user)) < TASKS
    with app.store.read() as tx:
        after = users.by_id(tx, user.id)
        assert after is not None
        assert after.first_pass_done
        assert held.of_user(tx, user.id) == []
