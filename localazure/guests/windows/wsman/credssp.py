"""CredSSP: a TLS session of its own inside of HTTP, in it NTLM, and then the password itself, for the next hop.

The acceptor is pyspnego's. The account is not known before the session is open, so it gets all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from localazure.guests.windows.machine.users import nt_hash

Account = dict[str, Any]


class Delegation:
    """One client's way to prove a password and to hand it over."""

    def __init__(self, find: Callable[[str], Account | None]) -> None:
        self._find = find
        self._context: Any = spnego.server(protocol="credssp", options=spnego.NegotiateOptions.use_negotiate)
        self.account: Account | None = None
        self.ended = False

    def step(self, token: bytes) -> bytes | None:
        """One message; the answer to it. `account` is known after the last."""
        try:
            reply: bytes | None = self._context.step(token)
        except SpnegoError:
            self.ended = True
            return None
        if self._context.complete:
            self.ended = True
            given = self._context.get_extra_info("client_credential")
            account = self._find(given.username)
            if account is not None and account["password_hash"] == nt_hash(given.password):
                self.account = account
        return reply


def lines_of(accounts: Iterable[Account], computer: str) -> list[str]:
    """Accounts as the acceptor reads them, with and without the computer's name."""
    return [
        f"{domain}{one['name']}:0:{'0' * 32}:{one['password_hash']}:[U]:LCT-0"
        for one in accounts
        for domain in ("", f"{computer}\\")
        if one["password_hash"]
    ]
