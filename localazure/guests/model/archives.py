"""A content as the bytes of a disk: one mark, then an archive of its files; the rest of the disk is a hole.

It is no file system that anything else could mount: whoever downloads a model's disk gets a model's disk. The
same files give the same bytes.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError

_MARK = b"a disk of a model guest: a simulation\n"
_START = 4096
_DOCUMENT = "content.json"
_ATTRIBUTE = "SCHILY.xattr."


def write(document: Mapping[str, Any], parts: Mapping[str, Path], size_gb: int, target: Path) -> None:
    """Write the parts of a content into a new sparse file."""
    with target.open("wb") as file:
        file.write(_MARK)
        file.seek(_START)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            text = json.dumps(dict(document), sort_keys=True).encode()
            entry = tarfile.TarInfo(_DOCUMENT)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
            for name, place in sorted(parts.items()):
                for path in _sorted(place):
                    _add(archive, path, str(Path(name) / path.relative_to(place)))
    os.truncate(target, size_gb << 30)


def _sorted(place: Path) -> Iterator[Path]:
    yield place
    if place.is_dir() and not place.is_symlink():
        for path in sorted(place.iterdir()):
            yield from _sorted(path)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = archive.gettarinfo(str(path), name)
    if entry is None:  # a socket: nothing that a disk would keep
        return
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.pax_headers = {
        _ATTRIBUTE + key: os.getxattr(path, key, follow_symlinks=False).decode("latin-1")
        for key in sorted(os.listxattr(path, follow_symlinks=False))
        if key.startswith("user.")
    }
    if entry.isreg():
        with path.open("rb") as content:
            archive.addfile(entry, content)
    else:
        archive.addfile(entry)


def read(source: Path, target: Path) -> dict[str, Any] | None:
    """Lay out the parts of a content in a directory; its document, or None where the bytes are not ours."""
    with source.open("rb") as file:
        if file.read(len(_MARK)) != _MARK:
            return None
        file.seek(_START)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            document: dict[str, Any] = {}
            folders = []
            for entry in archive:
                if entry.name == _DOCUMENT:
                    content = archive.extractfile(entry)
                    document = json.load(content) if content else {}
                    continue
                if not (target / entry.name).parent.resolve().is_relative_to(target.resolve()):
                    raise GuestError(f"the disk's archive leads out of itself: {entry.name}")
                archive.extract(entry, target, set_attrs=not entry.isdir(), filter=_as_it_is)
                _attributes(entry, target / entry.name)
                if entry.isdir():
                    folders.append(entry)
            for entry in reversed(
                folders
            ):  # a time or a mode set before would not survive what is put inside
                archive.chmod(entry, str(target / entry.name))
                archive.utime(entry, str(target / entry.name))
            return document


def _as_it_is(entry: tarfile.TarInfo, _path: str) -> tarfile.TarInfo | None:
    """Take links and whiteouts as they are; no name leaves the directory."""
    parts = Path(entry.name).parts
    return None if entry.name.startswith("/") or ".." in parts else entry


def _attributes(entry: tarfile.TarInfo, path: Path) -> None:
    for key, value in entry.pax_headers.items():
        if key.startswith(_ATTRIBUTE):
            os.setxattr(path, key.removeprefix(_ATTRIBUTE), value.encode("latin-1"), follow_symlinks=False)
