"""One certificate and no other: HTTPS to a guest whose certificate is known before the first connection.

The guest's own certificate is the only authority, it must be valid today, and its SHA-256 fingerprint is
asserted in the handshake, before a byte of ours is sent. Host names are not compared only because the pin is
the identity: the certificate was made in the guest and came out of it through Azure.
"""

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from requests.adapters import HTTPAdapter

_EXPIRED, _NOT_YET_VALID = 10, 9
"""OpenSSL's reasons, X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID."""


@dataclass(frozen=True)
class Pin:
    """A public certificate as PEM text, which is all that a guest may show."""

    pem: str

    @classmethod
    def of_der(cls, der: bytes) -> "Pin":
        """From the bytes of a certificate, read out of band. ValueError where they are none."""
        return cls(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode("ascii"))

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()

    @property
    def expires(self) -> datetime:
        """The end of its validity, in UTC."""
        return x509.load_pem_x509_certificate(self.pem.encode()).not_valid_after_utc

    def context(self) -> ssl.SSLContext:
        """TLS that trusts this certificate alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=self.pem)
        return context


class PinnedAdapter(HTTPAdapter):
    """Lets requests talk to whoever has this certificate, and to nobody else, whatever it is told."""

    def __init__(self, pin: Pin) -> None:
        self._pin = pin
        self._context = pin.context()  # one for all: requests keeps connections apart by their context
        super().__init__(max_retries=0)

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Where requests decides how to verify: here it is not asked."""
        host, found = super().build_connection_pool_key_attributes(request, True, cert)
        pool: dict[str, Any] = {k: v for k, v in found.items() if k not in ("ca_certs", "ca_cert_dir")}
        pool["ssl_context"] = self._context
        pool["cert_reqs"] = "CERT_REQUIRED"
        pool["assert_hostname"] = False
        pool["assert_fingerprint"] = self._pin.fingerprint
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The older place of the same decision: only a client certificate is taken from it."""
        if cert:
            conn.cert_file, conn.key_file = cert


def is_expired(error: BaseException) -> bool:
    """Whether this failure of a handshake came of the certificate's dates alone."""
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in (_EXPIRED, _NOT_YET_VALID)
        for cause in causes(error)
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of: libraries chain theirs in three ways."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
