"""`$batch` (docs: concepts/json-batching): at most 20 parts, 4 at a time, unordered answers, 424 after a failed one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from infra.emulators.graph.calls import Answer, Call, make_call
from infra.emulators.graph.errors import ConnectionCutError, GraphError

MAX_PARTS = 20
AT_ONCE = 4
Serve = Callable[[Call], Awaitable[Answer]]


def _check(body: Any) -> list[dict[str, Any]]:
    parts = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(parts, list):
        raise GraphError(400, "BadRequest", "Invalid batch payload format.")
    if len(parts) > MAX_PARTS:
        raise GraphError(
            400,
            "MaximumValueExceeded",
            f"Number of batch request steps exceeds the maximum value of {MAX_PARTS}.",
        )
    known: set[str] = set()
    for part in parts:
        name = part.get("id") if isinstance(part, dict) else None
        if not isinstance(name, str) or not part.get("method") or not part.get("url"):
            raise GraphError(400, "BadRequest", "Each batch request needs id, method and url.")
        if name in known:
            raise GraphError(400, "BadRequest", f"Request Id {name} is not unique.")
        for needed in part.get("dependsOn") or []:
            if needed not in known:
                raise GraphError(400, "BadRequest", f"Invalid dependency for request Id : {name}.")
        headers = {k.lower(): v for k, v in (part.get("headers") or {}).items()}
        if part.get("body") is not None and "content-type" not in headers:
            raise GraphError(400, "BadRequest", f"Content-Type header is missing for the body of request Id {name}.")
        known.add(name)
    return parts


async def run(call: Call, serve: Serve, shuffle: random.Random) -> Answer:
    """Carry out a batch. Raises ConnectionCutError after all parts are done when one of them lost its answer."""
    parts = _check(call.body)
    ordered = any(part.get("dependsOn") for part in parts)
    room = asyncio.Semaphore(1 if ordered else AT_ONCE)
    done: dict[str, asyncio.Future[int]] = {p["id"]: asyncio.get_running_loop().create_future() for p in parts}
    cut = False

    async def one(part: dict[str, Any]) -> dict[str, Any]:
        nonlocal cut
        before = [await done[name] for name in part.get("dependsOn") or []]
        try:
            if any(status >= 400 for status in before):
                error = GraphError(424, "FailedDependency", "A request this one depends on has failed.")
                answer = Answer(424, {"error": {"code": error.code, "message": error.message}})
            else:
                async with room:
                    answer = await serve(
                        make_call(part["method"], part["url"], part.get("headers") or {}, part.get("body"), call.base)
                    )
        except ConnectionCutError:
            cut = True
            answer = Answer(504)
        done[part["id"]].set_result(answer.status)
        row: dict[str, Any] = {"id": part["id"], "status": answer.status, "headers": dict(answer.headers)}
        if answer.body is not None:
            row["headers"].setdefault("Content-Type", "application/json")
            row["body"] = answer.body
        return row

    rows = list(await asyncio.gather(*(one(part) for part in parts)))
    if cut:
        raise ConnectionCutError
    if not ordered:
        shuffle.shuffle(rows)
    return Answer(200, {"responses": rows})
