"""The control plane `/_emulator/…` on both ports: figures, reset, dump, clock, faults, and a page for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from aiohttp import web

from infra.emulators import seed
from infra.emulators.clock import Clock
from infra.emulators.faults import BadRuleError, Fault, FaultBook
from infra.emulators.seed.model import World


class Service(Protocol):
    """What each emulator offers the control plane."""

    def reset(self, world: World) -> None: ...

    def dump(self) -> dict[str, Any]: ...

    def stats(self) -> dict[str, Any]: ...

    def html(self) -> str: ...

    def frozen(self) -> bytes: ...

    def thaw(self, frozen: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How both worlds were at an instant."""

    seed: str
    now: datetime
    services: dict[str, bytes]


def json_answer(value: Any, status: int = 200) -> web.Response:
    """JSON by msgspec, which knows dates and dataclasses."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. 400 for anything else."""
    raw = await request.read()
    try:
        value = msgspec.json.decode(raw) if raw.strip() else {}
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="a JSON object is expected")
    return value


class ControlPlane:
    """Shared by both ports: one clock, one book of faults, one seed."""

    def __init__(self, clock: Clock, faults: FaultBook, seed_name: str) -> None:
        self.clock = clock
        self.faults = faults
        self.seed_name = seed_name
        self.services: dict[str, Service] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.immediate: Callable[[Fault], bool] = lambda fault: False

    def world(self) -> World:
        """The current seed's world as of now. Raises ValueError for an unknown seed."""
        return seed.build(self.seed_name, self.clock.now())

    def mount(self, app: web.Application, side: str, service: Service) -> None:
        """Add the routes to one port; `side` ("graph" or "x3") decides whose figures and data are shown there."""
        self.services[side] = service

        async def stats(request: web.Request) -> web.Response:
            return json_answer(service.stats())

        async def dump(request: web.Request) -> web.Response:
            return json_answer(service.dump())

        async def page(request: web.Request) -> web.Response:
            return web.Response(text=service.html(), content_type="text/html")

        async def add_fault(request: web.Request) -> web.Response:
            try:
                fault = self.faults.add(await read_object(request), side)
            except (BadRuleError, TypeError, ValueError) as error:
                return json_answer({"error": str(error)}, 400)
            if self.immediate(fault):
                self.faults.withdraw(fault)
            return json_answer({"faults": self.faults.as_list()})

        app.router.add_get("/_emulator/stats", stats)
        app.router.add_get("/_emulator/dump", dump)
        app.router.add_get("/_emulator/", page)
        app.router.add_get("/_emulator", page)
        app.router.add_post("/_emulator/reset", self._reset)
        app.router.add_post("/_emulator/snapshot", self._snapshot)
        app.router.add_get("/_emulator/clock", self._clock)
        app.router.add_post("/_emulator/clock", self._set_clock)
        app.router.add_post("/_emulator/faults", add_fault)
        app.router.add_get("/_emulator/faults", self._faults)
        app.router.add_delete("/_emulator/faults", self._clear_faults)

    async def _reset(self, request: web.Request) -> web.Response:
        """Reseed both worlds; the clock goes back to real time unless {"keep_clock": true}. With {"snapshot": name}
        both and the clock are as they were then."""
        body = await read_object(request)
        if (wanted := body.get("snapshot")) is not None:
            return self._bring_back(str(wanted))
        name = str(body.get("seed") or self.seed_name)
        if not body.get("keep_clock"):
            self.clock.reset()
        try:
            world = seed.build(name, self.clock.now())
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        self.seed_name = name
        self.faults.clear()
        for service in self.services.values():
            service.reset(world)
        return json_answer({"seed": name, "now": self._now()})

    async def _snapshot(self, request: web.Request) -> web.Response:
        """Remember both worlds under a name, for resets; faults, figures and X3's switches are not part of them."""
        name = str((await read_object(request)).get("name") or "")
        states = {side: service.frozen() for side, service in self.services.items()}
        self.snapshots[name] = Snapshot(self.seed_name, self.clock.now(), states)
        return json_answer({"snapshot": name, "now": self._now()})

    def _bring_back(self, name: str) -> web.Response:
        kept = self.snapshots.get(name)
        if kept is None:
            return json_answer({"error": f"there is no snapshot {name!r}"}, 400)
        self.seed_name = kept.seed
        self.clock.set(kept.now)
        self.faults.clear()
        world = seed.build(kept.seed, kept.now)
        for side, service in self.services.items():
            service.reset(world)
            service.thaw(kept.services[side])
        return json_answer({"snapshot": name, "now": self._now()})

    def _now(self) -> str:
        return self.clock.now().isoformat().replace("+00:00", "Z")

    async def _clock(self, request: web.Request) -> web.Response:
        return json_answer({"now": self._now()})

    async def _set_clock(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        try:
            if body.get("now"):
                self.clock.set(datetime.fromisoformat(str(body["now"]).replace("Z", "+00:00")))
            if body.get("advance_seconds") is not None:
                self.clock.advance(float(body["advance_seconds"]))
            if body.get("reset"):
                self.clock.reset()
        except (ValueError, TypeError, OverflowError) as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"now": self._now()})

    async def _faults(self, request: web.Request) -> web.Response:
        return json_answer({"faults": self.faults.as_list()})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return json_answer({"faults": []})
