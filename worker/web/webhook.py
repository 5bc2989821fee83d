"""Where Graph reaches us. Nothing here calls Graph: a notification becomes dirty marks, and 202 is said only when they are
stored (graph.md, 2.3). What a body says about items is never believed, only that something happened."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from graph_adapter.notifications import Dirty, receive
from worker.bootstrap import Application
from worker.celery_app import Sender
from worker.state import dirty, passes
from worker.state.passes import Subscription
from worker.subscribe import client_state

LONGEST_BODY = 1024 * 1024  # bytes; Graph bundles some hundred notifications at most
LONGEST_TOKEN = 2048
NOTIFICATION = "notification"
_PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def routes(application: Application, sender: Sender | None) -> APIRouter:
    """The two addresses that subscriptions name."""
    router = APIRouter(prefix="/graph", tags=["Microsoft Graph"])

    @router.post("/notifications", status_code=202)
    async def notifications(request: Request) -> Response:
        """Something changed in a mailbox."""
        return await _answer(request, application, lambda body: _received(application, sender, body))

    @router.post("/lifecycle", status_code=202)
    async def lifecycle(request: Request) -> Response:
        """Something happened to a subscription."""
        return await _answer(request, application, lambda body: _received(application, sender, body))

    return router


async def _answer(request: Request, application: Application, store: Callable[[bytes], None]) -> Response:
    token = request.query_params.get("validationToken")
    if token is not None:
        fits = len(token) <= LONGEST_TOKEN
        return Response(token if fits else "", 200 if fits else 400, media_type="text/plain", headers=_PLAIN)
    counter = application.metrics.notifications
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            counter.labels("too_long").inc()
            return Response(status_code=413)
    try:
        await run_in_threadpool(store, bytes(body))
    except ValueError:
        counter.labels("unreadable").inc()
        return Response(status_code=400)
    return Response(status_code=202)


def _received(application: Application, sender: Sender | None, body: bytes) -> None:
    """Store the marks; raises ValueError for what is no notification. The hint to the workers comes after the commit."""
    known: dict[str, Subscription | None] = {}

    def expected(subscription_id: str) -> str | None:
        if subscription_id not in known:
            with application.store.read() as tx:
                known[subscription_id] = passes.subscription(tx, subscription_id)
        one = known[subscription_id]
        return client_state(application.settings, one.client_state) if one is not None else None

    received = receive(body, client_state=expected)
    now = application.clock.now()
    marks, gone = list[dirty.Mark](), set[str]()
    for one in received.dirty:
        subscription = known[one.subscription]
        assert subscription is not None  # only those whose secret fitted are told
        marks.append(dirty.Mark(user_id=subscription.user_id, since=now, causes=(NOTIFICATION,)))
        if one.lifecycle == "subscriptionRemoved":
            gone.add(one.subscription)
    if marks:
        with application.store.begin() as tx:
            dirty.mark(tx, marks)
            for subscription_id in gone:
                passes.drop_subscription(tx, subscription_id)
    _count(application, received.dirty, received.rejected, sum(one is None for one in known.values()))
    if sender is not None and marks:
        sender.passes(mark.user_id for mark in marks)
        if any(one.lifecycle in ("subscriptionRemoved", "reauthorizationRequired") for one in received.dirty):
            sender.send("x3sync.renew_subscriptions")


def _count(application: Application, accepted: frozenset[Dirty], rejected: int, unknown: int) -> None:
    counter = application.metrics.notifications
    counter.labels("accepted").inc(len(accepted))
    counter.labels("unknown").inc(unknown)
    counter.labels("rejected").inc(max(0, rejected - unknown))
