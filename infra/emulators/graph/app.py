"""The Graph service over HTTP: bearer, limiter, faults, latency, then the routes."""

from __future__ import annotations

import asyncio
import pickle
import random
from collections import Counter
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from infra.emulators.clock import Clock
from infra.emulators.faults import IMMEDIATE_ACTIONS, Fault, FaultBook
from infra.emulators.graph import batch
from infra.emulators.graph.auth import Entra
from infra.emulators.graph.calls import Answer, Call, Router, make_call
from infra.emulators.graph.changes import Changes
from infra.emulators.graph.contacts import Contacts
from infra.emulators.graph.errors import ConnectionCutError, GraphError
from infra.emulators.graph.events import Events
from infra.emulators.graph.folders import Folders
from infra.emulators.graph.limiter import Limiter
from infra.emulators.graph.load import load
from infra.emulators.graph.people import People
from infra.emulators.graph.render import encode
from infra.emulators.graph.subscriptions import Subscriptions
from infra.emulators.graph.tasks import Tasks
from infra.emulators.graph.tenant import Tenant
from infra.emulators.graph.useractions import UserActions
from infra.emulators.graph.zones import UnknownZoneError, zone
from infra.emulators.seed.model import World

HTML_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n"
)
_STATUS_CODES = {
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "Conflict",
    412: "ErrorIrresolvableConflict",
    429: "ApplicationThrottled",
    500: "ErrorInternalServerTransientError",
    503: "serviceNotAvailable",
    504: "GatewayTimeout",
}


class HtmlError(Exception):
    """A proxy's HTML 502 stands in for the answer."""


class GraphService:
    """All of Graph but the sockets: also what the control plane talks to."""

    def __init__(self, clock: Clock, faults: FaultBook, *, latency: float = 0.0, tls_dir: Path | None = None) -> None:
        self.clock = clock
        self.faults = faults
        self.latency = latency
        self.entra = Entra(clock, tls_dir)
        self.tenant = Tenant(clock)
        self.limiter = Limiter(clock)
        self.subscriptions = Subscriptions(self.tenant, faults)
        self.router = Router()
        folders, events = Folders(self.tenant), Events(self.tenant)
        # Delta first: `events/delta` would otherwise read as an event called delta.
        for rooms in (Changes(self.tenant, folders), folders, events, Contacts(self.tenant), Tasks(self.tenant)):
            rooms.mount(self.router)
        People(self.tenant).mount(self.router)
        self.subscriptions.mount(self.router)
        self.actions = UserActions(self.tenant, events)
        self._shuffle = random.Random("batch")
        self._zero()

    def _zero(self) -> None:
        self.total = self.parts = 0
        self.methods: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.mailboxes: Counter[str] = Counter()

    # -- the control plane's side -----------------------------------------------------------------------------------

    def reset(self, world: World) -> None:
        """Reseed; switches, subscriptions, delta streams and figures start anew."""
        self.tenant.switches.reset()
        self.subscriptions.reset()
        self.tenant.deltas.reset()
        load(self.tenant.store, world)
        self.limiter.reset()
        self._zero()

    def stats(self) -> dict[str, Any]:
        """The figures of contract.md, and more."""
        store = self.tenant.store
        return {
            "requests": {
                "total": self.total,
                "by_method": dict(self.methods),
                "batch_parts": self.parts,
                "by_mailbox": dict(self.mailboxes),
            },
            "writes": dict(self.writes),
            "peak_concurrency": dict(self.limiter.peak),
            "throttled": self.limiter.throttled,
            "attendee_mails": store.attendee_mails,
            "response_mails": store.response_mails,
            "notifications": self.subscriptions.delivery.stats(),
            "subscriptions": len(self.subscriptions.rows),
            "expired_cursors": self.tenant.deltas.expired,
            "items": store.count(),
        }

    def dump(self) -> dict[str, Any]:
        """Everything in the mailboxes, extended properties included."""
        from infra.emulators.graph.dump import dump

        return dump(self.tenant, self.subscriptions)

    def html(self) -> str:
        """The data for people."""
        from infra.emulators.graph.dump import page

        return page(self.tenant, self.stats())

    def applied_at_once(self, fault: Fault) -> bool:
        """expire_cursors and drop_subscriptions without method, path or nth happen when they are asked for."""
        match = fault.rule.get("match") or {}
        if fault.action not in IMMEDIATE_ACTIONS or set(match) - {"mailbox"} or int(fault.rule.get("nth") or 1) > 1:
            return False
        self._happen(fault, str(match.get("mailbox", "")))
        return True

    def _happen(self, fault: Fault, user: str) -> None:
        store = self.tenant.store
        found = store.mailboxes.get(user.lower()) or store.by_address.get(user.lower())
        if fault.action == "expire_cursors":
            self.tenant.deltas.expire(found.id if found else "")
        elif fault.action == "drop_subscriptions":
            self.subscriptions.drop(found.id if found else "", silent=bool(fault.rule.get("silent")))

    def frozen(self) -> bytes:
        """The state, for `thaw`."""
        tenant = self.tenant
        store = tenant.store
        kept = {
            "mailboxes": store.mailboxes,
            "ids": store.ids,
            "mails": (store.attendee_mails, store.response_mails, store.mails),
            "switches": dict(tenant.switches),
            "deltas": (tenant.deltas.streams, tenant.deltas.rounds),
            "subscriptions": self.subscriptions.rows,
        }
        return pickle.dumps(kept)

    def thaw(self, frozen: bytes) -> None:
        """Take up a state of our own making."""
        kept = pickle.loads(frozen)  # noqa: S301
        store = self.tenant.store
        store.mailboxes, store.ids = kept["mailboxes"], kept["ids"]
        store.by_address = {m.address.lower(): m for m in store.mailboxes.values()}
        store.attendee_mails, store.response_mails, store.mails = kept["mails"]
        self.tenant.switches.update(kept["switches"])
        self.tenant.deltas.streams, self.tenant.deltas.rounds = kept["deltas"]
        self.subscriptions.rows = kept["subscriptions"]

    def save(self, path: Path) -> None:
        """Keep the state for a restart."""
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(self.frozen())
        temporary.replace(path)
        self.tenant.store.changed = False

    # -- requests -----------------------------------------------------------------------------------------------

    async def serve(self, call: Call, *, part: bool = False) -> Answer:
        """One request or batch part, errors as answers. Raises ConnectionCutError and HtmlError."""
        try:
            return await self._serve(call)
        except GraphError as error:
            return Answer(error.status, error.body(self.clock.now()), dict(error.headers))

    async def _serve(self, call: Call) -> Answer:
        store = self.tenant.store
        mailbox = None
        if len(call.segments) > 1 and call.segments[0].lower() == "users":
            user = call.segments[1].lower()
            mailbox = store.mailboxes.get(user) or store.by_address.get(user)
        if call.method in ("POST", "PATCH", "DELETE", "PUT"):
            self.writes[call.method] += 1
        who = f"{mailbox.id} {mailbox.address}" if mailbox else ""
        fault = self.faults.take(method=call.method, path=call.path_and_query, mailbox=who)
        if mailbox is None or len(call.segments) == 2:
            return await self._faulty(call, fault, "")
        self.mailboxes[mailbox.address] += 1
        with self.limiter.slot(mailbox.address):
            return await self._faulty(call, fault, mailbox.id)

    async def _faulty(self, call: Call, fault: Fault | None, user: str) -> Answer:
        await asyncio.sleep(self.latency)
        if fault is None:
            return await self._answer(call)
        match fault.action:
            case "delay":
                await asyncio.sleep(fault.seconds)
            case "expire_cursors" | "drop_subscriptions":
                self._happen(fault, user)
            case "empty_listing":
                call.empty = True
            case "html_502" | "status":
                if fault.commit:
                    await self._answer(call)
                self._spoil(fault)
            case "drop_after_commit":
                await self._answer(call)
                raise ConnectionCutError
            case _:
                pass  # an action of the other emulator
        return await self._answer(call)

    async def _answer(self, call: Call) -> Answer:
        if call.prefer.zone:
            try:
                zone(call.prefer.zone)
            except UnknownZoneError:
                raise GraphError(400, "TimeZoneNotSupportedException", f"'{call.prefer.zone}'") from None
        if call.segments[2:3] == ["todo"] and not self.tenant.switches["todo_rights"]:
            raise GraphError(401, "UnknownError")
        answer = await self.router.dispatch(call)
        if applied := call.prefer.applied():
            answer.headers.setdefault("Preference-Applied", applied)
        return answer

    async def _part(self, call: Call) -> Answer:
        self.parts += 1
        try:
            return await self.serve(call, part=True)
        except HtmlError:
            return Answer(502, None, {"Content-Type": "text/html"})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request under /v1.0."""
        self.total += 1
        self.methods[request.method] += 1
        if not self.entra.accepts(request.headers.get("Authorization", "")):
            error = GraphError(401, "InvalidAuthenticationToken")
            return _respond(Answer(401, error.body(self.clock.now()), {"WWW-Authenticate": 'Bearer realm=""'}))
        raw = await request.read()
        body: Any = None
        if raw:
            try:
                body = msgspec.json.decode(raw)
            except msgspec.DecodeError:
                error = GraphError(400, "BadRequest", "Unable to read JSON request payload.")
                return _respond(Answer(400, error.body(self.clock.now())))
        base = f"{request.scheme}://{request.host}/v1.0"
        call = make_call(request.method, request.raw_path, dict(request.headers), body, base)
        try:
            if call.segments[:1] == ["$batch"] and call.method == "POST":
                return _respond(await self._batch(call))
            return _respond(await self.serve(call))
        except ConnectionCutError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=504)
        except HtmlError:
            return web.Response(status=502, text=HTML_502, content_type="text/html")

    async def _batch(self, call: Call) -> Answer:
        """The batch as one request: rules that name no mailbox can hit it as a whole, its parts are matched one by one."""
        fault = self.faults.take(method="POST", path="/$batch", mailbox="")
        try:
            if fault is not None:
                await asyncio.sleep(fault.seconds)
                self._happen(fault, "")
                if not fault.commit:
                    self._spoil(fault)
            answer = await batch.run(call, self._part, self._shuffle)
            if fault is not None:
                self._spoil(fault)
                if fault.action == "drop_after_commit":
                    raise ConnectionCutError
            return answer
        except GraphError as error:
            return Answer(error.status, error.body(self.clock.now()), dict(error.headers))

    @staticmethod
    def _spoil(fault: Fault) -> None:
        """Raise what the faults `html_502` and `status` put in place of an answer."""
        if fault.action == "html_502":
            raise HtmlError
        if fault.action == "status":
            code = fault.code or _STATUS_CODES.get(fault.status, "UnknownError")
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            raise GraphError(fault.status, code, fault.message, headers=headers, inner=fault.inner_code)


def _respond(answer: Answer) -> web.Response:
    headers = {"request-id": "emulated", **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    headers["Content-Type"] = (
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    )
    return web.Response(status=answer.status, body=encode(answer.body), headers=headers)


def make_app(service: GraphService) -> web.Application:
    """The aiohttp application; the control plane is mounted by the caller."""
    app = web.Application(client_max_size=64 * 1024**2)
    service.entra.mount(app)
    app.router.add_route("*", "/v1.0/{rest:.*}", service.handle)

    async def close(_: web.Application) -> None:
        await service.subscriptions.close()

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        # The Date header is Graph's own clock (RFC 9110, 6.6.1): clients compare stamps with it.
        response.headers["Date"] = format_datetime(service.clock.now(), usegmt=True)

    app.on_cleanup.append(close)
    app.on_response_prepare.append(date)
    return app
