"""The namespace guest: a real Debian under its own systemd, on the kernel of the computer it runs on.

A machine is one supervisor process on the outside (`supervisor`), which outlives the server that started it,
and inside it a PID namespace whose first process is the image's own init. The root file system is an overlay
of the disk's layers, data disks are loop devices, the network is a namespace whose only ways out are the
supervisor's sockets. It is not a security boundary: root in the guest is root on the kernel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.guests.namespace.host import NamespaceHost


def open_host(state: Path) -> NamespaceHost:
    """Open the host of a state directory."""
    # Here, because every boot of a machine imports this package and none needs the host.
    from localazure.guests.namespace.host import NamespaceHost  # noqa: PLC0415

    return NamespaceHost(state)
