"""A key pair, and CMS envelopes that only the holder of a certificate's key can open."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12
from cryptography.x509.oid import NameOID

_DAYS = 730


def envelope(content: bytes, recipient: x509.Certificate) -> bytes:
    """Encrypt to a certificate."""
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(recipient)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


@dataclass(frozen=True)
class KeyPair:
    """An RSA key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls) -> KeyPair:
        """Make one."""
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
        return cls(key, certificate)

    @property
    def thumbprint(self) -> str:
        """The certificate's SHA-1 thumbprint, an identifier by custom."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - not for security

    def seal(self, content: bytes) -> bytes:
        """Encrypt to this pair."""
        return envelope(content, self.certificate)

    def for_holder_of(self, transport: bytes) -> bytes:
        """Pack the pair as PKCS#12, encrypted to another certificate in DER form."""
        bundle = pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, None, NoEncryption())
        return envelope(bundle, x509.load_der_x509_certificate(transport))
