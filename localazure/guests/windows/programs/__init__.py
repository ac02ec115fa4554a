"""External programs: each a function in a file of this folder, found because it is there.

    @program("hostname")
    def hostname(run: Run) -> int:

A program is only found where its file lies on the machine's disk. One that is on the disk and not modelled is a
gap.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localazure.guests.windows.machine.process import Input
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.errors import KilledError
from localazure.guests.windows.powershell.gaps import ModelGap

if TYPE_CHECKING:
    from localazure.guests.windows.machine.machine import Machine
    from localazure.guests.windows.machine.process import Process
    from localazure.guests.windows.powershell.shell import Shell

Write = Callable[[str], None]


@dataclass
class Run:
    """One run of a program: its words, its streams (by line), its process."""

    machine: Machine
    process: Process
    arguments: list[str]
    out: Write
    err: Write
    line: str = ""
    """The arguments as they were written."""
    raw_out: Write | None = None
    """Takes text that is not a line."""

    def sleep(self, seconds: float) -> None:
        """Wait for model seconds; dies with the process."""
        if self.machine.clock.sleep(seconds, self.process.killed):
            raise KilledError


@dataclass(frozen=True)
class Program:
    """A program: what it does, and whether it is a windowed one, for which PowerShell does not wait."""

    name: str
    run: Callable[[Run], int]
    windowed: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


PROGRAMS: dict[str, Program] = {}


def program(*names: str, windowed: bool = False) -> Callable[[Callable[[Run], int]], Callable[[Run], int]]:
    """Declare a program by the names of its file, without the extension."""

    def declare(run: Callable[[Run], int]) -> Callable[[Run], int]:
        for name in names:
            PROGRAMS[name] = Program(name, run, windowed)
        return run

    return declare


_EXTENSIONS = ("", ".com", ".exe", ".bat", ".cmd", ".ps1", ".vbs")


def find_file(machine: Machine, process: Process, word: str) -> str | None:
    """Find a program's file as Windows does: by path, or in PATH with the usual extensions."""
    word = process.expand(word.strip('"'))
    if "\\" in word or "/" in word or ":" in word:
        places = [machine.files.resolve(word, process.directory)]
    else:
        path = str(process.environment.get("PATH") or "")
        folders = [process.directory, *(part for part in path.split(";") if part)]
        places = [machine.files.resolve(f"{folder}\\{word}") for folder in folders]
    for place in places:
        for extension in _EXTENSIONS:
            if machine.files.is_file(place + extension):
                return machine.files.written_path(place + extension)
    return None


def find_program(shell: Shell, word: str) -> str | None:
    """`find_file` for a shell; a script beside it needs its folder."""
    shell.process.directory = shell.directory
    return find_file(shell.machine, shell.process, word)


def stem(path: str) -> str:
    """`C:\\x\\Net.exe` is `net`."""
    name = path.rpartition("\\")[2].lower()
    return name.rpartition(".")[0] if "." in name else name


def known(path: str) -> Program:
    """The model of a program."""
    from localazure.guests.windows.powershell.cmdlet import load_cmdlets  # noqa: PLC0415 - a cycle

    load_cmdlets()
    found = PROGRAMS.get(stem(path))
    if found is None:
        raise ModelGap(f"the program '{path}'")
    return found


def quoted(words: list[str]) -> str:
    """A command line of words."""
    return " ".join(f'"{word}"' if not word or re.search(r"\s", word) else word for word in words)


def start(
    machine: Machine, parent: Process, path: str, words: list[str], *, out: Write, err: Write, **more: Any
) -> Process:
    """Start a program as a child; its output comes by line until `ended` is set."""
    model = known(path)
    stdin = more.pop("stdin", None)
    raw_out = more.pop("raw_out", None)
    token = more.pop("token", parent.token)
    line = more.pop("line", quoted(words))
    name = path.rpartition("\\")[2]
    child = machine.spawn(
        name.rpartition(".")[0] or name, path, token, parent=parent, command_line=f'"{path}" {line}', **more
    )
    child.stdin = stdin or Input()

    def work(process: Process) -> int:
        try:
            return model.run(Run(machine, process, words, out, err, line, raw_out))
        except KilledError:
            return 1
        except ModelGap as gap:
            machine.unknown.append(gap.what)
            err(str(gap))
            return 1

    machine.processes.run(child, work)
    return child


_END = object()


def _end_of(child: Process, lines: queue.Queue[Any]) -> None:
    child.ended.wait()
    lines.put(_END)


def run_program(
    shell: Shell, path: str, words: list[str], upstream: Iterator[Any] | None, *, wait: bool = False
) -> Iterator[str]:
    """Run a program in a pipeline: its lines are strings; $LASTEXITCODE is its status."""
    model = known(path)
    piped = "".join(f"{to_string(one)}\r\n" for one in upstream).encode() if upstream is not None else None
    lines: queue.Queue[Any] = queue.Queue()
    child = start(
        shell.machine,
        shell.process,
        path,
        words,
        out=lines.put,
        err=lambda text: lines.put((text,)),
        stdin=shell.process.stdin if piped is None else Input(piped),
        directory=shell.directory,
    )
    if model.windowed and not wait:
        return
    threading.Thread(target=_end_of, args=(child, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            if shell.process.killed.is_set():
                shell.machine.processes.kill(child)
                raise KilledError from None
            continue
        if line is _END:
            break
        if isinstance(line, tuple):
            shell.streams.native_error(line[0])
        else:
            yield line
    shell.globals.variables["LASTEXITCODE"] = child.exit_code or 0
    shell.globals.variables["?"] = child.exit_code == 0
