"""What a machine sees as its computer: root file system, devices, kernel files.

Runs in the guest's first process, in its own mount namespace, before its init. Nothing of it outlives that
process, and nothing is written to the disk's content: everything here lies in memory. What is the host
kernel's own, and not the guest's to change, is read-only or masked.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from pathlib import Path

from localazure.guests.fabric.dvd import FILE as DVD_FILE
from localazure.guests.namespace import kernel
from localazure.guests.namespace.plan import BootPlan, Device

# Every feature that would tie a layer to its neighbours or to this kernel's defaults is named and off.
OVERLAY_OPTIONS = "redirect_dir=off,metacopy=off,index=off,nfs_export=off,xino=off"
DVD_MOUNT = "mnt/cdrom/secure"
ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"  # Azure's chassis

_NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
    ("log", "/run/systemd/journal/dev-log"),
)
_READ_ONLY = ("sys", "bus", "fs", "irq", "acpi")
MASKED = ("sysrq-trigger", "kcore", "keys", "latency_stats", "timer_list", "sched_debug", "kmsg")
_SECTOR = 512
_NODEV_NOSUID_NOEXEC = kernel.MS_NODEV | kernel.MS_NOSUID | kernel.MS_NOEXEC

# Not for a guest: kernel modules, the clock, raw hardware, the host's log and audit, device nodes.
# systemd needs SYS_ADMIN (mounts) and SYS_BOOT (its own power off); numbers from linux/capability.h.
DROPPED_CAPABILITIES = {
    "sys_module": 16,
    "sys_rawio": 17,
    "sys_pacct": 20,
    "sys_time": 25,
    "mknod": 27,
    "audit_control": 30,
    "mac_override": 32,
    "mac_admin": 33,
    "syslog": 34,
    "wake_alarm": 35,
    "block_suspend": 36,
    "audit_read": 37,
    "perfmon": 38,
    "bpf": 39,
    "checkpoint_restore": 40,
}

_MOUNT_UNIT = """[Unit]
Description=Mount the local file systems of data disks
DefaultDependencies=no
After=local-fs-pre.target systemd-remount-fs.service
Before=local-fs.target umount.target
Conflicts=umount.target
ConditionPathExists=/etc/fstab

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --all --types ext2,ext3,ext4,xfs,btrfs,vfat,auto
"""

_AGENT_DROP_IN = """[Unit]
# Our machine is no virtual machine that systemd could detect; the agent's unit asks for Hyper-V.
ConditionVirtualization=
"""


def build(plan: BootPlan) -> None:
    """Build the file system and enter it."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    root = Path(plan.root)
    lower = ":".join(_escaped(layer).replace(":", "\\:") for layer in plan.layers)
    upper, work = _escaped(plan.upper), _escaped(plan.work)
    options = f"lowerdir={lower},upperdir={upper},workdir={work},{OVERLAY_OPTIONS}"
    kernel.mount("overlay", root, "overlay", options=options)
    for name in ("dev", "proc", "run", "sys", "tmp"):
        (root / name).mkdir(exist_ok=True)
    _proc(root / "proc", plan)
    _dev(root / "dev", plan)
    _sys(root / "sys", plan)
    _run(root / "run")
    if plan.dvd is not None:
        _dvd(root, plan.dvd)
    _remount_read_only(root)  # as a kernel mounts it; systemd makes it writable when /etc/fstab says so
    kernel.change_root(root)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(",", "\\,")


def renounce_capabilities() -> None:
    """Give up what no guest needs, for this process and all that come of it."""
    for number in DROPPED_CAPABILITIES.values():
        kernel.drop_from_bounding_set(number)


def _tmpfs(path: Path, flags: int = 0, options: str = "mode=755") -> None:
    path.mkdir(parents=True, exist_ok=True)
    kernel.mount("tmpfs", path, "tmpfs", flags, options)


def _write(path: Path, text: str, mode: int = 0o444) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _remount_read_only(path: Path) -> None:
    kernel.mount("none", path, flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)


def _proc(proc: Path, plan: BootPlan) -> None:
    kernel.mount("proc", proc, "proc", _NODEV_NOSUID_NOEXEC)
    own = Path(plan.root) / "run"
    _tmpfs(own)  # a place for the files below; `_run` covers it
    for name in _READ_ONLY:
        if (proc / name).is_dir():
            kernel.mount(str(proc / name), proc / name, flags=kernel.MS_BIND)
    if (proc / "sys/net").is_dir():  # of the guest's own network namespace
        kernel.mount(str(proc / "sys/net"), proc / "sys/net", flags=kernel.MS_BIND)
    for name in _READ_ONLY:
        if (proc / name).is_dir():
            _remount_read_only(proc / name)
    partitions = "major minor  #blocks  name\n\n" + "".join(_partition(d) for d in plan.devices)
    for name, text in (
        ("sys/kernel/random/boot_id", f"{uuid.uuid4()}\n"),
        ("partitions", partitions),
        ("cmdline", "console=ttyS0 root=overlay\n"),
    ):
        file = own / name.replace("/", "-")
        _write(file, text)
        kernel.mount(str(file), proc / name, flags=kernel.MS_BIND)
        _remount_read_only(proc / name)
    for name in MASKED:
        if (proc / name).exists():
            kernel.mount("/dev/null", proc / name, flags=kernel.MS_BIND)


def _partition(device: Device) -> str:
    major, minor = os.major(device.device), os.minor(device.device)
    return f"{major:4d} {minor:7d} {device.sectors * _SECTOR // 1024:10d} {device.name}\n"


def _dev(dev: Path, plan: BootPlan) -> None:
    _tmpfs(dev, kernel.MS_NOSUID)
    for name, major, minor in _NODES:
        _node(dev / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    for name, target in _LINKS:
        (dev / name).symlink_to(target)
    (dev / "pts").mkdir()
    kernel.mount(
        "devpts",
        dev / "pts",
        "devpts",
        kernel.MS_NOSUID | kernel.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620,gid=5",
    )
    _tmpfs(dev / "shm", kernel.MS_NODEV | kernel.MS_NOSUID, "mode=1777")
    (dev / "console").touch()
    kernel.mount(plan.console_name, dev / "console", flags=kernel.MS_BIND)
    for device in plan.devices:
        _disk(dev, device)


def _node(path: Path, mode: int, device: int) -> None:
    os.mknod(path, mode, device)
    path.chmod(stat.S_IMODE(mode))  # whatever the umask says


def _disk(dev: Path, device: Device) -> None:
    """Make a disk's node and its name by LUN; the supervisor sees to the names of what is on it."""
    _node(dev / device.name, stat.S_IFBLK | 0o660, device.device)
    with contextlib.suppress(OSError):
        os.chown(dev / device.name, 0, 6)  # Debian's group `disk`
    links = [f"azure/scsi1/lun{device.lun}", *device.labels]
    for link in (dev / "disk" / name for name in links):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(dev / device.name, link.parent))
    for kind in ("by-uuid", "by-label"):
        (dev / "disk" / kind).mkdir(parents=True, exist_ok=True)


def _sys(sys: Path, plan: BootPlan) -> None:
    _tmpfs(sys, _NODEV_NOSUID_NOEXEC)
    dmi = {
        "product_uuid": plan.machine_id,
        "chassis_asset_tag": ASSET_TAG,
        "sys_vendor": "Microsoft Corporation",
        "board_vendor": "Microsoft Corporation",
        "product_name": "Virtual Machine",
    }
    for name, text in dmi.items():
        _write(sys / "class/dmi/id" / name, f"{text}\n", 0o400 if name == "product_uuid" else 0o444)
    mac = ":".join(plan.mac[i : i + 2] for i in range(0, 12, 2)).lower()
    for name, address in (("lo", "00:00:00:00:00:00"), ("eth0", mac)):
        _write(sys / "class/net" / name / "address", f"{address}\n")
        _write(sys / "class/net" / name / "operstate", "up\n")
    (sys / "block").mkdir()
    for device in plan.devices:
        _block(sys, device)
    group = sys / "fs/cgroup"
    group.mkdir(parents=True)
    _remount_read_only(sys)
    kernel.mount("cgroup2", group, "cgroup2", _NODEV_NOSUID_NOEXEC)


def _block(sys: Path, device: Device) -> None:
    """Describe a disk as sysfs does: `lsblk` and the agent read it there."""
    number = f"{os.major(device.device)}:{os.minor(device.device)}"
    home = sys / "devices/vmbus/block" / device.name
    facts = {
        "dev": number,
        "size": str(device.sectors),
        "ro": "0",
        "removable": "0",
        "queue/rotational": "1",
        "queue/logical_block_size": str(_SECTOR),
        "device/timeout": "300",
        "uevent": "MAJOR={}\nMINOR={}\nDEVNAME={}\nDEVTYPE=disk".format(*number.split(":"), device.name),
    }
    for name, text in facts.items():
        _write(home / name, f"{text}\n")
    for link in (
        sys / "block" / device.name,
        sys / "class/block" / device.name,
        sys / "dev/block" / number,
    ):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(home, link.parent))


def _run(run: Path) -> None:
    _tmpfs(run, kernel.MS_NODEV | kernel.MS_NOSUID)
    units = run / "systemd/system"
    _write(units / "walinuxagent.service.d/namespace.conf", _AGENT_DROP_IN)
    # In what it takes for a container, systemd's own generator leaves out the disks of /etc/fstab.
    _write(units / "local-disks.service", _MOUNT_UNIT)
    wants = units / "local-fs.target.requires"
    wants.mkdir()
    (wants / "local-disks.service").symlink_to("../local-disks.service")


def _dvd(root: Path, text: str) -> None:
    """The drive is a name only; its medium is in memory, mounted already where the agent would mount it."""
    (root / "dev/sr0").touch()
    mount_point = root / DVD_MOUNT
    mount_point.mkdir(parents=True, exist_ok=True)
    kernel.mount("/dev/sr0", mount_point, "tmpfs", options="mode=700")
    _write(mount_point / DVD_FILE, text, 0o400)
    kernel.mount("none", mount_point, flags=kernel.MS_REMOUNT | kernel.MS_RDONLY)
