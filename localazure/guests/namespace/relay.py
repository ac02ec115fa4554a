"""The machine's address on the host: connections to ADDRESS:22 and the like, carried into its network.

The listening sockets exist from before the guest boots until it is off, and the inbound rules are in force on
them from the first moment. Where nothing listens inside, the client is refused by a reset, as by a machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from localazure.guests.base import Rule
from localazure.guests.disturbances import Disturbance
from localazure.guests.inbound import verdicts
from localazure.guests.namespace import packet_filter

SSH_PORTS = (22, 2222)  # the image's sshd listens on both
PORTS = (*SSH_PORTS, 5986)
_CONNECT_SECONDS = 10
_CHUNK = 1 << 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


class Inside(Protocol):
    """The machine's own network, as far as the relay needs it."""

    def client(self) -> Future[socket.socket]:
        """Make a socket that connects from inside."""


class _SpentError(Exception):
    """A connection has carried all that it may."""


@dataclass
class _Budget:
    """What one connection may carry before something happens; most often it is cut."""

    disturbance: Disturbance
    left: int
    when_spent: Callable[[], None]
    met: int = 0

    def take(self, data: bytes) -> bytes:
        """As much of the data as may still pass."""
        if self.disturbance.effect == "fill":
            self._pass(len(data))
            return data
        allowed = data[: self.left]
        self.left -= len(allowed)
        return allowed

    def _pass(self, count: int) -> None:
        """The machine meets it, and its connection goes on."""
        if 0 <= self.left < count:
            self.when_spent()
        self.left -= count


class Relay:
    """Carries connections for one machine."""

    def __init__(self, address: str, network: Inside, ports: Sequence[int] = PORTS) -> None:
        self._address, self._network = address, network
        self._listeners: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._budgets: list[_Budget] = []
        try:
            for port in ports:
                self._listeners.append(self._bind(port))
        except OSError:
            self.close()
            raise

    def _bind(self, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        try:
            listener.bind((self._address, port))
        except OSError as error:
            listener.close()
            raise OSError(error.errno, f"{self._address}:{port}: {error.strerror}") from error
        return listener

    def open(self, rules: Sequence[Rule]) -> None:
        """Put the rules in force and let connections come."""
        self.set_rules(rules)
        for listener in self._listeners:
            listener.listen(64)
            self._spawn(self._accept(listener))

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Put other rules in force for connections to come."""
        for listener in self._listeners:
            address, port = listener.getsockname()
            packet_filter.attach(listener, verdicts(rules, address, port))

    def close(self) -> None:
        """End every connection and let the addresses go."""
        for task in self._tasks:
            task.cancel()
        for listener in self._listeners:
            listener.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, (source, _) = await loop.sock_accept(listener)
            self._spawn(self._carry(client, source, listener.getsockname()[1]))

    async def _carry(self, client: socket.socket, source: str, port: int) -> None:
        guest = await asyncio.wrap_future(self._network.client())
        with client, guest:
            guest.setblocking(False)
            try:
                await self.connect(guest, source, port)
            except OSError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                return
            budget = self._budget(port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(client, guest, budget))
                    both.create_task(_pump(guest, client, budget))
            except* _SpentError:
                for end in (client, guest):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                if budget is not None:
                    budget.when_spent()

    def disturb(self, disturbance: Disturbance, when_spent: Callable[[], None]) -> None:
        """Cut one connection to come after some bytes, and say so."""
        self._budgets.append(_Budget(disturbance, disturbance.after_bytes or 0, when_spent))

    def _budget(self, port: int) -> _Budget | None:
        """The budget of a new connection, where it is the one that is meant."""
        for budget in self._budgets:
            if budget.disturbance.port == port:
                budget.met += 1
                if budget.met == budget.disturbance.connection:
                    return budget
        return None

    async def connect(self, guest: socket.socket, source: str, port: int) -> None:
        """Connect to the machine for a client."""
        if ipaddress.IPv4Address(source) in _LOOPBACK:  # the guest's logs then name the real client
            guest.bind((source, 0))
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(guest, (self._address, port))


async def _pump(source: socket.socket, sink: socket.socket, budget: _Budget | None = None) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while data := await loop.sock_recv(source, _CHUNK):
            allowed = budget.take(data) if budget else data
            await loop.sock_sendall(sink, allowed)
            if len(allowed) < len(data):
                raise _SpentError
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
