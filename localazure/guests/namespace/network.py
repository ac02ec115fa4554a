"""The guest's network: a namespace that no packet leaves.

The fabric's addresses lie on `lo`, the private address on `eth0`, an interface without a wire. The supervisor
stays outside: one thread lives in the namespace and makes sockets there, which then work in any thread.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from localazure.guests.fabric import facts, service
from localazure.guests.namespace import kernel

T = TypeVar("T")
INTERFACE = "eth0"
_HOST_MASK = "255.255.255.255"
_DEADLINE_SECONDS = 10


class GuestNetwork:
    """A network namespace; it lives until `close` and as long as anything runs in it."""

    def __init__(self, address: str, mac: str) -> None:
        self._thread = ThreadPoolExecutor(1, "guest network")
        self.descriptor, self._tap = self.run(lambda: _create(address, mac))

    def run(self, action: Callable[[], T]) -> T:
        """Do something inside the namespace."""
        return self.submit(action).result(_DEADLINE_SECONDS)

    def submit(self, action: Callable[[], T]) -> Future[T]:
        """Do something inside the namespace, without waiting."""
        return self._thread.submit(action)

    def listen(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """Listen inside the namespace."""
        return self.run(lambda: service.listen_here(address, port, kind))

    def client(self) -> Future[socket.socket]:
        """Make a socket that connects from inside the namespace."""
        return self.submit(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))

    def close(self) -> None:
        """Let the namespace go."""
        os.close(self._tap)
        os.close(self.descriptor)
        self._thread.shutdown()


def _create(address: str, mac: str) -> tuple[int, int]:
    """Give this thread a new namespace and furnish it; returns descriptors of it and of the interface."""
    kernel.unshare(kernel.CLONE_NEWNET)
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    tap = kernel.open_tap(INTERFACE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        kernel.interface_up(control, "lo")
        for number, magic in enumerate((facts.WIRE_SERVER, facts.METADATA_SERVICE), 1):
            kernel.interface_address(control, f"lo:{number}", magic, _HOST_MASK)
        kernel.interface_hardware_address(control, INTERFACE, bytes.fromhex(mac))
        kernel.interface_address(control, INTERFACE, address, "255.255.255.0")
        kernel.interface_up(control, INTERFACE)
        # The agent looks for this route, and asks DHCP when there is none.
        kernel.add_route(control, facts.WIRE_SERVER, _HOST_MASK, "lo")
        kernel.add_route(control, "0.0.0.0", "0.0.0.0", INTERFACE)  # noqa: S104 - a route, not a bind
    return descriptor, tap
