"""One Graph request, whether it came by HTTP or as a part of `$batch`, and its answer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from infra.emulators.graph.errors import GraphError
from infra.emulators.graph.prefer import Prefer, parse_prefer

_CALL_SYNTAX = re.compile(r"^([A-Za-z.$]+)\((?:'([^']*)'|([^)]*))\)$")


@dataclass(slots=True, kw_only=True)
class Call:
    """A parsed request. `segments` start after /v1.0; `headers` have lower-case names; `base` is the public root."""

    method: str
    segments: list[str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    base: str = ""
    prefer: Prefer = field(default_factory=Prefer)
    empty: bool = False  # the fault `empty_listing`: answer as if the collection held nothing

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments)

    @property
    def path_and_query(self) -> str:
        query = "&".join(f"{k}={v}" for k, v in self.query.items())
        return f"{self.path}?{query}" if query else self.path

    def link(self, **changes: str) -> str:
        """This request's URL with other query options, as Graph writes next and delta links."""
        query = {k: v for k, v in self.query.items() if k.lower() not in ("$skip", "$skiptoken", "$deltatoken")}
        query.update(changes)
        return f"{self.base}{quote(self.path)}?" + "&".join(f"{quote(k, safe='$')}={quote(v)}" for k, v in query.items())

    def json_object(self) -> dict[str, Any]:
        """The body as an object; anything else is Graph's 400 BadRequest."""
        if not isinstance(self.body, dict):
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload.")
        return self.body


@dataclass(slots=True)
class Answer:
    """Status, JSON value (None = no body) and extra headers. `context` is the @odata.context suffix."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer | Awaitable[Answer]]


def parse_target(raw: str) -> tuple[list[str], dict[str, str]]:
    """Path and query of a URL: tolerates `//`, `delta()`, `microsoft.graph.delta()` and `users('id')`."""
    path, _, query = raw.partition("?")
    segments: list[str] = []
    for raw_part in path.split("/"):
        part = unquote(raw_part)
        if not part:
            continue
        found = _CALL_SYNTAX.match(part)
        if found:
            segments.append(found[1].removeprefix("microsoft.graph."))
            if found[2]:
                segments.append(found[2])
        else:
            segments.append(part.removeprefix("microsoft.graph."))
    if segments and segments[0].lower() in ("v1.0", "beta"):
        segments.pop(0)
    return segments, dict(parse_qsl(query, keep_blank_values=True))


def make_call(method: str, raw: str, headers: dict[str, str], body: Any, base: str) -> Call:
    """Build a Call. Header names are folded to lower case here."""
    segments, query = parse_target(raw)
    folded = {k.lower(): v for k, v in headers.items()}
    return Call(
        method=method.upper(),
        segments=segments,
        query=query,
        headers=folded,
        body=body,
        base=base,
        prefer=parse_prefer(folded.get("prefer", "")),
    )


class Router:
    """Templates such as `users/{user}/events/{id}` to handlers; literal segments match regardless of case."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[tuple[list[str], Handler]]] = {}
        self._paths: dict[int, list[list[str]]] = {}

    def add(self, method: str, template: str, handler: Handler) -> None:
        parts = template.strip("/").split("/")
        self._routes.setdefault((method, len(parts)), []).append((parts, handler))
        self._paths.setdefault(len(parts), []).append(parts)

    @staticmethod
    def _match(parts: list[str], segments: list[str]) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{"):
                found[part[1:-1]] = segment
            elif part.lower() != segment.lower():
                return None
        return found

    async def dispatch(self, call: Call) -> Answer:
        """Run the handler; an unknown path is 400 and a known path with another verb 405, as Graph answers."""
        for parts, handler in self._routes.get((call.method, len(call.segments)), ()):
            found = self._match(parts, call.segments)
            if found is not None:
                result = handler(call, **found)
                return await result if inspect.isawaitable(result) else result
        if any(self._match(parts, call.segments) is not None for parts in self._paths.get(len(call.segments), ())):
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        last = call.segments[-1] if call.segments else ""
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{last}'.")
