"""Shells and their commands: what they have written so far, and who waits for more of it."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import Input, Process, Token
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.programs import start
from localazure.guests.windows.wsman import soap
from localazure.guests.windows.wsman.soap import SHELL, Request

_CMD = r"C:\Windows\System32\cmd.exe"
_STATE = SHELL + "/CommandState/"
_PIECE = 32 * 1024
CODEPAGES = {"65001": "utf-8", "437": "cp437", "850": "cp850", "1252": "cp1252"}


@dataclass
class Command:
    """One command."""

    id: str
    process: Process
    changed: asyncio.Event
    stdin: Input
    pending: list[tuple[str, bytes]] = field(default_factory=list)
    told: bool = False

    @property
    def done(self) -> bool:
        """Whether its process has ended and all was read."""
        return self.process.ended.is_set() and not self.pending


@dataclass
class Shell:
    """One shell of a user."""

    id: str
    owner: str
    token: Token
    codec: str
    host: Process
    resource: str
    commands: dict[str, Command] = field(default_factory=dict)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Shells:
    """All shells of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.all: dict[str, Shell] = {}

    def _quota(self, name: str) -> int:
        return int(self.machine.document["winrm"]["shell"][name])

    def close_all(self) -> None:
        """The service stops."""
        for shell in list(self.all.values()):
            self._close(shell)

    def _close(self, shell: Shell) -> None:
        self.all.pop(shell.id, None)
        self.machine.processes.kill_job(shell.id)

    def find(self, request: Request, owner: str) -> Shell:
        """The shell that a request is about."""
        wanted = request.selectors.get("ShellId", "")
        shell = self.all.get(wanted.upper())
        if shell is None or shell.owner != owner:
            raise soap.shell_not_found(wanted)
        return shell

    def create(self, request: Request, owner: str, token: Token) -> str:
        """Open a shell."""
        most = self._quota("MaxShellsPerUser")
        if most and sum(one.owner == owner for one in self.all.values()) >= most:  # 0 means unlimited
            raise soap.too_many_shells(most)
        name = str(uuid.uuid4()).upper()
        host = self.machine.spawn("winrshost", r"C:\Windows\System32\winrshost.exe", token, job=name)
        for variable in request.elements("Variable"):
            host.environment[variable.get("Name") or ""] = variable.text or ""
        if directory := request.text("WorkingDirectory"):
            host.directory = self.machine.files.resolve(directory)
        codec = CODEPAGES.get(request.options.get("WINRS_CODEPAGE", "437"), "utf-8")
        shell = Shell(name, owner, token, codec, host, request.resource)
        self.all[name] = shell
        return self._created(shell)

    def _created(self, shell: Shell) -> str:
        return (
            f"<x:ResourceCreated><a:Address>https://localhost:5986/wsman</a:Address><a:ReferenceParameters>"
            f'<w:ResourceURI>{soap.CMD}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell.id}</w:Selector>'
            f"</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>{self.shown(shell)}"
        )

    def shown(self, shell: Shell) -> str:
        """A shell's description."""
        return (
            f"<rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId><rsp:ResourceUri>{soap.CMD}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(shell.owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
            "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
            "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
            "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
        )

    def delete(self, shell: Shell) -> str:
        """Close a shell; all its processes end."""
        self._close(shell)
        return ""

    def command(self, shell: Shell, request: Request) -> str:
        """Start a command."""
        most = self._quota("MaxProcessesPerShell")
        if sum(not one.process.ended.is_set() for one in shell.commands.values()) >= most:
            raise soap.too_many_processes(most)
        words = [request.text("Command") or "", *(one.text or "" for one in request.elements("Arguments"))]
        line = " ".join(word for word in words if word)
        name = str(uuid.uuid4()).upper()
        loop, changed, stdin = asyncio.get_running_loop(), asyncio.Event(), Input(closed=False)
        pending: list[tuple[str, bytes]] = []

        def write(stream: str) -> Callable[[str], None]:
            def line_written(text: str) -> None:
                pending.append((stream, f"{text}\r\n".encode(shell.codec, "replace")))
                loop.call_soon_threadsafe(changed.set)

            return line_written

        try:
            process = start(
                self.machine,
                shell.host,
                _CMD,
                ["/c", line],
                line=f"/c {line}",
                out=write("stdout"),
                err=write("stderr"),
                stdin=stdin,
                job=f"{shell.id}/{name}",
            )
        except ModelGap as gap:
            raise soap.malformed(str(gap)) from None
        shell.commands[name] = Command(name, process, changed, stdin, pending)
        loop.run_in_executor(None, _announce, process, loop, changed)
        return f"<rsp:CommandResponse><rsp:CommandId>{name}</rsp:CommandId></rsp:CommandResponse>"

    def _command(self, shell: Shell, name: str | None) -> Command:
        found = shell.commands.get((name or "").upper())
        if found is None:
            raise soap.command_not_found()
        return found

    def send(self, shell: Shell, request: Request) -> str:
        """Give a command input."""
        for stream in request.elements("Stream"):
            command = self._command(shell, stream.get("CommandId"))
            ends = (stream.get("End") or "").lower() == "true"
            command.stdin.feed(base64.b64decode(stream.text or ""), end=ends)
        return "<rsp:SendResponse/>"

    def signal(self, shell: Shell, request: Request) -> str:
        """End a command, or hear that the client has seen its end."""
        signal = next(iter(request.elements("Signal")), None)
        command = self._command(shell, signal.get("CommandId") if signal is not None else None)
        if not command.process.ended.is_set():
            self.machine.processes.kill_job(f"{shell.id}/{command.id}")
            command.process.exit_code = -1073741510
        if (request.text("Code") or "").endswith("terminate"):
            shell.commands.pop(command.id, None)
        return "<rsp:SignalResponse/>"

    async def receive(self, shell: Shell, request: Request) -> str:
        """Wait for output, to the operation's time-out."""
        stream = next(iter(request.elements("DesiredStream")), None)
        command = self._command(shell, stream.get("CommandId") if stream is not None else None)
        try:
            async with asyncio.timeout(request.timeout):
                while not command.pending and not command.process.ended.is_set():
                    command.changed.clear()
                    if not command.pending and not command.process.ended.is_set():
                        await command.changed.wait()
        except TimeoutError:
            raise soap.timed_out() from None
        return self._output(command)

    def _output(self, command: Command) -> str:
        ended = command.process.ended.is_set()  # before the output is taken: nothing is written after the end
        parts: list[str] = []
        size = 0
        while command.pending and size < _PIECE:
            name, data = command.pending.pop(0)
            size += len(data)
            parts.append(
                f'<rsp:Stream Name="{name}" CommandId={quoteattr(command.id)}>{base64.b64encode(data).decode()}</rsp:Stream>'
            )
        if ended and not command.pending:
            status = (command.process.exit_code or 0) & 0xFFFFFFFF
            status -= 1 << 32 if status >= 1 << 31 else 0
            parts += [
                f'<rsp:Stream Name="{name}" CommandId={quoteattr(command.id)} End="true"/>'
                for name in ("stdout", "stderr")
            ]
            parts.append(
                f'<rsp:CommandState CommandId={quoteattr(command.id)} State="{_STATE}Done"><rsp:ExitCode>{status}</rsp:ExitCode></rsp:CommandState>'
            )
        else:
            parts.append(f'<rsp:CommandState CommandId={quoteattr(command.id)} State="{_STATE}Running"/>')
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"


def _announce(process: Process, loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    """Wake whoever waits once the process has ended; a thread of the pool waits for that."""
    process.ended.wait()
    if not loop.is_closed():
        loop.call_soon_threadsafe(changed.set)
