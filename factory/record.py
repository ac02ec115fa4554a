"""The run record: what happened, written as it happens.

One record per run: a log that grows by one line per fact, and is kept before the run goes on, so that a
killed run's record ends with the last thing that was begun; beside it documents that are wanted whole (plan,
results of steps, backup manifest, evidence). Everything else (step table, report) only reads it. It lies in a
directory (`record_directory`) or in a blob container (`record_container`): GOLDEN_RUNS says which.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from factory.clock import Clock, SystemClock
from factory.errors import FactoryError, InvalidInput, RecordUnusable
from factory.record_directory import EVENTS, DirectoryStore, Store

_LOG = logging.getLogger("factory")
_LOG.setLevel(logging.INFO)  # a listener gets the steps without having to lower the level of all the world
_LEVELS = {"failed": logging.ERROR, "warning": logging.WARNING}
_ENDS = ("started", "finished", "failed")


@dataclass(frozen=True)
class Event:
    """One line of the record. `kind` is started, finished, failed, progress, fact, warning, taken-over, …"""

    at: datetime
    step: str
    kind: str
    text: str
    data: dict[str, Any]


class RunRecord:
    """The record of one run. `directory` is its place on this computer: for its keys, and unless `store` says
    otherwise for the record itself.
    """

    def __init__(self, directory: Path, clock: Clock | None = None, store: Store | None = None) -> None:
        self.directory = directory
        self._clock = clock or SystemClock()
        self._store = store or DirectoryStore(directory)
        self._said = ""
        self._lenient = False
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)

    @property
    def where(self) -> str:
        """Where it lies, for people: a path or an address."""
        return self._store.where

    def write(self, step: str, kind: str, text: str = "", **data: Any) -> None:
        """Append one event; it is kept when this returns. Then it is logged, for whoever listens.

        Each has an ID: a store that was told twice, because its answer was lost, is read once.
        """
        event = {"at": self._clock.now().isoformat(), "step": step, "kind": kind, "text": text, "data": data}
        line = json.dumps({**event, "id": secrets.token_hex(4)}, default=str) + "\n"
        try:
            self._store.append(line.encode())
        except RecordUnusable as error:
            if not self._lenient:
                raise
            _LOG.warning("not written down: %s", error.message)
        self._log(step, kind, text)

    @contextmanager
    def leniently(self) -> Iterator[None]:
        """What cannot be written down is passed over: undoing goes on where the record's disk is full."""
        self._lenient = True
        try:
            yield
        finally:
            self._lenient = False

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

    def claim(self) -> AbstractContextManager[None]:
        """Hold the run for this process alone; RunInUse where another holds it. Ends with the process too."""
        return self._store.claim()

    def is_claimed(self) -> bool:
        """Whether a live process holds the run. Only looks: whoever wants to claim it just now can."""
        return self._store.is_claimed()

    def save(self, name: str, document: Any) -> str:
        """Keep a JSON document whole under `name`; returns the SHA-256 of its bytes."""
        body = json.dumps(document, indent=2, sort_keys=True, default=str).encode()
        self._store.put(name, body)
        return hashlib.sha256(body).hexdigest()

    def save_text(self, name: str, text: str) -> str:
        """Keep a text whole under `name`; returns where it is, for people."""
        self._store.put(name, text.encode())
        return f"{self.where}/{name}"

    def load(self, name: str) -> Any:
        """The document that was saved under `name`."""
        body = self._store.get(name)
        if body is None:
            raise InvalidInput(
                f"{self.where}/{name}: this run has no such document",
                remedy="Check the run's ID with `golden runs`.",
            )
        return json.loads(body)

    def has(self, name: str) -> bool:
        """Whether a document was saved under `name`."""
        return self._store.get(name) is not None

    def remove(self, name: str) -> None:
        """Take the document away that was saved under `name`, if there is one."""
        self._store.remove(name)

    def documents(self) -> list[str]:
        """The names of all documents."""
        return self._store.names()

    def events(self) -> list[Event]:
        """All events so far. A torn last line, left by a kill in mid-write, is passed over."""
        return list(_parse(self._store.log().decode("utf-8", "replace").splitlines()))

    def _log(self, step: str, kind: str, text: str) -> None:
        """Tell who listens to the logger `factory`; what a wait repeats is told once."""
        said = f"{step}: {kind} {text}".rstrip() if kind in _ENDS else f"{step}: {text}"
        if kind != "progress" or said != self._said:
            _LOG.log(_LEVELS.get(kind, logging.INFO), "%s", said)
        self._said = said


def runs_place(env: Mapping[str, str]) -> str:
    """Where run records lie, for people: GOLDEN_RUNS, else the user's state directory."""
    return env.get("GOLDEN_RUNS", "").split("?")[0] or str(runs_directory(env))  # without a signature


def runs_directory(env: Mapping[str, str]) -> Path:
    """Where runs lie on this computer: their records, or where these are in a container, their keys alone."""
    place = env.get("GOLDEN_RUNS")
    if place and not _is_container(place):
        return Path(place)
    state = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME", "/root")) / ".local/state")
    return Path(state) / "golden-image-factory" / "runs"


def open_record(env: Mapping[str, str], run_id: str, clock: Clock | None = None) -> RunRecord:
    """The record of a run, new or not, where GOLDEN_RUNS says: a directory, or the address of a container."""
    place, local = env.get("GOLDEN_RUNS", ""), runs_directory(env) / run_id
    if not _is_container(place):
        return RunRecord(local, clock)
    from factory.record_container import ContainerStore, open_container  # noqa: PLC0415 - slow, and seldom

    return RunRecord(local, clock, ContainerStore(open_container(place, env), run_id))


def find_record(env: Mapping[str, str], run_id: str) -> RunRecord:
    """The record of a run that there is. InvalidInput where there is none."""
    if run_id not in recorded_runs(env):
        raise InvalidInput(
            f"{runs_place(env)}: there is no run {run_id!r}",
            remedy="`golden runs` lists those that there are.",
        )
    return open_record(env, run_id)


def recorded_runs(env: Mapping[str, str]) -> list[str]:
    """The IDs of all recorded runs, oldest first, where GOLDEN_RUNS says."""
    place = env.get("GOLDEN_RUNS", "")
    if not _is_container(place):
        return list_runs(runs_directory(env))
    from factory.record_container import list_container, open_container  # noqa: PLC0415 - slow, and seldom

    return list_container(open_container(place, env))


def list_runs(directory: Path) -> list[str]:
    """The IDs of all runs recorded in a directory, oldest first."""
    if not directory.is_dir():
        return []
    return sorted(entry.name for entry in directory.iterdir() if (entry / EVENTS).exists())


def _is_container(place: str) -> bool:
    return place.startswith(("https://", "http://"))


def _parse(lines: list[str]) -> Iterator[Event]:
    seen: set[object] = set()
    for line in lines:
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        if raw.get("id") in seen:
            continue
        seen.add(raw.get("id", len(seen)))
        yield Event(
            datetime.fromisoformat(raw["at"]), raw["step"], raw["kind"], raw["text"], raw.get("data", {})
        )


def _first_line(error: BaseException) -> str:
    if isinstance(error, FactoryError):
        return str(error)
    return f"{type(error).__name__}: {error}"
