"""The instants of a run, seen at the factory's doors, and what strikes there.

Doors are the only ways out of the factory: requests to Azure, commands in a guest, lines of the record. An
instant is a side of one of them: before a request is sent, after it was answered. It has a name that is the
same in every run: door, label, how many of that label came before. Polls of an operation differ in number
from run to run, so each operation counts once.
"""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceRequestError, ServiceResponseError

import factory.azure.client as azure_client
from factory.errors import ConnectionLost, DeadlineExceeded
from factory.guest.command import Command, Output
from factory.record_directory import DirectoryStore
from factory.remote.ssh import SshGuest

Blow = Literal["kill", "reset", "permanent"]
BLOWS: tuple[Blow, ...] = ("kill", "reset", "permanent")
"""`kill`: the process dies (kill -9). `reset`: the connection breaks once, after what was asked was accepted;
a line of the record has no connection: there the run is cancelled. `permanent`: this is refused from now
on: the request unauthorized (after a change: all requests of that type), the guest dead, the record's disk
full."""

_MUTATING = ("PUT", "POST", "PATCH", "DELETE")


@dataclass(frozen=True)
class Instant:
    """A side of one passage through a door."""

    door: Literal["azure", "guest", "record"]
    label: str
    number: int
    side: Literal["before", "after"]

    def __str__(self) -> str:
        return f"{self.door} {self.label} #{self.number} {self.side}"


@dataclass
class Doors:
    """Counts the instants as they pass, and strikes at one. Installed in a process of its own."""

    strike_at: Instant | None = None
    blow: Blow | None = None
    log: Path | None = None
    """Where every instant is written down, for a run that only counts."""
    mark: Path | None = None
    """A file that is made when the blow falls."""
    struck: bool = False
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _polled: set[str] = field(default_factory=set)

    def install(self) -> None:
        """Stand in the doors of this process."""
        self._at_azure()
        self._at_guests()
        self._at_records()

    def passes(self, door: Any, label: str) -> int:
        """Count a passage; its number among those of its label, from 1."""
        self._counts[door, label] += 1
        return self._counts[door, label]

    def comes(self, instant: Instant) -> bool:
        """An instant has come: it is noted; true if it is the one, unless that is this process's last."""
        if self.log is not None:
            with self.log.open("a") as log:
                log.write(f"{instant.door}|{instant.label}|{instant.number}|{instant.side}\n")
        if instant != self.strike_at:
            return False
        self._fall()
        if self.blow == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def _fall(self) -> None:
        self.struck = True
        if self.mark is not None:
            self.mark.touch()

    def is_refused(self, door: str, label: str) -> bool:
        """Whether a permanent failure has begun that this passage meets."""
        at = self.strike_at
        if at is None or not self.struck or self.blow != "permanent" or at.door != door:
            return False
        if door != "azure" or at.label == label:
            return True
        changed = at.side == "after" and at.label.startswith(_MUTATING)
        return changed and at.label.split()[-1] == label.rsplit(maxsplit=1)[-1]

    def _at_azure(self) -> None:
        open_transport = azure_client._open_transport

        def open_struck(connection: Any) -> Any:
            transport = open_transport(connection)
            transport.send = self._sending(transport.send)  # type: ignore[method-assign]  # a door replaced
            return transport

        azure_client._open_transport = open_struck  # a door replaced

    def _sending(self, send: Callable[..., Any]) -> Callable[..., Any]:
        async def struck(request: Any, **options: Any) -> Any:
            label = label_of(request.method, request.url, self._polled)
            if label is None:
                return await send(request, **options)
            number = self.passes("azure", label)
            changes = request.method in _MUTATING
            here = self.strike_at == Instant("azure", label, number, "after")
            if here and not changes and self.blow == "permanent":  # only asking: refused at once
                self._fall()
            if changes and self.comes(Instant("azure", label, number, "before")) and self.blow == "reset":
                raise ServiceRequestError("connection reset")
            if self.is_refused("azure", label):
                request.headers.pop("Authorization", None)  # Azure itself then refuses, in its own words
            response = await send(request, **options)
            if self.comes(Instant("azure", label, number, "after")) and self.blow == "reset":
                raise ServiceResponseError("connection reset")
            return response

        return struck

    def _at_guests(self) -> None:
        run, enter = SshGuest.run, SshGuest.__aenter__

        async def struck(guest: SshGuest, command: Command) -> Output:
            if self.is_refused("guest", "command"):
                raise ConnectionLost(guest.name, str(command), "the machine is dead")
            output = await run(guest, command)
            instant = Instant("guest", "command", self.passes("guest", "command"), "after")
            if self.comes(instant):
                if guest._shell is not None:
                    guest._shell.wire.close()
                raise ConnectionLost(guest.name, str(command), "the connection was reset")
            return output

        async def enter_struck(guest: SshGuest) -> SshGuest:
            if self.is_refused("guest", "command"):
                raise DeadlineExceeded(guest.name, "connecting", 0, last_state="the machine is dead")
            return await enter(guest)

        SshGuest.run = struck  # type: ignore[method-assign,assignment]  # a door replaced
        SshGuest.__aenter__ = enter_struck  # type: ignore[method-assign,assignment]  # a door replaced

    def _at_records(self) -> None:
        write_down = DirectoryStore._write_down

        def struck(store: DirectoryStore, line: bytes) -> None:
            if self.is_refused("record", ""):
                raise OSError(28, "No space left on device")
            write_down(store, line)
            event = json.loads(line)
            if event["kind"] == "progress":
                return  # as many as Azure's clock has it
            label = f"{event['step']} {event['kind']}"
            if self.comes(Instant("record", label, self.passes("record", label), "after")):
                if self.blow == "reset":
                    os.kill(os.getpid(), signal.SIGINT)
                elif self.blow == "permanent":
                    raise OSError(28, "No space left on device")

        DirectoryStore._write_down = struck  # type: ignore[method-assign,assignment]  # a door replaced


def label_of(method: str, url: str, polled: set[str]) -> str | None:
    """Verb and type of a request; None for tokens and for what polls an operation that was polled before."""
    path = urlsplit(url).path
    if "/subscriptions/" not in path:
        return None if "oauth2" in path else f"{method} {path.strip('/').split('/')[0]}"
    parts = path.split("/providers/")[-1].strip("/").split("/")
    types = [parts[0], *parts[1::2]] if "/providers/" in path else [path.strip("/").split("/")[2], *parts[4:]]
    kind = "/".join(types)
    if "operation" in kind.lower():
        if path in polled:
            return None
        polled.add(path)
        return f"poll {types[0]}"
    return f"{method} {kind}"


def read_instants(log: Path) -> list[Instant]:
    """The instants of a run that only counted, each once, in order."""
    found: dict[Instant, None] = {}
    for line in log.read_text().splitlines():
        door, label, number, side = line.split("|")
        found[Instant(door, label, int(number), side)] = None  # type: ignore[arg-type]  # we wrote it
    return list(found)
