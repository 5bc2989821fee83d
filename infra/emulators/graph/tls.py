"""A throw-away certificate authority, a server certificate and an app certificate in --tls-dir."""

from __future__ import annotations

import ipaddress
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from infra.emulators.graph.auth import CLIENT_ID, CLIENT_SECRET
from infra.emulators.graph.people import TENANT_ID

_VALID = timedelta(days=7)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate(
    subject: str, key: rsa.RSAPrivateKey, issuer: x509.Name, signer: rsa.RSAPrivateKey, *, ca: bool, server: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=not ca,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if server:
        names: list[x509.GeneralName] = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(signer, hashes.SHA256())


def prepare(directory: Path) -> ssl.SSLContext:
    """Write ca.pem, server.pem, app.pem (key and certificate) and app.json unless they are there; the server's context."""
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "server.pem").exists():
        ca_key, server_key, app_key = _key(), _key(), _key()
        ca = _certificate("x3sync emulator CA", ca_key, _name("x3sync emulator CA"), ca_key, ca=True)
        server = _certificate("localhost", server_key, ca.subject, ca_key, ca=False, server=True)
        app = _certificate("x3sync emulated app", app_key, _name("x3sync emulated app"), app_key, ca=False)
        encoding = serialization.Encoding.PEM
        (directory / "ca.pem").write_bytes(ca.public_bytes(encoding))
        (directory / "server.pem").write_bytes(_pem(server_key) + server.public_bytes(encoding) + ca.public_bytes(encoding))
        (directory / "app.pem").write_bytes(_pem(app_key) + app.public_bytes(encoding))
        facts = {"tenant_id": TENANT_ID, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        (directory / "app.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        for name in ("server.pem", "app.pem", "app.json"):
            (directory / name).chmod(0o600)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "server.pem")
    return context
