"""The HTTP side: sign-in, the pool and its queue, latency, injected faults."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from infra.emulators.clock import Clock
from infra.emulators.faults import Fault, FaultBook
from infra.emulators.seed.model import World
from infra.emulators.x3 import messages, soap
from infra.emulators.x3.describe import wsdl
from infra.emulators.x3.payload import PayloadError
from infra.emulators.x3.service import ActionError, X3Service

PATH = "/soap-generic/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
WSDL_PATH = "/soap-wsdl/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
POOL = "SYNC"
FAULTS = frozenset(
    {"drop_after_commit", "status", "delay", "html_502", "lock_record", "nil_result", "pool_exhausted", "refuse"}
)
HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of the emulated server; the JWT ones are those of its one connected application."""

    latency_ms: float = 0.0
    state_dir: Path | None = None
    user: str = "x3sync"
    password: str = "x3sync"  # noqa: S105  # an emulator's
    pool_size: int = 4
    queue_seconds: float = 300.0
    client_id: str = "x3sync"
    client_secret: str = "x3sync-secret"  # noqa: S105
    audience: str = ""  # any when empty
    token_seconds: int = 600


SERVICE: web.AppKey[X3Service] = web.AppKey("service", X3Service)


def make_app(clock: Clock, faults: FaultBook, world: World, options: Options | None = None) -> web.Application:
    """The X3 port without the shared control routes; `app[SERVICE]` is the folder."""
    options = options or Options()
    service = X3Service(clock, world, options.state_dir)
    front = _Front(service, faults, options)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[SERVICE] = service
    app.router.add_post(PATH, front.call)
    app.router.add_get(WSDL_PATH, front.wsdl)
    app.router.add_post("/_emulator/switches", front.switches)
    app.router.add_get("/_emulator/switches", front.switches)
    app.router.add_post("/_emulator/user-actions", front.user_actions)
    app.cleanup_ctx.append(front.persist)
    return app


class _Front:
    def __init__(self, service: X3Service, faults: FaultBook, options: Options) -> None:
        self.service, self.faults, self.options = service, faults, options
        self.pool = asyncio.Semaphore(options.pool_size)
        self.waiting = 0

    async def persist(self, app: web.Application) -> AsyncIterator[None]:
        """Keep the folder in the state directory: every few seconds, and at the end."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(5)
                self.service.save_state()

        if self.options.state_dir is None:
            yield
            return
        task = asyncio.create_task(keep())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self.service.save_state()

    # -- sign-in ------------------------------------------------------------------------------------------------------

    def denied(self, request: web.Request) -> str | None:
        """Why the caller is turned away (401, plain text), or None."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                sent = base64.b64decode(given.strip(), validate=True)
                if hmac.compare_digest(sent, f"{self.options.user}:{self.options.password}".encode()):
                    return None
        elif scheme.lower() == "bearer":
            return self._bad_token(given.strip())
        return "Authentication failed..."

    def _bad_token(self, token: str) -> str | None:
        try:
            head, body, signature = token.split(".")
            header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body))
            sent = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        except ValueError:
            return "Error 30: Invalid token"
        good = hmac.new(self.options.client_secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        now = self.service.now().timestamp()
        issued, expires = float(claims.get("iat", now)), float(claims.get("exp", 0))
        checks = (
            (30, header.get("alg") == "HS256"),
            (41, claims.get("iss") == self.options.client_id),
            (42, claims.get("sub") == self.options.user),
            (45, not self.options.audience or claims.get("aud") == self.options.audience),
            (21, issued <= now + 5),
            (50, hmac.compare_digest(sent, good)),
            (50, now < expires <= issued + self.options.token_seconds + 5),
        )
        return next((f"Error {number}: Invalid token" for number, good in checks if not good), None)

    # -- the web service ----------------------------------------------------------------------------------------------

    async def wsdl(self, request: web.Request) -> web.Response:
        text = wsdl(f"{request.scheme}://{request.host}{PATH}")
        return web.Response(text=text, content_type="text/xml", charset="utf-8")

    async def call(self, request: web.Request) -> web.StreamResponse:
        why = self.denied(request)
        if why:
            return web.Response(status=401, text=why, headers={"WWW-Authenticate": 'Basic realm="Syracuse"'})
        try:
            call = soap.parse(await request.read())
        except soap.BadRequest as error:
            return web.Response(status=500, body=soap.fault(str(error)), content_type="text/xml", charset="utf-8")
        service = self.service
        service.requests[call.operation] = service.requests.get(call.operation, 0) + 1
        fault = self.faults.take(among=FAULTS, operation=call.operation, object=call.name)
        if call.pool != POOL:
            return self._answer(call, soap.Result(0, [(3, f"No classic web service pool match to '{call.pool}'")]), 0, 0)
        if trouble := str(service.switches["pool_trouble"]):
            return self._answer(call, soap.Result(0, [(3, trouble)]), 0, 0)
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        if (fault and fault.action == "pool_exhausted") or not await self._enter():
            return self._exhausted(call)
        service.concurrency += 1
        service.peak = max(service.peak, service.concurrency)
        began = loop.time()
        try:
            result = await self._execute(call, fault)
        finally:
            service.concurrency = max(0, service.concurrency - 1)
            self.pool.release()
        if fault is not None:
            cut = self._broken(request, fault)
            if cut is not None:
                return cut
        return self._answer(call, result, began - arrived, loop.time() - began)

    async def _enter(self) -> bool:
        """Wait for a client of the pool; False when the queue's time is over."""
        self.waiting += 1
        self.service.queued_peak = max(self.service.queued_peak, self.waiting - 1)
        try:
            await asyncio.wait_for(self.pool.acquire(), self.options.queue_seconds)
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True

    def _exhausted(self, call: soap.Call) -> web.Response:
        if self.service.switches["pool_exhausted_http"]:
            return web.Response(status=500, text="No web services accepted")
        text = f"Classic web service pool '{POOL}': no client available, request rejected after waiting in the queue"
        return self._answer(call, soap.Result(0, [(3, text)]), self.options.queue_seconds, 0)

    async def _execute(self, call: soap.Call, fault: Fault | None) -> soap.Result:
        """Begin, work, commit: the stamp is taken first, the time passes, then everything is written at once."""
        service, moment, folder = self.service, self.service.now(), self.service.store
        lang, record = messages.language(call.language), service.hold(call)
        holder = service.locked_by(record)
        if fault is not None and fault.action == "lock_record":
            holder = "ADMIN"
        if record is not None and holder is None:
            service.busy.add(record)
        delay = self.options.latency_ms / 1000 + (fault.seconds if fault is not None and fault.action == "delay" else 0)
        try:
            if delay:
                await asyncio.sleep(delay)
            if service.store is not folder:
                return soap.Result(0)  # a reset ended the transaction: what was under way commits nowhere
            if holder is not None:
                key = record[1] if record else call.name
                return service.refuse(call, messages.text("locked", lang, key=key, user=holder))
            if fault is not None and fault.action == "refuse":
                field = str(fault.rule.get("field") or "")
                text = fault.message or "Operation refused"
                return service.refuse(call, f"Field [{field}]: {text}" if field else text)
            if fault is not None and not fault.commit and fault.action in ("status", "html_502", "nil_result"):
                return self._nil(fault)
            result = service.perform(call, moment)
            return self._nil(fault) if fault is not None and fault.action == "nil_result" else result
        finally:
            if record is not None and holder is None:
                service.busy.discard(record)

    @staticmethod
    def _nil(fault: Fault) -> soap.Result:
        return soap.Result(1 if fault.rule.get("status") == 1 else 0)

    @staticmethod
    def _broken(request: web.Request, fault: Fault) -> web.StreamResponse | None:
        """What the caller sees instead of the answer, when it is not SOAP."""
        if fault.action == "drop_after_commit":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.action == "html_502":
            return web.Response(status=502, text=HTML_502, content_type="text/html")
        if fault.action == "status":
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return web.Response(status=fault.status, text=fault.message or "Internal Server Error", headers=headers)
        return None

    def _answer(self, call: soap.Call, result: soap.Result, waited: float, took: float) -> web.Response:
        changed = messages.language(call.language) != "ENG"
        body = soap.render(call.operation, result, {"wait": waited * 1000, "exec": took * 1000}, changed)
        return web.Response(body=body, content_type="text/xml", charset="utf-8")

    # -- control routes of this port alone ----------------------------------------------------------------------------

    async def switches(self, request: web.Request) -> web.Response:
        wanted = await request.json() if request.method == "POST" else {}
        return self._control(lambda: self.service.set_switches(wanted))

    async def user_actions(self, request: web.Request) -> web.Response:
        asked = await request.json()
        return self._control(lambda: self.service.user_action(asked))

    @staticmethod
    def _control(work: Any) -> web.Response:
        try:
            return web.json_response(work())
        except (ActionError, PayloadError) as error:
            return web.json_response({"error": str(error)}, status=400)
