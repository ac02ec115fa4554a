"""The machine's address on this computer, carried into its network under its inbound rules."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Future

from localazure.guests.base import Rule
from localazure.guests.inbound import allows
from localazure.guests.namespace import relay
from localazure.guests.qemu.addresses import inside
from localazure.guests.qemu.network import GuestNetwork

_CONNECT_SECONDS = 10


class _Sockets:
    """The network's sockets, as the relay asks for them."""

    def __init__(self, network: GuestNetwork) -> None:
        self._network = network

    def client(self) -> Future[socket.socket]:
        made: Future[socket.socket] = Future()
        made.set_result(self._network.client())
        return made


class Relay(relay.Relay):
    """Carries connections for one machine, whose address inside is another."""

    def __init__(self, address: str, network: GuestNetwork, ports: Sequence[int]) -> None:
        super().__init__(address, _Sockets(network), ports)
        self._inside = inside(address)
        self._rules: Sequence[Rule] = ()
        self._filtered = True

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Put other rules in force for connections to come.

        Newer kernels let nobody but root filter packets of a TCP socket. Without root a denied client is
        therefore accepted and reset at once, where on Azure it would wait.
        """
        self._rules = tuple(rules)
        try:
            super().set_rules(rules)
        except PermissionError:
            self._filtered = False

    async def connect(self, guest: socket.socket, source: str, port: int) -> None:
        """Connect to the machine for a client; the machine sees its router, not the client."""
        if not self._filtered and not allows(self._rules, source, self._address, port):
            raise ConnectionRefusedError(f"{source}: denied by the rules")
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(guest, (self._inside, port))
