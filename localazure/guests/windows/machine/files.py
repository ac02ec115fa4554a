"""Files and folders of the machine, by drive: C: is the OS disk, D: temporary storage, the rest data volumes.

Entries are flat by their lowered path: {"path", "folder", "text" or "data" (base64), "written", "size"}. A big
file that nobody reads has a size and no content.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localazure.guests.windows.powershell.operators import wildcard

Tree = dict[str, Any]


class DiskFullError(OSError):
    """There is not enough space on the disk."""


@dataclass(frozen=True)
class Drive:
    """A drive letter: its entries, its size in bytes and what of it is used by more than the entries."""

    letter: str
    tree: Tree
    size: int
    used: int = 0


class Files:
    """Reads and writes files; `drives` says which there are now."""

    def __init__(
        self,
        drives: Callable[[], dict[str, Drive]],
        now: Callable[[], dt.datetime],
        changed: Callable[[], None],
    ) -> None:
        self._drives, self._now, self._changed = drives, now, changed

    def resolve(self, path: str, directory: str = "C:\\") -> str:
        """Make a path absolute; `FileSystem::` and slashes are taken."""
        text = path.replace("/", "\\").strip()
        for prefix in ("Microsoft.PowerShell.Core\\FileSystem::", "FileSystem::", "\\\\?\\"):
            if text.lower().startswith(prefix.lower()):
                text = text[len(prefix) :]
        if len(text) < 2 or text[1] != ":":
            text = directory[:2] + text if text.startswith("\\") else f"{directory}\\{text}"
        drive, rest = text[0].upper() + ":", text[2:]
        parts: list[str] = []
        for part in rest.split("\\"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return f"{drive}\\" + "\\".join(parts)

    def drive(self, path: str) -> Drive:
        """The drive of a path; FileNotFoundError without it."""
        found = self._drives().get(path[:1].upper())
        if found is None:
            raise FileNotFoundError(path)
        return found

    def _entry(self, path: str) -> dict[str, Any] | None:
        try:
            tree = self.drive(path).tree
        except FileNotFoundError:
            return None
        if len(path) <= 3:
            return {"path": path, "folder": True, "written": "2021-05-08T08:20:24+00:00"}
        return tree.get(path.lower().rstrip("\\"))

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return self._entry(path) is not None

    def is_file(self, path: str) -> bool:
        """Whether there is a file."""
        entry = self._entry(path)
        return entry is not None and not entry.get("folder")

    def is_directory(self, path: str) -> bool:
        """Whether there is a folder."""
        entry = self._entry(path)
        return entry is not None and bool(entry.get("folder"))

    def written_path(self, path: str) -> str:
        """The path as it was first written."""
        entry = self._entry(path)
        return str(entry["path"]) if entry else path

    def written_at(self, path: str) -> dt.datetime:
        """When it was last written."""
        entry = self._entry(path)
        if entry is None:
            raise FileNotFoundError(path)
        return dt.datetime.fromisoformat(entry["written"])

    def read_bytes(self, path: str) -> bytes:
        """A file's content."""
        entry = self._entry(path)
        if entry is None or entry.get("folder"):
            raise FileNotFoundError(path)
        if "text" in entry:
            return str(entry["text"]).encode()
        return base64.b64decode(entry.get("data", ""))

    def read_text(self, path: str) -> str:
        """A file as text: by its mark, else UTF-8."""
        raw = self.read_bytes(path)
        if raw.startswith(b"\xff\xfe"):
            return raw[2:].decode("utf-16-le", "replace")
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")

    def size(self, path: str) -> int:
        """A file's length in bytes."""
        entry = self._entry(path) or {}
        return int(entry["size"]) if "size" in entry else len(self.read_bytes(path))

    def make_directory(self, path: str) -> None:
        """Make a folder with all above it."""
        tree = self.drive(path).tree
        parts = path.rstrip("\\").split("\\")
        for end in range(2, len(parts) + 1):
            partial = "\\".join(parts[:end])
            if partial.lower() not in tree:
                tree[partial.lower()] = {"path": partial, "folder": True, "written": self._now().isoformat()}
        self._changed()

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file; the folder must be there."""
        drive = self.drive(path)
        if not self.is_directory(path.rpartition("\\")[0] + ("\\" if path.count("\\") == 1 else "")):
            raise NotADirectoryError(path)
        if len(data) > self.free(drive):
            raise DiskFullError(path)
        entry: dict[str, Any] = {"path": self.written_path(path), "written": self._now().isoformat()}
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            entry["data"] = base64.b64encode(data).decode()
        else:
            entry["text"] = text
        drive.tree[path.lower()] = entry
        self._changed()

    def write_text(self, path: str, text: str, *, encoding: str = "utf-8", append: bool = False) -> None:
        """Write or add text."""
        mark = b"\xff\xfe" if encoding == "utf-16" else b""
        data = text.encode("utf-16-le" if encoding == "utf-16" else encoding, "replace")
        before = self.read_bytes(path) if append and self.is_file(path) else b""
        if before.startswith(b"\xff\xfe"):
            data, mark = text.encode("utf-16-le"), b""
        self.write_bytes(path, before + (b"" if before else mark) + data)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it."""
        tree = self.drive(path).tree
        low = path.lower().rstrip("\\")
        for key in [k for k in tree if k == low or k.startswith(low + "\\")]:
            del tree[key]
        self._changed()

    def children(self, path: str) -> list[str]:
        """The full paths of what lies directly in a folder."""
        low = path.lower().rstrip("\\") + "\\"
        return sorted(
            (
                entry["path"]
                for key, entry in list(self.drive(path).tree.items())
                if key.startswith(low) and "\\" not in key[len(low) :]
            ),
            key=str.lower,
        )

    def matching(self, pattern: str) -> list[str]:
        """The full paths that a path with wildcards in any part names."""
        if not any(mark in pattern for mark in "*?["):
            return [self.written_path(pattern)] if self.exists(pattern) else []
        parts = pattern.split("\\")
        found = [parts[0] + "\\"]
        for part in parts[1:]:
            if not part:
                continue
            expression = wildcard(part)
            found = [
                child
                for folder in found
                if self.is_directory(folder)
                for child in self.children(folder)
                if expression.fullmatch(child.rpartition("\\")[2])
            ]
        return found

    def move(self, source: str, target: str) -> None:
        """Move a file or folder."""
        if not self.exists(source):
            raise FileNotFoundError(source)
        self._transfer(source, target)
        self.remove(source)

    def copy(self, source: str, target: str) -> None:
        """Copy a file or folder."""
        if not self.exists(source):
            raise FileNotFoundError(source)
        self._transfer(source, target)

    def _transfer(self, source: str, target: str) -> None:
        if self.is_directory(target):
            target = target.rstrip("\\") + "\\" + source.rpartition("\\")[2]
        tree, home = self.drive(source).tree, self.drive(target).tree
        low = source.lower().rstrip("\\")
        for key in [k for k in tree if k == low or k.startswith(low + "\\")]:
            new = target + tree[key]["path"][len(source.rstrip("\\")) :]
            home[new.lower()] = {**tree[key], "path": new}
        self._changed()

    def free(self, drive: Drive) -> int:
        """How many bytes are left."""
        written = sum(
            int(e.get("size", 0)) or len(e.get("text", "")) or len(e.get("data", ""))
            for e in list(drive.tree.values())
        )
        return max(drive.size - drive.used - written, 0)
