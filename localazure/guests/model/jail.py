"""Where a machine's commands run: namespaces in which its disks are all there is.

Root in there is nobody outside: where we are root ourselves, an ID of its own that owns nothing but the
contents of model disks; else the user who runs us. There is no network but its own loopback, no device but
the harmless ones, and no way to the files of this computer. What needs more IDs than the one (`chown`) is
answered by `seccomp`.
"""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

from localazure.guests.fabric.dvd import FILE as DVD_FILE
from localazure.guests.model import seccomp
from localazure.guests.model.plan import BootPlan, Disk
from localazure.guests.namespace import kernel

OWNER = 1_800_000_000
"""Who owns the files of model disks, and runs the machines, where we are root: an ID that nobody has."""
CLONE_NEWUSER = 0x10000000
OVERLAY_OPTIONS = "userxattr"
DISKS = "run/model/disks"
_STAGE = Path("/tmp")  # noqa: S108 - a mount of its own there, in a mount namespace of its own
_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWCGROUP
)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"))
_PR_SET_DUMPABLE = 4
_NO_SUCH_DRIVER = os.makedev(240, 0)  # for local use; whoever opens it is told that there is no such device


def owner() -> int | None:
    """The ID that machines run as, where it is not our own."""
    return OWNER if os.geteuid() == 0 else None


def give_away(tree: Path) -> None:
    """Give a tree to those whom machines run as."""
    identity = owner()
    if identity is None:
        return
    for place, folders, files in os.walk(tree):
        for name in (".", *folders, *files):
            os.chown(Path(place) / name, identity, identity, follow_symlinks=False)


def borrowed_node() -> str | None:
    """A block device that we cannot open: as a data disk it shows its face, and no more."""
    for path in sorted(Path("/dev").iterdir()) if owner() is None else ():
        if path.is_block_device() and not os.access(path, os.R_OK) and not os.access(path, os.W_OK):
            return str(path)
    return None


def missing(state: Path) -> list[str]:
    """Try what machines need, in a process of its own: one line for what does not work."""
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=state) as place:
        return _probe(Path(place))


def _probe(place: Path) -> list[str]:
    for name in ("image", "os/upper", "os/work"):
        (place / name).mkdir(parents=True)
    identity = owner()
    give_away(place)
    plan = BootPlan(
        "probe", "probe", "127.16.0.1", 1, "probe", f"{place}/image", f"{place}/os", owner=identity
    )
    listen, trouble = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            leave(plan)
            if os.fork() == 0:
                build(plan)
            else:
                os.wait()
        except BaseException as error:
            os.write(trouble, f"{error}".encode())
        os._exit(0)
    os.close(trouble)
    with os.fdopen(listen) as pipe:
        why = pipe.read()
    os.waitpid(child, 0)
    if not why:
        return []
    return [
        f"no namespaces for model guests ({why}): allow unprivileged user namespaces "
        "(sysctl kernel.apparmor_restrict_unprivileged_userns=0), keep the state on ext4, XFS or Btrfs, "
        "and run a container with --privileged"
    ]


def leave(plan: BootPlan) -> None:
    """Leave this computer's namespaces; the caller's next child is the first process of the machine."""
    if plan.owner is None:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(CLONE_NEWUSER | _NAMESPACES)
        _map(uid, gid)
        _stage(plan)
        return
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    _stage(plan)
    os.setgroups([])
    os.setresgid(plan.owner, plan.owner, plan.owner)
    os.setresuid(plan.owner, plan.owner, plan.owner)
    kernel.control_process(_PR_SET_DUMPABLE, 1)
    kernel.unshare(CLONE_NEWUSER | _NAMESPACES)
    _map(plan.owner, plan.owner)


def _map(uid: int, gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _bind(source: str | Path, target: Path) -> None:
    kernel.mount(str(source), target, flags=kernel.MS_BIND)


def _stage(plan: BootPlan) -> None:
    """Collect what the machine needs where its root may walk, whoever may walk the way there."""
    held = {
        "image": os.open(plan.image, os.O_PATH),
        "os": os.open(plan.directory, os.O_PATH),
        **{disk.name: os.open(disk.directory, os.O_PATH) for disk in plan.disks},
    }
    kernel.mount("stage", _STAGE, "tmpfs", options="mode=755")
    for name in (*held, "root"):
        (_STAGE / name).mkdir()
    for name, descriptor in held.items():
        _bind(f"/proc/self/fd/{descriptor}", _STAGE / name)
        os.close(descriptor)
    if plan.owner is not None:
        node = _STAGE / "node"
        os.mknod(node, stat.S_IFBLK | 0o660, _NO_SUCH_DRIVER)
    elif plan.node and plan.disks:
        (_STAGE / "node").touch()
        _bind(plan.node, _STAGE / "node")


def build(plan: BootPlan) -> None:
    """Build the machine's root file system and enter it. Runs in the machine's first process."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        kernel.interface_up(control, "lo")
        kernel.interface_address(control, "lo:1", plan.address, "255.255.255.255")
    root = _STAGE / "root"
    layers = f"lowerdir={_STAGE}/image,upperdir={_STAGE}/os/upper,workdir={_STAGE}/os/work"
    kernel.mount("overlay", root, "overlay", options=f"{layers},{OVERLAY_OPTIONS}")
    for name in ("dev", "proc", "run", "sys", "tmp"):
        (root / name).mkdir(exist_ok=True)
    kernel.mount("tmpfs", root / "run", "tmpfs", kernel.MS_NODEV | kernel.MS_NOSUID, "mode=755")
    _run(root / "run", plan)
    _dev(root / "dev", plan)
    _sys(root / "sys", plan)
    _proc(root, plan)
    if plan.dvd is not None:
        _dvd(root, plan.dvd)
    kernel.change_root(root)
    seccomp.pretend_ownership()


def _run(run: Path, plan: BootPlan) -> None:
    for name in ("model/units", "model/empty", "model/replies", "lock", "systemd/system", "systemd/journal"):
        (run / name).mkdir(parents=True)
    for name in ("requests", "never"):  # nobody ever writes to the second: a daemon reads it to pass its time
        os.mkfifo(run / "model" / name, 0o600)
    (run / "shm").mkdir()
    for disk in plan.disks:
        place = run / "model/disks" / disk.name
        place.mkdir(parents=True)
        _bind(_STAGE / disk.name, place)
        (run / "model" / f"{disk.name}.gb").write_text(str(disk.size_gb))


def _dev(dev: Path, plan: BootPlan) -> None:
    kernel.mount("tmpfs", dev, "tmpfs", kernel.MS_NOSUID, "mode=755")
    for name in _DEVICES:
        (dev / name).touch()
        _bind(f"/dev/{name}", dev / name)
    for name, target in _LINKS:
        (dev / name).symlink_to(target)
    (dev / "stderr").symlink_to("/proc/self/fd/2")
    (dev / "ptmx").symlink_to("pts/ptmx")
    (dev / "shm").symlink_to("/run/shm")
    (dev / "pts").mkdir()
    kernel.mount("devpts", dev / "pts", "devpts", options="newinstance,ptmxmode=0666,mode=620")
    for disk in plan.disks:
        _disk(dev, disk)


def _disk(dev: Path, disk: Disk) -> None:
    """A face without a body: it is a block device to whoever looks, and nothing can be read from it."""
    (dev / disk.name).touch()
    if (_STAGE / "node").exists():
        _bind(_STAGE / "node", dev / disk.name)
    link = dev / "disk/azure/scsi1" / f"lun{disk.lun}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"../../../{disk.name}")


def _sys(sys: Path, plan: BootPlan) -> None:
    kernel.mount("tmpfs", sys, "tmpfs", options="mode=755")
    dmi = {
        "product_uuid": plan.machine_id,
        "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77",  # Azure's chassis
        "sys_vendor": "Microsoft Corporation",
        "product_name": "Virtual Machine",
        "bios_version": "model guest: a simulation",
    }
    place = sys / "class/dmi/id"
    place.mkdir(parents=True)
    for name, text in dmi.items():
        (place / name).write_text(f"{text}\n")


def _proc(root: Path, plan: BootPlan) -> None:
    kernel.mount("proc", root / "proc", "proc", kernel.MS_NODEV | kernel.MS_NOSUID | kernel.MS_NOEXEC)
    for name, text in (
        ("sys/kernel/random/boot_id", f"{plan.boot_id}\n"),
        ("cmdline", "console=ttyS0 root=overlay localazure.guest=model\n"),
    ):
        file = root / "run/model" / name.rsplit("/", 1)[-1]
        file.write_text(text)
        _bind(file, root / "proc" / name)


def _dvd(root: Path, text: str) -> None:
    place = root / "mnt/cdrom/secure"
    place.mkdir(parents=True, exist_ok=True)
    kernel.mount("/dev/sr0", place, "tmpfs", options="mode=700")
    (place / DVD_FILE).write_text(text)
