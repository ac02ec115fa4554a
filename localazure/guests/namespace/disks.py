"""Data disks of a running machine: files as block devices, and what is on them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import string
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
            devices.append(Device(disk.lun, letter, attached[-1].device, size // _SECTOR, labels(file)))
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


def labels(file: Path) -> tuple[str, ...]:
    """Read what an ext or XFS file system on a disk is called, as names below /dev/disk."""
    with file.open("rb") as disk:
        head = disk.read(_EXT_SUPERBLOCK + 256)
    ext = head[_EXT_SUPERBLOCK:]
    if ext[56:58] == b"\x53\xef":
        number, name = ext[104:120], ext[120:136]
    elif head[:4] == b"XFSB":
        number, name = head[32:48], head[108:120]
    else:
        return ()
    label = name.rstrip(b"\0 ").decode("utf-8", "replace").replace("/", "\\x2f").replace(" ", "\\x20")
    return (f"by-uuid/{uuid.UUID(bytes=number)}", *([f"by-label/{label}"] if label else []))


def relabel(devices: Sequence[Device], disks: Sequence[RunningDisk]) -> tuple[Device, ...]:
    """Look again at what is on the disks."""
    files = {disk.lun: Path(disk.file) for disk in disks}
    return tuple(dataclasses.replace(d, labels=labels(files[d.lun])) for d in devices)


def rename_in_guest(init: int, before: Sequence[Device], now: Sequence[Device]) -> None:
    """Do what udev does in a machine of its own: name a disk for the file system that has come on it."""
    for old, new in zip(before, now, strict=True):
        if old.labels == new.labels:
            continue
        for name in old.labels:
            with _guest_directory(init, "dev", "disk", name.split("/")[0]) as folder:
                os.unlink(name.split("/")[1], dir_fd=folder)
        for name in new.labels:
            with _guest_directory(init, "dev", "disk", name.split("/")[0]) as folder:
                os.symlink(f"../../{new.name}", name.split("/")[1], dir_fd=folder)


@contextmanager
def _guest_directory(init: int, *steps: str) -> Iterator[int]:
    """Open a directory of a guest's, following no link: the guest's would lead into our own tree."""
    folder = os.open(f"/proc/{init}/root", os.O_PATH | os.O_DIRECTORY)
    try:
        for step in steps:
            inner = os.open(step, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


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
