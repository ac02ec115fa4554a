"""Data disks of a running machine: files as block devices, and what is on them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import string
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from localazure.guests.namespace import loops
from localazure.guests.namespace.messages import RunningDisk
from localazure.guests.namespace.plan import Device

GIB = 1 << 30
_SECTOR = 512
_FIRST_LETTER = string.ascii_lowercase.index("c")  # sda is the OS disk on Azure, sdb the resource disk
_RELEASE_SECONDS = 5.0
_EXT_SUPERBLOCK = 1024


def attach(disks: Sequence[RunningDisk]) -> tuple[tuple[Device, ...], list[loops.Loop]]:
    """Make a block device of each disk, in the order of their LUNs; all of them or none."""
    devices: list[Device] = []
    attached: list[loops.Loop] = []
    try:
        for number, disk in enumerate(sorted(disks, key=lambda d: d.lun)):
            file = Path(disk.file)
            size = max(file.stat().st_size, disk.size_gb * GIB)
            os.truncate(file, size)
            attached.append(loops.attach(file))
            letter = string.ascii_lowercase[_FIRST_LETTER + number]
            devices.append(Device(disk.lun, letter, attached[-1].device, size // _SECTOR))
    except OSError:
        for loop in attached:
            loop.close()
        raise
    return tuple(devices), attached


async def release(attached: Sequence[loops.Loop]) -> None:
    """Let the devices go, and wait until the kernel has."""
    for loop in attached:
        loop.close()
    until = time.monotonic() + _RELEASE_SECONDS
    for loop in attached:
        while loops.backing_file(loop.number) is not None and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the kernel sends no event


def with_file_system(device: Device, file: Path) -> Device:
    """Add the UUID of the file system on the disk, if there is one that we know."""
    return dataclasses.replace(device, uuid=file_system_uuid(file))


def file_system_uuid(file: Path) -> str | None:
    """Read the UUID of an ext or XFS file system from its superblock."""
    with file.open("rb") as disk:
        head = disk.read(_EXT_SUPERBLOCK + 256)
    ext = head[_EXT_SUPERBLOCK:]
    if ext[56:58] == b"\x53\xef":
        return str(uuid.UUID(bytes=ext[104:120]))
    if head[:4] == b"XFSB":
        return str(uuid.UUID(bytes=head[32:48]))
    return None


def mounted_in_guest(init: int, devices: Sequence[int]) -> list[Path]:
    """Say where these devices are mounted in the guest, as paths on the outside."""
    wanted = {f"{os.major(d)}:{os.minor(d)}" for d in devices}
    found: dict[str, Path] = {}
    for line in Path(f"/proc/{init}/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        if fields[2] in wanted:
            place = fields[4].encode().decode("unicode_escape")
            found.setdefault(fields[2], Path(f"/proc/{init}/root{place}"))
    return list(found.values())
