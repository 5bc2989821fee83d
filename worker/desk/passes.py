"""Users by what people call them, and passes that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconcile.model import Link
from reconcile.port import Stop, TryLater
from worker import sides
from worker.bootstrap import Application
from worker.forced import Forced
from worker.items import mark_of, refs_of_item
from worker.log import logger
from worker.report import Report
from worker.state import dirty, links, users
from worker.state.items import ItemKey
from worker.state.leases import LeaseLost
from worker.state.users import User, UserState
from worker.sync import Busy, Progress


class Unfit(Exception):
    """What was asked for does not exist, or does not fit. `mend` says what to ask for instead."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


class NotActive(Exception):
    """The user is paused (G5): nothing is written for him until he is resumed."""


# ------------------------------------------------------------------------------------------------- users


def find_user(app: Application, who: str) -> User:
    """A user by X3 code, address or mailbox id. Raises Unfit."""
    with app.store.read() as tx:
        user = users.get(tx, who)
    if user is None or user.state is UserState.REMOVED:
        raise Unfit(f"There is no user {who}.", mend="`x3sync users list` shows the users.")
    return user


def everyone(app: Application) -> list[User]:
    """All users but the removed."""
    with app.store.read() as tx:
        return users.everyone(tx)


def codes(app: Application) -> dict[int, str]:
    with app.store.read() as tx:
        return {user.id: user.x3_user for user in users.everyone(tx, removed=True)}


# ------------------------------------------------------------------------------------------------ passes


async def pass_or_pause(
    app: Application,
    user: User,
    *,
    cause: str,
    full: bool = False,
    dry_run: bool = False,
    go: bool = False,
    progress: Progress | None = None,
    forced: Forced | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Report:
    """One pass, a forced one with `forced` (F rules), which `stopped` ends between two items. Lost rights of this mailbox
    pause the user and say so once (G5); a stop of a whole side pauses that side (`sides.py`).

    Raises NotActive (a preview of a paused user is allowed), Busy, TryLater, Stop and identity.NotOurs.
    """
    with app.store.read() as tx:
        fresh = users.by_id(tx, user.id)
    if fresh is None or fresh.state is UserState.REMOVED:
        raise NotActive(f"{user.x3_user} is removed.")
    if fresh.state is UserState.PAUSED and not dry_run:
        raise NotActive(f"{user.x3_user} is paused: {fresh.paused_why}")
    try:
        report = await app.run_pass(
            fresh,
            cause=cause,
            full=full,
            dry_run=dry_run,
            go=go,
            progress=progress,
            forced=forced,
            stopped=stopped,
        )
    except Stop as stop:
        if not dry_run:
            _stopped(app, fresh, stop)
        raise
    sides.answered(app)
    return report


def _stopped(app: Application, user: User, stop: Stop) -> None:
    if stop.side is not None:
        sides.note(app, stop)
        return
    with app.store.begin() as tx:
        first = users.pause(tx, user.id, f"{stop} {stop.mend}".strip())
    if first:
        logger().error("user_paused", user=user.x3_user, why=str(stop), mend=stop.mend)


def mark_dirty(app: Application, chosen: Iterable[User], *causes: str) -> None:
    """Ask for a look at everything of these users; the cause "full" asks for complete listings."""
    now = app.clock.now()
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now, causes=causes) for user in chosen])


def mark_items(app: Application, user_id: int, items: Iterable[ItemKey], cause: str) -> None:
    """Ask for a look at both halves of these items, whatever the streams say."""
    now = app.clock.now()
    wanted = [item for item in items if item.x3_key or item.outlook_key]
    with app.store.begin() as tx:
        named = [ref for item in wanted for ref in refs_of_item(item, link_of(app, user_id, item))]
        dirty.mark(tx, [mark_of(ref, user_id, now, cause) for ref in named])


def link_of(app: Application, user_id: int, item: ItemKey) -> Link | None:
    """The item's link, if it has one."""
    with app.store.read() as tx:
        return links.of_item(tx, user_id, item)


async def passes_of(app: Application, user_ids: Iterable[int], progress: Progress | None = None) -> list[Report]:
    """A pass for each of these users, cause "admin". What one of them meets, by a lease, a pause or a side that fails,
    delays no other (G2): it is raised after all had theirs. What was asked for is stored, and his next pass does it."""
    reports, failures = [], list[Exception]()
    for user_id in dict.fromkeys(user_ids):
        with app.store.read() as tx:
            user = users.by_id(tx, user_id)
        if user is None:
            continue
        try:
            reports.append(await pass_or_pause(app, user, cause="admin", progress=progress))
        except (Busy, NotActive, TryLater, Stop, LeaseLost) as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return reports
