"""The fabric of one machine, all its services together."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric import facts as known
from localazure.guests.fabric.dns import Resolver
from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.hostga import HostPlugin
from localazure.guests.fabric.http import HttpServer
from localazure.guests.fabric.imds import MetadataService
from localazure.guests.fabric.journal import Journal
from localazure.guests.fabric.wireserver import Wanted, WireServer

Listen = Callable[[str, int, socket.SocketKind], socket.socket]
"""Gives a bound socket for an address of Azure's; a stream socket already listens."""


def listen_here(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Listen on exactly this address, in the calling process's own network."""
    channel = socket.socket(socket.AF_INET, kind)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        channel.bind((address, port))
        if kind == socket.SOCK_STREAM:
            channel.listen(32)
    except OSError:
        channel.close()
        raise
    return channel


class Fabric:
    """Serves from construction to `close`."""

    def __init__(self, facts: Facts, journal: Journal, listen: Listen = listen_here) -> None:
        self.wanted = Wanted()
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        wire = WireServer(facts, self.wanted, journal)
        plugin, metadata = HostPlugin(journal), MetadataService(facts, journal)
        self._servers: list[HttpServer | Resolver] = [
            HttpServer(listen(known.WIRE_SERVER, known.WIRE_PORT, stream), wire),
            HttpServer(listen(known.WIRE_SERVER, known.HOST_PLUGIN_PORT, stream), plugin),
            HttpServer(listen(known.METADATA_SERVICE, known.METADATA_PORT, stream), metadata),
        ]

        def names() -> dict[str, str]:
            known_as = (facts.name, facts.computer_name, journal.computer_name)
            return {name.lower(): facts.address for name in known_as if name}

        self._servers.append(Resolver(listen(known.WIRE_SERVER, known.DNS_PORT, datagram), names))

    def set_extensions(self, goals: Sequence[ExtensionGoal]) -> int:
        """Issue a new goal state; returns its incarnation."""
        return self.wanted.set(goals)

    def close(self) -> None:
        """Stop every service."""
        with ThreadPoolExecutor(len(self._servers)) as together:  # each takes until it next looks up
            for server in self._servers:
                together.submit(server.close)
