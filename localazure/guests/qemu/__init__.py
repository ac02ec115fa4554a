"""QEMU guests: machines with a kernel, a firmware and disks of their own; see `host` for what they are."""

from __future__ import annotations

from pathlib import Path

from localazure.guests.base import Host
from localazure.guests.qemu.host import QemuHost
from localazure.guests.qemu.marketplace import configure

__all__ = ["configure", "open_host"]


def open_host(state: Path) -> Host:
    """Open the host of QEMU guests on a state directory."""
    return QemuHost(state)
