"""How protected settings travel: encrypted to a certificate that the agent alone is given.

The fabric makes a key pair for the machine and encrypts the settings to its certificate. The agent sends its
transport certificate along and receives the pair as PKCS#12, in a CMS envelope that only it can open. RSA,
because the agent's transport key is.
"""

from __future__ import annotations

import base64
import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12
from cryptography.x509.oid import NameOID

_DAYS = 730


def _envelope(content: bytes, recipient: x509.Certificate) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(recipient)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _lines(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(text[i : i + 64] for i in range(0, len(text), 64))


class Seal:
    """A machine's key pair for protected settings, made when first needed and never written down."""

    @cached_property
    def _pair(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TenantEncryptionCert")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=_DAYS))
            .sign(key, hashes.SHA256())
        )
        return key, certificate

    @property
    def thumbprint(self) -> str:
        """The certificate's SHA-1 thumbprint: the name under which the agent keeps the key."""
        return self._pair[1].fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - an identifier by custom

    def encrypt(self, text: str) -> str:
        """Encrypt settings to the certificate."""
        return base64.b64encode(_envelope(text.encode(), self._pair[1])).decode()

    def certificates_for(self, transport: str) -> str:
        """Hand over the pair, for the holder of this transport certificate (base64 of its DER form)."""
        recipient = x509.load_der_x509_certificate(base64.b64decode(transport))
        key, certificate = self._pair
        bundle = pkcs12.serialize_key_and_certificates(None, key, certificate, None, NoEncryption())
        data = _lines(_envelope(bundle, recipient))
        return f"""<?xml version="1.0" encoding="utf-8"?>
<CertificateFile><Version>2010-12-15</Version><Incarnation>1</Incarnation>\
<Format>Pkcs7BlobWithPfxContents</Format><Data>{data}</Data></CertificateFile>"""
