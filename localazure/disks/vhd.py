"""The fixed VHD: a disk's bytes and a footer of 512, which is how disks travel to and from Azure."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime

FOOTER = 512
MIB, GIB = 1 << 20, 1 << 30
SMALLEST, LARGEST = 20 * MIB + FOOTER, (32 << 40) + FOOTER
"""Of an upload, footer included (seen: AzureStorageExplorer#3029)."""

_COOKIE = b"conectix"
_FIXED = 2
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_LAYOUT = ">8sIIQI4sI4sQQHBBII16sB"


def footer(size: int, disk_id: str, made: datetime) -> bytes:
    """The footer of a fixed disk of `size` bytes; the same disk has the same footer each time."""

    def packed(checksum: int) -> bytes:
        return struct.pack(
            _LAYOUT,
            *(_COOKIE, 2, 0x00010000, (1 << 64) - 1, int((made - _EPOCH).total_seconds())),
            *(b"wa\0\0", 0x00070000, b"Wi2k", size, size, *_geometry(size), _FIXED, checksum),
            *(uuid.UUID(disk_id).bytes, 0),
        ).ljust(FOOTER, b"\0")

    return packed(~sum(packed(0)) & 0xFFFFFFFF)


def disk_bytes(last: bytes) -> int | None:
    """The size of the disk by the last 512 bytes of a blob; None when they are no fixed VHD's footer."""
    if len(last) != FOOTER or last[:8] != _COOKIE:
        return None
    fields = struct.unpack(_LAYOUT, last[: struct.calcsize(_LAYOUT)])
    size, kind, checksum = fields[9], fields[13], fields[14]
    if kind != _FIXED or ~sum(last[:64] + bytes(4) + last[68:]) & 0xFFFFFFFF != checksum:
        return None
    return int(size)


def gigabytes(size: int) -> int:
    """The whole GiB that a disk of so many bytes needs."""
    return -(-size // GIB)


def _geometry(size: int) -> tuple[int, int, int]:
    """Cylinders, heads and sectors as the format's specification computes them."""
    total = min(size // 512, 65535 * 16 * 255)
    if total >= 65535 * 16 * 63:
        sectors, heads = 255, 16
        return total // sectors // heads, heads, sectors
    sectors, heads = 17, max(4, (total // 17 + 1023) // 1024)
    if total // 17 >= heads * 1024 or heads > 16:
        sectors, heads = 31, 16
    if total // sectors >= heads * 1024:
        sectors, heads = 63, 16
    return total // sectors // heads, heads, sectors
