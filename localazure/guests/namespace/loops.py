"""Loop devices that cannot leak: the kernel frees each when the last descriptor on it is closed."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LO_FLAGS_AUTOCLEAR = 4
_MAJOR = 7
_TRIES = 50


@dataclass(frozen=True)
class Loop:
    """An attached file; closing `descriptor` lets it go once no mount uses it either."""

    number: int
    descriptor: int

    @property
    def device(self) -> int:
        """Its device number."""
        return os.makedev(_MAJOR, self.number)

    def close(self) -> None:
        """Let go of the device."""
        os.close(self.descriptor)


def _node(number: int) -> Path:
    path = Path(f"/dev/loop{number}")
    if not path.exists():  # a container's /dev is made once and does not follow the kernel
        os.mknod(path, 0o60660, os.makedev(_MAJOR, number))
    return path


def _configuration(backing: int, name: str) -> bytes:
    # struct loop_config: fd, block size, struct loop_info64, 8 reserved words.
    info = struct.pack(
        "<5Q4I64s64s32s2Q", *([0] * 5), 0, 0, 0, _LO_FLAGS_AUTOCLEAR, name.encode()[-63:], b"", b"", 0, 0
    )
    return struct.pack("<II", backing, 0) + info + bytes(64)


def attach(file: Path) -> Loop:
    """Attach a file to a free loop device; another process may take the free one first, so try again."""
    backing = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        with Path("/dev/loop-control").open("r+b", buffering=0) as control:
            for _ in range(_TRIES):
                number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
                descriptor = os.open(_node(number), os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.ioctl(descriptor, _LOOP_CONFIGURE, _configuration(backing, str(file)))
                except OSError as error:
                    os.close(descriptor)
                    if error.errno != errno.EBUSY:
                        raise
                    time.sleep(0.02)
                    continue
                return Loop(number, descriptor)
    finally:
        os.close(backing)
    raise OSError(errno.EBUSY, f"no loop device to be had for {file}")


def backing_file(number: int) -> str | None:
    """Name the file behind a loop device, if there is one."""
    try:
        return Path(f"/sys/block/loop{number}/loop/backing_file").read_text().rstrip("\n")
    except OSError:
        return None


def attached_under(directory: Path) -> list[int]:
    """List the loop devices whose file lies in a directory."""
    prefix = f"{directory.resolve()}/"
    numbers = (int(p.name.removeprefix("loop")) for p in Path("/sys/block").glob("loop*"))
    return sorted(n for n in numbers if (backing_file(n) or "").startswith(prefix))
