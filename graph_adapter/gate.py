"""The last station before the network: what every request passes, whoever built it. Counts, and enforces G4."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import msgspec
from kiota_abstractions.request_option import RequestOption
from kiota_http.middleware.middleware import REQUEST_OPTIONS_KEY, BaseMiddleware

from reconcile.port import Stop


@dataclass(slots=True)
class Counts:
    """HTTP requests, requests inside `$batch`, and how many of both may have written."""

    requests: int = 0
    parts: int = 0
    writes: int = 0


@dataclass(eq=False)
class Pass(RequestOption):  # type: ignore[misc]  # the SDK is not followed by mypy (pyproject.toml)
    """Rides on every request of one `Graph` as a kiota request option, so that views share one HTTP pool."""

    read_only: bool
    counts: Counts = field(default_factory=Counts)

    @staticmethod
    def get_key() -> str:
        """Kiota's name of the option."""
        return "x3sync.Pass"


class _Part(msgspec.Struct):
    method: str


class _Batch(msgspec.Struct):
    requests: list[_Part]


class Gate(BaseMiddleware):  # type: ignore[misc]  # the SDK is not followed by mypy (pyproject.toml)
    """Innermost middleware: redirects and whatever else the SDK sends by itself are counted and checked too."""

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        """Let the request through. Raises Stop for a write in a dry run, and for one that no `Graph` sent."""
        ours = request.extensions.get(REQUEST_OPTIONS_KEY, {}).get(Pass.get_key())
        if not isinstance(ours, Pass):
            raise Stop("A request to Microsoft Graph did not come from a pass.", mend="This is a defect; report it.")
        methods = [request.method]
        if request.url.path.endswith("/$batch"):
            methods = [part.method for part in msgspec.json.decode(request.content, type=_Batch).requests]
            ours.counts.parts += len(methods)
        writes = sum(method != "GET" for method in methods)
        if writes and ours.read_only:
            raise Stop("A dry run must not write to Microsoft Graph.", mend="This is a defect; report it.")
        ours.counts.requests += 1
        ours.counts.writes += writes
        response: httpx.Response = await super().send(request, transport)
        return response
