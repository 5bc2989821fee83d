"""Change subscriptions: create, adopt on 409, renew, delete. Hints only: without them the polls still find everything.

Events and contacts of a whole mailbox; To Do refuses application permissions (graph.md, 2.1) and is polled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.subscription import Subscription

from graph_adapter import wire
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.requests import with_query
from graph_adapter.zones import stamp
from reconcile.model import Kind
from reconcile.port import Refused

# The service's most is 10,080 minutes; older pages say 4,230, and how it refuses more is not documented.
LIFETIMES = (timedelta(minutes=10_000), timedelta(minutes=4_200))
RESOURCES = {Kind.EVENT: "events", Kind.CONTACT: "contacts"}
_CHANGES = "created,updated,deleted"
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A living subscription. `expires` is aware, UTC. `adopted`: it was there already, with the clientState of whoever
    created it."""

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
        notifies exactly these addresses (`notify` and `lifecycle`, https). Raises Refused when it notifies another one:
        then it is another installation's, and is left alone."""
        resource = f"users/{mailbox}/{RESOURCES[kind]}"
        model = Subscription(
            change_type=_CHANGES,
            notification_url=notify,
            lifecycle_notification_url=lifecycle,
            resource=resource,
            client_state=client_state,
        )

        def request() -> RequestInformation:
            info = self._builder.to_post_request_information(model)
            info.headers.add("Prefer", 'IdType="ImmutableId"')
            return info

        for _ in range(_TRIES):
            try:
                return await self._until(request, model, mailbox, now)
            except Refused as error:
                # The status alone tells: the code of this refusal is not documented.
                if not str(error).startswith("409"):
                    raise
                refusal = error
            there = [one for one in await self.list() if one.resource.strip("/").lower() == resource.lower()]
            if not there:
                raise refusal
            for found in there:
                if (adopted := await self._adopt(found, notify, lifecycle, now)) is not None:
                    return adopted
        raise refusal

    async def _adopt(self, found: wire.Subscription, notify: str, lifecycle: str, now: datetime) -> Subscribed | None:
        """Take over one that is there already; None when it is gone by now, and can be created."""
        if found.notification_url != notify:
            where = found.notification_url or "an unknown address"
            raise Refused(
                f"{found.resource} is subscribed for {where} already. If no installation in use is there, it ends by "
                f"itself within a week; otherwise one of the two needs an app registration of its own."
            )
        if found.lifecycle_url != lifecycle:  # it cannot be given one later
            await self.delete(found.id)
            return None
        renewed = await self.renew(found.id, now=now)
        return replace(renewed, adopted=True) if renewed is not None else None

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
        model, one = Subscription(), self._builder.by_subscription_id(subscription)
        try:
            return await self._until(lambda: one.to_patch_request_information(model), model, "", now)
        except Gone:
            return None

    async def _until(
        self, request: Callable[[], RequestInformation], model: Subscription, mailbox: str, now: datetime
    ) -> Subscribed:
        """Send it with the longest life that is not refused. Raises the last refusal."""
        for lifetime in LIFETIMES:
            model.expiration_date_time = now + lifetime
            try:
                return _subscribed((await self._graph.send(request(), mailbox)).decode(wire.Subscription))
            except Refused as error:
                refusal = error
                if not str(error).startswith("400"):
                    break
        raise refusal

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
