"""What this computer must have to run namespace guests, each with the command that mends its absence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from localazure.guests.namespace.cgroups import hierarchy

_PROBE_SECONDS = 20
_SPARE_ADDRESS = "127.16.255.254"
_PROGRAMS = {"unshare": "util-linux", "cp": "coreutils"}
_OLDEST_KERNEL = (5, 8)


def usable_ports(ports: Iterable[int]) -> tuple[int, ...]:
    """Choose the ports that can be listened on at the guests' addresses."""
    return tuple(port for port in ports if _bindable(port))


def missing(state: Path, ports: Iterable[int]) -> list[str]:
    """List what is missing; nothing means that machines can run, and be reached at one of the ports."""
    if os.geteuid() != 0:
        return ["namespace guests need root: run the command with sudo"]
    found = [
        f"{program} is not installed: apt-get install {package}"
        for program, package in _PROGRAMS.items()
        if shutil.which(program) is None
    ]
    for check in (_kernel, _devices, _control_groups):
        found += check()
    if not usable_ports(ports):
        found.append(
            f"guests cannot have any of the ports {', '.join(map(str, ports))}: stop what listens on them"
        )
    if not found:
        found += _overlay(state)
    return found


def _kernel() -> list[str]:
    release = tuple(int(p) for p in os.uname().release.split("-")[0].split(".")[:2])
    return [] if release >= _OLDEST_KERNEL else [f"Linux {os.uname().release} is too old: 5.8 is needed"]


def _devices() -> list[str]:
    wanted = {"/dev/net/tun": "modprobe tun", "/dev/loop-control": "modprobe loop"}
    return [f"{path} is not there: {remedy}" for path, remedy in wanted.items() if not Path(path).exists()]


def _control_groups() -> list[str]:
    root = hierarchy()
    if root is None:
        return ["there is no cgroup2 file system: mount -t cgroup2 none /sys/fs/cgroup"]
    probe = root / f"localazure-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        return [f"{root} cannot be written ({error.strerror}): run the container with --privileged"]
    return []


def _bindable(port: int) -> bool:
    """Try it on an address of theirs: what listens on every address has the port on those too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_SPARE_ADDRESS, port))
        except OSError:
            return False
    return True


def _overlay(state: Path) -> list[str]:
    """Mount one where the disks will lie: not every file system can hold one, a container's own cannot."""
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=state) as place:
        for name in ("lower", "upper", "work", "root"):
            (Path(place) / name).mkdir()
        options = f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work"
        command = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, f"{place}/root"]
        try:
            subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=True, text=True)
        except subprocess.TimeoutExpired:
            return [f"an overlay below {state} was not mounted within {_PROBE_SECONDS} s"]
        except subprocess.CalledProcessError as error:
            why = str(error.stderr).strip()
            return [f"no overlay can be mounted below {state} ({why}): keep the state on ext4, XFS or Btrfs"]
    return []
