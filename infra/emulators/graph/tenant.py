"""What every group of routes shares: the store, rendering, delta streams, and the rules common to all writes."""

from __future__ import annotations

from typing import Any

from infra.emulators.clock import Clock
from infra.emulators.graph.calls import Answer, Call
from infra.emulators.graph.delta import Deltas
from infra.emulators.graph.errors import GraphError
from infra.emulators.graph.extensions import Extensions
from infra.emulators.graph.model import TASK, Item, Mailbox
from infra.emulators.graph.odata import shape
from infra.emulators.graph.render import Render, etag
from infra.emulators.graph.store import Store
from infra.emulators.graph.switches import Switches


class Tenant:
    """The emulated Microsoft 365 organisation."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.switches = Switches()
        self.store = Store(clock, self.switches)
        self.render = Render(self.store)
        self.deltas = Deltas(self.store)
        self.extensions = Extensions(self)

    def one(self, call: Call, mailbox: Mailbox, item: Item, context: str, status: int = 200) -> Answer:
        """A single item with its context and ETag header."""
        row: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#users('{mailbox.id}')/{context}/$entity"}
        row.update(self.render.item(item, call.prefer, shape(call)))
        return Answer(status, row, {"ETag": etag(item)})

    def written(self, call: Call, mailbox: Mailbox, item: Item, context: str, status: int) -> Answer:
        """The answer to a write; right after it Exchange bumps the change key once more."""
        answer = self.one(call, mailbox, item, context, status)
        if status == 201:
            answer.headers["Location"] = f"{call.base}/users/{mailbox.id}/{context}/{answer.body['id']}"
        self.store.bump(mailbox, item.master or item)
        if item.master is not None:
            item.change_key = self.store.ids.change_key()
        return answer

    def touch(self, mailbox: Mailbox, item: Item) -> None:
        """Record a write; an exception's write is one of its series too."""
        if item.master is not None:
            item.change_key = self.store.ids.change_key()
            item.modified = self.clock.now()
            item.cache.clear()
        self.store.touch(mailbox, item.master or item)

    def tell_updated(self, mailbox: Mailbox, item: Item) -> None:
        """Creating one event yields `created` and `updated` (docs#7598)."""
        for listener in self.store.listeners:
            listener(mailbox, item, "updated")

    def check_match(self, call: Call, item: Item) -> None:
        """If-Match: 412 ErrorIrresolvableConflict when stale; To Do ignores it unless switched on."""
        wanted = call.headers.get("if-match", "").strip()
        if not wanted or wanted == "*" or (item.kind == TASK and not self.switches["todo_if_match"]):
            return
        if wanted.removeprefix("W/").strip('"') != item.change_key:
            raise GraphError(412, "ErrorIrresolvableConflict")
