"""Graph subscriptions kept alive (graph.md, 2): hints only, the polls find everything without them.

The clientState is derived from what lives outside the database and from what is subscribed to. So a copied database alone
cannot forge notifications, and a subscription that is adopted, because its row was lost or another worker was faster,
repeats the very secret that is expected of it. A row keeps a digest of the secret it was made with: when that is no longer
today's (another PUBLIC_URL, another key), the subscription is ours and is replaced.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from graph_adapter.subscriptions import RESOURCES, Subscribed, Subscriptions
from reconcile.model import Kind
from reconcile.port import Refused, Stop, TryLater
from worker import identity, rhythm
from worker.bootstrap import Application
from worker.log import logger
from worker.rhythm import Rhythm
from worker.settings import Settings
from worker.state import dirty, passes, users
from worker.state.passes import Subscription
from worker.state.users import User, UserState

NOTIFICATION = "notification"
# Renewed when between one and a half and two and a half days are left, each at a moment of its own, so that a fleet that
# was subscribed in one night is not renewed in one night.
RENEW_BEFORE, JITTER = timedelta(days=1.5), timedelta(days=1)
_AT_ONCE = 4
_PATIENCE = 5  # so many mailboxes in a row that answer "later" are Graph being away
_COMPARED, _COMPARE_SECONDS = "subscribe:compared", 3600.0
_REFUSED, _FIRST_PAUSE, _LONGEST_PAUSE = "subscribe:", 120.0, 3600.0


@dataclass(slots=True)
class Renewal:
    """What was done: `refused` says (user, resource, why), `fresh` whose subscriptions are new: what happened before was
    told to nobody."""

    created: int = 0
    renewed: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """For the log."""
        return {"created": self.created, "renewed": self.renewed, "refused": len(self.refused)}


def key_of(settings: Settings) -> bytes:
    """What lives outside the database, of which every clientState is made."""
    return (identity.outside(settings) + settings.console.session_key.get_secret_value()).encode()


def client_state(key: bytes, public_url: str, resource: str) -> str:
    """The secret that Graph repeats in each notification of a subscription, at most 128 characters."""
    return hmac.new(key, f"{public_url} {resource}".encode(), hashlib.sha256).hexdigest()


def resource_of(user: User, kind: Kind) -> str:
    """What is subscribed to, in lower case."""
    return f"users/{user.mailbox}/{RESOURCES[kind]}".lower()


def addresses(settings: Settings) -> tuple[str, str]:
    """Where Graph sends notifications, and what it says about subscriptions themselves."""
    return f"{settings.public_url}/graph/notifications", f"{settings.public_url}/graph/lifecycle"


async def renew(app: Application, chosen: Iterable[User] | None = None, *, now_all: bool = False) -> Renewal:
    """Create what is missing, prolong what ends soon and replace what was made with another secret, for every active user
    after his first pass, or those `chosen`. With `now_all` everything is prolonged, also what was refused a moment ago.
    Nothing is done where PUBLIC_URL is not set. Whose subscriptions are new is marked dirty. Raises TryLater and Stop."""
    done = Renewal()
    if not app.settings.public_url:
        logger().info("no_subscriptions", why="PUBLIC_URL is not set: Outlook is polled")
        return done
    await asyncio.to_thread(identity.prove, app.settings, app.store, app.clock, app.fp)
    everyone = await asyncio.to_thread(_everyone, app) if chosen is None else chosen
    # Before the first pass is released nothing at all is done in a mailbox (G7).
    wanted = [user for user in everyone if user.state is UserState.ACTIVE and user.first_pass_done]
    graph = Subscriptions(app.graph().view())
    await _compare(app, graph)
    with app.store.read() as tx:
        known: dict[tuple[int, str], list[Subscription]] = {}
        for one in passes.subscriptions(tx):
            known.setdefault((one.user_id, one.resource), []).append(one)
    keeper = _Keeper(app, graph, key_of(app.settings), known, done, now_all)
    places = asyncio.Semaphore(_AT_ONCE)

    async def keep(user: User) -> None:
        async with places:
            await keeper.keep(user)

    try:
        async with asyncio.TaskGroup() as group:
            for user in wanted:
                group.create_task(keep(user))
    except* (TryLater, Stop, DBAPIError) as away:
        raise away.exceptions[0] from None
    finally:
        await asyncio.to_thread(_mark, app, done.fresh)
    return done


async def _compare(app: Application, graph: Subscriptions) -> None:
    """Once an hour, by one call for all users: what Graph no longer has, without having told, is renewed now, and so found
    to be gone. A listing alone proves nothing."""
    now, known = app.clock.now(), await asyncio.to_thread(rhythm.load, app.store, _COMPARED, Rhythm)
    with app.store.read() as tx:
        rows = {row.id for row in passes.subscriptions(tx)}
    if not rows or not rhythm.due(known, now):
        return
    missing = rows - {one.id for one in await graph.list()}
    with app.store.begin() as tx:
        for subscription_id in missing:
            passes.due_subscription(tx, subscription_id, now)
        again = Rhythm(at=now, pause=_COMPARE_SECONDS)
        dirty.put_cursors(tx, dirty.INSTALLATION, {_COMPARED: rhythm.encoded(again)}, now)
    if missing:
        logger().warning("subscriptions_missing", count=len(missing))


async def drop(app: Application, chosen: Sequence[User]) -> None:
    """End the subscriptions of these users, also those that point to us and of which no row is left. Raises TryLater, Stop
    and identity.NotOurs: the rows of a copied database are its original's subscriptions (G6)."""
    await asyncio.to_thread(identity.prove, app.settings, app.store, app.clock, app.fp)
    subscriptions = Subscriptions(app.graph())
    with app.store.read() as tx:
        rows = [row for user in chosen for row in passes.subscriptions(tx, user.id)]
    ended = [row.id for row in rows]
    if app.settings.public_url:
        ours = {resource_of(user, kind) for user in chosen for kind in RESOURCES}
        notify, _ = addresses(app.settings)
        found = await subscriptions.list()
        ended += [one.id for one in found if one.notification_url == notify and one.resource.strip("/").lower() in ours]
    for subscription_id in dict.fromkeys(ended):
        await subscriptions.delete(subscription_id)
        with app.store.begin() as tx:
            passes.drop_subscription(tx, subscription_id)


def _everyone(app: Application) -> list[User]:
    with app.store.read() as tx:
        return users.everyone(tx)


def _mark(app: Application, user_ids: Sequence[int]) -> None:
    now = app.clock.now()
    with app.store.begin() as tx:
        dirty.mark(tx, [dirty.Mark(user_id=user_id, since=now, causes=(NOTIFICATION,)) for user_id in user_ids])


@dataclass(slots=True)
class _Keeper:
    """Keeps the subscriptions of one user after another."""

    app: Application
    subscriptions: Subscriptions
    key: bytes
    known: Mapping[tuple[int, str], Sequence[Subscription]]
    done: Renewal
    now_all: bool
    _later: int = 0

    async def keep(self, user: User) -> None:
        """Both of a user's. One mailbox that cannot be subscribed is polled; the others go on (G2)."""
        for kind in RESOURCES:
            resource = resource_of(user, kind)
            secret = client_state(self.key, self.app.settings.public_url, resource)
            spare = list(self.known.get((user.id, resource), ()))
            known = spare.pop() if spare else None
            if not spare and not await asyncio.to_thread(self._due, user, resource, known, secret):
                continue
            try:
                for second in spare:  # two workers at the same moment
                    await self._end(second)
                await self._one(user, kind, known, secret)
            except TryLater as later:
                self._later += 1
                if self._later >= _PATIENCE:
                    raise
                await self._refused(user, resource, later)
            except Refused as refused:
                await self._refused(user, resource, refused)
            except Stop as stop:
                if stop.side is not None:
                    raise
                await self._refused(user, resource, stop)
            else:
                self._later = 0

    def _due(self, user: User, resource: str, known: Subscription | None, secret: str) -> bool:
        now = self.app.clock.now()
        if self.now_all:
            return True
        if known is not None and known.client_state == digest(secret) and known.expires - now > renew_before(known.id):
            return False
        return rhythm.due(rhythm.load(self.app.store, _REFUSED + resource, Rhythm, user.id), now)

    async def _one(self, user: User, kind: Kind, known: Subscription | None, secret: str) -> None:
        now, resource = self.app.clock.now(), resource_of(user, kind)
        notify, lifecycle = addresses(self.app.settings)
        if known is not None:
            fits = known.client_state == digest(secret)
            if fits and (renewed := await self.subscriptions.renew(known.id, now=now)) is not None:
                await asyncio.to_thread(self._store, user, resource, renewed, secret)
                self.done.renewed += 1
                return
            await self._end(known)
        made = await self.subscriptions.create(
            user.mailbox, kind, notify=notify, lifecycle=lifecycle, client_state=secret, now=now
        )
        await asyncio.to_thread(self._store, user, resource, made, secret)
        self.done.created += 1
        self.done.fresh.append(user.id)

    def _store(self, user: User, resource: str, made: Subscribed, secret: str) -> None:
        row = Subscription(
            id=made.id, user_id=user.id, resource=resource, expires=made.expires, client_state=digest(secret)
        )
        with self.app.store.begin() as tx:
            passes.save_subscription(tx, row)
            dirty.forget_cursors(tx, user.id, [_REFUSED + resource])

    async def _end(self, known: Subscription) -> None:
        await self.subscriptions.delete(known.id)
        await asyncio.to_thread(self._forget, known.id)

    def _forget(self, subscription_id: str) -> None:
        with self.app.store.begin() as tx:
            passes.drop_subscription(tx, subscription_id)

    async def _refused(self, user: User, resource: str, why: Exception) -> None:
        """Say it, and ask again ever more seldom."""
        logger().warning("subscription_refused", user=user.x3_user, resource=resource, why=str(why))
        self.done.refused.append((user.x3_user, resource, str(why)))
        asked = why.retry_after or 0.0 if isinstance(why, TryLater) else 0.0
        await asyncio.to_thread(self._put_off, user, resource, asked)

    def _put_off(self, user: User, resource: str, asked: float) -> None:
        now, name = self.app.clock.now(), _REFUSED + resource
        before = rhythm.load(self.app.store, name, Rhythm, user.id)
        again = Rhythm(at=now, pause=max(asked, rhythm.longer(before, _FIRST_PAUSE, _LONGEST_PAUSE)))
        with self.app.store.begin() as tx:
            dirty.put_cursors(tx, user.id, {name: rhythm.encoded(again)}, now)


def digest(secret: str) -> str:
    """What a row keeps of its secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def renew_before(subscription_id: str) -> timedelta:
    """How long before its end a subscription is renewed: the same each time it is asked, another for each."""
    part = int.from_bytes(hashlib.sha256(subscription_id.encode()).digest()[:4], "big") / 2**32
    return RENEW_BEFORE + part * JITTER
