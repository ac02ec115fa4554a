"""How protected settings travel: encrypted to a certificate that the agent alone is given.

The fabric makes a key pair for the machine and encrypts the settings to its certificate. The agent sends its
transport certificate along and receives the pair as PKCS#12, in a CMS envelope that only it can open. RSA,
because the agent's transport key is.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.guests.fabric.envelope import KeyPair


class Seal:
    """A machine's key pair for protected settings, made when first needed and never written down."""

    @cached_property
    def _pair(self) -> KeyPair:
        # Here, because it takes 150 ms that every power-on would feel, for what few machines are asked.
        from localazure.guests.fabric.envelope import KeyPair  # noqa: PLC0415

        return KeyPair.make()

    @property
    def thumbprint(self) -> str:
        """The certificate's SHA-1 thumbprint: the name under which the agent keeps the key."""
        return self._pair.thumbprint

    def encrypt(self, text: str) -> str:
        """Encrypt settings to the certificate."""
        return base64.b64encode(self._pair.seal(text.encode())).decode()

    def certificates_for(self, transport: str) -> str:
        """Hand over the pair, for the holder of this transport certificate (base64 of its DER form)."""
        data = _lines(self._pair.for_holder_of(base64.b64decode(transport)))
        return f"""<?xml version="1.0" encoding="utf-8"?>
<CertificateFile><Version>2010-12-15</Version><Incarnation>1</Incarnation>\
<Format>Pkcs7BlobWithPfxContents</Format><Data>{data}</Data></CertificateFile>"""


def _lines(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
