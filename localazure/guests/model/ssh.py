"""SSH to a machine: the protocol is asyncssh's, everything else is the machine's own.

Each connection shows the host keys that the machine's sshd loaded, and is closed where none runs; users and
keys are read inside at each login; commands are run inside by the user's shell.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import os
import socket
import struct
import termios
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import asyncssh

from localazure.guests.base import GuestError, Rule
from localazure.guests.inbound import allows
from localazure.guests.namespace.relay import SSH_PORTS, Relay

if TYPE_CHECKING:
    from localazure.guests.model.machine import Machine

_LOGIN_SECONDS = 120
_SILENT_SECONDS = 60


class _Ends:
    """Pairs of connected sockets: the relay takes the one, the protocol's server the other."""

    def __init__(self) -> None:
        self._others: dict[int, socket.socket] = {}

    def client(self) -> Future[socket.socket]:
        """Make a pair; as the relay asks for it."""
        made: Future[socket.socket] = Future()
        ours, other = socket.socketpair()
        self._others[ours.fileno()] = other
        made.set_result(ours)
        return made

    def other(self, end: socket.socket) -> socket.socket:
        """The other end, to be taken once."""
        return self._others.pop(end.fileno())


class Door(Relay):
    """The machine's address, from power-on to power-off."""

    def __init__(self, machine: Machine, address: str, ports: tuple[int, ...]) -> None:
        self._machine, self._ends = machine, _Ends()
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._rules: tuple[Rule, ...] | None = None
        super().__init__(address, self._ends, ports)

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Put other rules in force; where the kernel does not let us, on those who have connected."""
        self._rules = None
        try:
            super().set_rules(rules)
        except PermissionError:
            self._rules = tuple(rules)

    async def _carry(self, client: socket.socket, source: str, port: int) -> None:
        if self._rules is None or allows(self._rules, source, self._address, port):
            await super()._carry(client, source, port)
            return
        with client:  # nobody answers, as if the packets had been dropped
            await asyncio.sleep(_SILENT_SECONDS)

    async def connect(self, guest: socket.socket, source: str, port: int) -> None:
        """Hand a client to the protocol's server where the machine's own sshd runs, or raise OSError."""
        other = self._ends.other(guest)
        if port not in SSH_PORTS:
            other.close()
            raise ConnectionRefusedError(f"nothing listens on port {port}")
        try:
            loaded = await self._machine.inside(op="sshd")
            keys = [asyncssh.import_private_key(text) for text in loaded["keys"]]
        except (GuestError, asyncssh.KeyImportError):
            keys = []
        if not keys:
            other.close()
            raise ConnectionRefusedError(f"nothing listens on port {port}")
        self._spawn(self._serve(other, keys, passwords=loaded["passwords"]))

    def cut(self) -> None:
        """End every session: the machine is gone."""
        for connection in list(self._connections):
            connection.abort()

    def close(self) -> None:
        """End every connection and let the addresses go."""
        super().close()
        self.cut()

    async def _serve(self, end: socket.socket, keys: list[asyncssh.SSHKey], *, passwords: bool) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            connection = await asyncssh.run_server(
                end,
                server_factory=lambda: _Server(self._machine, passwords),
                server_host_keys=keys,
                process_factory=self._machine_process,
                encoding=None,
                server_version="OpenSSH_9.2p1 model",
                login_timeout=_LOGIN_SECONDS,
                agent_forwarding=False,
                allow_scp=False,
                line_editor=False,
                compression_algs=None,
                gss_host=None,
            )
            self._connections.add(connection)
            try:
                await connection.wait_closed()
            finally:
                self._connections.discard(connection)

    async def _machine_process(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        user = str(process.get_extra_info("username"))
        try:
            await _run(self._machine, process, user)
        except GuestError as error:
            process.stderr.write(f"{error}\n".encode())
            process.exit(255)


class _Server(asyncssh.SSHServer):
    """One login."""

    def __init__(self, machine: Machine, passwords: bool) -> None:
        self._machine, self._passwords = machine, passwords
        self._known: dict[str, Any] = {}

    async def begin_auth(self, username: str) -> bool:
        self._known = await self._machine.inside(op="login", user=username)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        shown = key.export_public_key().split()[1].decode()
        return any(shown in line.split() for line in self._known.get("keys", ()))

    def password_auth_supported(self) -> bool:
        return self._passwords

    def validate_password(self, username: str, password: str) -> bool:
        kept = str(self._known.get("password", ""))
        offered = "$model$" + hashlib.sha256(password.encode()).hexdigest()
        return hmac.compare_digest(kept, offered)


async def _run(machine: Machine, process: asyncssh.SSHServerProcess[bytes], user: str) -> None:
    known = await machine.inside(op="login", user=user)
    shell, home = known.get("shell", "/bin/sh"), known.get("home", "/")
    argv = [shell, "-c", process.command] if process.command else [shell, "-l"]
    environment = {
        "USER": user,
        "LOGNAME": user,
        "HOME": home,
        "SHELL": shell,
        "SUDO_LOGIN": user,
        "TERM": process.get_terminal_type() or "dumb",
    }
    if process.get_terminal_type():
        await _on_terminal(machine, process, argv, environment, home)
    else:
        await _on_pipes(machine, process, argv, environment, home)


async def _on_pipes(
    machine: Machine,
    process: asyncssh.SSHServerProcess[bytes],
    argv: list[str],
    environment: dict[str, str],
    home: str,
) -> None:
    theirs_in, stdin = os.pipe()
    stdout, theirs_out = os.pipe()
    stderr, theirs_err = os.pipe()
    theirs = (theirs_in, theirs_out, theirs_err)
    try:
        await process.redirect(stdin=stdin, stdout=stdout, stderr=stderr, send_eof=True)
        ended = await machine.execute(argv, environment, home, theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    status = await ended
    with contextlib.suppress(OSError, asyncssh.Error):
        await process.stdout.drain()
        await process.stderr.drain()
    process.exit(status)


async def _on_terminal(
    machine: Machine,
    process: asyncssh.SSHServerProcess[bytes],
    argv: list[str],
    environment: dict[str, str],
    home: str,
) -> None:
    ours, theirs = os.openpty()
    width, height, *_ = process.get_terminal_size()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    try:
        await process.redirect(stdin=os.dup(ours), stdout=ours)
        ended = await machine.execute(argv, environment, home, (theirs, theirs, theirs), terminal=True)
    finally:
        os.close(theirs)
    process.exit(await ended)
