"""How Graph is reached: addresses and credential, and the header that comes of them."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconcile.model import Side
from reconcile.port import Stop

if TYPE_CHECKING:
    from graph_adapter.entra import Entra

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


class Bearer:
    """Adds the Authorization header to every request: kiota's AuthenticationProvider.

    Own, because kiota's silently sends none to a host it does not know and refuses http on any name but localhost.
    """

    def __init__(self, connection: GraphConnection) -> None:
        self._connection = connection
        self._entra = _entra(connection)
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
        if self._entra is None:
            return self._connection.static_token
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if claims or not self._token or now >= self._until:
                self._token = await asyncio.to_thread(self._entra.token, claims)
                self._until = now + _TOKEN_SECONDS
            return self._token

    def forget(self) -> None:
        """Ask azure-identity again at the next request: the server refused this token."""
        self._until = 0.0

    def close(self) -> None:
        """Close the credential's own connections."""
        if self._entra is not None:
            self._entra.close()


def _entra(connection: GraphConnection) -> Entra | None:
    """None for a static token. Raises Stop for one that is meant for a server elsewhere, and as `Entra` does."""
    if not connection.static_token:
        from graph_adapter.entra import Entra

        return Entra(connection)
    if not connection.loopback:
        raise Stop(
            "A static token is accepted only for a server on this machine.",
            mend="Remove GRAPH__STATIC_TOKEN and give a client secret, a certificate or a managed identity.",
            side=Side.OUTLOOK,
        )
    return None
