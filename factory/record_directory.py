"""A run's record in a directory of its own: a log that grows, documents beside it, and a lock."""

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from factory.errors import RecordUnusable, RunInUse

EVENTS = "events.jsonl"
LOCK = "lock"

_WHOLE_FILE = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
"""Linux's open-file-description lock: goes with its holder, can be looked at without taking it."""


@contextmanager
def _usable(where: str) -> Iterator[None]:
    """A disk that is full or gone, told as what it means for a run."""
    try:
        yield
    except OSError as error:
        raise RecordUnusable(where, error) from error


class Store(Protocol):
    """Where a record lies. What was written is there when the call returns, even if the process dies then."""

    where: str
    """For people: a path or an address."""

    def append(self, line: bytes) -> None:
        """Add a line to the log."""
        ...

    def log(self) -> bytes:
        """The log so far; empty where there is none."""
        ...

    def put(self, name: str, body: bytes) -> None:
        """Keep a document whole, in place of an older one."""
        ...

    def get(self, name: str) -> bytes | None:
        """A document; `None` where there is none."""
        ...

    def remove(self, name: str) -> None:
        """Take a document away, if there is one."""
        ...

    def names(self) -> list[str]:
        """The names of all documents."""
        ...

    def claim(self) -> AbstractContextManager[None]:
        """Hold the run for this process alone; RunInUse where another holds it. Ends with the process too."""
        ...

    def is_claimed(self) -> bool:
        """Whether a live process holds the run. Only looks: whoever wants to claim it just now can."""
        ...


class DirectoryStore:
    """A directory on this computer, or on a file system that several share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.where = str(directory)

    def append(self, line: bytes) -> None:
        """Add a line to the log, and have it on the disk."""
        with _usable(self.where):
            self._write_down(line)

    def _write_down(self, line: bytes) -> None:
        descriptor = os.open(self._directory / EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def log(self) -> bytes:
        """The log so far."""
        return self.get(EVENTS) or b""

    def put(self, name: str, body: bytes) -> None:
        """Write under another name, then rename: a kill leaves the old document or the new one."""
        target = self._directory / name
        temporary = target.with_suffix(".new")
        with _usable(self.where), temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)

    def get(self, name: str) -> bytes | None:
        """A document."""
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Take a document away."""
        (self._directory / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names of all documents."""
        return sorted(path.name for path in self._directory.glob("*.json"))

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold a lock that the system frees when its holder dies."""
        descriptor = os.open(self._directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor, self._directory.name)
            yield
        finally:
            os.close(descriptor)

    def is_claimed(self) -> bool:
        """Look whether the lock is held."""
        try:
            descriptor = os.open(self._directory / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
        finally:
            os.close(descriptor)
        return bool(struct.unpack_from("h", found)[0] != fcntl.F_UNLCK)


def this_process() -> str:
    """Who holds a run, for people."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _lock(descriptor: int, run_id: str) -> None:
    """Take the lock, and write into it who has it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except BlockingIOError as error:
        raise RunInUse(run_id, os.pread(descriptor, 200, 0).decode() or "another process") from error
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, this_process().encode(), 0)
