"""The cryptography of .NET that scripts use: random bytes, and RSA with a public key."""

from __future__ import annotations

import base64
import secrets
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localazure.guests.windows.powershell.convert import to_bool, to_string
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.types import as_bytes
from localazure.guests.windows.powershell.values import PSObject, Value


def random_numbers() -> PSObject:
    """`[Security.Cryptography.RandomNumberGenerator]::Create()`; GetBytes fills the array that it is given."""

    def fill(array: list[Value]) -> None:
        array[:] = list(secrets.token_bytes(len(array)))

    return PSObject(
        "System.Security.Cryptography.RNGCryptoServiceProvider",
        {},
        methods={"GetBytes": fill, "Dispose": lambda: None},
    )


def rsa_provider() -> PSObject:
    """`New-Object Security.Cryptography.RSACryptoServiceProvider`, to encrypt with somebody's public key."""
    known: list[rsa.RSAPublicKey] = []

    def read(text: Value) -> None:
        root = ET.fromstring(to_string(text))  # noqa: S314 - the script's own text
        numbers = [
            int.from_bytes(base64.b64decode(root.findtext(name, "")), "big")
            for name in ("Exponent", "Modulus")
        ]
        known[:] = [rsa.RSAPublicNumbers(*numbers).public_key()]

    def encrypt(data: Value, oaep: Value) -> list[int]:
        if not known or not to_bool(oaep):
            raise ModelGap("RSA without a public key that was read before, or without OAEP")
        sha1 = hashes.SHA1()  # noqa: S303 - as .NET does
        return list(known[0].encrypt(as_bytes(data), padding.OAEP(padding.MGF1(sha1), sha1, None)))

    return PSObject(
        "System.Security.Cryptography.RSACryptoServiceProvider",
        {},
        methods={"FromXmlString": read, "Encrypt": encrypt, "Dispose": lambda: None},
    )
