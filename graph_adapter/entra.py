"""Tokens of Entra, by azure-identity. Loaded only where one is asked for: a command that never calls Graph starts sooner.

Its synchronous credentials are used in a thread: their asynchronous twins close themselves after a token in some versions
of kiota, and the synchronous ones would block the loop on a cache miss (graph.md, 6.2).
"""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential

from graph_adapter.connection import GraphConnection
from reconcile.model import Side
from reconcile.port import Stop, TryLater


class Entra:
    """The credential of a connection. Raises Stop when the settings name none, or one that is not usable."""

    def __init__(self, connection: GraphConnection) -> None:
        self._credential = _credential(connection)
        self._scope = connection.scope

    def token(self, claims: str | None) -> str:
        """An access token; blocks. `claims` is Entra's challenge (CAE), asked afresh. Raises Stop when Entra refuses the
        credential, TryLater when it cannot be reached."""
        options: dict[str, Any] = {"claims": claims} if claims else {}
        try:
            return self._credential.get_token(self._scope, **options).token
        except ClientAuthenticationError as error:
            raise Stop(
                f"Entra refuses the credential: {error.message}",
                mend="Check tenant, client id and secret or certificate of the app registration.",
                side=Side.OUTLOOK,
            ) from error
        except AzureError as error:
            raise TryLater(f"Entra does not answer: {error.message}") from error

    def close(self) -> None:
        """Close the credential's own connections."""
        closing = getattr(self._credential, "close", None)
        if closing is not None:
            closing()


def _credential(connection: GraphConnection) -> TokenCredential:
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
