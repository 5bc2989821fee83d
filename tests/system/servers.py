"""The emulators as one process, and their control plane."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Servers:
    """A running pair of emulators. `graph` and `x3` are addresses without a path."""

    process: subprocess.Popen[str]
    graph: str
    x3: str
    http: httpx.Client

    @classmethod
    def start(cls) -> Servers:
        """Start `python -m infra.emulators` on free ports and wait until both answer. Raises RuntimeError."""
        command = [sys.executable, "-m", "infra.emulators", "--graph-port", "0", "--x3-port", "0", "--seed", "empty"]
        process = subprocess.Popen(command, cwd=ROOT, env=_quiet(), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline() if ready else ""
        if not line:
            process.kill()
            raise RuntimeError("the emulators did not start")
        urls = json.loads(line)
        return cls(process, urls["graph"], urls["x3"], httpx.Client(timeout=60, verify=False))

    def stop(self) -> None:
        """End the process that was started here."""
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def control(self, method: str, path: str, body: Any = None, *, port: str = "graph") -> Any:
        """Call the control plane; fails the test on anything but 2xx."""
        root = self.graph if port == "graph" else self.x3
        answer = self.http.request(method, f"{root}/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def reset(self, now: datetime) -> None:
        """Both worlds empty again, at `now`."""
        self.control("POST", "clock", {"now": now.isoformat()})
        self.control("POST", "reset", {"seed": "empty", "keep_clock": True})

    def remember(self, name: str) -> None:
        """Keep both worlds as they are now, for `bring_back`."""
        self.control("POST", "snapshot", {"name": name})

    def bring_back(self, name: str) -> None:
        """Both worlds, and the clock, as they were then."""
        self.control("POST", "reset", {"snapshot": name})

    def now(self) -> datetime:
        """The emulated instant, aware, in UTC."""
        return datetime.fromisoformat(self.control("GET", "clock")["now"]).astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Let emulated time pass."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def fault(self, action: str, match: dict[str, str] | None = None, *, port: str = "graph", **rule: Any) -> None:
        """Ask for a fault (contract.md, "Emulators")."""
        self.control("POST", "faults", {"action": action, "match": match or {}, **rule}, port=port)

    def fired(self) -> int:
        """How many faults have struck since the last reset of the rules."""
        return sum(rule["fired"] for rule in self.control("GET", "faults")["faults"])

    def mend(self) -> None:
        """No more faults."""
        self.control("DELETE", "faults")

    def writes(self, port: str) -> int:
        """Writes that the API of one port has carried out, whoever asked for them."""
        counted = self.control("GET", "stats", port=port)["writes"]
        return int(sum(counted.values()) if isinstance(counted, dict) else counted)

    def mails(self) -> int:
        """Mails that attendees have got."""
        return int(self.control("GET", "stats")["attendee_mails"])


def _quiet() -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if not k.startswith("X3SYNC_")}, "PYTHONUNBUFFERED": "1"}
