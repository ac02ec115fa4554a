"""What this computer must have to run QEMU guests, each with the command that mends its absence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils"}
_TUN = Path("/dev/net/tun")
_PROBE_SECONDS = 30
_PROBE = "from localazure.guests.qemu.network import probe; probe()"
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


def missing(usable: Sequence[int], ssh_ports: Sequence[int]) -> list[str]:
    """List what is missing; nothing means that machines can run, and be reached at one of the SSH ports."""
    packages = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    found = [f"QEMU is not installed: apt-get install {' '.join(packages)}"] if packages else []
    if not _TUN.exists():
        found.append(f"{_TUN} is not there: modprobe tun")
    elif not os.access(_TUN, os.R_OK | os.W_OK):
        found.append(f"{_TUN} is closed to this user: run as root, or once: chmod 0666 {_TUN}")
    elif not found:
        found += _namespaces()
    if not set(usable) & set(ssh_ports):
        ports = ", ".join(map(str, ssh_ports))
        found.append(f"guests cannot have any of the ports {ports}: stop what listens on them")
    return found


def _namespaces() -> list[str]:
    """Lay a wire as for a machine, in a process of its own."""
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        return [f"a network for a machine was not made within {_PROBE_SECONDS} s"]
    if done.returncode == 0:
        return []
    why = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return [f"no network for a machine can be made ({why}): run as root, or allow user namespaces"]
