"""Graph subscriptions kept alive (graph.md, 2): hints only, the polls find everything without them.

The clientState of a subscription is derived from a stored reference and what lives outside the database, so a copied
database alone cannot forge notifications.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from datetime import timedelta

from graph_adapter.subscriptions import RESOURCES, Subscribed, Subscriptions
from reconcile.model import Kind
from reconcile.port import Refused
from worker import identity
from worker.bootstrap import Application
from worker.log import logger
from worker.settings import Settings
from worker.state import passes, users
from worker.state.passes import Subscription
from worker.state.users import User, UserState

RENEW_BEFORE = timedelta(days=2)


def client_state(settings: Settings, reference: str) -> str:
    """The secret that Graph repeats in each notification, at most 128 characters."""
    key = identity.outside(settings) + settings.console.session_key.get_secret_value()
    return hmac.new(key.encode(), reference.encode(), hashlib.sha256).hexdigest()


async def renew(app: Application) -> dict[str, int]:
    """Create what is missing and prolong what ends within two days, for every active user; answers how many were created,
    renewed and refused, and that it did nothing where PUBLIC_URL is not set. Raises TryLater and Stop."""
    counted = {"created": 0, "renewed": 0, "refused": 0}
    if not app.settings.public_url:
        logger().info("no_subscriptions", why="PUBLIC_URL is not set: Outlook is polled")
        return counted
    await asyncio.to_thread(identity.prove, app.settings, app.store, app.clock, app.fp)
    subscriptions = Subscriptions(app.graph().view())
    with app.store.read() as tx:
        active = [user for user in users.everyone(tx) if user.state is UserState.ACTIVE]
        known = {(one.user_id, one.resource.strip("/").lower()): one for one in passes.subscriptions(tx)}
    for user in active:
        for kind in RESOURCES:
            one = known.get((user.id, _resource(user, kind)))
            try:
                done = await _keep(app, subscriptions, user, kind, one)
            except Refused as refused:
                # One mailbox that cannot be subscribed is polled; the others go on (G2).
                logger().warning("subscription_refused", user=user.x3_user, kind=kind.value, why=str(refused))
                done = "refused"
            if done:
                counted[done] += 1
    return counted


async def _keep(app: Application, subs: Subscriptions, user: User, kind: Kind, known: Subscription | None) -> str:
    now = app.clock.now()
    if known is not None and known.expires - now > RENEW_BEFORE:
        return ""
    if known is not None:
        renewed = await subs.renew(known.id, now=now)
        if renewed is not None:
            await asyncio.to_thread(_store, app, user, kind, renewed, known.client_state)
            return "renewed"
        await asyncio.to_thread(_forget, app, known.id)
    reference = secrets.token_urlsafe(16)
    made = await _create(app, subs, user, kind, reference)
    if made.adopted:
        # Whoever made it knows another secret, and its notifications would all be refused.
        await subs.delete(made.id)
        made = await _create(app, subs, user, kind, reference)
    await asyncio.to_thread(_store, app, user, kind, made, reference)
    return "created"


async def _create(app: Application, subs: Subscriptions, user: User, kind: Kind, reference: str) -> Subscribed:
    return await subs.create(
        user.mailbox,
        kind,
        notify=f"{app.settings.public_url}/graph/notifications",
        lifecycle=f"{app.settings.public_url}/graph/lifecycle",
        client_state=client_state(app.settings, reference),
        now=app.clock.now(),
    )


def _resource(user: User, kind: Kind) -> str:
    return f"users/{user.mailbox}/{RESOURCES[kind]}".lower()


def _store(app: Application, user: User, kind: Kind, made: Subscribed, reference: str) -> None:
    row = Subscription(
        id=made.id, user_id=user.id, resource=_resource(user, kind), expires=made.expires, client_state=reference
    )
    with app.store.begin() as tx:
        passes.save_subscription(tx, row)


def _forget(app: Application, subscription_id: str) -> None:
    with app.store.begin() as tx:
        passes.drop_subscription(tx, subscription_id)
