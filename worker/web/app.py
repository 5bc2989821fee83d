"""The web service (FastAPI): one process, no state of its own, everything read from the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from worker.bootstrap import Application
from worker.celery_app import Sender
from worker.state import passes, users
from worker.web import webhook
from worker.web.access import guard
from worker.web.gauges import refresh
from worker.web.page import PAGE

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(application: Application, sender: Sender | None = None) -> FastAPI:
    """The service over an open Application. Without a sender the workers find new marks by their sweep."""
    app = FastAPI(title="x3sync", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.include_router(webhook.routes(application, sender))
    _health(app, application, sender)
    allowed = [Depends(guard(application.settings))]

    @app.get("/", response_class=HTMLResponse, include_in_schema=False, dependencies=allowed)
    def front() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=_SECURITY)

    @app.get("/metrics", response_class=PlainTextResponse, tags=["operations"], dependencies=allowed)
    def metrics() -> Response:
        """Prometheus metrics; the gauges are read from the database at this moment."""
        refresh(application)
        return Response(application.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/api/v1/users", tags=["console"], dependencies=allowed)
    def list_users() -> dict[str, Any]:
        """All users (U1) with their state."""
        with application.store.read() as tx:
            return {"users": [_user(user) for user in users.everyone(tx)]}

    @app.get("/api/v1/passes", tags=["console"], dependencies=allowed)
    def list_passes(
        user: Annotated[str, Query(description="X3 user code, mailbox address or id")] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> dict[str, Any]:
        """Pass reports (R1), newest first: `limit` for each user."""
        with application.store.read() as tx:
            chosen = users.everyone(tx)
            if user:
                one = users.get(tx, user)
                if one is None:
                    raise HTTPException(404, f"There is no user {user}.")
                chosen = [one]
            runs = [run for who in chosen for run in passes.latest(tx, who.id, limit=limit)]
        runs.sort(key=lambda run: (run.started, run.id), reverse=True)
        return {"passes": [dict(run.report) for run in runs]}

    return app


def _user(user: users.User) -> dict[str, Any]:
    return {
        "x3_user": user.x3_user,
        "representative": user.representative,
        "mailbox": user.address,
        "state": user.state.value,
        "paused_why": user.paused_why,
        "first_pass_done": user.first_pass_done,
        "last_pass_at": user.last_pass_at.isoformat() if user.last_pass_at else None,
        "last_full_at": user.last_full_at.isoformat() if user.last_full_at else None,
    }


# ------------------------------------------------------------------------------------------------- health


def _health(app: FastAPI, application: Application, sender: Sender | None) -> None:
    @app.get("/healthz", tags=["operations"])
    def healthz() -> dict[str, bool]:
        """The process answers."""
        return {"ok": True}

    @app.get("/readyz", tags=["operations"])
    def readyz() -> JSONResponse:
        """Database and broker are there: 200, else 503 and what is missing."""
        checks: dict[str, Callable[[], bool]] = {"database": lambda: _database(application)}
        if sender is not None:
            checks["broker"] = sender.alive
        found = {name: check() for name, check in checks.items()}
        ready = all(found.values())
        return JSONResponse({"ok": ready, "checks": found}, 200 if ready else 503)


def _database(application: Application) -> bool:
    try:
        with application.store.read() as tx:
            tx.execute(select(1))
        return application.store.up_to_date()
    except SQLAlchemyError:
        return False
