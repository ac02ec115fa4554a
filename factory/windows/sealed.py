"""A password that the guest makes and that only this run can read.

Run Command hands parameters to PowerShell on its command line, where administrators of the guest and its
audit log see them; that protected ones fare better is documented nowhere. So no password is sent. The guest
gets a public key, makes the password, and prints it encrypted.
"""

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import SecretStr

BITS = 3072
_SHA1 = hashes.SHA1()  # noqa: S303 - what RSACryptoServiceProvider's OAEP uses; no collision matters there


@dataclass(frozen=True)
class Seal:
    """One pair of keys, for one opening; it is kept nowhere."""

    private: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def make(cls) -> "Seal":
        """A fresh one."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=BITS))

    @property
    def public(self) -> str:
        """The public key as .NET reads it, in base64: its XML would not survive a command line."""
        numbers = self.private.public_key().public_numbers()
        modulus, exponent = (_of_number(number) for number in (numbers.n, numbers.e))
        text = f"<RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent></RSAKeyValue>"
        return base64.b64encode(text.encode()).decode()

    def open(self, sealed: str) -> SecretStr:
        """The password. ValueError when it is none of this seal's."""
        try:
            data = base64.b64decode(sealed, validate=True)
            clear = self.private.decrypt(data, padding.OAEP(padding.MGF1(_SHA1), _SHA1, None))
        except (binascii.Error, TypeError) as error:
            raise ValueError(f"no encrypted password: {error}") from error
        return SecretStr(clear.decode())


def _of_number(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()
