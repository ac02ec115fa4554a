"""The certificate store `LocalMachine\\My`: the guest makes its keys itself, and a key never leaves it."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localazure.guests.windows.powershell.values import PSObject


class Certificates:
    """Reads and writes the store in a machine's document, by thumbprint."""

    def __init__(
        self, store: dict[str, Any], now: Callable[[], dt.datetime], changed: Callable[[], None]
    ) -> None:
        self._store, self._now, self._changed = store, now, changed

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        """The entries by thumbprint, in capitals."""
        return self._store

    def make(
        self,
        names: list[str],
        *,
        friendly: str,
        not_after: dt.datetime,
        not_before: dt.datetime | None = None,
    ) -> str:
        """Make a key and its self-signed certificate; returns the thumbprint."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before or self._now() - dt.timedelta(minutes=10))
            .not_valid_after(not_after)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
        )
        return self.add(builder.sign(key, hashes.SHA256()), key, friendly)

    def add(self, certificate: x509.Certificate, key: rsa.RSAPrivateKey, friendly: str) -> str:
        """Keep a certificate with its key."""
        thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - Windows names it so
        self._store[thumbprint] = {
            "certificate": base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode(),
            "key": key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "friendly": friendly,
        }
        self._changed()
        return thumbprint

    def remove(self, thumbprint: str) -> None:
        """Take a certificate out."""
        self._store.pop(thumbprint.upper(), None)
        self._changed()

    def pem(self, thumbprint: str) -> tuple[bytes, bytes] | None:
        """Certificate and key as PEM, for the listener."""
        entry = self._store.get(thumbprint.upper().replace(" ", ""))
        if entry is None:
            return None
        certificate = x509.load_der_x509_certificate(base64.b64decode(entry["certificate"]))
        return certificate.public_bytes(serialization.Encoding.PEM), str(entry["key"]).encode()

    def shown(self, thumbprint: str) -> PSObject:
        """The certificate as PowerShell has it."""
        entry = self._store[thumbprint]
        return self._object(base64.b64decode(entry["certificate"]), entry["friendly"], has_key=True)

    def read(self, data: bytes) -> PSObject:
        """A certificate that is in no store."""
        return self._object(data, "", has_key=False)

    def _object(self, data: bytes, friendly: str, *, has_key: bool) -> PSObject:
        certificate = x509.load_der_x509_certificate(data)
        thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - Windows names it so
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return PSObject(
            "System.Security.Cryptography.X509Certificates.X509Certificate2",
            {
                "Thumbprint": thumbprint,
                "Subject": certificate.subject.rfc4514_string(),
                "Issuer": certificate.issuer.rfc4514_string(),
                "FriendlyName": friendly,
                "NotBefore": certificate.not_valid_before_utc,
                "NotAfter": certificate.not_valid_after_utc,
                "SerialNumber": f"{certificate.serial_number:X}",
                "HasPrivateKey": has_key,
                "RawData": list(data),
                "DnsNameList": names.get_values_for_type(x509.DNSName),
                "PSPath": f"Microsoft.PowerShell.Security\\Certificate::LocalMachine\\My\\{thumbprint}",
                "PSChildName": thumbprint,
                "PSParentPath": "Microsoft.PowerShell.Security\\Certificate::LocalMachine\\My",
            },
            shown=("Thumbprint", "Subject"),
            methods={"GetCertHashString": lambda: thumbprint, "GetRawCertData": lambda: list(data)},
        )
