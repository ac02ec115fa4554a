"""Processes."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.process import Process, Token
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.errors import KilledError, PSError
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import Lazy, PSObject, Value
from localazure.guests.windows.programs import find_file, quoted, start
from localazure.guests.windows.programs.cmd import split_words


def shown(machine: Machine, process: Process) -> PSObject:
    """A System.Diagnostics.Process."""

    def wait(milliseconds: Value = None) -> bool:
        return process.ended.wait(None if milliseconds is None else float(milliseconds) / 1000)

    return PSObject(
        "System.Diagnostics.Process",
        {
            "Handles": 120,
            "NPM": 9,
            "WorkingSet": process.memory_mb << 20,
            "WorkingSet64": process.memory_mb << 20,
            "CPU": 0.1,
            "Id": process.pid,
            "SI": process.session,
            "SessionId": process.session,
            "ProcessName": process.name,
            "Name": process.name,
            "Path": process.path,
            "StartTime": process.started,
            "HasExited": Lazy(process.ended.is_set),
            "ExitCode": Lazy(lambda: process.exit_code),
            "MainWindowTitle": "",
            "Responding": True,
            "Handle": process.pid,
        },
        text=f"System.Diagnostics.Process ({process.name})",
        shown=("Handles", "NPM", "CPU", "Id", "SI", "ProcessName"),
        methods={
            "Kill": lambda: machine.processes.kill(process),
            "WaitForExit": wait,
            "Refresh": lambda: None,
            "Dispose": lambda: None,
        },
        base=process,
    )


def _found(call: Call) -> Iterator[Process]:
    given = call.get("InputObject")
    if isinstance(given, PSObject) and isinstance(given.base, Process):
        yield given.base
        return
    processes = list(call.machine.processes.all.values())
    if call.has("Id"):
        for pid in to_list(call.get("Id")):
            hits = [one for one in processes if one.pid == int(pid)]
            if not hits:
                call.report(
                    _missing(
                        call,
                        f"Cannot find a process with the process identifier {pid}.",
                        "NoProcessFoundForGivenId",
                        pid,
                    )
                )
            yield from hits
        return
    for name in call.texts("Name") or ["*"]:
        expression = wildcard(name)
        hits = [one for one in processes if expression.fullmatch(one.name)]
        if not hits and "*" not in name:
            text = f'Cannot find a process with the name "{name}". Verify the process name and call the cmdlet again.'
            call.report(_missing(call, text, "NoProcessFoundForGivenName", name))
        yield from sorted(hits, key=lambda one: one.name.lower())


def _missing(call: Call, text: str, identifier: str, target: Value) -> PSError:
    return call.fail(
        text,
        kind="Microsoft.PowerShell.Commands.ProcessCommandException",
        category="ObjectNotFound",
        identifier=identifier,
        target=target,
    )


@cmdlet(
    "Get-Process",
    "Name:0:prop:a=ProcessName Id:a=PID InputObject:pipe IncludeUserName:switch FileVersionInfo:switch Module:switch",
    aliases="gps ps",
)
def get_process(call: Call) -> Iterator[Value]:
    """Tell processes."""
    for process in _found(call):
        yield shown(call.machine, process)


@cmdlet(
    "Stop-Process",
    "Id:0 Name:a=ProcessName InputObject:pipe Force:switch PassThru:switch",
    aliases="spps kill",
)
def stop_process(call: Call) -> Iterator[Value]:
    """End processes."""
    for process in list(_found(call)):
        call.machine.processes.kill(process)
    yield from ()


@cmdlet("Wait-Process", "Name:0:a=ProcessName Id InputObject:pipe Timeout")
def wait_process(call: Call) -> Iterator[Value]:
    """Wait until processes have ended."""
    waited = 0.0
    limit = float(call.number("Timeout")) if call.has("Timeout") else None
    for process in list(_found(call)):
        while not process.ended.is_set():
            if limit is not None and waited >= limit:
                call.report(
                    _missing(
                        call,
                        f'This command stopped the operation because process "{process.name} ({process.pid})" is not stopped in the specified time-out.',
                        "ProcessNotTerminated",
                        process.pid,
                    )
                )
                break
            call.shell.sleep(1)
            waited += 1
    yield from ()


@cmdlet(
    "Start-Process",
    "FilePath:0:a=PSPath:a=Path ArgumentList:1:a=Args Wait:switch PassThru:switch NoNewWindow:switch WindowStyle Verb WorkingDirectory Credential RedirectStandardOutput RedirectStandardError RedirectStandardInput UseNewEnvironment:switch LoadUserProfile:switch",
    aliases="saps start",
)
def start_process(call: Call) -> Iterator[Value]:
    """Start a program."""
    machine, shell = call.machine, call.shell
    path = find_file(machine, shell.process, call.text("FilePath"))
    if path is None:
        raise call.fail(
            "This command cannot be run due to the error: The system cannot find the file specified.",
            kind="System.InvalidOperationException",
            category="InvalidOperation",
            identifier="InvalidOperationException",
        )
    line = " ".join(to_string(one) for one in to_list(call.get("ArgumentList")))
    out: list[str] = []
    err: list[str] = []
    token = _token(call)
    directory = (
        machine.files.resolve(call.text("WorkingDirectory"), shell.directory)
        if call.has("WorkingDirectory")
        else shell.directory
    )
    child = start(
        machine,
        shell.process,
        path,
        split_words(line),
        out=out.append,
        err=err.append,
        line=line,
        token=token,
        directory=directory,
    )
    if call.flag("Wait"):
        while not child.ended.wait(0.05):
            if shell.process.killed.is_set():
                raise KilledError
        for name, lines in (("RedirectStandardOutput", out), ("RedirectStandardError", err)):
            if call.has(name):
                target = machine.files.resolve(call.text(name), shell.directory)
                machine.files.write_text(target, "".join(f"{one}\r\n" for one in lines))
        if call.flag("NoNewWindow") and not call.has("RedirectStandardOutput"):
            for text in out:
                shell.streams.host(text)
    if call.flag("PassThru"):
        yield shown(machine, child)


def _token(call: Call) -> Token:
    given = call.get("Credential")
    if not isinstance(given, PSObject):
        return call.shell.process.token
    from localazure.guests.windows.machine.users import nt_hash  # noqa: PLC0415 - used here alone

    account = call.machine.users.get(to_string(given.get("UserName")))
    password = given.get("Password").base
    if account is None or account["password_hash"] != nt_hash(password):
        raise call.fail(
            "This command cannot be run due to the error: The user name or password is incorrect."
        )
    return call.machine.token_of(account, network=False)


__all__ = ["quoted"]
