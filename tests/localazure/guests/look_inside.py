"""Builds a guest's root file system as a boot does, looks around, and comes back: `python -m … PLAN`.

Comes back, because otherwise nothing could be told about the code that ran (a boot ends in the guest's init).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from localazure.guests.namespace import kernel, rootfs
from localazure.guests.namespace.plan import BootPlan

_NULL = os.makedev(1, 3)


def _refused(path: str) -> bool:
    try:
        Path(path).write_text("1")
    except OSError:
        return True
    return False


def look() -> dict[str, object]:
    disk = Path("/dev/sdc").stat()
    return {
        "root": sorted(p.name for p in Path("/").iterdir()),
        "file": Path("/from-image").read_text(),
        "disk": [oct(disk.st_mode), disk.st_rdev],
        "links": {str(p): str(p.resolve()) for p in Path("/dev/disk").rglob("*") if p.is_symlink()},
        "partitions": Path("/proc/partitions").read_text(),
        "dmi": {p.name: p.read_text().strip() for p in Path("/sys/class/dmi/id").iterdir()},
        "size": Path("/sys/block/sdc/size").read_text().strip(),
        "dvd": Path("/mnt/cdrom/secure/ovf-env.xml").read_text(),
        "mounts": [line.split()[:3] for line in Path("/proc/self/mounts").read_text().splitlines()],
        "boot_id": Path("/proc/sys/kernel/random/boot_id").read_text(),
        "read_only": {
            p: _refused(p) for p in ("/x", "/sys/x", "/proc/sys/kernel/panic", "/proc/sysrq-trigger-x")
        },
        "null": Path("/dev/null").stat().st_rdev == _NULL,
        "unmasked": [
            n for n in rootfs.MASKED if (p := Path("/proc", n)).exists() and p.stat().st_rdev != _NULL
        ],
    }


def main() -> None:
    plan = BootPlan.from_json(sys.stdin.read())
    outside = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    here = Path.cwd()
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWCGROUP)
    rootfs.build(plan)
    seen = look()
    rootfs.renounce_capabilities()
    os.fchdir(outside)
    os.chroot(".")
    os.chdir(here)
    status = Path("/proc/self/status").read_text()
    seen["capabilities"] = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd"))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
