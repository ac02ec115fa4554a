"""Who may log in: read from the machine's own files each time, as sshd does."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

_DAY = 86400


def _entry(file: str, name: str) -> list[str]:
    for line in Path(file).read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return fields
    return []


def login(name: str) -> dict[str, Any]:
    """What sshd would know of a user: home, shell, keys; no user at all where it would refuse anyhow."""
    account, shadow = _entry("/etc/passwd", name), _entry("/etc/shadow", name)
    if len(account) < 7 or account[6].endswith(("/nologin", "/false")):
        return {}
    password = shadow[1] if len(shadow) > 1 else "!"
    expires = shadow[7] if len(shadow) > 7 else ""
    if expires.isdigit() and int(expires) * _DAY <= time.time():
        return {}
    keys: list[str] = []
    for file in ("authorized_keys", "authorized_keys2"):
        path = Path(account[5]) / ".ssh" / file
        if path.is_file():
            keys += path.read_text(errors="replace").splitlines()
    return {"home": account[5], "shell": account[6], "keys": keys, "password": password}


def process_of(*tails: str) -> int | None:
    """A process whose words end with these, each for one; the first may have a directory before it."""
    for name in os.listdir("/proc"):  # noqa: PTH208 - called each second, and names are all it takes
        if not name.isdigit():
            continue
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue
        last = words[-len(tails) :]
        if len(last) == len(tails) and last[1:] == list(tails[1:]) and last[0].rpartition("/")[2] == tails[0]:
            return int(name)
    return None


def sshd_keys() -> dict[str, Any]:
    """The private host keys that a running sshd loaded when it started; none where none runs."""
    if process_of("sshd", "-D") is None:
        return {"keys": [], "passwords": False}
    loaded = Path("/run/model/sshd")
    passwords = (loaded / "passwords").exists()
    return {"keys": [file.read_text() for file in sorted(loaded.glob("*_key"))], "passwords": passwords}
