"""The OS disks of one kind of guest made into those of the other, each time a machine of the other kind needs
it.

A namespace guest's disk is a tree of files without what only hardware needs. So a disk made of it is given
that: kernel, modules, udev, as they lie beside the marketplace image; its root and its network card are
named as they are called on a machine. The other way the tree is read out of the disk's file system, and its
network is the host's again. What the machine's owner has in it stays as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from localazure.guests.base import GuestError
from localazure.guests.qemu import disk_image
from localazure.guests.qemu.copying import COPY_SECONDS
from localazure.guests.qemu.disk_image import SYSTEM_AT
from localazure.guests.qemu.programs import run

HARDWARE = "hardware.tar"
DISK = "disk.qcow2"
_PARTS = ("boot", "vmlinuz", "usr/lib/modules", "etc/udev/rules.d/67-azure-disks.rules")
_UDEV_FILES = Path("var/lib/dpkg/info/udev.list")
_SYSTEM_MIB, _DISK_GB = 4096, 30

# $1 upper, $2 lower, $3 where to mount, $4 the tree to be, $5 the archive of what hardware needs
_MERGE = """set -e
mount --make-rprivate /
mount -t overlay -o "ro,lowerdir=$1:$2" overlay "$3"
cp --archive "$3/." "$4/"
umount "$3"
tar -C "$4" --keep-directory-symlink -xf "$5"
root='LABEL=osroot / ext4 defaults,noatime,discard,errors=remount-ro 0 1'
sed -i "s|^overlay  */  *overlay .*|$root|" "$4/etc/fstab"
if [ -f "$4/etc/network/interfaces" ]; then
  sed -i 's/^iface eth0 inet manual/iface eth0 inet dhcp/' "$4/etc/network/interfaces"
fi
"""
# $1 the raw disk, $2 the system's offset, $3 where to mount, $4 the tree to be. Mounted for writing, because
# what was copied under a running machine has its last changes in the journal alone.
_READ = """set -e
mount --make-rprivate /
mount -t ext4 -o "loop,offset=$2" "$1" "$3"
if [ -e "$3/usr/bin/cloud-init" ]; then
  echo "cloud-init provisions this disk, which needs a machine: --guest qemu" >&2
  exit 65
fi
cp --archive "$3" "$4"
rm -rf "$4/lost+found"
sed -i 's/^LABEL=osroot  *\\/ .*/overlay \\/ overlay defaults 0 1/' "$4/etc/fstab"
if [ -f "$4/etc/network/interfaces" ]; then
  sed -i 's/^iface eth0 inet dhcp/iface eth0 inet manual/' "$4/etc/network/interfaces"
fi
"""


async def keep_hardware(tree: Path, archive: Path) -> None:
    """Put aside what a machine's disk has and a namespace guest's has not."""
    listed = (tree / _UDEV_FILES).read_text().splitlines() if (tree / _UDEV_FILES).exists() else []
    files = [_merged(name.lstrip("/")) for name in listed]
    wanted = [part for part in (*_PARTS, *files) if _is_file_or_tree(tree, part)]
    await run(
        *("tar", "-C", str(tree), "--null", "--files-from=-", "-cf", str(archive)),
        stdin="\0".join(wanted).encode(),
    )


def _merged(name: str) -> str:
    """Name a file by where it is: /lib, /bin and /sbin are links into /usr."""
    first, _, _ = name.partition("/")
    return f"usr/{name}" if first in ("lib", "bin", "sbin") else name


def _is_file_or_tree(tree: Path, part: str) -> bool:
    path = tree / part
    return path.is_symlink() or path.is_file() or (part in _PARTS and path.is_dir())


async def disk_of_tree(upper: Path, lower: Path, hardware: Path, disk: Path) -> None:
    """Make a bootable disk of a namespace guest's files. Needs root, as those guests do."""
    if os.geteuid() != 0:
        raise GuestError("a namespace guest's disk is made bootable by root alone: run as root")
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=disk.parent) as place:
        tree, mount, raw = Path(place) / "tree", Path(place) / "mount", Path(place) / "disk.raw"
        for folder in (tree, mount):
            folder.mkdir()
        shutil.copystat(lower, tree)
        words = (str(upper), str(lower), str(mount), str(tree), str(hardware))
        await run("unshare", "--mount", "sh", "-c", _MERGE, "sh", *words, seconds=COPY_SECONDS)
        identity = disk_image.Identity.new()
        disk_image.configure_boot_loader(tree, identity)
        await disk_image.make_disk(tree, raw, system_mib=_SYSTEM_MIB, size_gb=_DISK_GB, identity=identity)
        await run("qemu-img", "convert", "-O", "qcow2", str(raw), str(disk), seconds=COPY_SECONDS)


async def tree_of_disk(content: Path) -> None:
    """Make the content of a machine's OS disk one of a namespace guest, in its place."""
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=content) as place:
        raw, mount = Path(place) / "disk.raw", Path(place) / "mount"
        mount.mkdir()
        await run(
            *("qemu-img", "convert", "-O", "raw", str(content / DISK), str(raw)),
            seconds=COPY_SECONDS,
        )
        words = (str(raw), str(SYSTEM_AT), str(mount), str(Path(place) / "upper"))
        await run("unshare", "--mount", "sh", "-c", _READ, "sh", *words, seconds=COPY_SECONDS)
        _exchange(content, Path(place) / "upper")


def _exchange(content: Path, upper: Path) -> None:
    """Put the files in the disk's place: whoever is interrupted here begins anew."""
    shutil.rmtree(content / "upper", ignore_errors=True)
    upper.rename(content / "upper")
    (content / "content.json").write_text(json.dumps({"kind": "tree", "image": "nothing"}))
    (content / DISK).unlink()
