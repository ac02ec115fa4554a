"""A certificate authority of one's own, made once per state directory, and a certificate for loopback."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=3650)
_RENEW = timedelta(days=30)
_LEAF = timedelta(days=397)  # longer-lived leaf certificates are refused by some clients


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only we can read, all at once; "we" is whoever called sudo to start this."""
    draft = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if os.geteuid() == 0 and "SUDO_UID" in os.environ:
            os.fchown(descriptor, int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", "-1")))
    draft.replace(path)


def ensure_certificates(state: Path) -> tuple[Path, Path, Path]:
    """Give the CA's certificate, the server's certificate and its key; made or renewed where needed."""
    ca, ca_key = state / "ca.pem", state / "ca.key"
    leaf, leaf_key = state / "server.pem", state / "server.key"
    if not (_valid(ca) and ca_key.exists()):
        _make_authority(ca, ca_key)
        leaf.unlink(missing_ok=True)
    if not (_valid(leaf) and leaf_key.exists()):
        _make_leaf(ca, ca_key, leaf, leaf_key)
    return ca, leaf, leaf_key


def _valid(path: Path) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc > datetime.now(UTC) + _RENEW


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(
    subject: str, issuer: str, public_key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


AUTHORITY = "Local Azure CA"


def _make_authority(ca: Path, ca_key: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(AUTHORITY, AUTHORITY, key.public_key(), _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(ca_key, _private_bytes(key))
    ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _make_leaf(ca: Path, ca_key: Path, leaf: Path, leaf_key: Path) -> None:
    authority_key = serialization.load_pem_private_key(ca_key.read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{ca_key} holds no elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder("localhost", AUTHORITY, key.public_key(), _LEAF)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_secret(leaf_key, _private_bytes(key))
    leaf.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
