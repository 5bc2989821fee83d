"""The steps of whatever runs in this process, made audible: a request about to be sent, and its answer arriving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx


@contextmanager
def heard(step: Callable[[], None], *, writes: bool) -> Iterator[None]:
    """Call `step` at each of them, or only at those of requests that change something on a side."""
    send: Callable[..., Any] = httpx.AsyncHTTPTransport.handle_async_request

    async def counted(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        counts = not writes or is_write(request)
        if counts:
            step()
        answer: httpx.Response = await send(self, request)
        if counts:
            await answer.aread()
            step()
        return answer

    httpx.AsyncHTTPTransport.handle_async_request = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        httpx.AsyncHTTPTransport.handle_async_request = send  # type: ignore[method-assign]


@contextmanager
def at(n: int, deed: Callable[[], object], *, writes: bool = True) -> Iterator[None]:
    """Do something at the n-th step, if there are so many."""
    left = n

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            deed()

    with heard(step, writes=writes):
        yield


def is_write(request: httpx.Request) -> bool:
    """Whether a request changes something on a side."""
    body = request.content if hasattr(request, "_content") else b""
    if request.url.path.endswith("CAdxWebServiceXmlCC"):
        return any(f":{name} ".encode() in body for name in ("save", "modify", "delete", "deleteLines"))
    if request.url.path.endswith("$batch"):
        return any(f'"{name}"'.encode() in body for name in ("POST", "PATCH", "DELETE"))
    return request.method != "GET"
