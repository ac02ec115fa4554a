"""Fingerprints of SSH keys, as OpenSSH writes them."""

import base64
import binascii
import hashlib
from collections.abc import Sequence


def fingerprint(key: bytes) -> str:
    """The fingerprint (SHA256:…) of a public key in SSH's own binary form."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"


def fingerprints(public_keys: Sequence[str]) -> dict[str, str]:
    """Fingerprints by key type, of lines of public keys; other lines are passed over."""
    found = {}
    for line in public_keys:
        words = line.split()
        if len(words) < 2:
            continue
        try:
            found[words[0]] = fingerprint(base64.b64decode(words[1], validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
