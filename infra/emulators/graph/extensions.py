"""Open extensions of events, contacts, tasks and lists (docs: resources/opentypeextension)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, not_found
from infra.emulators.graph.model import Item, Mailbox

if TYPE_CHECKING:
    from infra.emulators.graph.tenant import Tenant

Finder = Callable[[Mailbox, dict[str, str]], Item]


class Extensions:
    """GET, POST, PATCH and DELETE below {item}/extensions."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def inline(self, item: Item, body: dict[str, Any]) -> None:
        """`extensions` sent with the item."""
        for one in body.get("extensions") or []:
            self._put(item, one)

    def mount(self, router: Router, prefix: str, find: Finder) -> None:
        def load(call: Call, ids: dict[str, str]) -> tuple[Mailbox, Item]:
            mailbox = self.tenant.store.mailbox(ids["user"])
            return mailbox, find(mailbox, ids)

        def every(call: Call, **ids: str) -> Answer:
            return Answer(200, {"value": list(load(call, ids)[1].extensions.values())})

        def get(call: Call, **ids: str) -> Answer:
            found = load(call, ids)[1].extensions.get(_name(ids["extension"]))
            if found is None:
                raise not_found()
            return Answer(200, found)

        def post(call: Call, **ids: str) -> Answer:
            mailbox, item = load(call, ids)
            made = self._put(item, call.json_object())
            self.tenant.touch(mailbox, item)
            self.tenant.store.bump(mailbox, item.master or item)
            return Answer(201, made)

        def patch(call: Call, **ids: str) -> Answer:
            mailbox, item = load(call, ids)
            found = item.extensions.get(_name(ids["extension"]))
            if found is None:
                raise not_found()
            found.update({k: v for k, v in call.json_object().items() if k != "id"})
            self.tenant.touch(mailbox, item)
            return Answer(200, found)

        def delete(call: Call, **ids: str) -> Answer:
            mailbox, item = load(call, ids)
            if item.extensions.pop(_name(ids["extension"]), None) is None:
                raise not_found()
            self.tenant.touch(mailbox, item)
            return Answer(204)

        router.add("GET", f"{prefix}/extensions", every)
        router.add("POST", f"{prefix}/extensions", post)
        router.add("GET", f"{prefix}/extensions/{{extension}}", get)
        router.add("PATCH", f"{prefix}/extensions/{{extension}}", patch)
        router.add("DELETE", f"{prefix}/extensions/{{extension}}", delete)

    @staticmethod
    def _put(item: Item, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("extensionName") or _name(str(body.get("id") or ""))
        if not name:
            raise GraphError(400, "RequestBodyRead", "extensionName is required.")
        made = {
            "@odata.type": "#microsoft.graph.openTypeExtension",
            **{k: v for k, v in body.items() if not k.startswith("@")},
            "id": f"Microsoft.OutlookServices.OpenTypeExtension.{name}",
            "extensionName": name,
        }
        item.extensions[str(name)] = made
        return made


def _name(raw: str) -> str:
    return raw.removeprefix("Microsoft.OutlookServices.OpenTypeExtension.").removeprefix(
        "microsoft.graph.openTypeExtension."
    )
