"""The registry: keys and values, found in any case; SYSTEM's hives are files of the disk like all else.

Keys are flat in the document, by their lowered path: {"path": as written, "values": {lowered: [name, kind,
data]}}. HKCU is the key of the user's SID below HKU.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Kind = str
_HIVES = {
    "hkey_local_machine": "HKLM",
    "hklm": "HKLM",
    "hkey_current_user": "HKCU",
    "hkcu": "HKCU",
    "hkey_users": "HKU",
    "hku": "HKU",
    "hkey_classes_root": r"HKLM\SOFTWARE\Classes",
    "hkcr": r"HKLM\SOFTWARE\Classes",
}


def normal_path(path: str) -> str:
    """`HKLM:\\A`, `HKEY_LOCAL_MACHINE\\A` and `Registry::HKLM\\A` are one key."""
    text = path.replace("/", "\\").strip()
    for prefix in ("Microsoft.PowerShell.Core\\Registry::", "Registry::"):
        if text.lower().startswith(prefix.lower()):
            text = text[len(prefix) :]
    hive, _, rest = text.partition("\\")
    root = _HIVES.get(hive.rstrip(":").lower())
    if root is None:
        raise KeyError(path)
    rest = "\\".join(part for part in rest.split("\\") if part)
    return f"{root}\\{rest}" if rest else root


def is_registry(path: str) -> bool:
    """Whether a PowerShell path is one of the registry."""
    low = path.lower()
    return (
        "registry::" in low
        or (":" in low and low.partition(":")[0] in _HIVES)
        or low.partition("\\")[0] in _HIVES
    )


class Registry:
    """Reads and writes the registry part of a machine's document."""

    def __init__(self, keys: dict[str, Any], changed: Any = lambda: None) -> None:
        self._keys, self._changed = keys, changed

    def exists(self, path: str) -> bool:
        """Whether a key is there."""
        return normal_path(path).lower() in self._keys or normal_path(path) in ("HKLM", "HKCU", "HKU")

    def create(self, path: str) -> None:
        """Make a key with all above it."""
        normal = normal_path(path)
        parts = normal.split("\\")
        for end in range(1, len(parts) + 1):
            partial = "\\".join(parts[:end])
            self._keys.setdefault(partial.lower(), {"path": partial, "values": {}})
        self._changed()

    def delete(self, path: str) -> None:
        """Remove a key and all below it."""
        low = normal_path(path).lower()
        for key in [k for k in self._keys if k == low or k.startswith(low + "\\")]:
            del self._keys[key]
        self._changed()

    def written(self, path: str) -> str:
        """A key's path as it was first written."""
        normal = normal_path(path)
        return str(self._keys.get(normal.lower(), {"path": normal})["path"])

    def subkeys(self, path: str) -> list[str]:
        """The names of the keys directly below."""
        low = normal_path(path).lower() + "\\"
        return [
            entry["path"].rpartition("\\")[2]
            for key, entry in list(self._keys.items())
            if key.startswith(low) and "\\" not in key[len(low) :]
        ]

    def values(self, path: str) -> Iterator[tuple[str, Kind, Any]]:
        """All values of a key."""
        entry = self._keys.get(normal_path(path).lower())
        yield from list(entry["values"].values()) if entry else []

    def value(self, path: str, name: str, default: Any = None) -> Any:
        """One value's data."""
        entry = self._keys.get(normal_path(path).lower())
        found = entry["values"].get(name.lower()) if entry else None
        return found[2] if found else default

    def has_value(self, path: str, name: str) -> bool:
        """Whether a value is there."""
        entry = self._keys.get(normal_path(path).lower())
        return bool(entry and name.lower() in entry["values"])

    def set(self, path: str, name: str, data: Any, kind: Kind = "") -> None:
        """Write a value; without a kind by the data's type."""
        self.create(path)
        values = self._keys[normal_path(path).lower()]["values"]
        written = values[name.lower()][0] if name.lower() in values else name
        values[name.lower()] = [written, kind or _kind_of(data), data]
        self._changed()

    def delete_value(self, path: str, name: str) -> None:
        """Remove a value."""
        entry = self._keys.get(normal_path(path).lower())
        if entry:
            entry["values"].pop(name.lower(), None)
        self._changed()


def _kind_of(data: Any) -> Kind:
    if isinstance(data, bool | int):
        return "DWord"
    return "MultiString" if isinstance(data, list) else "String"
