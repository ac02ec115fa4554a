"""A machine's directory: the same files as a namespace guest's, without control groups or loop devices."""

from __future__ import annotations

from localazure.guests.namespace import machines


class Machine(machines.Machine):
    """A machine by its directory, which need not exist."""

    def remove_remains(self) -> None:
        """A supervisor's end leaves nothing: the kernel ends QEMU and the network with it."""
