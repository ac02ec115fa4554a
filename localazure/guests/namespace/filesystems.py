"""An OS disk as the bytes of a disk and back: one ext4 file system, told by its label.

A namespace guest boots from files and its kernel is the host's, so there is no partition table and no boot
loader to write. The label says that the bytes are ours, to whoever makes a disk of them again. Ids and the
file system's own times are fixed, so that the same files give the same bytes.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from localazure.guests.base import GuestError
from localazure.guests.namespace import loops

LABEL = "localazure-os"
_ID = "6c6f6361-6c61-4a75-8265-6f732d646973"
_SUPERBLOCK, _MAGIC, _NAME = 1024, slice(56, 58), slice(120, 136)
_SECONDS = 900.0

# $1 what to mount ("" for a bind of $2), $2 the files, $3 where, $4 the disk, $5 label, $6 id
_WRITE = """set -e
mount --make-rprivate /
if [ -n "$1" ]; then mount -t overlay -o "ro,$1" overlay "$3"; else mount --bind "$2" "$3"; fi
mkfs.ext4 -q -F -m 0 -L "$5" -U "$6" -E "hash_seed=$6,lazy_itable_init=1,lazy_journal_init=1,nodiscard" \\
  -d "$3" "$4"
"""
# $1 the block device, $2 where, $3 the files to be
_READ = """set -e
mount --make-rprivate /
mount -t ext4 -o ro,noload "$1" "$2"
cp --archive "$2" "$3"
rm -rf "$3/lost+found"
"""


def is_system(disk: Path) -> bool:
    """Tell whether a disk is one that `write` wrote."""
    with disk.open("rb") as file:
        head = file.read(_SUPERBLOCK + _NAME.stop)[_SUPERBLOCK:]
    return head[_MAGIC] == b"\x53\xef" and head[_NAME].rstrip(b"\0").decode("latin-1") == LABEL


async def write(lower: Path, upper: Path | None, size: int, disk: Path) -> None:
    """Write the files of `lower`, under those of `upper`, as a disk of `size` bytes."""
    with disk.open("xb") as file:
        file.truncate(size)
    layers = "" if upper is None else f"lowerdir={_escaped(upper)}:{_escaped(lower)}"
    with tempfile.TemporaryDirectory(prefix=".mount-", dir=disk.parent) as place:
        await _run(_WRITE, layers, str(lower), place, str(disk), LABEL, _ID)


async def read(disk: Path, target: Path) -> None:
    """Copy the files of such a disk to a new directory."""
    loop = loops.attach(disk)
    try:
        with tempfile.TemporaryDirectory(prefix=".mount-", dir=target.parent) as place:
            await _run(_READ, f"/dev/loop{loop.number}", place, str(target))
    finally:
        loop.close()


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")


async def _run(script: str, *words: str) -> None:
    """Run a script in a mount namespace of its own: whatever it mounts goes with it."""
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "sh", "-c", script, "sh", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8", "E2FSPROGS_FAKE_TIME": "946684800"},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            _, errors = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        why = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise GuestError(f"a disk's file system could not be copied: {why[0]}")
