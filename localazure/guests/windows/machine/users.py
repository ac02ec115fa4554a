"""Local users and groups: accounts with relative identifiers below the machine's SID, and their profiles."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any

from spnego._ntlm_raw.crypto import ntowfv1

ADMINISTRATORS = "S-1-5-32-544"
GROUPS = {
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-555": "Remote Desktop Users",
    "S-1-5-32-580": "Remote Management Users",
}


def new_machine_sid() -> str:
    """A SID for a new installation."""
    return "S-1-5-21-" + "-".join(str(secrets.randbelow(2**32 - 2**30) + 2**30) for _ in range(3))


class Users:
    """Reads and writes the accounts of a machine's document."""

    def __init__(
        self, document: dict[str, Any], now: Callable[[], dt.datetime], changed: Callable[[], None]
    ) -> None:
        self._document, self._now, self._changed = document, now, changed

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        """Accounts by lowered name."""
        found: dict[str, dict[str, Any]] = self._document["users"]
        return found

    @property
    def machine_sid(self) -> str:
        """The SID that every account's begins with."""
        return str(self._document["machine_sid"])

    def sid(self, user: dict[str, Any]) -> str:
        """An account's SID."""
        return f"{self.machine_sid}-{user['rid']}"

    def get(self, name: str) -> dict[str, Any] | None:
        """Find an account by name, or by SID."""
        bare = name.rpartition("\\")[2].lower()
        if bare.upper().startswith("S-1-5-21-"):
            return next((one for one in self.all.values() if self.sid(one).lower() == bare), None)
        return self.all.get(bare)

    def create(self, name: str, password: str | None, **more: Any) -> dict[str, Any]:
        """Make an account."""
        rid = max([999, *(one["rid"] for one in self.all.values())]) + 1
        account = {
            "name": name,
            "rid": rid,
            "enabled": True,
            "password_hash": "",
            "password_set": self._now().isoformat(),
            "must_change": False,
            "description": "",
            "full_name": "",
            "expires": None,
            "groups": [],
            **more,
        }
        self.all[name.lower()] = account
        if password is not None:
            self.set_password(account, password)
        self._changed()
        return account

    def set_password(self, account: dict[str, Any], password: str) -> None:
        """Set a password: only its NT hash is kept, as Windows does."""
        account["password_hash"] = nt_hash(password)
        account["password_set"] = self._now().isoformat()
        account["must_change"] = False
        self._changed()

    def remove(self, name: str) -> None:
        """Remove an account; its profile stays, as on Windows."""
        self.all.pop(name.lower(), None)
        self._changed()

    def members(self, group_sid: str) -> list[dict[str, Any]]:
        """The accounts in a group."""
        return [one for one in self.all.values() if group_sid in one["groups"]]

    def usable(self, account: dict[str, Any]) -> bool:
        """Whether an account can log in over the network now."""
        expires = account.get("expires")
        expired = expires is not None and dt.datetime.fromisoformat(expires) <= self._now()
        return bool(
            account["enabled"] and not expired and not account["must_change"] and account["password_hash"]
        )

    @property
    def profiles(self) -> list[dict[str, Any]]:
        """The profiles: SID, path, whether it is one of the system's."""
        found: list[dict[str, Any]] = self._document["profiles"]
        return found


def nt_hash(password: str) -> str:
    """The hash of the password that NTLM proves knowledge of."""
    return bytes(ntowfv1(password)).hex().upper()


def group_sid(name: str) -> str | None:
    """The SID of a local group by name or SID."""
    for sid, group in GROUPS.items():
        if name.lower() in (sid.lower(), group.lower(), f"builtin\\{group}".lower()):
            return sid
    return None
