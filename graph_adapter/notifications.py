"""A webhook body -> which mailboxes and streams are dirty. Payloads are hints and never applied (graph.md, 2.4)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from reconcile.model import Kind

_KINDS = {"event": Kind.EVENT, "contact": Kind.CONTACT, "todotask": Kind.TASK}
# The case of the segments varies, and so does the way the id is written: Users/{id}/Events/… or Users('{id}')/events('…').
_USER = re.compile(r"^/?users(?:/|\(')(?P<user>[^/')]+)", re.IGNORECASE)
_SEGMENT = re.compile(r"/(events|contacts|contactfolders|todo)\b", re.IGNORECASE)
_SEGMENTS = {"events": Kind.EVENT, "contacts": Kind.CONTACT, "contactfolders": Kind.CONTACT, "todo": Kind.TASK}


class _Resource(msgspec.Struct, frozen=True):
    type: str = msgspec.field(default="", name="@odata.type")


class _Notification(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: str = ""
    client_state: str | None = None
    resource: str | None = None
    resource_data: _Resource | None = None
    lifecycle_event: str | None = None


class _Body(msgspec.Struct, frozen=True):
    value: list[_Notification] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """One thing to mark: the subscription it came by, the mailbox (blank when the body does not say) and the kind (None:
    all of the subscription's). `lifecycle` is Graph's word in a lifecycle notification, else blank."""

    subscription: str
    mailbox: str = ""
    kind: Kind | None = None
    lifecycle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a body said: what to mark, how many notifications told it, and how many were dropped for a wrong clientState,
    or because nobody knows their subscription; `doubtful` are the subscriptions of the wrong ones."""

    dirty: frozenset[Dirty]
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    doubtful: frozenset[str] = frozenset()


def receive(body: bytes, *, client_state: Callable[[str], str | None]) -> Received:
    """Read a webhook body. `client_state` gives the expected secret of a subscription id, None for an unknown one.

    Raises ValueError for a body that is no notification.
    """
    try:
        parsed = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError as error:
        raise ValueError("not a notification body") from error
    dirty: set[Dirty] = set()
    doubtful: set[str] = set()
    accepted = rejected = unknown = 0
    for notification in parsed.value:
        expected = client_state(notification.subscription_id)
        # Compared also when there is nothing to compare with, so that the time tells nothing.
        given = (notification.client_state or "").encode()
        fits = hmac.compare_digest(given, (expected or "").encode())
        if fits and expected:
            accepted += 1
            dirty.add(_dirty(notification))
        elif expected is None:
            unknown += 1
        else:
            rejected += 1
            doubtful.add(notification.subscription_id)
    return Received(
        dirty=frozenset(dirty), accepted=accepted, rejected=rejected, unknown=unknown, doubtful=frozenset(doubtful)
    )


def _dirty(notification: _Notification) -> Dirty:
    resource = notification.resource or ""
    user, segment = _USER.match(resource), _SEGMENT.search(resource)
    name = notification.resource_data.type.rpartition(".")[2].lower() if notification.resource_data else ""
    kind = _KINDS.get(name) or (_SEGMENTS[segment[1].lower()] if segment else None)
    return Dirty(
        subscription=notification.subscription_id,
        mailbox=user["user"] if user else "",
        kind=kind,
        lifecycle=notification.lifecycle_event or "",
    )
