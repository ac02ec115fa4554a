"""What lies behind access signatures: for each that is out, the bytes of the disk as a sparse file.

A file is made when somebody first reads (most signatures are never used), under a name of its own, and
renamed when it is whole. It goes with its signature. A disk that is being uploaded is such a file from its
creation until the upload's signature is taken back.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localazure.arm.world import on_start
from localazure.compute.hosts import host_failed
from localazure.disks import vhd
from localazure.disks.models import DISKS, SNAPSHOTS, access_open
from localazure.disks.sources import DISK_RESTORE_POINTS
from localazure.guests.base import GuestError

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

LENDABLE = (DISKS, SNAPSHOTS, DISK_RESTORE_POINTS)


@dataclass(frozen=True)
class Blob:
    """What the holder of a signature sees: a file, and behind it the footer unless that is in the file."""

    path: Path
    raw: int
    footer: bytes = b""

    @property
    def size(self) -> int:
        """Of all, in bytes."""
        return self.raw + len(self.footer)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from anywhere; what was never written is zero."""
        found = b""
        if offset < self.raw:
            with self.path.open("rb") as file:
                found = os.pread(file.fileno(), min(count, self.raw - offset), offset)
        if offset + count > self.raw:
            begin = max(0, offset - self.raw)
            found += self.footer[begin : offset + count - self.raw]
        return found

    def ranges(self) -> list[tuple[int, int]]:
        """First and last byte of each stretch of pages that were written."""
        found: list[tuple[int, int]] = []
        with self.path.open("rb") as file:
            at = 0
            while at < self.raw:
                try:
                    begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
                except OSError:  # no more data
                    break
                at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
                found.append((begin // 512 * 512, min(self.raw, -(-at // 512) * 512) - 1))
        if self.footer and found and found[-1][1] == self.raw - 1:
            found[-1] = (found[-1][0], self.size - 1)
        elif self.footer:
            found.append((self.raw, self.size - 1))
        return found

    def write(self, offset: int, content: bytes) -> None:
        """Put bytes somewhere."""
        with self.path.open("r+b") as file:
            os.pwrite(file.fileno(), content, offset)

    def clear(self, first: int, end: int) -> None:
        """Make a stretch zero; what was never written is so already."""
        with self.path.open("r+b") as file:
            for begin, last in self.ranges():
                for at in range(max(begin, first), min(last + 1, end), vhd.MIB):
                    os.pwrite(file.fileno(), bytes(min(vhd.MIB, min(last + 1, end) - at)), at)


def made_at(doc: Document) -> datetime:
    """When a disk or snapshot was made; a disk of a restore point does not say."""
    text = doc["properties"].get("timeCreated", "2000-01-01T00:00:00")
    return datetime.fromisoformat(text[:19] + "+00:00")


class Transfers:
    """The files of one server."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.directory = world.config.state / "transfers"
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self._making: dict[Path, asyncio.Lock] = {}

    def upload_file(self, doc: Document) -> Path:
        """Where a disk lies that is being uploaded."""
        return self.directory / f"upload-{doc['properties']['uniqueId']}"

    def begin_upload(self, doc: Document) -> None:
        """Make room for a disk that is to be uploaded."""
        with self.upload_file(doc).open("wb") as file:
            file.truncate(doc["_upload"])

    def draft(self, name: str) -> Path:
        """A place for bytes on their way in; one of the same name is taken away."""
        path = self.directory / f"draft-{name}"
        path.unlink(missing_ok=True)
        return path

    def _file(self, doc: Document) -> Path:
        return self.directory / f"read-{doc['_access']['blob']}"

    def size(self, doc: Document) -> int:
        """Of the blob, footer included, without making it."""
        return int(doc["_upload"]) if "_upload" in doc else (_gigabytes(doc) << 30) + vhd.FOOTER

    async def blob(self, doc: Document) -> Blob:
        """The blob of a document that is lent out."""
        if "_upload" in doc:
            return Blob(self.upload_file(doc), doc["_upload"])
        path = self._file(doc)
        async with self._making.setdefault(path, asyncio.Lock()):
            if not path.exists():
                await self._make(doc, path)
        raw = _gigabytes(doc) << 30
        return Blob(path, raw, vhd.footer(raw, str(uuid.uuid5(uuid.NAMESPACE_URL, doc["id"])), made_at(doc)))

    async def _make(self, doc: Document, path: Path) -> None:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        try:
            await self._world.guests.write_raw(doc["_content"], _gigabytes(doc), draft)
        except GuestError as error:
            raise host_failed(error) from error
        draft.rename(path)

    def forget(self, doc: Document) -> None:
        """Remove what lay behind a signature."""
        if doc.get("_access"):
            path = self._file(doc)
            self._making.pop(path, None)
            path.unlink(missing_ok=True)

    def forget_upload(self, doc: Document) -> None:
        """Remove what was uploaded."""
        self.upload_file(doc).unlink(missing_ok=True)

    def lent(self) -> list[Document]:
        """All that has a signature, run out or not."""
        return [
            doc for kind in LENDABLE for doc in self._world.store.list(kind) if doc.get("_access") is not None
        ]

    def sweep(self) -> None:
        """Remove the files that nobody can ask for any more."""
        keep = {self._file(doc) for doc in self.lent() if access_open(self._world, doc)}
        keep |= {self.upload_file(doc) for doc in self._world.store.list(DISKS) if "_upload" in doc}
        for path in self.directory.iterdir():
            if path not in keep:
                path.unlink(missing_ok=True)


def _gigabytes(doc: Document) -> int:
    return int(doc["properties"].get("diskSizeGB") or doc["_size_gb"])


@on_start
async def sweep(world: World) -> None:
    """Tidy up after the last life of the server."""
    world.part(Transfers).sweep()
