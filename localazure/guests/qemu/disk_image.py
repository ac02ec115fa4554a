"""A disk that boots by itself, made of a tree of files: partitions, boot loaders, one ext4 with a journal.

The layout is that of Azure's own Debian: a GUID partition table with a partition for the BIOS's boot
loader, one for UEFI's, and the system. So one disk boots machines of both generations. Nothing is mounted,
and no loop device is used: whoever can read the tree can make the disk.
"""

from __future__ import annotations

import re
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from localazure.guests.base import GuestError
from localazure.guests.qemu.programs import run
from localazure.guests.qemu.trees import AS_ROOT

MIB = 1 << 20
SECTOR = 512
LABEL = "osroot"
_BIOS_AT, _BIOS_SIZE = 1 * MIB, 1 * MIB
_EFI_AT, _EFI_SIZE = 2 * MIB, 8 * MIB
SYSTEM_AT = 10 * MIB
_END = 1 * MIB  # the second copy of the table
_TYPES = {
    "bios": "21686148-6449-6E6F-744E-656564454649",
    "efi": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
}
_SYSTEM_NUMBER, _BIOS_NUMBER, _EFI_NUMBER = 1, 14, 15

# Where GRUB's first sector names the next one, and that one the rest (boot.S, diskboot.S).
_KERNEL_SECTOR, _BLOCK_LIST = 0x5C, 0x1F4
_BOOT_CODE = 440
_ROOT = re.compile(r"root=PARTUUID=\S+")
_MODULES = ("part_gpt", "ext2", "normal", "linux", "serial", "terminal", "search", "search_fs_uuid", "echo")
GRUB = Path("/usr/lib/grub")


@dataclass(frozen=True)
class Identity:
    """What the disk and its file system are called; the boot loader and the kernel go by it."""

    file_system: str
    partition: str
    disk: str

    @classmethod
    def new(cls) -> Identity:
        """Invent one."""
        return cls(*(str(uuid.uuid4()) for _ in range(3)))


def configure_boot_loader(tree: Path, identity: Identity) -> None:
    """Write into a tree's boot menu where its root will be, whatever it said before."""
    menu = tree / "boot/grub/grub.cfg"
    menu.write_text(_ROOT.sub(f"root=PARTUUID={identity.partition}", menu.read_text()))


async def make_disk(tree: Path, raw: Path, *, system_mib: int, size_gb: int, identity: Identity) -> None:
    """Make the sparse disk `raw`; the system's partition is smaller than the disk, as clouds ship them."""
    with raw.open("xb") as file:
        file.truncate(size_gb << 30)
    await _partition(raw, system_mib, identity)
    await _make_system(tree, raw, system_mib, identity)
    await _install_bios_loader(raw, identity)
    await _install_efi_loader(raw, identity)


async def _partition(raw: Path, system_mib: int, identity: Identity) -> None:
    def line(number: int, kind: str, start: int, size: int, more: str = "") -> str:
        place = f"start={start // SECTOR}, size={size // SECTOR}"
        return f"{number}: {place}, type={_TYPES[kind]}, name={kind}{more}"

    table = "\n".join(
        [
            "label: gpt",
            f"label-id: {identity.disk}",
            line(_SYSTEM_NUMBER, "linux", SYSTEM_AT, system_mib * MIB, f", uuid={identity.partition}"),
            line(_BIOS_NUMBER, "bios", _BIOS_AT, _BIOS_SIZE),
            line(_EFI_NUMBER, "efi", _EFI_AT, _EFI_SIZE),
        ]
    )
    await run("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", str(raw), stdin=table.encode() + b"\n")


async def _make_system(tree: Path, raw: Path, system_mib: int, identity: Identity) -> None:
    """Make the file system in its place. With a journal: without one, a copy of a running disk is broken."""
    await run(
        *AS_ROOT,
        *("mke2fs", "-q", "-F", "-t", "ext4", "-L", LABEL, "-U", identity.file_system, "-m", "0"),
        *("-O", "has_journal,^metadata_csum_seed", "-J", "size=16"),
        *("-E", f"offset={SYSTEM_AT},lazy_itable_init=1,nodiscard", "-d", str(tree)),
        *(str(raw), f"{system_mib * 1024}k"),
    )


def _search(identity: Identity) -> str:
    """The core's own commands: find the system, and read its menu."""
    return (
        f"search.fs_uuid {identity.file_system} root\nset prefix=($root)/boot/grub\n"
        "configfile $prefix/grub.cfg\n"
    )


async def _core(raw: Path, identity: Identity, platform: str, *modules: str) -> bytes:
    early, core = raw.with_suffix(".early"), raw.with_suffix(".core")
    early.write_text(_search(identity))
    try:
        await run(
            *("grub-mkimage", "-d", str(GRUB / platform), "-O", platform, "-p", "/boot/grub"),
            *("-c", str(early), "-o", str(core), *_MODULES, "configfile", *modules),
        )
        return core.read_bytes()
    finally:
        early.unlink()
        core.unlink(missing_ok=True)


async def _install_bios_loader(raw: Path, identity: Identity) -> None:
    core = bytearray(await _core(raw, identity, "i386-pc", "biosdisk"))
    if len(core) > _BIOS_SIZE:
        raise GuestError(f"GRUB's core has {len(core)} bytes: more than its partition")
    boot = bytearray((GRUB / "i386-pc" / "boot.img").read_bytes()[:_BOOT_CODE])
    first = _BIOS_AT // SECTOR
    struct.pack_into("<Q", boot, _KERNEL_SECTOR, first)
    struct.pack_into("<Q", core, _BLOCK_LIST, first + 1)
    with raw.open("r+b") as file:
        file.write(boot)
        file.seek(_BIOS_AT)
        file.write(core)


async def _install_efi_loader(raw: Path, identity: Identity) -> None:
    """Put the loader where a firmware without memory of its own looks: the removable media's path."""
    loader, partition = raw.with_suffix(".efi"), raw.with_suffix(".esp")
    loader.write_bytes(await _core(raw, identity, "x86_64-efi"))
    try:
        with partition.open("wb") as file:
            file.truncate(_EFI_SIZE)
        await run("mkfs.vfat", "-n", "EFI", str(partition))
        await run("mmd", "-i", str(partition), "::/EFI", "::/EFI/BOOT")
        await run("mcopy", "-i", str(partition), str(loader), "::/EFI/BOOT/BOOTX64.EFI")
        with raw.open("r+b") as file:
            file.seek(_EFI_AT)
            file.write(partition.read_bytes())
    finally:
        loader.unlink()
        partition.unlink(missing_ok=True)
