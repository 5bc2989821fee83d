"""`x3sync db …`, `subscriptions …`, `version`."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Annotated

import typer

from worker import desk, identity, subscribe
from worker.bootstrap import Application
from worker.cli import shown
from worker.cli.frame import opened, work
from worker.state import passes, revision, users
from worker.state.passes import Subscription
from worker.state.users import User

OfUser = Annotated[str, typer.Argument(help="X3 user or mailbox; all users without it.")]


def version(as_json: shown.Json = False) -> None:
    """The version of x3sync, of its database, and of Python."""
    try:
        own = metadata.version("x3sync")
    except metadata.PackageNotFoundError:
        own = "not installed"  # run from a checkout
    row = {"version": own, "database": revision.NEWEST, "python": platform.python_version()}
    if as_json:
        shown.document(row)
        return
    shown.say(f"x3sync {row['version']} (database {row['database']}, Python {row['python']})")


def upgrade(as_json: shown.Json = False) -> None:
    """Bring the database's tables up to this version."""
    with opened(complete=False, migrated=False) as app:
        before = revision.current(app.store.engine)
        app.store.upgrade()
        after = revision.current(app.store.engine)
    if as_json:
        shown.document({"from": before, "to": after})
        return
    shown.say(f"The database is at {after}." + ("" if before == after else f" It was at {before or 'nothing'}."))


def claim(as_json: shown.Json = False) -> None:
    """From now on the database is this installation's (G6)."""
    with opened() as app:
        known = identity.claim(app.settings, app.store, app.clock, app.fp)
    if as_json:
        shown.document({"installation": known})
        return
    shown.say(f"The database is installation {known.installation_id}'s.")


# ---------------------------------------------------------------------------------------- subscriptions


def list_subscriptions(user: OfUser = "", as_json: shown.Json = False) -> None:
    """What Microsoft Graph notifies us of, and until when."""
    with opened(complete=False) as app:
        rows = _rows(app, user)
    _show(rows, as_json=as_json)


def renew(user: OfUser = "", as_json: shown.Json = False) -> None:
    """Prolong subscriptions, and make what is missing, now. Needs PUBLIC_URL, and the web service behind it."""

    async def job(app: Application) -> tuple[list[dict[str, str]], subscribe.Renewal]:
        done = await subscribe.renew(app, _chosen(app, user), now_all=True)
        return _rows(app, user), done

    rows, done = work(job)
    refused = [{"user": who, "resource": resource, "why": why} for who, resource, why in done.refused]
    if as_json:
        shown.document({"subscriptions": rows, "refused": refused})
        return
    _show(rows, as_json=False)
    for row in refused:
        shown.say(f"{row['user']}: {row['resource']}: {row['why']}")


def drop(user: OfUser = "", as_json: shown.Json = False) -> None:
    """End subscriptions in Microsoft Graph; the workers make them anew, while PUBLIC_URL is set. Polls find everything."""

    async def job(app: Application) -> list[dict[str, str]]:
        await subscribe.drop(app, _chosen(app, user))
        return _rows(app, user)

    _show(work(job), as_json=as_json)


def _chosen(app: Application, user: str) -> list[User]:
    return [desk.find_user(app, user)] if user else desk.everyone(app)


def _known(app: Application, user: str) -> list[Subscription]:
    chosen = desk.find_user(app, user).id if user else None
    with app.store.read() as tx:
        return passes.subscriptions(tx, chosen)


def _rows(app: Application, user: str) -> list[dict[str, str]]:
    with app.store.read() as tx:
        codes = {one.id: one.x3_user for one in users.everyone(tx, removed=True)}
    return [
        {"id": row.id, "user": codes[row.user_id], "resource": row.resource, "expires": row.expires.isoformat()}
        for row in _known(app, user)
    ]


def _show(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        shown.document({"subscriptions": rows})
        return
    shown.table(
        ["user", "resource", "expires", "id"],
        [[row["user"], row["resource"], row["expires"], row["id"]] for row in rows],
        nothing="There are no subscriptions: everything is polled.",
    )
