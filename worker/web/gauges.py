"""What the metrics say about the state, read from the database when somebody asks: every process would say the same."""

from __future__ import annotations

from contextlib import suppress

from reconcile.model import Side
from worker import credentials, sides
from worker.bootstrap import Application
from worker.state import dirty, held, passes, problems, users
from worker.state.users import UserState


def refresh(application: Application) -> None:
    """Set the gauges of users, marks, held changes, problems and subscriptions."""
    metrics, now = application.metrics, application.clock.now()
    with application.store.read() as tx:
        everyone = users.everyone(tx)
        waiting = {one.user_id: one for one in dirty.waiting(tx, free_only=False)}
        waits_for_people = [one for one in held.of_user(tx) if one.state is held.HeldState.WAITING]
        lines = {user.id: len(problems.of_user(tx, user.id)) for user in everyone}
        living = [one for one in passes.subscriptions(tx) if one.expires > now]
    ages = {user_id: max(0.0, (now - one.since).total_seconds()) for user_id, one in waiting.items()}
    metrics.dirty_users.set(len(waiting))
    metrics.dirty_age_seconds.set(max(ages.values(), default=0.0))
    metrics.paused.set(sum(user.state is UserState.PAUSED for user in everyone))
    metrics.subscriptions.set(len(living))
    with suppress(ValueError, OSError):  # an unreadable file is what `check` is for
        end = credentials.ends(application.settings)
        metrics.credential_ends.set(end.timestamp() if end else 0)
    standing = sides.stopped(application)
    for side in Side:
        metrics.stopped.labels(side.value).set(side in standing)
    for user in everyone:
        metrics.lag_seconds.labels(user.x3_user).set(ages.get(user.id, 0.0))
        metrics.held.labels(user.x3_user).set(sum(one.user_id == user.id for one in waits_for_people))
        metrics.problems.labels(user.x3_user).set(lines[user.id])
        if user.last_pass_at is not None:
            metrics.last_pass.labels(user.x3_user).set(user.last_pass_at.timestamp())
