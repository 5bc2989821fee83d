"""Where Graph reaches us. Nothing here calls Graph: a notification becomes dirty marks, and 202 is said only when they are
stored (graph.md, 2.3). What a body says about items is never believed, only that something happened.

What is no notification of ours costs little and is told nothing: an unknown subscription, a wrong clientState, a validation
that nobody asked for. Above a rate they are refused unread; real notifications have a rate of their own, far above Graph's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from graph_adapter.notifications import Received, receive
from worker.bootstrap import Application
from worker.celery_app import Sender
from worker.log import logger
from worker.state import dirty
from worker.subscribe import NOTIFICATION
from worker.web.inbox import Full, Inbox, Letter, NotStored
from worker.web.known import Known, Subscriptions
from worker.web.throttle import Bucket

LONGEST_BODY = 1024 * 1024  # bytes; Graph bundles some hundred notifications at most
LONGEST_TOKEN = 2048
BODY_SECONDS = 10.0  # Graph itself waits no longer for an answer
MOST_A_SECOND, MOST_AT_ONCE = 2_000.0, 4_000.0
STRANGE_A_SECOND, STRANGE_AT_ONCE = 50.0, 500.0  # what is no notification of ours, and validations
REMOVED, REAUTHORIZE = "subscriptionRemoved", "reauthorizationRequired"
_PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_AGAIN = {"Retry-After": "2"}


class _TooLong(Exception):
    """The body is longer than any of Graph's."""


def routes(application: Application, sender: Sender | None) -> APIRouter:
    """The two addresses that subscriptions name."""
    router = APIRouter(prefix="/graph", tags=["Microsoft Graph"])
    door = _Door(
        application,
        Inbox(application, sender),
        Subscriptions(application),
        Bucket(MOST_A_SECOND, MOST_AT_ONCE, application.clock.monotonic),
        Bucket(STRANGE_A_SECOND, STRANGE_AT_ONCE, application.clock.monotonic),
    )

    @router.post("/notifications", status_code=202)
    async def notifications(request: Request) -> Response:
        """Something changed in a mailbox."""
        return await door.answer(request)

    @router.post("/lifecycle", status_code=202)
    async def lifecycle(request: Request) -> Response:
        """Something happened to a subscription."""
        return await door.answer(request)

    return router


@dataclass(slots=True)
class _Door:
    """Answers requests; belongs to one event loop."""

    application: Application
    inbox: Inbox
    subscriptions: Subscriptions
    all: Bucket
    strange: Bucket

    async def answer(self, request: Request) -> Response:
        """200 for a validation, 202 for what is stored or ignored, 4xx for what is no notification, 429 and 503 for what
        shall come again."""
        token = request.query_params.get("validationToken")
        if token is not None:
            return self._echo(token)
        if not self.all.take():
            return self._refused("limited", 429)
        try:
            body = await _body(request)
            return await self._received(body)
        except _TooLong:
            return self._refused("too_long", 413)
        except (ClientDisconnect, TimeoutError):
            return self._refused("cut_off", 408)
        except ValueError:
            return self._refused("unreadable", 400)
        except Full:
            return self._refused("put_off", 503)
        except (NotStored, SQLAlchemyError) as failed:
            logger().error("webhook_without_database", error=type(failed).__name__)
            return self._refused("put_off", 503)

    def _echo(self, token: str) -> Response:
        if not self.strange.take():
            return self._refused("limited", 429)
        fits = len(token) <= LONGEST_TOKEN
        return Response(token if fits else "", 200 if fits else 400, media_type="text/plain", headers=_PLAIN)

    def _refused(self, why: str, status: int) -> Response:
        self.application.metrics.notifications.labels(why).inc()
        return Response(status_code=status, headers=_AGAIN if status in (429, 503) else None)

    async def _received(self, body: bytes) -> Response:
        known = await self.subscriptions.fresh()
        received = receive(body, client_state=lambda name: _secret(known, name))
        if received.unknown or received.rejected:
            if not self.strange.take():
                return self._refused("limited", 429)
            known = await self.subscriptions.anew()
            received = receive(body, client_state=lambda name: _secret(known, name))
        letter = self._letter(received, known)
        if letter.marks or letter.doubtful:
            await self.inbox.put(letter)
        counter = self.application.metrics.notifications
        counter.labels("accepted").inc(received.accepted)
        counter.labels("unknown").inc(received.unknown)
        counter.labels("rejected").inc(received.rejected)
        return Response(status_code=202)

    def _letter(self, received: Received, known: Mapping[str, Known]) -> Letter:
        now = self.application.clock.now()
        marked = {known[one.subscription].user_id for one in received.dirty}
        return Letter(
            marks=tuple(dirty.Mark(user_id=user_id, since=now, causes=(NOTIFICATION,)) for user_id in sorted(marked)),
            gone=frozenset(one.subscription for one in received.dirty if one.lifecycle == REMOVED),
            due=frozenset(one.subscription for one in received.dirty if one.lifecycle == REAUTHORIZE),
            # Graph alone knows a subscription's id, so this is one that was adopted and made with another secret.
            doubtful=frozenset(name for name in received.doubtful if known[name].agreed),
        )


def _secret(known: Mapping[str, Known], name: str) -> str | None:
    one = known.get(name)
    return one.client_state if one is not None else None


async def _body(request: Request) -> bytes:
    """The whole body. Raises _TooLong, TimeoutError for one that comes in drops, and ClientDisconnect."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > LONGEST_BODY:
        raise _TooLong
    body = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY:
                raise _TooLong
    return bytes(body)
