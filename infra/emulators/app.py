"""Puts both emulators together in one event loop, on two ports, with one clock and one control plane."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from infra.emulators.clock import Clock
from infra.emulators.control import ControlPlane
from infra.emulators.faults import FaultBook
from infra.emulators.graph import tls
from infra.emulators.graph.app import GraphService
from infra.emulators.graph.app import make_app as make_graph
from infra.emulators.graph.control import mount as mount_graph_control
from infra.emulators.x3.app import SERVICE
from infra.emulators.x3.app import Options as X3Options
from infra.emulators.x3.app import make_app as make_x3

SAVE_EVERY = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of contract.md."""

    graph_port: int = 8801
    x3_port: int = 8802
    seed: str = "demo"
    graph_latency_ms: float = 0.0
    x3_latency_ms: float = 0.0
    tls_dir: Path | None = None
    x3_tls: bool = False
    state_dir: Path | None = None
    host: str = "127.0.0.1"


async def _listen(
    app: web.Application, options: Options, port: int, context: ssl.SSLContext | None
) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, options.host, port, ssl_context=context, backlog=512)
    await site.start()
    actual = runner.addresses[0][1]
    return runner, f"{'https' if context else 'http'}://{options.host}:{actual}"


async def _keep(service: GraphService, path: Path) -> None:
    while True:
        await asyncio.sleep(SAVE_EVERY)
        if service.tenant.store.changed:
            service.save(path)


async def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; prints the addresses as one JSON line when ready."""
    clock, faults = Clock(), FaultBook()
    control = ControlPlane(clock, faults, options.seed)
    world = control.world()
    context = tls.prepare(options.tls_dir) if options.tls_dir else None
    graph = GraphService(clock, faults, latency=options.graph_latency_ms / 1000, tls_dir=options.tls_dir)
    control.immediate = graph.applied_at_once
    kept = options.state_dir / "graph.pickle" if options.state_dir else None
    if options.state_dir:
        options.state_dir.mkdir(parents=True, exist_ok=True)
    if kept is not None and kept.exists():
        graph.thaw(kept.read_bytes())
    else:
        graph.reset(world)
    graph_app = make_graph(graph)
    control.mount(graph_app, "graph", graph)
    mount_graph_control(graph_app, graph)
    x3_app = make_x3(clock, faults, world, X3Options(latency_ms=options.x3_latency_ms, state_dir=options.state_dir))
    control.mount(x3_app, "x3", x3_app[SERVICE])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    graph_runner, graph_url = await _listen(graph_app, options, options.graph_port, context)
    x3_runner, x3_url = await _listen(x3_app, options, options.x3_port, context if options.x3_tls else None)
    saver = asyncio.create_task(_keep(graph, kept)) if kept is not None else None
    print(json.dumps({"graph": graph_url, "x3": x3_url}), flush=True)
    await stop.wait()
    if saver is not None:
        saver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await saver
    await asyncio.gather(graph_runner.cleanup(), x3_runner.cleanup())
    if kept is not None:
        graph.save(kept)
