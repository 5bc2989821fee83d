"""Change notifications: /subscriptions and the validation handshake; how they are delivered stands in delivery.py.

Docs: resources/subscription, concepts/change-notifications-delivery-webhooks, -lifecycle-events.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp

from infra.emulators.faults import NOTIFICATION_ACTIONS, FaultBook
from infra.emulators.graph import zones
from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.delivery import Delivery
from infra.emulators.graph.errors import GraphError, invalid
from infra.emulators.graph.events import instant
from infra.emulators.graph.model import CONTACT, EVENT, Item, Mailbox
from infra.emulators.graph.people import TENANT_ID
from infra.emulators.graph.render import etag
from infra.emulators.graph.tenant import Tenant

_RESOURCE = re.compile(
    r"^/?users/(?P<user>[^/]+)/(?:(?P<kind>events|contacts)|contactFolders/(?P<folder>[^/]+)/contacts)/?$", re.IGNORECASE
)
MIN_MINUTES = 45
APP_ID = "00000000-0000-4000-a000-000000000001"


class Subscriptions:
    """Active subscriptions."""

    def __init__(self, tenant: Tenant, faults: FaultBook) -> None:
        self.tenant = tenant
        self.faults = faults
        self.rows: dict[str, dict[str, Any]] = {}
        self.delivery = Delivery(tenant.clock, tenant.switches)
        tenant.store.listeners.append(self.changed)

    def mount(self, router: Router) -> None:
        router.add("GET", "subscriptions", self.collection)
        router.add("POST", "subscriptions", self.create)
        router.add("GET", "subscriptions/{subscription}", self.get)
        router.add("PATCH", "subscriptions/{subscription}", self.renew)
        router.add("DELETE", "subscriptions/{subscription}", self.delete)
        router.add("POST", "subscriptions/{subscription}/reauthorize", self.reauthorize)

    def reset(self) -> None:
        self.rows.clear()
        self.delivery.reset()

    # -- the collection -----------------------------------------------------------------------------------------

    def _row(self, row: dict[str, Any], *, secret: bool = False) -> dict[str, Any]:
        """As it is shown: only the answer to the create tells the clientState."""
        shown = {k: v for k, v in row.items() if not k.startswith("_")}
        return shown if secret else {**shown, "clientState": None}

    def _alive(self) -> dict[str, dict[str, Any]]:
        now = self.tenant.clock.now()
        for key in [k for k, r in self.rows.items() if instant(r["expirationDateTime"]) <= now]:
            del self.rows[key]
        return self.rows

    def _one(self, key: str) -> dict[str, Any]:
        found = self._alive().get(key)
        if found is None:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return found

    def collection(self, call: Call) -> Answer:
        rows = [self._row(r) for r in self._alive().values()]
        return Answer(200, {"@odata.context": f"{call.base}/$metadata#subscriptions", "value": [] if call.empty else rows})

    def get(self, call: Call, subscription: str) -> Answer:
        return Answer(200, self._row(self._one(subscription)))

    async def create(self, call: Call) -> Answer:
        body = call.json_object()
        for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
            if not body.get(name):
                raise invalid(f"{name} is a required property of a subscription.", "InvalidRequest")
        if len(str(body.get("clientState") or "")) > 128:
            raise invalid("clientState holds at most 128 characters.", "InvalidRequest")
        kinds = [c.strip().lower() for c in str(body["changeType"]).split(",")]
        if not set(kinds) <= {"created", "updated", "deleted"}:
            raise invalid("changeType is a list of created, updated and deleted.", "InvalidRequest")
        found = _RESOURCE.match(str(body["resource"]))
        if not found:
            raise invalid(
                "Operation: Create; Exception: [Status Code: BadRequest; Reason: Invalid resource specified in payload]",
                "ExtensionError",
            )
        mailbox = self.tenant.store.mailbox(found["user"])
        expires = self._expiry(str(body["expirationDateTime"]))
        same = (sorted(kinds), str(body["resource"]).strip("/").lower())
        self._refuse_second(same)
        most = self.tenant.switches["subscriptions_per_mailbox"]
        if sum(r["_mailbox"] == mailbox.id for r in self.rows.values()) >= most:
            raise GraphError(403, "ExtensionError", f"The limit of {most} subscriptions of this mailbox is reached.")
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            if body.get(name):
                await self._validate(str(body[name]))
        self._refuse_second(same)  # another caller may have been faster meanwhile
        row = {
            "@odata.context": f"{call.base}/$metadata#subscriptions/$entity",
            "id": str(uuid4()),
            "resource": body["resource"],
            "applicationId": APP_ID,
            "changeType": body["changeType"],
            "clientState": body.get("clientState"),
            "notificationUrl": body["notificationUrl"],
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": body.get("lifecycleNotificationUrl"),
            "expirationDateTime": zones.stamp(expires),
            "creatorId": APP_ID,
            "includeResourceData": None,
            "latestSupportedTlsVersion": body.get("latestSupportedTlsVersion") or "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
            "_mailbox": mailbox.id,
            "_kind": CONTACT if found["folder"] or found["kind"].lower() == "contacts" else EVENT,
            "_folder": self.tenant.store.folder(mailbox, "contacts", found["folder"]).id if found["folder"] else "",
            "_kinds": kinds,
            "_same": same,
            "_immutable": call.prefer.immutable,
        }
        self.rows[str(row["id"])] = row
        self.tenant.store.changed = True
        return Answer(201, self._row(row, secret=True))

    def _refuse_second(self, same: tuple[list[str], str]) -> None:
        for row in self._alive().values():
            if row["_same"] == same:
                raise GraphError(
                    409, "ExtensionError", f"Subscription Id {row['id']} already exists for the requested combination"
                )

    def _expiry(self, raw: str) -> datetime:
        now, asked = self.tenant.clock.now(), instant(raw)
        longest = self.tenant.switches["subscription_max_minutes"]
        if asked > now + timedelta(minutes=longest, seconds=5):
            raise invalid(f"Subscription expiration can only be {longest} minutes in the future.", "InvalidRequest")
        return max(asked, now + timedelta(minutes=MIN_MINUTES))

    def renew(self, call: Call, subscription: str) -> Answer:
        row, body = self._one(subscription), call.json_object()
        if "lifecycleNotificationUrl" in body and body["lifecycleNotificationUrl"] != row["lifecycleNotificationUrl"]:
            raise invalid("lifecycleNotificationUrl cannot be changed.", "InvalidRequest")
        if body.get("expirationDateTime"):
            row["expirationDateTime"] = zones.stamp(self._expiry(str(body["expirationDateTime"])))
        self.tenant.store.changed = True
        return Answer(200, self._row(row))

    def delete(self, call: Call, subscription: str) -> Answer:
        self._one(subscription)
        del self.rows[subscription]
        self.tenant.store.changed = True
        return Answer(204)

    def reauthorize(self, call: Call, subscription: str) -> Answer:
        self._one(subscription)
        return Answer(204)

    async def _validate(self, url: str) -> None:
        token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid4()}"
        try:
            async with self.delivery.http().post(
                url,
                params={"validationToken": token},
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=aiohttp.ClientTimeout(total=10),
            ) as answer:
                text = await answer.text()
                if answer.status == 200 and answer.content_type == "text/plain" and text == token:
                    return
                reason = f"HTTP status code is '{answer.status}'"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = type(error).__name__
        raise invalid(f"Subscription validation request failed. {reason}.", "ValidationError")

    # -- what is told --------------------------------------------------------------------------------------------

    def changed(self, mailbox: Mailbox, item: Item, change: str) -> None:
        """A store listener: queue notifications to whoever subscribed. Echoes of own writes are sent as well."""
        if not self.rows:
            return
        for row in list(self._alive().values()):
            if row["_mailbox"] != mailbox.id or row["_kind"] != item.kind or change not in row["_kinds"]:
                continue
            if row["_folder"] and row["_folder"] not in (item.folder, item.came_from):
                continue
            fault = self.faults.take(
                among=NOTIFICATION_ACTIONS, path=str(row["resource"]), mailbox=f"{mailbox.id} {mailbox.address}"
            )
            action = fault.action if fault is not None else ""
            late = fault.seconds if fault is not None and action == "delay_notifications" else 0.0
            times = self.tenant.switches["notify_updated_times"] if change == "updated" else 1
            for _ in range(times * {"lose_notifications": 0, "double_notifications": 2}.get(action, 1)):
                self.delivery.start(row["notificationUrl"], self._notice(row, mailbox, item, change), late)

    def _notice(self, row: dict[str, Any], mailbox: Mailbox, item: Item, change: str) -> dict[str, Any]:
        key = item.immutable_id if row["_immutable"] else item.rest_id
        name = "Events" if item.kind == EVENT else "Contacts"
        keyed = self.tenant.switches["notification_resource"] == "key"
        where = f"Users('{mailbox.id}')/{name.lower()}('{key}')" if keyed else f"Users/{mailbox.id}/{name}/{key}"
        return {
            "subscriptionId": row["id"],
            "subscriptionExpirationDateTime": row["expirationDateTime"],
            "clientState": row["clientState"],
            "changeType": change,
            "resource": where,
            "tenantId": TENANT_ID,
            "resourceData": {
                "@odata.type": f"#Microsoft.Graph.{name[:-1]}",
                "@odata.id": where,
                "@odata.etag": etag(item),
                "id": key,
            },
        }

    def lifecycle(self, event: str, mailbox: str = "") -> int:
        """Send a lifecycle notification (`missed`, `subscriptionRemoved`, `reauthorizationRequired`)."""
        count = 0
        for row in list(self._alive().values()):
            if row["lifecycleNotificationUrl"] and (not mailbox or row["_mailbox"] == mailbox):
                body = {
                    "subscriptionId": row["id"],
                    "subscriptionExpirationDateTime": row["expirationDateTime"],
                    "tenantId": TENANT_ID,
                    "clientState": row["clientState"],
                    "lifecycleEvent": event,
                }
                self.delivery.start(row["lifecycleNotificationUrl"], body)
                count += 1
        return count

    def drop(self, mailbox: str = "", *, silent: bool = False) -> None:
        """The fault `drop_subscriptions`: gone, with a subscriptionRemoved where a lifecycle URL was given."""
        if not silent:
            self.lifecycle("subscriptionRemoved", mailbox)
        for key in [k for k, r in self.rows.items() if not mailbox or r["_mailbox"] == mailbox]:
            del self.rows[key]

    async def close(self) -> None:
        """Stop deliveries."""
        await self.delivery.close()
