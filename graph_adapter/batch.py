"""Our `$batch`: the SDK's needs a package it does not declare, misspells dependsOn and cannot decode its answers.

Always unordered and at most 20 parts; Outlook runs four of them at a time. Parts are built by the SDK's request builders
like any other request. A part that was throttled is sent again after its own Retry-After.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

import msgspec
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from graph_adapter import errors
from graph_adapter.client import Graph, Reply
from graph_adapter.wire import BatchAnswer, PartAnswer
from reconcile.port import Moved, Refused, TryLater

T = TypeVar("T")
MOST_PARTS = 20
_ROUNDS = 3
_LONGEST_WAIT = 5.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The answer to one part: a body, or the error that `Graph.send` would have raised."""

    body: bytes
    error: Exception | None = None

    def answered(self) -> bool:
        """Whether there is a body; an error that stays says that there is none. Raises TryLater when only the moment was
        wrong: then nobody knows (S8)."""
        if isinstance(self.error, TryLater):
            raise self.error
        return self.error is None

    def decode(self, shape: type[T]) -> T:
        """The body as a Struct; raises `error` when there is one."""
        if self.error is not None:
            raise self.error
        return Reply(body=self.body, now=None).decode(shape)


async def gather(graph: Graph, infos: Sequence[RequestInformation], mailbox: str) -> list[Part]:
    """Send GETs together, answers in the order of `infos`. One request goes alone, because a batch costs a request too.

    Raises what concerns all of them: Stop, and TryLater when the batch itself was not answered.
    """
    if len(infos) == 1:
        return [await _alone(graph, infos[0], mailbox)]
    found: list[Part] = []
    for start in range(0, len(infos), MOST_PARTS):
        found.extend(await _chunk(graph, infos[start : start + MOST_PARTS], mailbox))
    return found


async def _alone(graph: Graph, info: RequestInformation, mailbox: str) -> Part:
    try:
        reply = await graph.send(info, mailbox)
    except (errors.Gone, TryLater, Refused, Moved) as error:
        return Part(body=b"", error=error)
    return Part(body=reply.body)


async def _chunk(graph: Graph, infos: Sequence[RequestInformation], mailbox: str) -> list[Part]:
    answers: dict[int, PartAnswer] = {}
    open_parts = list(range(len(infos)))
    for round_number in range(1, _ROUNDS + 1):
        reply = await graph.send_batch(
            _envelope(graph, [(i, infos[i]) for i in open_parts]), mailbox, parts=len(open_parts), reads=True
        )
        answers.update({int(answer.id): answer for answer in reply.decode(BatchAnswer).responses})
        busy = [i for i in open_parts if i not in answers or answers[i].status in (429, 503, 504)]
        waits = [errors.retry_after(answers[i].headers) or 0.3 * round_number for i in busy if i in answers]
        if not busy or round_number == _ROUNDS or max(waits, default=0.3) > _LONGEST_WAIT:
            break
        await asyncio.sleep(max(waits, default=0.3))
        open_parts = busy
    return [_part(answers.get(i)) for i in range(len(infos))]


def _part(answer: PartAnswer | None) -> Part:
    if answer is None:
        return Part(body=b"", error=TryLater("Microsoft Graph left a part of a batch unanswered."))
    body = bytes(answer.body)
    if answer.status < 300:
        return Part(body=body)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Part(body=b"", error=errors.port_error(errors.of_body(answer.status, headers, body), errors.Asked()))


def _envelope(graph: Graph, numbered: Sequence[tuple[int, RequestInformation]]) -> RequestInformation:
    parts = []
    for number, info in numbered:
        part: dict[str, object] = {
            "id": str(number),
            "method": info.http_method.value,
            "url": _relative(graph, info),
            "headers": dict(info.request_headers),
        }
        if info.content:
            part["body"] = msgspec.Raw(info.content)
        parts.append(part)
    envelope = RequestInformation(Method.POST, "{+baseurl}/$batch", {})
    envelope.headers.try_add("Accept", "application/json")
    envelope.set_stream_content(msgspec.json.encode({"requests": parts}), "application/json")
    return envelope


def _relative(graph: Graph, info: RequestInformation) -> str:
    """The address below the base URL. The SDK's templates encode the `$` of query options, which the SDK decodes again
    only in the middleware that a part never passes."""
    url = str(graph.prepare(info).url).removeprefix(graph.root)
    path, mark, query = url.partition("?")
    pairs = [part.partition("=") for part in query.split("&")] if mark else []
    return path + mark + "&".join(unquote(name) + equals + value for name, equals, value in pairs)
