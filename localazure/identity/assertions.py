"""Proofs without a secret: an assertion signed by the client's certificate, or by a trusted issuer.

The state directory holds both, ready for a client: `client-certificate.pem` (certificate and key, as
`AZURE_CLIENT_CERTIFICATE_PATH` wants it) and `federated-token` (as a cluster projects it into a pod, for
`AZURE_FEDERATED_TOKEN_FILE`), signed by `federation.key`. Protocol documented (RFC 7523); numbers documented,
texts partly assumed.
"""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from localazure.tls import write_secret

CERTIFICATE, FEDERATION_KEY, FEDERATED_TOKEN = "client-certificate.pem", "federation.key", "federated-token"
ISSUER, SUBJECT = "https://cluster.localazure/", "system:serviceaccount:golden:worker"
EXCHANGE = "api://AzureADTokenExchange"
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DAY = 24 * 60 * 60


class RefusedAssertionError(Exception):
    """Why an assertion proves nothing: the number and the text of AADSTS."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number, self.text = number, text


def ensure_proofs(state: Path) -> None:
    """Make what is not there yet; the federated token is made anew at each start."""
    if not (state / CERTIFICATE).exists():
        _make_certificate(state / CERTIFICATE)
    if not (state / FEDERATION_KEY).exists():
        write_secret(state / FEDERATION_KEY, _pem(_new_key()))
    write_secret(state / FEDERATED_TOKEN, federated_token(state).encode())


def federated_token(state: Path, *, seconds: int = _DAY, subject: str = SUBJECT) -> str:
    """A token of the trusted issuer, as a cluster would renew it."""
    key = _load(state / FEDERATION_KEY)
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": subject, "aud": EXCHANGE, "iat": now, "nbf": now, "exp": now + seconds}
    return jwt.encode({**claims, "jti": secrets.token_hex(8)}, key, "RS256", headers={"kid": "cluster-1"})


def check_assertion(state: Path, form: dict[str, str], client: str, endpoint: str) -> None:
    """Raise RefusedAssertionError unless the form's assertion proves that the caller is this client."""
    if form.get("client_assertion_type") != _TYPE:
        raise RefusedAssertionError(
            900023, f"The request's client_assertion_type must be '{_TYPE}'."
        )  # number and text assumed
    assertion = form["client_assertion"]
    try:
        claimed = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise RefusedAssertionError(50027, "JWT token is invalid or malformed.") from None
    if claimed.get("iss") == client:
        _check_certificate(state, assertion, client, endpoint)
    else:
        _check_federated(state, assertion, claimed)


def _check_certificate(state: Path, assertion: str, client: str, endpoint: str) -> None:
    certificate = x509.load_pem_x509_certificate((state / CERTIFICATE).read_bytes())
    header = jwt.get_unverified_header(assertion)
    thumbprints = {_thumbprint(certificate, kind) for kind in (hashes.SHA1(), hashes.SHA256())}  # noqa: S303 - as the protocol names certificates
    shown = {str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256")}  # some clients pad
    if not shown & thumbprints:
        raise RefusedAssertionError(
            700027,
            "Client assertion failed signature validation. Reason - The key was not found.",
        )
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - we wrote the file
    claims = _verified(assertion, key)
    if claims.get("sub") != client or not str(claims.get("aud", "")).startswith(endpoint):
        raise RefusedAssertionError(50027, "JWT token is invalid or malformed.")


def _check_federated(state: Path, assertion: str, claimed: dict[str, Any]) -> None:
    record = (ISSUER, SUBJECT, EXCHANGE)
    if (claimed.get("iss"), claimed.get("sub"), claimed.get("aud")) != record:
        raise RefusedAssertionError(
            700213,
            "No matching federated identity record found for presented assertion subject "
            f"'{claimed.get('sub')}'. Check your federated identity credential Subject, Audience and Issuer "
            "against the presented assertion.",
        )
    _verified(assertion, _load(state / FEDERATION_KEY).public_key())


def _verified(assertion: str, key: rsa.RSAPublicKey) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(assertion, key, ["RS256", "PS256"], options={"verify_aud": False})
    except jwt.ExpiredSignatureError:
        raise RefusedAssertionError(700024, "Client assertion is not within its valid time range.") from None
    except jwt.InvalidTokenError:
        raise RefusedAssertionError(700027, "Client assertion failed signature validation.") from None
    return claims


def _thumbprint(certificate: x509.Certificate, kind: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(kind)).rstrip(b"=").decode()


def _make_certificate(path: Path) -> None:
    key, now = _new_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Local Azure client")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    write_secret(path, certificate.public_bytes(serialization.Encoding.PEM) + _pem(key))


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - we wrote the file
    return key
