"""The machine's address on this computer, where the kernel does not filter for this user."""

import asyncio
import socket
from typing import Any, cast

import pytest

from localazure.guests.base import Rule
from localazure.guests.namespace import packet_filter
from localazure.guests.qemu.network import GuestNetwork
from localazure.guests.qemu.relay import Relay
from tests.workers import WORKER

ADDRESS = f"127.16.{140 + WORKER}.9"


class Nowhere:
    """A network whose sockets are this computer's own."""

    def client(self) -> socket.socket:
        return socket.socket()


async def answer(relay: Relay, port: int) -> str:
    """What a client at the relay's address hears first."""
    try:
        reader, writer = await asyncio.open_connection(ADDRESS, port)
        said = await asyncio.wait_for(reader.read(5), 10)
        writer.close()
        return said.decode()
    except ConnectionResetError:
        return "reset"


async def test_without_the_kernels_filter_a_denied_client_is_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    monkeypatch.setattr(packet_filter, "attach", refuse)
    machine = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = machine.sockets[0].getsockname()[1]
    relay = Relay(ADDRESS, cast(GuestNetwork, Nowhere()), (port,))
    relay._inside = "127.0.0.1"
    try:
        relay.open([Rule("ssh", 100, "Allow", ports=(str(port),))])
        assert await answer(relay, port) == "hello"
        relay.set_rules([Rule("nobody", 100, "Deny")])
        assert await answer(relay, port) == "reset"
    finally:
        relay.close()
        machine.close()
