"""A PowerShell door to a Windows guest: WinRM over HTTPS, one pinned certificate, a deadline on everything.

pywinrm blocks, and retries a command's output for ever as long as the guest says "nothing yet". So each call
runs in a daemon thread of its own, looks at the clock between two such answers, and tells the guest to end
what outlived its deadline. One shell is open for as long as the context is.
"""

import asyncio
import base64
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import requests

from factory.clock import Clock, SystemClock
from factory.errors import (
    ConnectionLost,
    DeadlineExceeded,
    GuestError,
    InvalidInput,
    LoginRefused,
    NotConfigured,
    RemoteError,
    Unreachable,
)
from factory.guest.command import MINUTE, Command, Output
from factory.guest.powershell import PowerShell, ps_file
from factory.remote.clixml import decode_clixml, without_positions
from factory.remote.own_thread import in_own_thread
from factory.remote.pinning import PinnedAdapter
from factory.remote.winrm_errors import too_long
from factory.remote.winrm_login import KNOCK_SECONDS, WinRmLogin, knock
from factory.remote.winrm_translate import translate

OPERATION_SECONDS = 20
"""How long the guest may hold one request open before it says "nothing yet"."""
READ_SECONDS = 30
"""How long an answer may take before the connection counts as lost; more than the above."""
PAUSE_SECONDS = 1.0
LONGEST_LINE = 8000
"""Characters of a command line: cmd.exe takes 8191."""
STDIN_CHUNK = 24 * 1024
"""Bytes of one message of standard input: far below the 150 KiB of an envelope, base64 and XML around it."""
LARGEST_FILE = 16 * 1024 * 1024

_SCRIPTS = Path(__file__).parent / "scripts"
_POWERSHELL = "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand"
_UTF8 = 65001
_MODULES = {"kerberos": "HAVE_KERBEROS", "credssp": "HAVE_CREDSSP", "ntlm": "HAVE_NTLM"}

T = TypeVar("T")


class PowerShellGuest:
    """A guest behind one WinRM shell. Scripts that fit on a command line are sent there, others as a file."""

    def __init__(
        self,
        login: WinRmLogin,
        *,
        folder: str = "",
        log: Callable[[str], None] = lambda _line: None,
        clock: Clock | None = None,
    ) -> None:
        """`folder` is where scripts lie in the guest; `log` gets each line of output as it comes."""
        self.login = login
        self.folder = folder
        self._log = log
        self._clock = clock or SystemClock()
        self._wire: _Wire | None = None
        self._turn = asyncio.Lock()
        self._uploaded: set[str] = set()

    @property
    def name(self) -> str:
        """user@host:port, for errors and logs."""
        return self.login.name

    async def __aenter__(self) -> Self:
        self._wire = await _connect(self.login, self._clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(GuestError, TimeoutError):
                await _blocking(wire, wire.close_shell, "closing the shell", READ_SECONDS)
            wire.abandon()

    async def run(self, command: Command) -> Output:
        """Run a script; see `Guest.run`. One at a time: later ones wait."""
        if not isinstance(command, PowerShell):
            raise InvalidInput(f"{self.name} is a Windows guest and takes no shell command: {command}")
        async with self._turn:
            line = _encoded(command.inline)
            if len(line) > LONGEST_LINE:
                line = _encoded(command.of_file(await self._upload(command)))
            return await self._execute(line, command)

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file, replacing what was there; the directory must exist. `mode` means nothing here."""
        async with self._turn:
            await self._put(path, content)

    async def _upload(self, command: PowerShell) -> str:
        """Lay a script into the guest's folder, once for each text; returns its path."""
        text = b"\xef\xbb\xbf" + command.line.encode()  # Windows PowerShell reads UTF-8 only with the mark
        path = f"{self.folder}\\{command.name}-{hashlib.sha256(text).hexdigest()[:12]}.ps1"
        if path not in self._uploaded:
            await self._make_folder()
            await self._put(path, text)
            self._uploaded.add(path)
        return path

    async def _make_folder(self) -> None:
        if not self.folder:
            raise InvalidInput(f"{self.name}: a long script needs a folder in the guest")
        if not self._uploaded:
            await self._must(make_folder(self.folder))

    async def _put(self, path: str, content: bytes) -> None:
        if len(content) > LARGEST_FILE:
            raise InvalidInput(
                f"{path}: {len(content) // 2**20} MiB are too many for WinRM",
                remedy="let a script of the recipe fetch it from a storage account",
            )
        digest = hashlib.sha256(content).hexdigest().upper()
        receive = _script("receive_file", {"Path": path, "Digest": digest}, timeout=10 * MINUTE)
        await self._must(receive.with_stdin(base64.b64encode(content)))

    async def _must(self, command: PowerShell) -> None:
        output = await self._execute(_encoded(command.inline), command)
        if output.status != 0:
            raise RemoteError(self.name, str(command), output.status, output.stderr)

    async def _execute(self, line: str, command: PowerShell) -> Output:
        wire = self._wire
        if wire is None or wire.closed:
            raise ConnectionLost(self.name, str(command), "the connection is closed")
        log = (lambda _line: None) if command.sensitive else self._log
        call = _Call(line, command.stdin, str(command), command.timeout, _Lines(log))
        # The thread keeps to the deadline by itself; the margin is for one request that hangs on top of it.
        margin = READ_SECONDS + KNOCK_SECONDS
        return await _blocking(wire, lambda: wire.run(call), str(command), command.timeout + margin)


def make_folder(path: str) -> PowerShell:
    """A folder in the guest that administrators and the system alone can read."""
    return _script("make_folder", {"Path": path})


async def try_login(login: WinRmLogin, clock: Clock | None = None) -> bool:
    """Whether the machine lets this user in with this password: False only when the machine refused."""
    try:
        wire = await _connect(login, clock or SystemClock())
    except LoginRefused:
        return False
    with contextlib.suppress(GuestError, TimeoutError):
        await _blocking(wire, wire.close_shell, "closing the shell", READ_SECONDS)
    wire.abandon()
    return True


class _Lines:
    """Output as lines to whoever listens, while it comes."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._rest = ""

    def feed(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._log(line.rstrip())


@dataclass(frozen=True)
class _Call:
    """One command on its way: `what` is its name for people, `seconds` its deadline."""

    line: str
    stdin: bytes
    what: str
    seconds: float
    lines: _Lines


class _Wire:
    """pywinrm's protocol over the pinned transport, and one shell. Its methods block."""

    def __init__(self, login: WinRmLogin) -> None:
        self.login = login
        self.closed = False
        self._protocol = _protocol(login)
        self._shell: str | None = None

    def open(self) -> None:
        """Knock, compare the certificate, log in, open the shell."""
        knock(self.login)
        with self._told("opening a shell"):
            self._shell = self._protocol.open_shell(codepage=_UTF8, noprofile=True)

    def close_shell(self) -> None:
        """Give the shell back, whose number is limited."""
        if self._shell is not None and not self.closed:
            shell, self._shell = self._shell, None
            with self._told("closing the shell"):
                self._protocol.close_shell(shell)

    def abandon(self) -> None:
        """Let go of the connections; whoever waits on one ends with its read time-out at the latest."""
        self.closed = True
        self._protocol.transport.close_session()

    def run(self, call: _Call) -> Output:
        """Start a command, feed it, and read until its end or its deadline."""
        ends = time.monotonic() + call.seconds
        with self._told(call.what):
            command = self._protocol.run_command(
                self._shell, call.line, console_mode_stdin=not call.stdin, skip_cmd_shell=False
            )
            self._send(command, call.stdin)
            stdout, stderr, status = self._read(command, call, ends)
            self._end(command)
        return Output(status, _text(stdout), without_positions(decode_clixml(_text(stderr)).strip()))

    def _send(self, command: str, stdin: bytes) -> None:
        for start in range(0, len(stdin), STDIN_CHUNK):
            last = start + STDIN_CHUNK >= len(stdin)
            chunk = stdin[start : start + STDIN_CHUNK]
            self._protocol.send_command_input(self._shell, command, chunk, end=last)

    def _read(self, command: str, call: _Call, ends: float) -> tuple[bytes, bytes, int]:
        from winrm.exceptions import WinRMOperationTimeoutError  # noqa: PLC0415 - see `_protocol`

        stdout, stderr = bytearray(), bytearray()
        done, status = False, -1
        while not done:
            if time.monotonic() >= ends:
                with contextlib.suppress(Exception):
                    self._end(command)
                raise too_long(self.login.name, call.what, call.seconds)
            try:
                out, err, status, done = self._protocol.get_command_output_raw(self._shell, command)
            except WinRMOperationTimeoutError:
                continue  # nothing yet
            stdout += out
            stderr += err
            call.lines.feed(out.decode("utf-8", "replace"))
        return bytes(stdout), bytes(stderr), status

    def _end(self, command: str) -> None:
        """Tell the guest that the command is over: it is ended if it was not."""
        self._protocol.cleanup_command(self._shell, command)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say in one of our errors what pywinrm and requests say in many."""
        try:
            yield
        except GuestError:
            self.closed = True
            raise
        except Exception as error:
            self.closed = True
            raise translate(error, self.login, what) from error


def _protocol(login: WinRmLogin) -> Any:
    """pywinrm's client for a login. It is imported here: Linux images need none of it.

    `close_session` makes pywinrm build a new session later: the pin is in the transport, not in one session.
    """
    from winrm import transport  # noqa: PLC0415
    from winrm.protocol import Protocol  # noqa: PLC0415

    flag = _MODULES.get(login.auth)
    if flag is not None and not getattr(transport, flag):
        raise NotConfigured(
            f"{login.name}: {login.auth} authentication needs a module that is not installed",
            remedy=f"pip install 'pywinrm[{login.auth}]', or log in with ntlm",
        )
    certificate, key = login.client_certificate or (None, None)
    options: dict[str, Any] = {
        "username": login.user,
        "password": login.password.get_secret_value(),
        "cert_pem": certificate,
        "cert_key_pem": key,
        "ca_trust_path": None,
        "proxy": None,
    }
    protocol = Protocol(
        login.endpoint,
        transport=login.auth,
        read_timeout_sec=READ_SECONDS,
        operation_timeout_sec=OPERATION_SECONDS,
        **options,
    )

    class Pinned(transport.Transport):
        """A transport whose every session accepts the pinned certificate alone."""

        def build_session(self) -> requests.Session:
            fresh = self.session is None
            session: requests.Session = super().build_session()
            if fresh:
                session.mount("https://", PinnedAdapter(login.pin))
            return session

    protocol.transport = Pinned(
        login.endpoint, auth_method=login.auth, read_timeout_sec=READ_SECONDS, **options
    )
    return protocol


def _script(name: str, parameters: dict[str, str | int], **options: Any) -> PowerShell:
    """A script that the door itself needs."""
    return ps_file(_SCRIPTS / f"{name}.ps1", parameters, **options)


def _encoded(expression: str) -> str:
    """A command line for an expression: base64, so that no shell on the way reads anything in it."""
    text = f"$ProgressPreference = 'SilentlyContinue'\n{expression}"
    return f"{_POWERSHELL} {base64.b64encode(text.encode('utf-16-le')).decode('ascii')}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


async def _connect(login: WinRmLogin, clock: Clock) -> _Wire:
    """Try until the deadline; a wrong certificate ends it at once, a refused login after its grace."""
    started = clock.monotonic()
    refused_since: float | None = None
    while True:
        try:
            return await _attempt(login)
        except LoginRefused:
            refused_since = clock.monotonic() if refused_since is None else refused_since
            if clock.monotonic() - refused_since >= login.login_grace:
                raise
        except (Unreachable, DeadlineExceeded) as error:
            if clock.monotonic() - started >= login.deadline:
                last = error.message.removeprefix(f"{login.name}: ")
                raise DeadlineExceeded(
                    login.name, "connecting", login.deadline, last_state=last, remedy=error.remedy
                ) from error
        await clock.sleep(PAUSE_SECONDS)


async def _attempt(login: WinRmLogin) -> _Wire:
    wire = _Wire(login)
    try:
        await _blocking(wire, wire.open, "connecting", min(3 * READ_SECONDS, max(login.deadline, 1)))
    except BaseException:
        wire.abandon()
        raise
    return wire


async def _blocking(wire: _Wire, work: Callable[[], T], what: str, deadline: float) -> T:
    try:
        return await in_own_thread(
            work, name=f"winrm {wire.login.name}", deadline=deadline, abandon=wire.abandon
        )
    except TimeoutError as error:
        raise too_long(wire.login.name, what, deadline) from error
