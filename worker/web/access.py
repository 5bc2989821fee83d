"""Who may look: this machine alone, or whoever knows the password (CONSOLE__SIGN_IN). The webhook and health are open."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

from fastapi import HTTPException, Request

from worker.settings import Settings, SignIn
from worker.settings.kinds import is_loopback

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-original-url")


def guard(settings: Settings) -> Callable[..., None]:
    """A FastAPI dependency that lets a request through or raises 401 or 403."""
    match settings.console.sign_in:
        case SignIn.NONE:
            return _this_machine
        case SignIn.PASSWORD:
            return _password(settings.console.username, settings.console.password.get_secret_value())


def _this_machine(request: Request) -> None:
    """Without a sign-in only this machine is answered: no other name that resolves here, and nothing that a proxy brought,
    such as the one that lets Graph through to the webhook."""
    named = is_loopback(f"http://{request.headers.get('host', '')}")
    if not named or any(name in request.headers for name in _FORWARDED):
        raise HTTPException(403, "Only this machine may look here; set X3SYNC_CONSOLE__SIGN_IN to let others in.")


def _password(username: str, password: str) -> Callable[..., None]:
    wanted = f"{username}:{password}".encode()

    def check(request: Request) -> None:
        if not hmac.compare_digest(_basic(request.headers.get("authorization", "")), wanted):
            raise HTTPException(401, "Sign in.", headers={"WWW-Authenticate": 'Basic realm="x3sync", charset="UTF-8"'})

    return check


def _basic(header: str) -> bytes:
    """`name:password` of a Basic header, blank where there is none. FastAPI's own reader takes ASCII only."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(coded, validate=True)
    except ValueError:
        return b""
