"""The run record: what happened, written as it happens.

A directory per run: `events.jsonl` grows by one line per fact and is flushed to the disk before the run
goes on, so that a killed run's record ends with the last thing that was begun. Everything else (step table,
report) only reads it. Documents that are wanted whole (plan, backup manifest, evidence) are files of their
own, written under a temporary name and renamed.
"""

import fcntl
import hashlib
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from factory.clock import Clock, SystemClock
from factory.errors import FactoryError, InvalidInput, RunInUse

EVENTS = "events.jsonl"
LOCK = "lock"

_LOG = logging.getLogger("factory")
_LOG.setLevel(logging.INFO)  # a listener gets the steps without having to lower the level of all the world
_LEVELS = {"failed": logging.ERROR, "warning": logging.WARNING}
_WHOLE_FILE = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
"""Linux's open-file-description lock: goes with its holder, can be looked at without taking it."""
_ENDS = ("started", "finished", "failed")


@dataclass(frozen=True)
class Event:
    """One line of the record. `kind` is started, finished, failed, progress, fact or warning."""

    at: datetime
    step: str
    kind: str
    text: str
    data: dict[str, Any]


def runs_directory(env: Mapping[str, str]) -> Path:
    """Where run records lie: GOLDEN_RUNS, else the user's state directory."""
    if env.get("GOLDEN_RUNS"):
        return Path(env["GOLDEN_RUNS"])
    state = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME", "/root")) / ".local/state")
    return Path(state) / "golden-image-factory" / "runs"


class RunRecord:
    """The record of one run, in a directory of its own."""

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self.directory = directory
        self._clock = clock or SystemClock()
        self._said = ""
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)

    def write(self, step: str, kind: str, text: str = "", **data: Any) -> None:
        """Append one event; it is on the disk when this returns. Then it is logged, for whoever listens."""
        event = {"at": self._clock.now().isoformat(), "step": step, "kind": kind, "text": text, "data": data}
        line = json.dumps(event, default=str) + "\n"
        descriptor = os.open(self.directory / EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._log(step, kind, text)

    @contextmanager
    def step(self, name: str, text: str = "") -> Iterator[None]:
        """Record a step's begin, and its end or failure. The failure goes on."""
        self.write(name, "started", text)
        try:
            yield
        except BaseException as error:
            self.write(name, "failed", _first_line(error), remedy=getattr(error, "remedy", None))
            raise
        self.write(name, "finished")

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the run for this process alone; RunInUse where another holds it. Ends with the process too."""
        descriptor = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor, self.directory.name)
            yield
        finally:
            os.close(descriptor)

    def is_claimed(self) -> bool:
        """Whether a live process holds the run. Only looks: whoever wants to claim it just now can."""
        try:
            descriptor = os.open(self.directory / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
        finally:
            os.close(descriptor)
        return bool(struct.unpack_from("h", found)[0] != fcntl.F_UNLCK)

    def save(self, name: str, document: Any) -> str:
        """Keep a JSON document whole under `name`; returns the SHA-256 of its bytes."""
        body = json.dumps(document, indent=2, sort_keys=True, default=str).encode()
        target = self.directory / name
        temporary = target.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        return hashlib.sha256(body).hexdigest()

    def load(self, name: str) -> Any:
        """The document that was saved under `name`."""
        path = self.directory / name
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise InvalidInput(
                f"{path}: this run has no such document", remedy="Check the run's ID with `golden runs`."
            ) from error

    def has(self, name: str) -> bool:
        """Whether a document was saved under `name`."""
        return (self.directory / name).exists()

    def remove(self, name: str) -> None:
        """Take the document away that was saved under `name`, if there is one."""
        (self.directory / name).unlink(missing_ok=True)

    def documents(self) -> list[str]:
        """The names of all documents."""
        return sorted(path.name for path in self.directory.glob("*.json"))

    def events(self) -> list[Event]:
        """All events so far. A torn last line, left by a kill in mid-write, is passed over."""
        path = self.directory / EVENTS
        if not path.exists():
            return []
        return list(_parse(path.read_text(encoding="utf-8").splitlines()))

    def _log(self, step: str, kind: str, text: str) -> None:
        """Tell who listens to the logger `factory`; what a wait repeats is told once."""
        said = f"{step}: {kind} {text}".rstrip() if kind in _ENDS else f"{step}: {text}"
        if kind != "progress" or said != self._said:
            _LOG.log(_LEVELS.get(kind, logging.INFO), "%s", said)
        self._said = said


def find_record(env: Mapping[str, str], run_id: str) -> RunRecord:
    """The record of a run that there is. InvalidInput where there is none."""
    directory = runs_directory(env)
    if run_id not in list_runs(directory):
        raise InvalidInput(
            f"{directory}: there is no run {run_id!r}", remedy="`golden runs` lists those that there are."
        )
    return RunRecord(directory / run_id)


def list_runs(directory: Path) -> list[str]:
    """The IDs of all recorded runs, oldest first."""
    if not directory.is_dir():
        return []
    return sorted(entry.name for entry in directory.iterdir() if (entry / EVENTS).exists())


def _lock(descriptor: int, run_id: str) -> None:
    """Take the lock, and write into it who has it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except BlockingIOError as error:
        raise RunInUse(run_id, os.pread(descriptor, 200, 0).decode() or "another process") from error
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)


def _parse(lines: list[str]) -> Iterator[Event]:
    for line in lines:
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        yield Event(
            datetime.fromisoformat(raw["at"]), raw["step"], raw["kind"], raw["text"], raw.get("data", {})
        )


def _first_line(error: BaseException) -> str:
    if isinstance(error, FactoryError):
        return str(error)
    return f"{type(error).__name__}: {error}"
