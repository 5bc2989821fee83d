"""Entra's token endpoint and discovery documents, as azure-identity calls them (docs: v2-oauth2-client-creds-grant-flow).

The tenant knows one app, CLIENT_ID with CLIENT_SECRET, and the certificates `app*.pem` of the TLS directory. A client id it
has never seen is registered with the first secret it shows; secrets containing `wrong` or `expired` are never accepted.
"""

from __future__ import annotations

import base64
import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography import x509

from infra.emulators.clock import Clock
from infra.emulators.graph.people import TENANT_ID

CLIENT_ID = "00000000-0000-4000-a000-000000000001"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - the throw-away secret of an emulated app
STATIC_TOKEN = "emulator"  # noqa: S105
ROLES = ["Calendars.ReadWrite", "Contacts.ReadWrite", "Tasks.ReadWrite.All", "User.Read.All", "MailboxSettings.Read"]
LIFETIME = 3599
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Entra:
    """Issues and checks bearer tokens."""

    def __init__(self, clock: Clock, tls_dir: Path | None) -> None:
        self.clock = clock
        self.tls_dir = tls_dir
        self.secrets: dict[str, str] = {CLIENT_ID: CLIENT_SECRET}
        self.tokens: dict[str, datetime] = {}

    def accepts(self, header: str) -> bool:
        """Whether an Authorization header carries a living token; `emulator` counts without TLS."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return False
        if token == STATIC_TOKEN:
            return self.tls_dir is None
        expires = self.tokens.get(token)
        return expires is not None and expires > self.clock.now()

    def mount(self, app: web.Application) -> None:
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self.token)
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self.openid)
        app.router.add_get("/{tenant}/.well-known/openid-configuration", self.openid)
        app.router.add_get("/common/discovery/instance", self.instances)
        app.router.add_get("/{tenant}/discovery/v2.0/keys", self.keys)

    async def keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": []})

    async def openid(self, request: web.Request) -> web.Response:
        """The OpenID configuration of a tenant at this host."""
        root = f"{request.scheme}://{request.host}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{root}/v2.0",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "response_types_supported": ["code", "token"],
                "tenant_region_scope": "EU",
            }
        )

    async def instances(self, request: web.Request) -> web.Response:
        """Instance discovery: this host is a cloud of its own."""
        host = request.host
        tenant = f"{request.scheme}://{host}/{TENANT_ID}/v2.0/.well-known/openid-configuration"
        row = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        return web.json_response({"tenant_discovery_endpoint": tenant, "api-version": "1.1", "metadata": [row]})

    def _refuse(self, status: int, error: str, code: int, text: str) -> web.Response:
        now = self.clock.now()
        trace, correlation = str(uuid4()), str(uuid4())
        described = (
            f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        )
        body = {
            "error": error,
            "error_description": described,
            "error_codes": [code],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }
        return web.json_response(body, status=status)

    async def token(self, request: web.Request) -> web.Response:
        """POST /{tenant}/oauth2/v2.0/token with a client_credentials grant."""
        form = {k: str(v) for k, v in (await request.post()).items()}
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        basic = request.headers.get("Authorization", "")
        if basic.lower().startswith("basic "):
            try:
                client, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            except ValueError:
                return self._refuse(400, "invalid_request", 900144, "The Authorization header is malformed.")
        if form.get("grant_type") != "client_credentials":
            return self._refuse(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if not client:
            return self._refuse(400, "invalid_request", 900144, "The request body must contain the parameter: 'client_id'.")
        if not form.get("scope", "").endswith("/.default"):
            return self._refuse(400, "invalid_scope", 1002012, "The provided value for scope is not valid.")
        refusal = self._check(client, secret, form)
        if refusal is not None:
            return refusal
        now = self.clock.now()
        claims = {
            "aud": "https://graph.microsoft.com",
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(now.timestamp()) + LIFETIME,
            "appid": client,
            "roles": ROLES,
            "tid": TENANT_ID,
            "jti": str(uuid4()),
        }
        token = (
            f"{_encoded({'typ': 'JWT', 'alg': 'RS256', 'kid': 'emulator'})}.{_encoded(claims)}.{secrets.token_urlsafe(64)}"
        )
        self.tokens = {t: e for t, e in self.tokens.items() if e > now}
        self.tokens[token] = now + timedelta(seconds=LIFETIME)
        body = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token}
        return web.json_response(body)

    def _check(self, client: str, secret: str, form: dict[str, str]) -> web.Response | None:
        if form.get("client_assertion"):
            if form.get("client_assertion_type") != _ASSERTION or not self._signed(client, form["client_assertion"]):
                return self._refuse(
                    401,
                    "invalid_client",
                    700027,
                    "The certificate with identifier used to sign the client assertion is not registered.",
                )
            return None
        if not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            return self._refuse(401, "invalid_client", 7000218, text)
        never = "wrong" in secret.lower() or "expired" in secret.lower()
        if "expired" in secret.lower():
            return self._refuse(
                401, "invalid_client", 7000222, f"The provided client secret keys for app '{client}' are expired."
            )
        known = self.secrets.setdefault(client, secret) if not never else self.secrets.get(client, "")
        if never or not secrets.compare_digest(known, secret):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
                f"not the client secret ID, for a secret added to app '{client}'."
            )
            return self._refuse(401, "invalid_client", 7000215, text)
        return None

    def _signed(self, client: str, assertion: str) -> bool:
        """Whether the JWT is signed with one of the registered certificates and meant for this client and endpoint."""
        for path in sorted(self.tls_dir.glob("app*.pem")) if self.tls_dir else []:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            try:
                claims = jwt.decode(
                    assertion,
                    certificate.public_key(),  # type: ignore[arg-type]
                    algorithms=["RS256", "PS256"],
                    options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.PyJWTError:
                continue
            if claims.get("iss") == claims.get("sub") == client and str(claims.get("aud", "")).endswith(
                "/oauth2/v2.0/token"
            ):
                return float(claims.get("exp", 0)) > self.clock.now().timestamp()
        return False
