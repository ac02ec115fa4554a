"""A machine's directory: how the server finds, asks and stops a supervisor that outlives it.

machine.json    who runs it: process id and start time (a process id alone may be another's by now), its disks
status.json     {"state": "starting" | "running" | "off", "boot": N, "init": PID, "why": TEXT}
control         the supervisor's socket
serial.log      the guest's console since power-on
supervisor.log  what the supervisor had to say itself
health.jsonl, agent.json, requests.jsonl: see `fabric.journal`
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError
from localazure.guests.namespace import loops
from localazure.guests.namespace.cgroups import ControlGroup

STARTING, RUNNING, OFF = "starting", "running", "off"
_ANSWER_SECONDS = 30.0


def start_time(pid: int) -> int | None:
    """When a process started, in ticks since boot; None if there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


@contextlib.contextmanager
def _short_path(path: Path) -> Any:
    """A way to a socket that fits into the 108 bytes that an address has."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen_for_control(path: Path) -> socket.socket:
    """Open the supervisor's end of the control socket."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short_path(path) as address:
        listener.bind(address)
    path.chmod(0o600)
    listener.listen(16)
    return listener


class Machine:
    """A machine by its directory, which need not exist."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.machine_id = directory.name

    @property
    def status(self) -> dict[str, Any]:
        """What the supervisor said last."""
        return _read_json(self.directory / "status.json")

    @property
    def facts(self) -> dict[str, Any]:
        """Who runs the machine, and on which contents."""
        return _read_json(self.directory / "machine.json")

    @property
    def supervisor(self) -> int | None:
        """The supervisor's process id, if it lives."""
        facts = self.facts
        pid = facts.get("pid")
        return pid if pid and start_time(pid) == facts.get("started") else None

    @property
    def running(self) -> bool:
        """The machine is powered on."""
        return self.supervisor is not None and self.status.get("state") == RUNNING

    @property
    def group(self) -> ControlGroup:
        """The control group of the machine's processes."""
        return ControlGroup.of_machine(self.machine_id)

    async def until(self, condition: Callable[[], bool], deadline: float, what: str) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end:
                status = self.status or "nothing was reported"
                raise GuestError(f"{self.machine_id}: {what} took more than {deadline:.0f} s: {status}")
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def conversation(
        self, seconds: float = _ANSWER_SECONDS, **request: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Ask the supervisor for something that lasts as long as this context does."""
        try:
            with _short_path(self.directory / "control") as address:
                reader, writer = await asyncio.open_unix_connection(address, limit=1 << 24)
        except OSError as error:
            raise GuestError(f"{self.machine_id} is not running: {error.strerror}") from error
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            try:
                line = await asyncio.wait_for(reader.readline(), seconds)
            except (OSError, TimeoutError) as error:
                raise GuestError(f"{self.machine_id} does not answer: {error!r}") from error
            answer = json.loads(line or '{"error": "the supervisor is gone"}')
            if "error" in answer:
                raise GuestError(f"{self.machine_id}: {answer['error']}")
            yield answer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self, seconds: float = _ANSWER_SECONDS, **request: Any) -> dict[str, Any]:
        """Ask the supervisor for something, which may take it so many seconds."""
        async with self.conversation(seconds, **request) as answer:
            return answer

    def remove_remains(self) -> None:
        """After a supervisor's death: see that nothing of the machine is left. The keeper does the same."""
        if self.supervisor is None:
            with contextlib.suppress(OSError):
                self.group.remove()

    async def kill(self, deadline: float = 15.0) -> None:
        """Switch off the hard way; returns when nothing is left."""
        pid = self.supervisor
        if pid is not None:
            try:
                await self.ask(op="kill")
                await self.until(lambda: self.supervisor is None, deadline / 2, "switching off")
            except GuestError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                await self.until(lambda: self.supervisor is None, 5, "the end of the supervisor")
        await asyncio.to_thread(self.remove_remains)
        disks = [Path(d) for d in self.facts.get("disks", ())]
        await self.until(lambda: not any(loops.attached_under(d) for d in disks), 10, "freeing the disks")
