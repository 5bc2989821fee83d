"""The connected application's token: a JWT signed with HS256, made by hand from the standard library (RFC 7515, 7519)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """A connected application of Syracuse: `subject` is a Syracuse login it allows, `audience` its registered URL,
    `seconds` how long a token lives (at most the application's own limit)."""

    client_id: str
    secret: str = field(repr=False)
    subject: str
    audience: str
    seconds: int = 300

    def sign(self, now: datetime) -> str:
        """A token that is valid from `now` (aware) for `seconds`."""
        issued = int(now.timestamp())
        claims: dict[str, str | int] = {
            "iss": self.client_id,
            "sub": self.subject,
            "aud": self.audience,
            "iat": issued,
            "exp": issued + self.seconds,
        }
        body = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        signature = hmac.new(self.secret.encode(), body.encode(), hashlib.sha256).digest()
        return f"{body}.{_base64(signature)}"


def _encode(value: Mapping[str, str | int]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
