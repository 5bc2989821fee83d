"""Kinds of values that settings have, each refusing what it is not in a sentence."""

from __future__ import annotations

import functools
import ipaddress
import json
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from reconcile.model import Priority


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("it is not an http or https address")
    return value.rstrip("/")


def _secure_url(value: str) -> str:
    value = _url(value)
    if value and not value.startswith("https://") and not is_loopback(value):
        raise ValueError("it must begin with https:// (http:// is for this machine alone)")
    return value


def _loopback_url(value: str) -> str:
    value = _url(value)
    if value and not is_loopback(value):
        raise ValueError("it must point to this machine (127.0.0.1 or localhost): it is for tests")
    return value


@functools.cache
def zones() -> frozenset[str]:
    """The IANA zones of this machine; walking its zone files takes a while."""
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value and value not in zones():
        raise ValueError("it is not an IANA time zone")
    return value


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as broken:
        raise ValueError("it is not JSON") from broken


Url = Annotated[str, AfterValidator(_url)]
SecureUrl = Annotated[str, AfterValidator(_secure_url)]
LoopbackUrl = Annotated[str, AfterValidator(_loopback_url)]
Zone = Annotated[str, AfterValidator(_zone)]
Table = Annotated[dict[str, str], NoDecode, BeforeValidator(_json)]
Priorities = Annotated[dict[str, Priority], NoDecode, BeforeValidator(_json)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_json)]
