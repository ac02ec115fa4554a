"""Keys for logging in that live in memory, and host keys that are known before the first connection."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from factory.remote.fingerprints import fingerprints


@dataclass(frozen=True)
class KeyPair:
    """A key to log in with. `public` is a line for authorized_keys; `private` is never written to disk."""

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
    """The host keys that a machine may show: fingerprints (SHA256:…) by key type; nothing else passes."""

    fingerprints: dict[str, str]

    @classmethod
    def from_public_keys(cls, lines: Iterable[str]) -> "HostKeys":
        """From the text of the machine's public keys, read out of band."""
        return cls(fingerprints(list(lines)))

    def accepts(self, key_type: str, fingerprint: str) -> bool:
        """Whether the machine may show this key."""
        return self.fingerprints.get(key_type) == fingerprint

    def preferred(self, algorithms: Iterable[str]) -> tuple[str, ...]:
        """The algorithms, those of known keys first: a server then shows a key that can be compared.

        The others stay in, so that a server without any known key is told apart by the key it shows.
        """
        known = [name for name in algorithms if _key_type(name) in self.fingerprints]
        return (*known, *(name for name in algorithms if name not in known))

    def __str__(self) -> str:
        return ", ".join(f"{kind} {print_}" for kind, print_ in sorted(self.fingerprints.items())) or "none"


def _key_type(algorithm: str) -> str:
    """RSA keys sign by several algorithms; certificates are keys that we do not pin."""
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm
