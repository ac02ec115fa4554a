"""Processes: who they run as, what they are called, and how they end.

A process that does something is a thread of the model; the others only are there. A process belongs to the job
of the shell that started it, as its children do, and ends with that shell.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localazure.guests.windows.powershell.values import CaseDict

log = logging.getLogger("localazure.windows")

SYSTEM_SID = "S-1-5-18"
Work = Callable[["Process"], int]


@dataclass(frozen=True)
class Token:
    """Who a process is."""

    user: str
    sid: str
    elevated: bool = True
    authority: str = ""
    """`NT AUTHORITY`, or empty for the machine itself."""

    @property
    def is_system(self) -> bool:
        """Whether it is the system itself."""
        return self.sid == SYSTEM_SID

    def name(self, computer: str) -> str:
        """`COMPUTER\\user`."""
        return f"{self.authority or computer}\\{self.user}"


SYSTEM = Token("SYSTEM", SYSTEM_SID, authority="NT AUTHORITY")


class Input:
    """A process's standard input: comes in pieces, ends when it is closed. An empty one has ended."""

    def __init__(self, data: bytes = b"", *, closed: bool = True) -> None:
        self._data, self._closed = bytearray(data), closed
        self._changed = threading.Condition()

    def feed(self, data: bytes, *, end: bool = False) -> None:
        """Take more; after `end` nothing comes any more."""
        with self._changed:
            self._data += data
            self._closed = self._closed or end
            self._changed.notify_all()

    def _await(self, killed: threading.Event, done: Callable[[], bool]) -> None:
        with self._changed:
            while not (self._closed or done() or killed.is_set()):
                self._changed.wait(0.1)

    def read(self, killed: threading.Event) -> bytes:
        """Read to the end."""
        self._await(killed, lambda: False)
        with self._changed:
            data = bytes(self._data)
            self._data.clear()
        return data

    def read_line(self, killed: threading.Event) -> str | None:
        """Read a line without its end; None at the end."""
        self._await(killed, lambda: b"\n" in self._data)
        with self._changed:
            if not self._data:
                return None
            line, _, rest = bytes(self._data).partition(b"\n")
            self._data[:] = rest
        return line.rstrip(b"\r").decode("utf-8", "replace")


@dataclass(eq=False)
class Process:
    """One process."""

    pid: int
    name: str
    path: str
    command_line: str
    token: Token
    started: dt.datetime
    environment: CaseDict = field(default_factory=CaseDict)
    directory: str = "C:\\Windows\\System32"
    parent: int = 4
    job: str = ""
    """The WinRM shell, and in it the command, whose job it is in; empty outside of one."""
    killed: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    exit_code: int | None = None
    stdin: Input = field(default_factory=Input)
    session: int = 0
    memory_mb: int = 24

    def expand(self, text: str) -> str:
        """Put environment variables into `%NAME%`."""
        return re.sub(r"%([^%]+)%", lambda m: str(self.environment.get(m[1], m[0])), text)


class ProcessTable:
    """The processes of a machine that is on."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now, self._lock = now, threading.Lock()
        self._pids = itertools.count(2044, 4)
        self.all: dict[int, Process] = {}

    def add(self, name: str, path: str, token: Token, **more: Any) -> Process:
        """Enter a process that only is there."""
        with self._lock:
            pid = next(self._pids)
            process = Process(
                pid, name, path, str(more.pop("command_line", path)), token, self._now(), **more
            )
            self.all[pid] = process
        return process

    def run(self, process: Process, work: Work) -> None:
        """Let a process do its work in a thread of its own."""

        def body() -> None:
            status = 1
            try:
                status = work(process)
            except Exception:
                log.exception("the modelled process %s failed", process.name)
            finally:
                self.end(process, process.exit_code if process.exit_code is not None else status)

        threading.Thread(target=body, name=f"{process.name}-{process.pid}", daemon=True).start()

    def end(self, process: Process, status: int) -> None:
        """Take a process out."""
        process.exit_code = status
        with self._lock:
            self.all.pop(process.pid, None)
        process.ended.set()

    def kill(self, process: Process, status: int = 1) -> None:
        """Terminate a process."""
        process.exit_code = status
        process.killed.set()
        with self._lock:
            self.all.pop(process.pid, None)
        process.ended.set()

    def kill_job(self, job: str) -> None:
        """Terminate all processes of a job, and of the jobs in it."""
        for process in [one for one in list(self.all.values()) if one.job.startswith(job)]:
            self.kill(process)

    def kill_all(self) -> None:
        """Power off."""
        for process in list(self.all.values()):
            self.kill(process)

    def named(self, name: str) -> list[Process]:
        """All processes of a name, without `.exe`."""
        return [one for one in list(self.all.values()) if one.name.lower() == name.lower()]
