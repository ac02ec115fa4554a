"""The model guest: a simulated Linux machine that starts in milliseconds, for tests of speed and scale.

It is a simulation, and says so wherever it is named. What is real: a POSIX shell and the usual programs on
files of its own, SSH, processes, signals, mounts. What is modelled: systemd, the Azure agent, sshd's outside,
block devices, package management, users' rights against each other (the kernel knows one). What it cannot
show at all: a kernel's boot, udev, cloud-init, a network card.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.guests.model.host import ModelHost


def open_host(state: Path) -> ModelHost:
    """Open the host of a state directory."""
    from localazure.guests.model.host import ModelHost  # noqa: PLC0415 - the yard's processes need none

    return ModelHost(state)
