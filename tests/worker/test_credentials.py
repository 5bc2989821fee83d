"""The end of Graph's credential is told in time (quality.md, "dead token, nobody told")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from worker import credentials
from worker.settings import Settings

NOW = datetime(2026, 6, 8, 7, 30, tzinfo=UTC)


def certificate(path: Path, end: datetime) -> Path:
    """A certificate with its key in one file, as GRAPH__CERTIFICATE_PATH takes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x3sync")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=700))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def settings(**graph: object) -> Settings:
    known = Settings.model_validate({"timezone": "Europe/Paris"})
    return known.model_copy(update={"graph": known.graph.model_copy(update=graph)})


@pytest.mark.parametrize(
    ("days", "words"),
    [(31, ""), (29, "it ends on 2026-07-07, in 29 days"), (-1, "it ended on 2026-06-07")],
)
def test_a_certificate_tells_its_end(tmp_path: Path, days: int, words: str) -> None:
    path = certificate(tmp_path / "app.pem", NOW + timedelta(days=days))
    assert credentials.told(settings(certificate_path=path), NOW) == words


def test_of_a_secret_only_the_noted_day_is_known() -> None:
    secret = SecretStr("s")
    assert credentials.ends(settings(client_secret=secret)) is None
    noted = settings(client_secret=secret, secret_ends=(NOW + timedelta(days=10)).date())
    assert credentials.told(noted, NOW) == "it ends on 2026-06-18, in 9 days"


def test_a_file_that_is_no_certificate_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="PEM"):
        credentials.ends(settings(certificate_path=path))
