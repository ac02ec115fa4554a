"""The host of model guests: contents of disks, and machines that a yard runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from localazure.guests.base import (
    AgentReport,
    ExtensionGoal,
    ExtensionStatus,
    GuestError,
    MachineSpec,
    MarketplaceImage,
    Progress,
    Rule,
    UnknownMachineError,
)
from localazure.guests.disturbances import Disturbance
from localazure.guests.model import calls, jail
from localazure.guests.model.contents import IMAGE_PREFIX, ContentStore
from localazure.guests.model.image import Image
from localazure.guests.model.order import Order
from localazure.guests.model.plan import Disk
from localazure.guests.model.yard import FILE
from localazure.guests.namespace.machines import start_time
from localazure.guests.namespace.messages import documents_of
from localazure.guests.namespace.relay import PORTS, SSH_PORTS
from localazure.guests.namespace.requirements import usable_ports

_YARD_SECONDS = 20.0
_STOP_SECONDS = 15.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_LETTERS = "cdefghijklmnopqrstuvwxyz"


class ModelHost:
    """Implements `localazure.guests.base.Host`."""

    name = "model"
    proof = "model guest (a simulation)"
    disturbances = frozenset({"cut", "die", "fill"})
    quiesces = True

    def __init__(self, state: Path, *, image: Image | None = None) -> None:
        self._state = state
        self._image = image or Image()
        self.ports = usable_ports(PORTS)
        self._contents = ContentStore(state / "content")
        self._machines = state / "machines"
        self._machines.mkdir(parents=True, exist_ok=True)
        self._yard = state / "model"
        self._yard.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._opening = asyncio.Lock()

    # The computer and its image.

    def missing(self) -> list[str]:
        """Say what this computer lacks."""
        lacking = self._image.missing()
        if not set(self.ports) & set(SSH_PORTS):
            lacking.append("guests cannot have port 22 or 2222 of their addresses: stop what listens there")
        return lacking or jail.missing(self._state)

    async def prepare(self, progress: Progress) -> None:
        """Make the image, or find it in the cache."""
        await asyncio.to_thread(self._image.prepare, progress)

    def images(self) -> list[MarketplaceImage]:
        """List the one image."""
        return [self._image.describe(f"{IMAGE_PREFIX}{self._image.key}")] if self._image.ready else []

    # Contents.

    async def create_empty(self, size_gb: int) -> str:
        """Make the content of an empty data disk."""
        return self._contents.create_empty(size_gb)

    async def copy(self, contents: Sequence[str]) -> list[str]:
        """Copy contents while every machine that runs on one of them is held still."""
        if len(contents) == 1 and contents[0].startswith(IMAGE_PREFIX):
            return [self._contents.of_image(contents[0].removeprefix(IMAGE_PREFIX))]
        users = [name for name in self._names() if self._runs_on(name, set(contents))]
        async with AsyncExitStack() as held:
            if users:
                await held.enter_async_context(calls.conversation(self._yard, op="freeze", machines=users))
            return await self._contents.copy(list(contents))

    async def discard(self, content: str) -> None:
        """Remove a content."""
        users = [name for name in self._names() if self._runs_on(name, {content})]
        if users:
            raise GuestError(f"content {content} is in use by the running machine {users[0]}")
        await asyncio.to_thread(self._contents.discard, content)

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of its disk: an archive, where a real disk has file systems."""
        await asyncio.to_thread(self._contents.write_raw, content, size_gb, target)

    async def read_raw(self, source: Path) -> str:
        """Make a content from the bytes of a disk."""
        return await asyncio.to_thread(self._contents.read_raw, source)

    def used_bytes(self, content: str) -> int:
        """Measure a content."""
        return self._contents.used_bytes(content)

    # Machines.

    def _names(self) -> Iterable[str]:
        return [path.name for path in sorted(self._machines.iterdir()) if path.is_dir()]

    def _status(self, machine_id: str) -> dict[str, Any]:
        return _read_json(self._machines / machine_id / "status.json")

    def _runs_on(self, machine_id: str, contents: set[str]) -> bool:
        status = self._status(machine_id)
        return bool(contents & {status.get("os_disk"), *status.get("data_disks", ())}) and _runs(status)

    async def start(self, spec: MachineSpec) -> None:
        """Power a machine on."""
        if self.is_running(spec.machine_id):
            return
        await self._open_yard()
        await calls.ask(self._yard, op="start", order=self._order(spec).document())

    def _order(self, spec: MachineSpec) -> Order:
        disk = self._contents.get(spec.os_disk)
        if disk.image is None:
            raise GuestError(f"{spec.name}: there is no operating system on its OS disk {spec.os_disk}")
        tree = self._image.directory / disk.image / "root"
        if not tree.is_dir():
            raise GuestError(f"the image {disk.image} is not in {self._image.directory}: prepare it again")
        return Order(
            spec=spec,
            image=str(tree),
            directory=str(disk.directory),
            disks=tuple(
                Disk(d.lun, f"sd{_LETTERS[i]}", str(self._contents.get(d.content).directory), d.size_gb)
                for i, d in enumerate(sorted(spec.data_disks, key=lambda d: d.lun))
            ),
            ports=self.ports,
            node=jail.borrowed_node(),
            owner=jail.owner(),
        )

    async def power_off(self, machine_id: str, *, graceful: bool, deadline: float = 90.0) -> None:
        """Power a machine off; one that is off already stays so."""
        if not self.is_running(machine_id):
            return
        try:
            if graceful:
                await calls.ask(self._yard, op="power", machine=machine_id, how="poweroff", deadline=deadline)
            else:
                await calls.ask(self._yard, op="kill", machine=machine_id)
        except GuestError:
            if self.is_running(machine_id):
                raise

    async def kill(self, machine_id: str) -> None:
        """Have a machine die at once, as by a fault of its host."""
        await self.power_off(machine_id, graceful=False)

    async def disturb(self, machine_id: str, disturbance: Disturbance) -> None:
        """Have something go wrong with a running machine."""
        self._known(machine_id)
        await calls.ask(self._yard, op="disturb", machine=machine_id, disturbance=disturbance.document())

    async def restart(self, machine_id: str, deadline: float = 90.0) -> None:
        """Reboot a machine through its init, or reset it when that takes too long."""
        self._known(machine_id)
        said = await calls.ask(self._yard, op="power", machine=machine_id, how="reboot", deadline=deadline)
        if said["off"]:
            raise GuestError(f"{machine_id} did not come back")

    def is_running(self, machine_id: str) -> bool:
        """Tell whether a machine is powered on."""
        return _runs(self._status(machine_id))

    def _known(self, machine_id: str) -> Path:
        directory = self._machines / machine_id
        if not directory.is_dir():
            raise UnknownMachineError(f"there is no machine {machine_id}")
        return directory

    def report(self, machine_id: str) -> AgentReport:
        """Read what the agent has reported."""
        said = _read_json(self._machines / machine_id / "report.json")
        alive = said.pop("agent_alive", False)
        if alive and self.is_running(machine_id):
            said["agent_seen"] = time.time()
        extensions = {name: ExtensionStatus(**one) for name, one in said.pop("extensions", {}).items()}
        return AgentReport(**said, extensions=extensions)

    async def set_inbound(self, machine_id: str, rules: Sequence[Rule]) -> None:
        """Replace the inbound rules of a running machine."""
        self._known(machine_id)
        await calls.ask(self._yard, op="inbound", machine=machine_id, rules=documents_of(rules))

    async def set_extensions(self, machine_id: str, goals: Sequence[ExtensionGoal]) -> None:
        """Issue a new goal state."""
        self._known(machine_id)
        await calls.ask(self._yard, op="extensions", machine=machine_id, goals=documents_of(goals))

    def serial_log(self, machine_id: str) -> bytes:
        """Read the console."""
        log = self._machines / machine_id / "serial.log"
        return log.read_bytes() if log.exists() else b""

    async def forget(self, machine_id: str) -> None:
        """Drop the files of a machine that is off."""
        if self.is_running(machine_id):
            raise GuestError(f"{machine_id} is powered on")
        shutil.rmtree(self._machines / machine_id, ignore_errors=True)

    # The yard.

    def _yard_pid(self) -> int | None:
        facts = _read_json(self._yard / FILE)
        pid = facts.get("pid")
        return pid if pid and start_time(pid) == facts.get("started") else None

    async def _open_yard(self) -> None:
        async with self._opening:
            if self._yard_pid() is None:
                await asyncio.to_thread(self._launch)
            until = time.monotonic() + _YARD_SECONDS
            while self._yard_pid() is None:
                if time.monotonic() > until:
                    raise GuestError(f"the model guests' process did not start: {self._last_words()}")
                await asyncio.sleep(0.01)

    def _launch(self) -> None:
        (self._yard / FILE).unlink(missing_ok=True)
        path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        with (self._yard / "yard.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "localazure.guests.model.yard", str(self._state)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
                check=False,
                timeout=_YARD_SECONDS,
            )

    def _last_words(self) -> str:
        log = self._yard / "yard.log"
        return " ".join(log.read_text().strip().splitlines()[-1:]) if log.exists() else "no log"

    def adopt(self) -> None:
        """Find the machines that live on: the yard has them, and their files say so."""
        self._contents.sweep()

    async def shutdown(self) -> None:
        """Switch every machine off, and the yard."""
        pid = self._yard_pid()
        if pid is None:
            return
        try:
            await calls.ask(self._yard, op="shutdown")
        except GuestError:
            os.kill(pid, 9)
        until = time.monotonic() + _STOP_SECONDS
        while self._yard_pid() is not None or any(map(self.is_running, self._names())):
            if time.monotonic() > until:
                raise GuestError(f"the model guests' process {pid} does not end")
            await asyncio.sleep(0.005)


def _runs(status: dict[str, Any]) -> bool:
    born = status.get("born")
    return status.get("state") == "running" and born is not None and start_time(status["init"]) == born


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
