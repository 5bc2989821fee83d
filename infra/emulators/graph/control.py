"""Graph's own controls: the switches, what people do in Outlook, lifecycle notifications."""

from __future__ import annotations

from aiohttp import web

from infra.emulators.control import json_answer, read_object
from infra.emulators.graph.app import GraphService
from infra.emulators.graph.errors import GraphError


def mount(app: web.Application, service: GraphService) -> None:
    """Add switches, user-actions and lifecycle below /_emulator/."""
    switches = service.tenant.switches

    async def get_switches(request: web.Request) -> web.Response:
        return json_answer(dict(switches))

    async def set_switches(request: web.Request) -> web.Response:
        try:
            switches.change(await read_object(request))
        except GraphError as error:
            return json_answer({"error": error.message}, 400)
        for mailbox in service.tenant.store.mailboxes.values():
            for item in mailbox.index.values():
                item.cache.clear()
        return json_answer(dict(switches))

    async def user_action(request: web.Request) -> web.Response:
        try:
            return json_answer(service.actions.run(await read_object(request)))
        except GraphError as error:
            return json_answer({"error": error.message, "code": error.code}, error.status)

    async def lifecycle(request: web.Request) -> web.Response:
        body = await read_object(request)
        sent = service.subscriptions.lifecycle(str(body.get("event") or "missed"), str(body.get("mailbox") or ""))
        return json_answer({"sent": sent})

    app.router.add_get("/_emulator/switches", get_switches)
    app.router.add_post("/_emulator/switches", set_switches)
    app.router.add_post("/_emulator/user-actions", user_action)
    app.router.add_post("/_emulator/lifecycle", lifecycle)
