"""What goes wrong with a machine on request: a connection is cut at its byte, a machine dies."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

import pytest

from localazure.guests.disturbances import Disturbance
from localazure.guests.namespace.relay import Relay
from tests.localazure.guests.conftest import Lab, until

PORT = 22022


class Outside:
    """No network of a machine's own: its sockets are this computer's."""

    def client(self) -> Future[socket.socket]:
        made: Future[socket.socket] = Future()
        made.set_result(socket.socket())
        return made


class ToEcho(Relay):
    """A relay to a server that sends back what it gets."""

    target: tuple[str, int]

    async def connect(self, guest: socket.socket, source: str, port: int) -> None:
        await asyncio.get_running_loop().sock_connect(guest, self.target)


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(1000):
                self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


async def _close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def relay_to_echo() -> AsyncIterator[ToEcho]:
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        relay = ToEcho("127.97.0.4", Outside(), [PORT])
        relay.target = ("127.0.0.1", int(server.server_address[1]))
        relay.open([])
        try:
            yield relay
        finally:
            relay.close()
            server.shutdown()


async def talk(data: bytes) -> bytes:
    """Send, and read until all is back or the connection is reset."""
    reader, writer = await asyncio.open_connection("127.97.0.4", PORT)
    got = b""
    try:
        writer.write(data)
        await writer.drain()
        while len(got) < len(data):
            more = await asyncio.wait_for(reader.read(1000), 5)
            if not more:
                break
            got += more
    except ConnectionResetError:
        got += b"!"
    finally:
        await _close(writer)
    return got


@pytest.mark.parametrize(("allowed", "got"), [(0, b"!"), (100, b"!"), (150, b"x" * 50 + b"!")])
async def test_one_connection_is_reset_at_its_byte_and_no_other(allowed: int, got: bytes) -> None:
    spent: list[bool] = []
    async with relay_to_echo() as relay:
        relay.disturb(
            Disturbance("cut", port=PORT, connection=2, after_bytes=allowed), lambda: spent.append(True)
        )
        assert await talk(b"x" * 100) == b"x" * 100
        cut = await talk(b"x" * 100)
        assert cut.endswith(b"!")
        assert len(cut) <= len(got)  # a reset may overtake what was sent before it
        assert await talk(b"x" * 100) == b"x" * 100
    assert spent == [True]


@pytest.mark.guest
async def test_a_machine_dies_when_a_path_of_it_is_gone_and_not_before(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo("touch /var/lib/canary")
    await lab.host.disturb(guest.id, Disturbance("die", path_gone="/var/lib/canary"))
    await guest.sudo("echo alive")
    assert lab.host.is_running(guest.id)

    await guest.sudo("nohup sh -c 'sleep 0.2; rm /var/lib/canary' >/dev/null 2>&1 &")
    await until(lambda: not lab.host.is_running(guest.id), 20, "the machine to die")


@pytest.mark.guest
async def test_a_full_disk_takes_no_byte_and_shows_what_it_has(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo("echo before > /etc/there; chmod 640 /etc/there; touch /var/lib/canary")
    await lab.host.disturb(guest.id, Disturbance("fill", path_gone="/var/lib/canary"))
    await guest.sudo("rm /var/lib/canary")

    until_full = asyncio.get_running_loop().time() + 20
    while "No space left on device" not in (said := await guest.sudo("cp /etc/passwd /etc/new 2>&1 || true")):
        assert asyncio.get_running_loop().time() < until_full, said
    assert await guest.sudo("cat /etc/there; stat -c %a /etc/there /tmp") == "before\n640\n1777\n"
    assert "cannot access" in await guest.sudo("rm /etc/there; ls /etc/there 2>&1 || true")
    assert await guest.sudo("df -Pk /var | tail -n1 | tr -s ' ' | cut -d' ' -f4") == "0\n"
    assert "No space left" in await guest.sudo("cat /etc/group 2>&1 >> /home/new || true")
