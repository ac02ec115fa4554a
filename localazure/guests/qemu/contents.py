"""What is on disks, kept under the local Azure's state directory, one folder a content.

content.json         {"kind": "qcow2", "image": KEY}: an OS disk over the marketplace image KEY
                     {"kind": "qcow2", "image": null}: an OS disk that is all in its file
                     {"kind": "raw"}: a data disk, as the sparse file `disk` of the disk's size
                     {"kind": "tree", ...}: an OS disk of a namespace guest, made bootable when it is used
disk.qcow2, disk     the content itself

Data disks are kept as namespace guests keep them. A copy needs nothing but the immutable image, so that any
content may go at any time. A content that is being made has a name of its own and is renamed when it is
whole.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.namespace import contents as namespace
from localazure.guests.namespace.contents import GIB, IMAGE_PREFIX
from localazure.guests.qemu.convert import DISK, disk_of_tree
from localazure.guests.qemu.copying import COPY_SECONDS, copy_file
from localazure.guests.qemu.programs import run

_SECTOR = 512


@dataclass(frozen=True)
class Content:
    """One content by its folder."""

    directory: Path
    kind: str
    image: str | None
    """The key of the marketplace image below it, if there is one."""

    @property
    def file(self) -> Path:
        """The file that is the disk; of a namespace guest's, the folder of its own files."""
        return self.directory / {"qcow2": DISK, "tree": "upper"}.get(self.kind, "disk")

    @property
    def format(self) -> str:
        """Its format, as QEMU calls it."""
        return "qcow2" if self.kind == "qcow2" else "raw"


class ContentStore(namespace.Folders):
    """The contents in a directory, over the images in another."""

    def get(self, content: str) -> Content:
        """Find a content."""
        path = self.directory / content
        try:
            document = json.loads((path / "content.json").read_text())
        except (OSError, ValueError):
            raise UnknownContentError(f"there is no content {content}") from None
        return Content(path, document["kind"], document.get("image"))

    def image_disk(self, key: str) -> Path:
        """Find the disk of a marketplace image."""
        disk = self.images / key / DISK
        if not disk.is_file():
            raise UnknownContentError(f"the image {key} is not in {self.images}: prepare it again")
        return disk

    async def copy(self, content: str) -> str:
        """Copy a content that no machine writes to."""
        draft = self._draft()
        try:
            if content.startswith(IMAGE_PREFIX):
                return await self._of_image(draft, content.removeprefix(IMAGE_PREFIX))
            source = self.get(content)
            await copy_file(source.file, draft / source.file.name)
            return self._finish(draft, {"kind": source.kind, "image": source.image})
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    async def _of_image(self, draft: Path, key: str) -> str:
        await create_overlay(draft / DISK, self.image_disk(key))
        return self._finish(draft, {"kind": "qcow2", "image": key})

    async def make_bootable(self, content: str, hardware: Path | None) -> Content:
        """Find an OS disk; one of a namespace guest is made into a machine's, in its place."""
        found = self.get(content)
        if found.kind != "tree":
            return found
        if hardware is None:
            raise GuestError("there is no kernel for this disk: prepare an image of this kind of guest first")
        lower = namespace.ContentStore(self.directory, self.images).image_tree(found.image or "")
        await disk_of_tree(found.file, lower, hardware, found.directory / DISK)
        (found.directory / "content.json").write_text(json.dumps({"kind": "qcow2", "image": None}))
        await asyncio.to_thread(shutil.rmtree, found.file)
        return self.get(content)

    async def begin_copies(self, contents: Sequence[str]) -> list[Target]:
        """Make empty targets for copies that QEMU itself will write."""
        return [await self._target(self.get(content)) for content in contents]

    async def _target(self, source: Content) -> Target:
        draft = self._draft()
        file = draft / source.file.name
        if source.format == "raw":
            with file.open("wb") as target:
                target.truncate(source.file.stat().st_size)
        elif source.image is not None:
            await create_overlay(file, self.image_disk(source.image))
        else:
            size = json.loads(await run("qemu-img", "info", "-U", "--output=json", str(source.file)))
            await run("qemu-img", "create", "-q", "-f", "qcow2", str(file), str(size["virtual-size"]))
        return Target(draft, file, source)

    def finish_copies(self, targets: Sequence[Target]) -> list[str]:
        """Keep the copies."""
        return [self._finish(t.draft, {"kind": t.source.kind, "image": t.source.image}) for t in targets]

    async def flatten(self, content: str) -> None:
        """Put all that an OS disk shows into its own file; nobody uses it yet."""
        found = self.get(content)
        if found.kind != "qcow2" or found.image is None:
            return
        whole = found.directory / "whole.qcow2"
        await run("qemu-img", "convert", "-O", "qcow2", str(found.file), str(whole), seconds=COPY_SECONDS)
        await asyncio.to_thread(whole.replace, found.file)
        (found.directory / "content.json").write_text(json.dumps({"kind": "qcow2", "image": None}))

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of its disk."""
        if content.startswith(IMAGE_PREFIX):
            file, kind = self.image_disk(content.removeprefix(IMAGE_PREFIX)), "qcow2"
        else:
            source = self.get(content)
            file, kind = source.file, source.format
        await run(
            *("qemu-img", "convert", "-U", "-f", kind, "-O", "raw", str(file), str(target)),
            seconds=COPY_SECONDS,
        )
        os.truncate(target, size_gb * GIB)

    async def read_raw(self, source: Path) -> str:
        """Make a content of a disk's bytes: an OS disk if they boot, else a data disk."""
        draft = self._draft()
        try:
            if not boots(source):
                await copy_file(source, draft / "disk")
                return self._finish(draft, {"kind": "raw"})
            await run(
                *("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(source), str(draft / DISK)),
                seconds=COPY_SECONDS,
            )
            return self._finish(draft, {"kind": "qcow2", "image": None})
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


@dataclass(frozen=True)
class Target:
    """A copy that is being made."""

    draft: Path
    file: Path
    source: Content

    def drop(self) -> None:
        """Give it up."""
        shutil.rmtree(self.draft, ignore_errors=True)


async def create_overlay(disk: Path, image: Path) -> None:
    """Make a disk that has nothing of its own yet."""
    await run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(image), "-F", "qcow2", str(disk))


def boots(disk: Path) -> bool:
    """Tell whether a disk has a boot loader: code in its first sector, and the signature after it."""
    with disk.open("rb") as file:
        head = file.read(_SECTOR)
    return head[510:512] == b"\x55\xaa" and any(head[:440])
