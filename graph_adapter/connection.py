"""How Graph is reached: addresses and credential, and the tokens that come of them.

azure-identity's synchronous credentials are used in a thread: their asynchronous twins close themselves after a token in
some versions of kiota, and the synchronous ones would block the loop on a cache miss (graph.md, 6.2).
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential

from reconcile.model import Side
from reconcile.port import Stop, TryLater

PUBLIC_GRAPH = "https://graph.microsoft.com/v1.0"
# azure-identity refreshes a token at least five minutes before its end, so for two minutes it need not be asked again.
_TOKEN_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphConnection:
    """Where Graph is and who we are. Exactly one credential: `client_secret`, `certificate_path`, `managed_identity` or
    `static_token` (loopback only). `timeout` in seconds a request; `verify` the path of a CA bundle, None for the system's.
    """

    base_url: str = PUBLIC_GRAPH
    authority: str = "https://login.microsoftonline.com"
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = ""
    certificate_path: str = ""
    managed_identity: bool = False
    static_token: str = ""
    timeout: float = 60.0
    verify: str | None = None

    @property
    def root(self) -> str:
        """The base URL without a slash at its end, which the SDK's templates bring along."""
        return self.base_url.rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether the base URL is on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def scope(self) -> str:
        """The scope to ask a token for: the cloud's own Graph; a test server on loopback stands for the public one."""
        host = "graph.microsoft.com" if self.loopback else urlsplit(self.base_url).hostname
        return f"https://{host}/.default"


def credential(connection: GraphConnection) -> TokenCredential | None:
    """The azure-identity credential; None for a static token. Raises Stop when the settings name none, or a static token
    for a server elsewhere."""
    if connection.static_token:
        if not connection.loopback:
            raise Stop(
                "A static token is accepted only for a server on this machine.",
                mend="Remove GRAPH__STATIC_TOKEN and give a client secret, a certificate or a managed identity.",
                side=Side.OUTLOOK,
            )
        return None
    common: dict[str, Any] = {"authority": connection.authority}
    if connection.verify:
        common["connection_verify"] = connection.verify
    if "login." not in connection.authority:
        # Only Microsoft's own authorities are known to instance discovery.
        common["disable_instance_discovery"] = True
    try:
        if connection.client_secret:
            return ClientSecretCredential(connection.tenant_id, connection.client_id, connection.client_secret, **common)
        if connection.certificate_path:
            return CertificateCredential(connection.tenant_id, connection.client_id, connection.certificate_path, **common)
        if connection.managed_identity:
            return ManagedIdentityCredential(client_id=connection.client_id or None)
    except (ValueError, OSError) as error:
        raise Stop(
            f"The Graph credential is not usable: {error}",
            mend="Check tenant id, client id and the certificate file.",
            side=Side.OUTLOOK,
        ) from error
    raise Stop(
        "No Graph credential is set.",
        mend="Set GRAPH__CLIENT_SECRET, GRAPH__CERTIFICATE_PATH or the managed identity.",
        side=Side.OUTLOOK,
    )


class Bearer:
    """Adds the Authorization header to every request: kiota's AuthenticationProvider.

    Own, because kiota's silently sends none to a host it does not know and refuses http on any name but localhost.
    """

    def __init__(self, connection: GraphConnection) -> None:
        self._connection = connection
        self._credential = credential(connection)
        self._lock = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def authenticate_request(
        self, request: Any, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        """Set the header. Raises Stop when Entra refuses the credential, TryLater when it cannot be reached."""
        claims = (additional_authentication_context or {}).get("claims")
        request.headers.remove("Authorization")
        request.headers.add("Authorization", f"Bearer {await self.token(claims=claims)}")

    async def token(self, *, claims: str | None = None) -> str:
        """An access token, at most two minutes old in this cache. `claims` is Entra's challenge (CAE), asked afresh."""
        if self._credential is None:
            return self._connection.static_token
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if claims or not self._token or now >= self._until:
                self._token = await asyncio.to_thread(self._ask, self._credential, claims)
                self._until = now + _TOKEN_SECONDS
            return self._token

    def forget(self) -> None:
        """Ask azure-identity again at the next request: the server refused this token."""
        self._until = 0.0

    def close(self) -> None:
        """Close the credential's own connections."""
        closing = getattr(self._credential, "close", None)
        if closing is not None:
            closing()

    def _ask(self, source: TokenCredential, claims: str | None) -> str:
        options: dict[str, Any] = {"claims": claims} if claims else {}
        try:
            return source.get_token(self._connection.scope, **options).token
        except ClientAuthenticationError as error:
            raise Stop(
                f"Entra refuses the credential: {error.message}",
                mend="Check tenant, client id and secret or certificate of the app registration.",
                side=Side.OUTLOOK,
            ) from error
        except AzureError as error:
            raise TryLater(f"Entra does not answer: {error.message}") from error
