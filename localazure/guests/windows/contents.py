"""What is on disks: one JSON document a content, under the local Azure's state directory.

{"kind": "windows", ...}: an OS disk, the whole machine. {"kind": "volume", ...}: a data disk with its letter,
label and files, once somebody has formatted it. Copying is copying the document.
"""

from __future__ import annotations

import copy
import json
import uuid
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.windows.machine.baseline import generalized_image

IMAGE_PREFIX = "image-"
Document = dict[str, Any]
_MAGIC = b"MODELLED-WINDOWS-DISK\n"


class ContentStore:
    """The contents in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def _file(self, content: str) -> Path:
        if "/" in content or content.startswith("."):
            raise UnknownContentError(f"there is no content {content}")
        return self._directory / f"{content}.json"

    def read(self, content: str) -> Document:
        """Read a content's document, or make that of an image."""
        if content.startswith(IMAGE_PREFIX):
            return image(content)
        try:
            found: Document = json.loads(self._file(content).read_text())
        except (OSError, ValueError):
            raise UnknownContentError(f"there is no content {content}") from None
        return found

    def write(self, content: str, document: Document) -> None:
        """Replace a content whole."""
        file = self._file(content)
        draft = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
        draft.write_text(json.dumps(document))
        draft.chmod(0o600)
        draft.replace(file)

    def add(self, document: Document) -> str:
        """Keep a new content."""
        name = uuid.uuid4().hex
        self.write(name, document)
        return name

    def create_empty(self, size_gb: int) -> str:
        """Make the content of a disk that nobody has written to."""
        return self.add(
            {
                "kind": "volume",
                "size_gb": size_gb,
                "formatted": False,
                "files": {},
                "letter": None,
                "label": "",
            }
        )

    def discard(self, content: str) -> None:
        """Remove a content."""
        if content.startswith(IMAGE_PREFIX):
            raise GuestError(f"{content} is not a content of its own")
        self._file(content).unlink(missing_ok=True)

    def used_bytes(self, content: str) -> int:
        """Measure a content."""
        file = self._file(content)
        return file.stat().st_size if file.exists() else 0


def image(content: str) -> Document:
    """The document of a marketplace image."""
    document = generalized_image()
    document["disk"] |= {
        "size_gb": 30 if "smalldisk" in content else 127,
        "used_gb": 11.4 if "smalldisk" in content else 14.2,
    }
    return document


def write_raw(document: Document, size_gb: int, target: Path) -> None:
    """Write a document as the bytes of a disk."""
    with target.open("xb") as file:
        file.truncate(size_gb << 30)
        file.write(_MAGIC + json.dumps(document, sort_keys=True).encode() + b"\n")


def read_raw(source: Path) -> Document:
    """Read what `write_raw` wrote; other bytes are a disk that Windows finds no volume on."""
    with source.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            found: Document = json.loads(file.readline())
            return copy.deepcopy(found)
    return {
        "kind": "volume",
        "size_gb": source.stat().st_size >> 30,
        "formatted": False,
        "files": {},
        "letter": None,
        "label": "",
    }
