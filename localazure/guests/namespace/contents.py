"""What is on disks, kept under the local Azure's state directory, one folder a content.

content.json    {"kind": "tree", "image": KEY}: an OS disk, the overlay layer `upper` over a marketplace image
                {"kind": "tree", "image": "nothing"}: an OS disk whose `upper` is all of it
                {"kind": "raw"}: a data disk, as the sparse file `disk` of the disk's size
                {"kind": "qcow2", ...}: a QEMU machine's OS disk, made a tree when it is first used here
upper, disk     the content itself

A copy is a real copy of all that is not in the immutable image, so that any content may go at any time. A
content that is being made has a name of its own and is renamed when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.namespace import filesystems

GIB = 1 << 30
IMAGE_PREFIX = "image-"
NOTHING = "nothing"
"""The key of the image without files: what lies over it is a whole system."""
_COPY_SECONDS = 1800.0
_DRAFT, _TRASH = ".draft-", ".trash-"


@dataclass(frozen=True)
class Content:
    """One content by its folder."""

    directory: Path
    image: str | None
    """The key of the marketplace image below it; None for a raw disk."""

    @property
    def upper(self) -> Path:
        """The layer that holds an OS disk's own files."""
        return self.directory / "upper"

    @property
    def file(self) -> Path:
        """The file that is a data disk."""
        return self.directory / "disk"


class Folders:
    """Contents as folders of a directory, whatever is in them: made beside their place, gone at once."""

    def __init__(self, directory: Path, images: Path) -> None:
        self.directory, self.images = directory, images
        directory.mkdir(parents=True, exist_ok=True)

    def folder(self, content: str) -> Path:
        """The folder of a content."""
        path = self.directory / content
        if not (path / "content.json").is_file():
            raise UnknownContentError(f"there is no content {content}")
        return path

    def _draft(self) -> Path:
        path = self.directory / f"{_DRAFT}{uuid.uuid4().hex}"
        path.mkdir(mode=0o700)
        return path

    def _finish(self, draft: Path, document: Mapping[str, str | None]) -> str:
        (draft / "content.json").write_text(json.dumps(document))
        name = draft.name.removeprefix(_DRAFT)
        draft.rename(self.directory / name)
        return name

    def create_empty(self, size_gb: int) -> str:
        """Make an empty data disk."""
        draft = self._draft()
        with (draft / "disk").open("wb") as file:
            file.truncate(size_gb * GIB)
        return self._finish(draft, {"kind": "raw"})

    def discard(self, content: str) -> None:
        """Remove a content; it is gone at once, its files a moment later."""
        path = self.directory / content
        if content.startswith((IMAGE_PREFIX, ".")) or "/" in content:
            raise GuestError(f"{content} is not a content of its own")
        trash = self.directory / f"{_TRASH}{content}"
        try:
            path.rename(trash)
        except FileNotFoundError:
            return
        shutil.rmtree(trash, ignore_errors=True)

    def used_bytes(self, content: str) -> int:
        """Add up what a content occupies."""
        directory = self.folder(content)
        return sum(
            (Path(place) / name).lstat().st_blocks * 512
            for place, _, names in os.walk(directory)
            for name in names
        )

    def sweep(self) -> None:
        """Remove what an interrupted copy or removal left."""
        for pattern in (_DRAFT, _TRASH):
            for path in self.directory.glob(f"{pattern}*"):
                shutil.rmtree(path, ignore_errors=True)


class ContentStore(Folders):
    """The contents in a directory, over the images in another."""

    def get(self, content: str) -> Content:
        """Find a content."""
        path = self.directory / content
        try:
            document = json.loads((path / "content.json").read_text())
        except (OSError, ValueError):
            raise UnknownContentError(f"there is no content {content}") from None
        return Content(path, document.get("image"))

    def image_tree(self, key: str) -> Path:
        """Find the files of a marketplace image."""
        if key == NOTHING:
            empty = self.directory / f".{NOTHING}"
            empty.mkdir(exist_ok=True)
            return empty
        tree = self.images / key / "root"
        if not tree.is_dir():
            raise UnknownContentError(f"the image {key} is not in {self.images}: prepare it again")
        return tree

    async def copy(self, content: str) -> str:
        """Copy one content. Whoever writes to it has to be held still meanwhile."""
        draft = self._draft()
        try:
            if content.startswith(IMAGE_PREFIX):
                return self._of_image(draft, content.removeprefix(IMAGE_PREFIX))
            await self.make_tree(content)
            source = self.get(content)
            if source.image is None:
                await _copy(source.file, draft / "disk")
                return self._finish(draft, {"kind": "raw"})
            await _copy(source.upper, draft / "upper")
            return self._finish(draft, {"kind": "tree", "image": source.image})
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _of_image(self, draft: Path, key: str) -> str:
        (draft / "upper").mkdir()
        shutil.copystat(self.image_tree(key), draft / "upper")
        return self._finish(draft, {"kind": "tree", "image": key})

    async def make_tree(self, content: str) -> None:
        """Make the OS disk of a QEMU machine one of ours, in its place; any other content is left alone."""
        path = self.directory / content
        with contextlib.suppress(OSError, ValueError):
            if json.loads((path / "content.json").read_text())["kind"] == "qcow2":
                from localazure.guests.qemu.convert import tree_of_disk  # noqa: PLC0415 - builds on this package

                await tree_of_disk(path)

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of a disk; an OS disk as one file system without a partition table."""
        if content.startswith(IMAGE_PREFIX):
            lower, upper = self.image_tree(content.removeprefix(IMAGE_PREFIX)), None
        else:
            source = self.get(content)
            if source.image is None:
                await _copy(source.file, target)
                os.truncate(target, size_gb * GIB)
                return
            lower, upper = self.image_tree(source.image), source.upper
        await filesystems.write(lower, upper, size_gb * GIB, target)

    async def read_raw(self, source: Path) -> str:
        """Make a content of a disk's bytes: an OS disk of what `write_raw` made of one, else a data disk."""
        draft = self._draft()
        try:
            if not filesystems.is_system(source):
                await _copy(source, draft / "disk")
                return self._finish(draft, {"kind": "raw"})
            await filesystems.read(source, draft / "upper")
            return self._finish(draft, {"kind": "tree", "image": NOTHING})
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


async def _copy(source: Path, target: Path) -> None:
    """Copy with all that overlay files consist of: owners, modes, extended attributes, whiteouts, holes."""
    process = await asyncio.create_subprocess_exec(
        "cp",
        "--archive",
        "--sparse=auto",
        "--reflink=auto",
        str(source),
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
