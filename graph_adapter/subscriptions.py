"""Change subscriptions: create, adopt on 409, renew, delete. Hints only: without them the polls still find everything.

Events and contacts of a whole mailbox; To Do refuses application permissions (graph.md, 2.1) and is polled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgraph.generated.models.subscription import Subscription

from graph_adapter import wire
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.requests import with_query
from graph_adapter.zones import stamp
from reconcile.model import Kind
from reconcile.port import Refused

LIFETIME = timedelta(minutes=10_000)  # the service's most is 10,080 minutes
RESOURCES = {Kind.EVENT: "events", Kind.CONTACT: "contacts"}
_CHANGES = "created,updated,deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A living subscription. `expires` is aware, UTC. `adopted`: it was there already, so its clientState is the one of
    whoever created it."""

    id: str
    resource: str
    expires: datetime
    adopted: bool = False


class Subscriptions:
    """The application's subscriptions. Raises the port's errors."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._builder: Any = graph.service.subscriptions

    async def create(
        self, mailbox: str, kind: Kind, *, notify: str, lifecycle: str, client_state: str, now: datetime
    ) -> Subscribed:
        """Subscribe to a kind of a mailbox. Idempotent: a 409 says that the same one exists, which is then adopted if it
        notifies the same address, and replaced otherwise. `notify` and `lifecycle` are https addresses."""
        model = Subscription(
            change_type=_CHANGES,
            notification_url=notify,
            lifecycle_notification_url=lifecycle,
            resource=f"users/{mailbox}/{RESOURCES[kind]}",
            expiration_date_time=now + LIFETIME,
            client_state=client_state,
        )
        info = self._builder.to_post_request_information(model)
        info.headers.add("Prefer", 'IdType="ImmutableId"')
        try:
            return _subscribed((await self._graph.send(info, mailbox)).decode(wire.Subscription))
        except Refused as error:
            if "already exists" not in str(error) and not str(error).startswith("409"):
                raise
            refusal = error
        for found in await self.list():
            if found.resource.strip("/").lower() == model.resource.lower():
                if (found.notification_url or notify) == notify:
                    return await self._adopt(found, now)
                await self.delete(found.id)
                return _subscribed((await self._graph.send(info, mailbox)).decode(wire.Subscription))
        raise refusal

    async def _adopt(self, found: wire.Subscription, now: datetime) -> Subscribed:
        renewed = await self.renew(found.id, now=now)
        expires = renewed.expires if renewed else now
        return Subscribed(id=found.id, resource=found.resource, expires=expires, adopted=True)

    async def list(self) -> list[wire.Subscription]:
        """All subscriptions of the application."""
        info = with_query(self._builder.to_get_request_information())
        rows: list[wire.Subscription] = []
        while True:
            page = (await self._graph.send(info, "")).decode(wire.Page[wire.Subscription])
            rows += page.value
            if not page.next_link:
                return rows
            info = self._builder.with_url(self._graph.own(page.next_link)).to_get_request_information()

    async def renew(self, subscription: str, *, now: datetime) -> Subscribed | None:
        """Prolong, which also reauthorises; None when it is gone and has to be created again."""
        model = Subscription(expiration_date_time=now + LIFETIME)
        info = self._builder.by_subscription_id(subscription).to_patch_request_information(model)
        try:
            return _subscribed((await self._graph.send(info, "")).decode(wire.Subscription))
        except Gone:
            return None

    async def delete(self, subscription: str) -> None:
        """End it; one that is gone is done."""
        info = self._builder.by_subscription_id(subscription).to_delete_request_information()
        try:
            await self._graph.send(info, "")
        except Gone:
            return


def _subscribed(found: wire.Subscription) -> Subscribed:
    expires = stamp(found.expires)
    if expires is None:
        raise Refused("Microsoft Graph gave a subscription without an end.")
    return Subscribed(id=found.id, resource=found.resource, expires=expires)
