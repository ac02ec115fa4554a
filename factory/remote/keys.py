"""Keys for logging in that live in memory, and host keys that are known before the first connection."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from factory.linux.facts import fingerprints


@dataclass(frozen=True)
class KeyPair:
    """A key to log in with. `public` is a line for authorized_keys; the private half is never written to disk."""

    public: str
    private: SecretStr = field(repr=False)

    def for_paramiko(self) -> paramiko.PKey:
        """The private key as paramiko takes it."""
        return paramiko.Ed25519Key.from_private_key(io.StringIO(self.private.get_secret_value()))


def make_key_pair(comment: str) -> KeyPair:
    """A new Ed25519 key; `comment` ends up in authorized_keys, so that people see whose it was."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return KeyPair(f"{public.decode()} {comment}", SecretStr(private.decode()))


@dataclass(frozen=True)
class HostKeys:
    """The host keys that a machine may show: fingerprints (SHA256:…) by key type. Nothing else is accepted."""

    fingerprints: dict[str, str]

    @classmethod
    def from_public_keys(cls, lines: Iterable[str]) -> "HostKeys":
        """From the text of the machine's public keys, read out of band."""
        return cls(fingerprints(list(lines)))
