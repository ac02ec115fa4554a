"""A copy of a backup in a storage account: VHDs that outlive snapshots, groups and the subscription.

Each disk becomes the page blob `RUN/DISK.vhd`, and the manifest `RUN/manifest.json` beside them, so that a
disk can be made by hand. A blob carries its checksum as metadata only once it was read back from the storage
account and was what the snapshot holds: without it, a blob is a torn copy, which the next entry of the run
completes. A copy of another snapshot, that had the same name once, is begun anew.
Nothing of this expires by itself, and no reaper takes it: the container is the user's.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from azure.core.exceptions import AzureError as SdkError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from factory.azure import disks, restore_points
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.ids import ArmId
from factory.azure.page_blobs import (
    WORKERS,
    checksum_of_blob,
    checksum_of_block,
    for_each,
    list_blocks,
    open_container,
    open_lent,
    read_block,
    read_checksum,
    write_block,
)
from factory.azure.signatures import lend_content
from factory.errors import AzureFault, CopyFailed, NameTaken, OperationTimedOut
from factory.manifest import BlobCopy, Manifest, Part
from factory.run import Run

MANIFEST = "manifest.json"
RUN, SOURCE, TAKEN, CHECKSUM = "golden_run", "golden_source", "golden_taken", "golden_sha256"
"""The metadata of a blob. The checksum is there once the blob was found whole."""

_DISKS_AT_A_TIME = 3
_ACCESS_DEADLINE = timedelta(minutes=10)
_TOLD_PARTS = 20
_RIGHTS = "that this identity is Storage Blob Data Contributor on it"
_REMEDY = (
    f"check that 'backup.copy_to_container' is a container that exists, and {_RIGHTS}; then resume the run: "
    "what is copied already stays"
)


@dataclass(frozen=True)
class _Copying:
    """The copying of one part: from where, to where, until when."""

    run: Run
    azure: Azure
    part: Part
    blob: BlobClient
    taken: str
    ends: float

    @property
    def what(self) -> str:
        return f"copy disk {self.part.disk_name} to {self.blob.container_name}/{self.blob.blob_name}"

    @property
    def marks(self) -> dict[str, str]:
        """Whose copy of what it is. Metadata are ASCII, names of resource groups need not be."""
        return {RUN: self.run.plan.run_id, SOURCE: quote(self.part.source_id), TAKEN: self.taken}

    def tell(self, text: str) -> None:
        self.run.record.write("back-up", "progress", f"{self.part.disk_name}: {text}")

    def check(self) -> None:
        """Raise `OperationTimedOut` at the deadline."""
        if self.azure.clock.monotonic() >= self.ends:
            deadline = self.run.plan.recipe.deadline("backup")
            raise OperationTimedOut(
                self.what,
                deadline,
                "not all blocks are copied",
                remedy="raise 'deadlines.backup', then resume",
            )


async def copy_to_container(run: Run, azure: Azure, manifest: Manifest) -> Manifest:
    """Copy every part of a complete backup and the manifest to the recipe's container, or do nothing.

    Returns the manifest with the copies in it. Whole blobs are taken over after they were read again, torn
    ones completed. Raises `CopyFailed`, `NameTaken` (a blob of this name that the run did not write),
    `OperationTimedOut` with `deadlines.backup` for each, and what reading a snapshot raises.
    """
    address = run.plan.recipe.backup.copy_to_container
    if address is None:
        return manifest
    names, copies = name_blobs(run.plan.run_id, manifest), dict[str, BlobCopy]()
    async with open_container(address, run.connection, os.environ) as container:

        async def copy(part: Part) -> None:
            blob = container.get_blob_client(names[part.disk_id])
            copies[part.disk_id] = await _copy(run, azure, part, blob)

        await for_each(manifest.parts, copy, _DISKS_AT_A_TIME)
        parts = [part.disk_id for part in manifest.parts]
        theirs = manifest.model_copy(update={"copies": tuple(copies[one] for one in parts)})
        await _keep_manifest(container, f"{run.plan.run_id}/{MANIFEST}", theirs)
    run.record.write("back-up", "fact", f"copied to {address}/{run.plan.run_id}", blobs=len(copies))
    return theirs


async def judge_container(address: str, connection: Connection) -> list[str]:
    """What keeps a container from getting copies, as far as a look at it tells."""
    try:
        async with open_container(address, connection, os.environ) as container:
            with _speaking_of(f"look at {address}"):
                await container.get_container_properties()
    except CopyFailed as error:
        return [f"{error.message}: check that 'backup.copy_to_container' exists, and {_RIGHTS}"]
    return []


def name_blobs(run_id: str, manifest: Manifest) -> dict[str, str]:
    """The blob of each disk, by the disk's ID. Two disks of different groups can have one name. Pure."""
    count = Counter(part.disk_name.lower() for part in manifest.parts)

    def stem(part: Part) -> str:
        if count[part.disk_name.lower()] == 1:
            return part.disk_name
        return f"{part.disk_name}-{'os' if part.lun is None else part.lun}"

    return {part.disk_id: f"{run_id}/{stem(part)}.vhd" for part in manifest.parts}


async def _copy(run: Run, azure: Azure, part: Part, blob: BlobClient) -> BlobCopy:
    deadline = run.plan.recipe.deadline("backup")
    taken = await _read_taken(azure, part)
    copying = _Copying(run, azure, part, blob, taken, azure.clock.monotonic() + deadline.total_seconds())
    with _speaking_of(copying.what):
        found = await _look(copying)
        if found is not None and (checksum := await _find_whole(copying, found)):
            run.record.write("back-up", "fact", f"{part.disk_name}: its copy is whole, and is taken over")
            return _told(copying, found.size, checksum)
        async with (
            lend_content(
                azure, part.source_id, lasts=deadline + _ACCESS_DEADLINE, deadline=_ACCESS_DEADLINE
            ) as address,
            open_lent(address, run.connection) as source,
        ):
            size = (await source.get_blob_properties()).size
            if found is None or found.size != size:
                await blob.create_page_blob(size, metadata=copying.marks)
            checksum = await _copy_blocks(copying, source, size)
        await _prove(copying, size, checksum)
        return _told(copying, size, checksum)


async def _read_taken(azure: Azure, part: Part) -> str:
    """When a part was taken: a run whose backup was lost takes another of the same name."""
    if "/restorepoints/" in part.source_id.lower():
        point = await restore_points.get_restore_point(azure, ArmId.parse(part.source_id).parent)
        moment = point.created if point else None
    else:
        snapshot = await disks.get_snapshot(azure, part.source_id)
        moment = snapshot.created if snapshot else None
    return moment.isoformat() if moment else "unknown"


async def _look(copying: _Copying) -> BlobProperties | None:
    """What is there already of this very part. `NameTaken` where another run or a person wrote it."""
    if not await copying.blob.exists():
        return None
    found = await copying.blob.get_blob_properties()
    metadata = found.metadata or {}
    if metadata.get(RUN) != copying.marks[RUN]:
        raise NameTaken(copying.what, metadata.get(RUN) or "somebody else")
    return found if all(metadata.get(key) == mark for key, mark in copying.marks.items()) else None


async def _find_whole(copying: _Copying, found: BlobProperties) -> str | None:
    """The checksum of a blob that was found whole, and is so still."""
    noted = (found.metadata or {}).get(CHECKSUM)
    if noted is None:
        return None
    return noted if await read_checksum(copying.blob, found.size, copying.check) == noted else None


async def _copy_blocks(copying: _Copying, source: BlobClient, size: int) -> str:
    """Copy what the source holds and the blob does not; the checksum of what was read from the source."""
    theirs, ours = await list_blocks(source), await list_blocks(copying.blob)
    blocks, found = sorted(theirs.keys() | ours.keys()), dict[int, str | None]()

    async def copy(at: int) -> None:
        copying.check()
        content = await read_block(source, at, theirs.get(at), size)
        found[at] = checksum_of_block(content)
        if at not in ours:
            if found[at] is not None:
                await write_block(copying.blob, at, theirs[at], content)
        elif content != await read_block(copying.blob, at, ours[at], size):
            await write_block(copying.blob, at, (at, at + len(content)), content)
        if len(found) % max(1, len(blocks) // _TOLD_PARTS) == 0:
            copying.tell(f"{100 * len(found) // len(blocks)} % copied to the container")

    await for_each(blocks, copy, WORKERS)
    return checksum_of_blob(size, found)


async def _prove(copying: _Copying, size: int, checksum: str) -> None:
    """Read the copy from the storage account; what it is then is kept beside it."""
    kept = await read_checksum(copying.blob, size, copying.check)
    if kept != checksum:
        raise CopyFailed(
            copying.what,
            AzureFault(
                text=f"what the storage account gives back (SHA-256 {kept}) is not what was read ({checksum})"
            ),
            remedy="resume the run: the blocks that differ are written again",
        )
    await copying.blob.set_blob_metadata({**copying.marks, CHECKSUM: checksum})


def _told(copying: _Copying, size: int, checksum: str) -> BlobCopy:
    return BlobCopy(
        lun=copying.part.lun,
        disk_name=copying.part.disk_name,
        address=copying.blob.url.split("?")[0],
        bytes=size,
        sha256=checksum,
    )


async def _keep_manifest(container: ContainerClient, name: str, manifest: Manifest) -> None:
    text, what = manifest.text().encode(), f"copy the manifest to {container.container_name}/{name}"
    with _speaking_of(what):
        blob = container.get_blob_client(name)
        await blob.upload_blob(
            text,
            overwrite=True,
            validate_content=True,
            content_settings=ContentSettings(content_type="application/json"),
            metadata={RUN: manifest.run_id},
        )
        kept = await (await blob.download_blob()).readall()
    if kept != text:
        raise CopyFailed(what, AzureFault(text="the storage account gives back another text"))


@contextmanager
def _speaking_of(what: str) -> Iterator[None]:
    """Turn the storage SDK's errors into ours: its sentence alone, which holds no address."""
    try:
        yield
    except SdkError as error:
        text = str(error.message).splitlines()[0] if error.message else type(error).__name__
        code = getattr(error, "error_code", None)
        raise CopyFailed(
            what,
            AzureFault(code=str(getattr(code, "value", code)) if code else None, text=text),
            remedy=_REMEDY,
        ) from error
