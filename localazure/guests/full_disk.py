"""A running machine's disk is full from one moment to the next, and no byte of this computer's is taken.

Over each folder of the root file system a layer is laid whose own storage is used up: what is there can be
read, empty files and names can still be made and removed, and whoever writes a byte is told ENOSPC, as by a
full disk. `df` shows these folders as full. It lasts until the machine is off; what a process has open
already is not affected, nor are folders in which other file systems are mounted.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from localazure.guests.namespace import kernel

_STORAGE_KIB = 64
_PLACE = Path("/run/full-disk")


def fill(mounts: str, options: str = "") -> None:
    """Fill the disk of the machine in whose mount namespace this is called; once is enough.

    `mounts` is that namespace's `mountinfo`: who comes from outside has no `/proc/self` in there.
    """
    if _PLACE.exists():
        return
    _PLACE.mkdir()
    kernel.mount("full-disk", _PLACE, "tmpfs", options=f"size={_STORAGE_KIB}k,nr_inodes=100000,mode=755")
    for folder in _folders(Path("/"), [line.split()[4] for line in mounts.splitlines()]):
        _lay_over(folder, options)
    _use_up(_PLACE / "used")
    kernel.unmount(_PLACE, kernel.MNT_DETACH)  # the layers keep it


def _folders(root: Path, mounts: list[str]) -> list[Path]:
    """Those of the root file system that hold no other file system."""
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and not path.is_symlink()]
    return [path for path in folders if not any(f"{mount}/".startswith(f"{path}/") for mount in mounts)]


def _lay_over(folder: Path, options: str) -> None:
    upper, work = _PLACE / "upper" / folder.name, _PLACE / "work" / folder.name
    for path in (upper, work):
        path.mkdir(parents=True)
    found = folder.stat()
    os.chown(upper, found.st_uid, found.st_gid)
    upper.chmod(found.st_mode & 0o7777)
    layers = f"lowerdir={folder},upperdir={upper},workdir={work}"
    kernel.mount("overlay", folder, "overlay", options=f"{layers},{options}" if options else layers)


def _use_up(file: Path) -> None:
    try:
        with file.open("wb", buffering=0) as used:
            while True:
                used.write(b"\0" * 4096)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def main(pid: int, options: str) -> None:
    """Fill the disk of the machine whose first process is named."""
    mounts = Path(f"/proc/{pid}/mountinfo").read_text()
    descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    kernel.enter_namespace(descriptor, kernel.CLONE_NEWNS)
    fill(mounts, options)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
