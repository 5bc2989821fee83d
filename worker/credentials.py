"""When the credential for Microsoft Graph ends, told before it does.

A certificate says it itself. A client secret does not, and Entra tells it only to who may read app registrations, so the
administrator notes the day in GRAPH__SECRET_ENDS.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from cryptography import x509

from worker.clock import Clock
from worker.log import logger
from worker.settings import Settings

SOON = timedelta(days=30)
MEND = (
    "Put a new secret or certificate beside the old one in Entra, change X3SYNC_GRAPH__CLIENT_SECRET (and "
    "X3SYNC_GRAPH__SECRET_ENDS) or X3SYNC_GRAPH__CERTIFICATE_PATH, restart."
)


def ends(settings: Settings) -> datetime | None:
    """The instant (aware, UTC) from which the credential is refused; None where nobody knows. Raises ValueError and OSError
    for a certificate file that cannot be read."""
    graph = settings.graph
    if graph.certificate_path is not None and not graph.client_secret.get_secret_value():
        return x509.load_pem_x509_certificate(graph.certificate_path.read_bytes()).not_valid_after_utc
    if graph.secret_ends is None:
        return None
    return datetime.combine(graph.secret_ends, time(), tzinfo=UTC)


def told(settings: Settings, now: datetime) -> str:
    """What a person has to know about it: blank while it lasts for more than a month, or nobody knows."""
    end = ends(settings)
    if end is None or end - now > SOON:
        return ""
    if end <= now:
        return f"it ended on {end:%Y-%m-%d}"
    return f"it ends on {end:%Y-%m-%d}, in {(end - now).days} days"


def warn(settings: Settings, clock: Clock) -> None:
    """Say it in the log, with every complete pass."""
    try:
        words = told(settings, clock.now())
    except (ValueError, OSError) as wrong:
        words = f"it cannot be read: {wrong}"
    if words:
        logger().warning("credential_ends", credential="Microsoft Graph", why=words, mend=MEND)
