"""Passes with their reports (R1), the installation's identity (G6), and Graph subscriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from worker.state.items import upsert
from worker.state.tables import InstallationRow, PassRow, SubscriptionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRun:
    """A pass. `report` is contract.md's document. What in it speaks of one item must stand in an object that names it by
    `type` and `x3_key`, or by `outlook_id`: that is what S4 finds."""

    id: str
    user_id: int
    cause: str
    mode: str  # apply, dry-run
    started: datetime
    seconds: float = 0.0
    full: bool = False
    report: Mapping[str, Any] = field(default_factory=dict)


def _run(row: PassRow) -> PassRun:
    return PassRun(
        id=row.id,
        user_id=row.user_id,
        cause=row.cause,
        mode=row.mode,
        started=row.started,
        seconds=row.seconds,
        full=row.full,
        report=json.loads(row.report),
    )


def save(tx: Session, run: PassRun) -> None:
    """Store a pass, or its newer state."""
    tx.merge(
        PassRow(
            id=run.id, user_id=run.user_id, cause=run.cause, mode=run.mode, full=run.full, started=run.started,
            seconds=run.seconds, report=json.dumps(run.report, ensure_ascii=False, separators=(",", ":")),
        )
    )  # fmt: skip
    tx.flush()


def get(tx: Session, pass_id: str) -> PassRun | None:
    """One pass."""
    row = tx.get(PassRow, pass_id)
    return _run(row) if row else None


def latest(tx: Session, user_id: int, *, limit: int = 1, mode: str | None = None) -> list[PassRun]:
    """A user's passes, newest first."""
    chosen = select(PassRow).where(PassRow.user_id == user_id)
    if mode is not None:
        chosen = chosen.where(PassRow.mode == mode)
    return [_run(row) for row in tx.scalars(chosen.order_by(PassRow.started.desc(), PassRow.id.desc()).limit(limit))]


def prune(tx: Session, before: datetime) -> int:
    """Forget passes that started before `before` (retention); answers how many."""
    return len(tx.execute(delete(PassRow).where(PassRow.started < before).returning(PassRow.id)).all())


# ----------------------------------------------------------------------------------------- installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Whose database this is (G6)."""

    installation_id: str
    fp: str
    public_url: str
    created: datetime


def installation(tx: Session) -> Installation | None:
    """The database's identity; None in a new one."""
    row = tx.get(InstallationRow, 1)
    if row is None:
        return None
    return Installation(installation_id=row.installation_id, fp=row.fp, public_url=row.public_url, created=row.created)


def claim_installation(tx: Session, identity: Installation) -> None:
    """`x3sync db claim`: from now on this database belongs to that installation."""
    tx.merge(
        InstallationRow(
            id=1, installation_id=identity.installation_id, fp=identity.fp, public_url=identity.public_url,
            created=identity.created,
        )
    )  # fmt: skip
    tx.flush()


# ---------------------------------------------------------------------------------------- subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A Graph subscription. `client_state` is a digest of the secret; blank for one in doubt."""

    id: str
    user_id: int
    resource: str
    expires: datetime
    client_state: str


def _subscription(row: SubscriptionRow) -> Subscription:
    return Subscription(
        id=row.id, user_id=row.user_id, resource=row.resource, expires=row.expires, client_state=row.client_state
    )


def save_subscription(tx: Session, subscription: Subscription) -> None:
    """Store a subscription, new, adopted or renewed."""
    values = {
        "user_id": subscription.user_id,
        "resource": subscription.resource,
        "expires": subscription.expires,
        "client_state": subscription.client_state,
    }
    statement = upsert(tx, SubscriptionRow).values(id=subscription.id, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def subscriptions(tx: Session, user_id: int | None = None, *, before: datetime | None = None) -> list[Subscription]:
    """Subscriptions of a user or of all, those that end first first; with `before`, only those that end before it."""
    chosen = select(SubscriptionRow).order_by(SubscriptionRow.expires, SubscriptionRow.id)
    if user_id is not None:
        chosen = chosen.where(SubscriptionRow.user_id == user_id)
    if before is not None:
        chosen = chosen.where(SubscriptionRow.expires < before)
    return [_subscription(row) for row in tx.scalars(chosen)]


def subscription(tx: Session, subscription_id: str) -> Subscription | None:
    """One subscription."""
    row = tx.get(SubscriptionRow, subscription_id)
    return _subscription(row) if row else None


def drop_subscription(tx: Session, subscription_id: str) -> None:
    """Forget one."""
    tx.execute(delete(SubscriptionRow).where(SubscriptionRow.id == subscription_id))


def forget_subscriptions(tx: Session) -> None:
    """Forget them all, without ending any in Graph."""
    tx.execute(delete(SubscriptionRow))


def doubt_subscription(tx: Session, subscription_id: str) -> None:
    """What it was made with is not what is expected of it: it is replaced at the next opportunity."""
    tx.execute(update(SubscriptionRow).where(SubscriptionRow.id == subscription_id).values(client_state=""))


def due_subscription(tx: Session, subscription_id: str, now: datetime) -> None:
    """Have one renewed at the next opportunity: it is counted on until now only."""
    tx.execute(update(SubscriptionRow).where(SubscriptionRow.id == subscription_id).values(expires=now))
