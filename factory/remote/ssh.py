"""A root shell over SSH, and whether a login is still possible.

paramiko blocks, so every call runs in a daemon thread of its own whose deadline closes the socket: no thread
of a pool is held, and a cancelled run does not wait for a machine that no longer answers.
"""

import asyncio
import contextlib
import logging
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import paramiko

from factory.clock import Clock, SystemClock
from factory.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    HostKeyMismatch,
    LoginRefused,
    RemoteError,
    Unreachable,
)
from factory.guest.command import Command, Output, sh
from factory.guest.guest import put_in_pieces
from factory.guest.root_shell import PREAMBLE, Frame
from factory.remote.fingerprints import fingerprint
from factory.remote.keys import HostKeys, KeyPair
from factory.remote.own_thread import in_own_thread

ATTEMPT_SECONDS = 30.0
"""One attempt to connect. A machine under emulation takes 15 s for its banner."""
PAUSE_SECONDS = 1.0
PUT_CHUNK = 128 * 1024

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # attempts that fail are part of waiting

T = TypeVar("T")


@dataclass(frozen=True)
class Login:
    """Where and as whom; `host_keys` are the only ones accepted. Seconds throughout.

    `deadline` bounds all attempts to connect together. Refused logins are retried only for `login_grace`,
    for machines whose provisioning is still writing authorized_keys.
    """

    host: str
    user: str
    key: KeyPair
    host_keys: HostKeys
    port: int = 22
    deadline: float = 300
    login_grace: float = 60

    @property
    def name(self) -> str:
        """user@host:port, for errors and logs."""
        return f"{self.user}@{self.host}:{self.port}"


class SshGuest:
    """A guest behind one SSH channel that runs one root shell for as long as the context is open."""

    def __init__(self, login: Login, clock: Clock | None = None) -> None:
        self.login = login
        self._clock = clock or SystemClock()
        self._shell: _Shell | None = None
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """user@host:port, for errors and logs."""
        return self.login.name

    async def __aenter__(self) -> Self:
        self._shell = await _connect(self.login, self._clock, _Shell.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shell is not None:
            self._shell.wire.close()
            self._shell = None

    async def run(self, command: Command) -> Output:
        """Run a command in the root shell; see `Guest.run`. One at a time: later ones wait."""
        async with self._turn:
            shell = self._shell
            if shell is None or shell.wire.closed:
                raise ConnectionLost(self.name, str(command), "the connection is closed")
            return await _blocking(shell.wire, lambda: shell.run(command), str(command), command.timeout)

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file; see `Guest.put`."""
        await put_in_pieces(self, path, content, mode, PUT_CHUNK)


async def try_login(login: Login, clock: Clock | None = None) -> bool:
    """Whether the machine lets this user in with this key: False only when the machine itself refused.

    The machine has to answer within the login's deadline, with a host key that is known.
    """
    try:
        wire = await _connect(login, clock or SystemClock(), lambda wire: wire)
    except LoginRefused:
        return False
    wire.close()
    return True


class _Wire:
    """A socket and the SSH transport over it; closing it from any thread ends whoever waits on it.

    Closing shuts the socket down and leaves the rest to paramiko's own thread, which ends by that: its
    `close` would wait for this thread, and closing the descriptor under it could have it read from the next
    socket of the same number.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self.closed = False
        self.transport: paramiko.Transport | None = None
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect, compare the host key, log in. Blocks; raises GuestErrors."""
        login = self.login
        try:
            self._socket = socket.create_connection((login.host, login.port), timeout=ATTEMPT_SECONDS)
        except ConnectionRefusedError as error:
            raise ConnectionRefused(login.name, "nothing listens on this port") from error
        except OSError as error:
            raise Unreachable(login.name, f"cannot be reached: {error}") from error
        try:
            self._log_in(self._socket)
        except paramiko.AuthenticationException as error:
            raise LoginRefused(login.name, f"the machine refuses the key of {login.user!r}") from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(
                login.name, f"no SSH session: {error or 'the connection was closed'}"
            ) from error

    def _log_in(self, connected: socket.socket) -> None:
        login = self.login
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = paramiko.Transport(connected)
        self.transport.banner_timeout = self.transport.auth_timeout = ATTEMPT_SECONDS
        options = self.transport.get_security_options()
        options.key_types = login.host_keys.preferred(options.key_types)
        self.transport.start_client(timeout=ATTEMPT_SECONDS)
        shown = self.transport.get_remote_server_key()
        found = fingerprint(shown.asbytes())
        if not login.host_keys.accepts(shown.get_name(), found):
            raise HostKeyMismatch(login.name, str(login.host_keys), f"{shown.get_name()} {found}")
        self.transport.auth_publickey(login.user, login.key.for_paramiko())
        self.transport.set_keepalive(15)

    def acknowledge(self) -> None:
        """Send the acknowledgement that TCP holds back: sshd waits for it between two small writes.

        Our marks are such writes, and without this each command takes 40 ms for nothing.
        """
        quickly = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it
        if quickly is not None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, quickly, 1)

    def close(self) -> None:
        self.closed = True
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self.transport is None or not self.transport.is_alive():
            self._socket.close()


class _Shell:
    """The root shell behind a channel. Its methods block."""

    def __init__(self, wire: _Wire, channel: paramiko.Channel) -> None:
        self.wire = wire
        self._channel = channel

    @classmethod
    def open(cls, wire: _Wire) -> "_Shell":
        login = wire.login
        line = "/bin/sh" if login.user == "root" else "sudo -n -- /bin/sh"
        if wire.transport is None:
            raise ConnectionLost(login.name, line, "there is no connection")
        try:
            channel = wire.transport.open_session(timeout=ATTEMPT_SECONDS)
            channel.exec_command(line)
            shell = cls(wire, channel)
            shell._send(PREAMBLE)
            output = shell.run(sh("id", "-u"))
        except ConnectionLost as error:
            if not channel.status_event.wait(timeout=2) or channel.exit_status < 0:
                raise
            remedy = f"let {login.user} run everything by sudo without a password"
            status = channel.exit_status
            raise RemoteError(login.name, line, status, error.reason, remedy=remedy) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise ConnectionLost(login.name, line, str(error)) from error
        if output.stdout.strip() != "0":
            raise RemoteError(login.name, line, output.status, f"runs as user {output.stdout.strip()}")
        return shell

    def run(self, command: Command) -> Output:
        frame = Frame(command)
        try:
            self._send(frame.request())
            self._read(frame)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise ConnectionLost(self.wire.login.name, str(command), str(error)) from error
        return frame.output()

    def _send(self, data: bytes) -> None:
        """Send it all, or nothing to a shell that is gone: reading then finds out what it said last."""
        with contextlib.suppress(OSError):
            self._channel.sendall(data)

    def _read(self, frame: Frame) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            while not frame.complete:
                selector.select(timeout=1.0)
                self.wire.acknowledge()
                if not self._take(frame) and (self._channel.eof_received or self._channel.closed):
                    said = f": {frame.complaint}" if frame.complaint else ""
                    raise EOFError(f"the root shell is gone{said}")

    def _take(self, frame: Frame) -> bool:
        """Feed whatever has come; False when there was nothing."""
        came = False
        while self._channel.recv_ready():
            frame.feed_stdout(self._channel.recv(65536))
            came = True
        while self._channel.recv_stderr_ready():
            frame.feed_stderr(self._channel.recv_stderr(65536))
            came = True
        return came


async def _connect(login: Login, clock: Clock, then: Callable[[_Wire], T]) -> T:
    """Try until the deadline; a wrong host key ends it at once, a refused login after its grace.

    `then` belongs to the attempt: cloud-init restarts sshd when a first login has already worked.
    """
    started = clock.monotonic()
    refused_since: float | None = None
    while True:
        try:
            return await _attempt(login, then)
        except LoginRefused:
            refused_since = clock.monotonic() if refused_since is None else refused_since
            if clock.monotonic() - refused_since >= login.login_grace:
                raise
        except (Unreachable, DeadlineExceeded) as error:
            if clock.monotonic() - started >= login.deadline:
                last = error.message.removeprefix(f"{login.name}: ")
                raise DeadlineExceeded(login.name, "connecting", login.deadline, last_state=last) from error
        await clock.sleep(PAUSE_SECONDS)


async def _attempt(login: Login, then: Callable[[_Wire], T]) -> T:
    wire = _Wire(login)

    def work() -> T:
        wire.open()
        return then(wire)

    try:
        return await _blocking(wire, work, "connecting", min(3 * ATTEMPT_SECONDS, login.deadline))
    except BaseException:
        wire.close()
        raise


async def _blocking(wire: _Wire, work: Callable[[], T], what: str, deadline: float) -> T:
    try:
        return await in_own_thread(work, name=f"ssh {wire.login.name}", deadline=deadline, abandon=wire.close)
    except TimeoutError as error:
        raise DeadlineExceeded(wire.login.name, what, deadline) from error
