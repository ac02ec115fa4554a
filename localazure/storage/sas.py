"""Account signatures, signed with an account's key as documented ("Create an account SAS")."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

_VERSION = "2022-11-02"


def account_sas(
    account: str,
    key: str,
    *,
    expiry: str,
    permissions: str = "rwdlacup",
    services: str = "b",
    resources: str = "sco",
    start: str = "",
    address: str = "",
    protocol: str = "https",
) -> str:
    """A token: the query string without its question mark."""
    parts = (account, permissions, services, resources, start, expiry, address, protocol, _VERSION, "")
    text = "".join(f"{part}\n" for part in parts)
    signed = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    fields = {
        "sv": _VERSION,
        "ss": services,
        "srt": resources,
        "sp": permissions,
        "st": start,
        "se": expiry,
        "sip": address,
        "spr": protocol,
        "sig": base64.b64encode(signed).decode(),
    }
    return urlencode({name: value for name, value in fields.items() if value})
