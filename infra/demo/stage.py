"""The stage: emulators and `x3sync up` as processes of their own, a fresh database, and the command line."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from infra.demo.crm import Crm
from infra.demo.outlook import Mailbox

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
BUSY = 75  # the command line's "try later"
PATIENCE = 60.0


class StoryError(Exception):
    """Something did not happen, or not as it was told."""


def free_port(wanted: int) -> int:
    """`wanted`, or any free port when somebody has it."""
    for port in (wanted, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as probe:
                found: int = probe.getsockname()[1]
                return found
        except OSError:
            continue
    raise StoryError("no free port on 127.0.0.1")


@dataclass(slots=True)
class Stage:
    """Everything that runs. Use it as a context manager: all of it ends at the end."""

    folder: Path
    graph_url: str = ""
    x3_url: str = ""
    web_url: str = ""
    http: dict[str, httpx.Client] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    # ------------------------------------------------------------------------------------ start and stop

    def __enter__(self) -> Stage:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for client in self.http.values():
            client.close()

    def start_worlds(self) -> None:
        """Start both emulators with the demo's data."""
        ports = ["--graph-port", str(free_port(8801)), "--x3-port", str(free_port(8802))]
        command = [sys.executable, "-m", "infra.emulators", *ports, "--seed", "demo"]
        process = self._start(command, ROOT, "emulators", stdout=subprocess.PIPE)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        line = process.stdout.readline() if ready else ""
        if not line:
            raise StoryError(f"the emulators did not start; see {self.folder / 'emulators.log'}")
        urls = json.loads(line)
        self.graph_url, self.x3_url = urls["graph"], urls["x3"]
        self.http = {"graph": httpx.Client(base_url=self.graph_url, timeout=30, trust_env=False),
                     "x3": httpx.Client(base_url=self.x3_url, timeout=30, trust_env=False)}  # fmt: skip
        self.web_url = f"http://127.0.0.1:{free_port(8800)}"

    def start_up(self) -> None:
        """Start `x3sync up` and wait until its web service is ready."""
        self._start([*self._command(), "up"], self.folder, "up")
        with httpx.Client(base_url=self.web_url, timeout=5, trust_env=False) as web:
            self.until("x3sync up", lambda: _ready(web))

    def _start(self, command: list[str], cwd: Path, name: str, stdout: int | None = None) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command, cwd=cwd, env=self._environment(), stdout=stdout if stdout is not None else log, stderr=log,
                text=True, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _command(self) -> list[str]:
        installed = Path(sys.executable).with_name("x3sync")
        if installed.exists():
            return [str(installed)]
        return [sys.executable, "-c", "from worker.cli import main; main()"]

    def _environment(self) -> dict[str, str]:
        """Only the demo's own settings; the folder it runs in has no .env either."""
        own = {
            "DATABASE_URL": f"sqlite:///{self.folder / 'x3sync.db'}",
            "INSTALLATION_PATH": str(self.folder / "installation"),
            "TIMEZONE": "Europe/Paris",
            "GRAPH__BASE_URL": f"{self.graph_url}/v1.0",
            "GRAPH__TENANT_ID": "demo",
            "GRAPH__STATIC_TOKEN": "emulator",
            "X3__BASE_URL": self.x3_url,
            "X3__POOL": "SYNC",
            "X3__FOLDER": "SEED",
            "X3__USER": "x3sync",
            "X3__PASSWORD": "x3sync",
            "X3__EXECUTION_LIMIT_SECONDS": "3",
            "POLL__X3_SECONDS": "1",
            "POLL__X3_LONGEST_SECONDS": "2",
            "POLL__TODO_SECONDS": "2",
            "POLL__TODO_LONGEST_SECONDS": "3",
            "POLL__SUBSCRIPTIONS_SECONDS": "2",
            "PUBLIC_URL": self.web_url,
            "CONSOLE__PORT": self.web_url.rpartition(":")[2] or "8800",
        }
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("X3SYNC_")}
        return (
            kept
            | {f"X3SYNC_{name}": value for name, value in own.items()}
            | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        )

    # -------------------------------------------------------------------------------------------- driving

    def x3sync(self, *arguments: str) -> dict[str, Any]:
        """Run the command line with --json and answer its document. While a worker has the user, it is tried again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(  # noqa: S603 - our own command
                [*self._command(), *arguments, "--json"], cwd=self.folder, env=self._environment(), capture_output=True,
                text=True, check=False, timeout=300,
            )  # fmt: skip
            if done.returncode != BUSY or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if done.returncode != 0:
            raise StoryError(f"x3sync {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()[-600:]}")
        return dict(json.loads(done.stdout))

    def mailbox(self, number: int) -> Mailbox:
        """The mailbox of REP1, REP2 or REP3."""
        return Mailbox(self.http["graph"], f"rep{number}@contoso.example")

    @property
    def crm(self) -> Crm:
        """The X3 folder."""
        return Crm(self.http["x3"])

    def writes(self) -> dict[str, int]:
        """How many writes each side has seen so far, by its own count."""
        return {side: sum(client.get("/_emulator/stats").json()["writes"].values()) for side, client in self.http.items()}

    def stats(self, side: str) -> dict[str, Any]:
        """A side's own figures."""
        return dict(self.http[side].get("/_emulator/stats").json())

    def fault(self, **rule: Any) -> None:
        """Let something go wrong once."""
        self.http["graph"].post("/_emulator/faults", json=rule).raise_for_status()

    def faults_fired(self) -> int:
        """How many of the faults asked for have happened."""
        return sum(rule["fired"] for rule in self.http["graph"].get("/_emulator/faults").json()["faults"])

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self.http["graph"].delete("/_emulator/faults").raise_for_status()

    def until(self, what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """Look again and again until something is there; StoryError when it does not come."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise StoryError(f"{what}: not after {patience:.0f} s")


def _ready(web: httpx.Client) -> bool:
    try:
        return web.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
