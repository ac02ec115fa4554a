"""What is on disks, as directories below the local Azure's state directory, one folder a content.

content.json     {"kind": "os", "image": KEY}, or {"kind": "data", "size_gb": N}
upper, work      of an OS disk: what differs from the image, as a layer of overlayfs
files, work, filesystem  of a data disk: its files, and which file system the machine takes it for
raw              of a data disk: bytes that somebody uploaded, until a machine makes a file system there

A copy is a real copy of all that is not in the immutable image. A content that is being made has a name of
its own and is renamed when it is whole.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.model import archives, jail

IMAGE_PREFIX = "image-"
_DRAFT, _TRASH = ".draft-", ".trash-"
_COPY_SECONDS = 600.0
PARTS = ("upper", "files", "filesystem", "raw")
"""What a content consists of, beside its document."""


@dataclass(frozen=True)
class Content:
    """One content by its folder."""

    directory: Path
    image: str | None
    """The key of the image below an OS disk; None for a data disk."""


class ContentStore:
    """The contents in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def get(self, content: str) -> Content:
        """Find a content."""
        path = self.directory / content
        try:
            document = json.loads((path / "content.json").read_text())
        except (OSError, ValueError):
            raise UnknownContentError(f"there is no content {content}") from None
        return Content(path, document.get("image"))

    def create_empty(self, size_gb: int) -> str:
        """Make an empty data disk."""
        return self._finish(self._draft("files"), {"kind": "data", "size_gb": size_gb})

    def of_image(self, key: str) -> str:
        """Make an OS disk that is the image and nothing else."""
        return self._finish(self._draft("upper"), {"kind": "os", "image": key})

    async def copy(self, contents: list[str]) -> list[str]:
        """Copy contents, all or none. Whoever writes to them has to be held still meanwhile."""
        drafts: list[tuple[Path, dict[str, object]]] = []
        try:
            for name in contents:
                source = self.get(name)
                document = json.loads((source.directory / "content.json").read_text())
                draft = self._draft()
                drafts.append((draft, document))
                await _copy(source.directory, draft)
            return [self._finish(draft, document) for draft, document in drafts]
        except BaseException:
            for draft, _ in drafts:
                shutil.rmtree(draft, ignore_errors=True)
            raise

    def _draft(self, *folders: str) -> Path:
        path = self.directory / f"{_DRAFT}{uuid.uuid4().hex}"
        path.mkdir(mode=0o755)
        for folder in folders:
            (path / folder).mkdir(mode=0o755)
        return path

    def _finish(self, draft: Path, document: dict[str, object]) -> str:
        (draft / "work").mkdir(exist_ok=True)
        owner = jail.owner()
        if owner is not None:
            for path in (draft, *draft.iterdir()):
                os.chown(path, owner, owner)
        (draft / "content.json").write_text(json.dumps(document))
        name = draft.name.removeprefix(_DRAFT)
        draft.rename(self.directory / name)
        return name

    def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of a disk, the same bytes each time."""
        if content.startswith(IMAGE_PREFIX):
            archives.write({"kind": "os", "image": content.removeprefix(IMAGE_PREFIX)}, {}, size_gb, target)
            return
        directory = self.get(content).directory
        foreign = directory / "raw"
        if foreign.exists() and not (directory / "filesystem").exists():
            shutil.copyfile(foreign, target)
            os.truncate(target, size_gb << 30)
            return
        parts = {name: directory / name for name in PARTS if (directory / name).exists()}
        archives.write(json.loads((directory / "content.json").read_text()), parts, size_gb, target)

    def read_raw(self, source: Path) -> str:
        """Make a content of a disk's bytes: bytes that are no archive of ours are kept as they are."""
        draft = self._draft()
        try:
            document = archives.read(source, draft)
            if document is None:
                shutil.copyfile(source, draft / "raw")
                (draft / "files").mkdir()
                document = {"kind": "data", "size_gb": source.stat().st_size >> 30}
            else:
                (draft / ("upper" if document["kind"] == "os" else "files")).mkdir(exist_ok=True)
                jail.give_away(draft)
            return self._finish(draft, document)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def discard(self, content: str) -> None:
        """Remove a content; it is gone at once, its files a moment later."""
        if content.startswith((IMAGE_PREFIX, ".")) or "/" in content:
            raise GuestError(f"{content} is not a content of its own")
        trash = self.directory / f"{_TRASH}{content}"
        try:
            (self.directory / content).rename(trash)
        except FileNotFoundError:
            return
        _remove(trash)

    def used_bytes(self, content: str) -> int:
        """Add up what a content occupies."""
        return sum(
            (Path(place) / name).lstat().st_blocks * 512
            for place, _, names in os.walk(self.get(content).directory)
            for name in names
        )

    def sweep(self) -> None:
        """Remove what an interrupted copy or removal left."""
        for pattern in (_DRAFT, _TRASH):
            for path in self.directory.glob(f"{pattern}*"):
                _remove(path)


def _remove(tree: Path) -> None:
    """Remove a tree, overlayfs's own folder without any right included."""

    def open_up(function: Callable[..., object], path: str, _error: object) -> None:
        try:
            Path(path).parent.chmod(0o700)
            Path(path).chmod(0o700)
            function(path)
        except OSError:
            pass  # the sweep of the next start tries again

    shutil.rmtree(tree, onerror=open_up)
    shutil.rmtree(tree, ignore_errors=True)


async def _copy(source: Path, target: Path) -> None:
    """Copy the content itself: modes, extended attributes, whiteouts."""
    parts = [str(source / name) for name in PARTS if (source / name).exists()]
    process = await asyncio.create_subprocess_exec(
        "cp",
        "--archive",
        "--sparse=auto",
        "--reflink=auto",
        *parts,
        str(target),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(_COPY_SECONDS):
            _, errors = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        raise GuestError(f"{source} could not be copied: {errors.decode().strip().splitlines()[-1:]}")
