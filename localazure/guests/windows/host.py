"""The host of modelled Windows guests: contents of disks, and machines in this process."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import logging
import socket
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from localazure.guests.base import (
    AgentReport,
    DataDisk,
    ExtensionGoal,
    GuestError,
    MachineSpec,
    MarketplaceImage,
    OsProfile,
    Progress,
    Rule,
    UnknownMachineError,
)
from localazure.guests.disturbances import Disturbance
from localazure.guests.windows import contents, failures
from localazure.guests.windows.contents import IMAGE_PREFIX, ContentStore
from localazure.guests.windows.life import Life
from localazure.guests.windows.machine import agent
from localazure.guests.windows.machine.baseline import VERSION
from localazure.guests.windows.machine.clock import Clock
from localazure.guests.windows.machine.machine import Machine, Volume

log = logging.getLogger("localazure.windows")
_FLUSH_SECONDS = 0.2
_SKUS = (
    ("2022-datacenter-g2", 127, "V2"),
    ("2022-datacenter", 127, "V1"),
    ("2022-datacenter-smalldisk-g2", 30, "V2"),
    ("2022-datacenter-smalldisk", 30, "V1"),
)


class WindowsHost:
    """Implements `localazure.guests.base.Host`."""

    name = "windows"
    proof = "modelled Windows guest"
    ports = (5986,)
    disturbances = frozenset({"windows-state", "cut", "die"})
    patience = 30.0
    """Seconds that the local Azure waits at the least for a guest's word, at any scale."""

    def __init__(self, state: Path) -> None:
        self._contents = ContentStore(state / "content")
        self._directory = state / "machines"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._machines: dict[str, Machine] = {}
        self._lives: dict[str, Life] = {}
        self._reports: dict[str, AgentReport] = {}
        self._dirty: set[str] = set()
        self._scale = 1.0
        self._flushing: asyncio.Task[None] | None = None

    def pace(self, scale: float) -> None:
        """Take the share of the model's own durations to wait."""
        self._scale = scale

    # The computer and its images.

    def missing(self) -> list[str]:
        """Nothing is needed but this program's own packages."""
        return []

    async def prepare(self, progress: Progress) -> None:
        """There is nothing to build."""
        progress("the modelled Windows guest", 1.0)

    def images(self) -> list[MarketplaceImage]:
        """List the images of Windows Server."""
        return [
            MarketplaceImage(
                "MicrosoftWindowsServer",
                "WindowsServer",
                sku,
                VERSION,
                f"{IMAGE_PREFIX}{sku}",
                "Windows",
                size,
                generation,  # type: ignore[arg-type]  # one of the two words
                "modelled Windows guest",
            )
            for sku, size, generation in _SKUS
        ]

    # Contents.

    def _live(self, content: str) -> dict[str, Any] | None:
        """The document of a content that a running machine has."""
        for machine in self._machines.values():
            if machine.spec.os_disk == content:
                return machine.document
            for volume in machine.volumes:
                if volume.content == content:
                    return volume.document
        return None

    def document(self, content: str) -> dict[str, Any]:
        """A content as it is now."""
        with contextlib.ExitStack() as held:
            for machine in list(self._machines.values()):
                held.enter_context(machine.lock)
            return copy.deepcopy(self._live(content) or self._contents.read(content))

    async def create_empty(self, size_gb: int) -> str:
        """Make the content of an empty data disk."""
        return self._contents.create_empty(size_gb)

    async def copy(self, contents: Sequence[str]) -> list[str]:
        """Copy contents while every machine that runs on one of them is held still."""
        return await asyncio.to_thread(self._copy, list(contents))

    def _copy(self, wanted: list[str]) -> list[str]:
        with contextlib.ExitStack() as held:
            for machine in list(self._machines.values()):
                held.enter_context(machine.lock)
            documents = [copy.deepcopy(self._live(one) or self._contents.read(one)) for one in wanted]
        return [self._contents.add(document) for document in documents]

    async def discard(self, content: str) -> None:
        """Remove a content."""
        if self._live(content) is not None:
            raise GuestError(f"content {content} is in use by a running machine")
        self._contents.discard(content)

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of its disk."""
        await asyncio.to_thread(contents.write_raw, self.document(content), size_gb, target)

    async def read_raw(self, source: Path) -> str:
        """Make a content from the bytes of a disk."""
        return self._contents.add(await asyncio.to_thread(contents.read_raw, source))

    def used_bytes(self, content: str) -> int:
        """Measure a content."""
        return self._contents.used_bytes(content)

    # What is written of machines.

    def _changed(self, machine: Machine) -> None:
        self._dirty.add(machine.spec.machine_id)

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            if self._dirty:
                await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for machine in [self._machines[name] for name in dirty if name in self._machines]:
            with machine.lock:
                self._contents.write(machine.spec.os_disk, machine.document)
                for volume in machine.volumes:
                    self._contents.write(volume.content, volume.document)

    def _remember(self, spec: MachineSpec, *, on: bool) -> None:
        file = self._directory / f"{spec.machine_id}.json"
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({"on": on, "spec": asdict(spec)}))
        draft.chmod(0o600)
        draft.replace(file)

    # Machines.

    def _known(self, machine_id: str) -> Machine:
        if machine_id not in self._machines:
            raise UnknownMachineError(f"the machine {machine_id} is not on")
        return self._machines[machine_id]

    async def start(self, spec: MachineSpec) -> None:
        """Power a machine on."""
        if self.is_running(spec.machine_id):
            return
        document = self._contents.read(spec.os_disk)
        if document["kind"] != "windows":
            raise GuestError(f"{spec.name}: there is no Windows on its OS disk {spec.os_disk}")
        volumes = [
            Volume(d.lun, d.content, d.size_gb, d.name, self._contents.read(d.content))
            for d in spec.data_disks
        ]
        _check_free(spec, self.ports)
        self._remember(spec, on=True)
        self._begin(Machine(spec, document, volumes, Clock(self._scale), self._changed))

    def _begin(self, machine: Machine) -> None:
        name = machine.spec.machine_id
        self._machines[name] = machine
        self._reports.pop(name, None)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush_often())
        self._lives[name] = Life(machine, lambda: self._ended(machine))

    def _ended(self, machine: Machine) -> None:
        """A machine is off, whoever switched it off."""
        name = machine.spec.machine_id
        self._dirty.add(name)
        self._flush()
        self._machines.pop(name, None)
        self._remember(machine.spec, on=False)

    async def power_off(self, machine_id: str, *, graceful: bool, deadline: float = 90.0) -> None:
        """Power a machine off."""
        machine, life = self._machines.get(machine_id), self._lives.get(machine_id)
        if machine is None or life is None:
            return
        machine.off.set()
        life.wake()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(life.task), deadline)

    async def restart(self, machine_id: str, deadline: float = 90.0) -> None:
        """Reboot a machine."""
        machine = self._known(machine_id)
        machine.up.clear()
        machine.reboot_wanted.set()
        self._lives[machine_id].wake()

    def is_running(self, machine_id: str) -> bool:
        """Whether a machine is on."""
        return machine_id in self._machines and not self._machines[machine_id].off.is_set()

    def report(self, machine_id: str) -> AgentReport:
        """What the agent has said."""
        machine = self._machines.get(machine_id)
        return agent.read_report(machine) if machine is not None else AgentReport()

    async def set_inbound(self, machine_id: str, rules: Sequence[Rule]) -> None:
        """Replace the inbound rules."""
        machine = self._known(machine_id)
        machine.spec = replace(machine.spec, inbound=tuple(rules))
        self._remember(machine.spec, on=True)

    async def set_extensions(self, machine_id: str, goals: Sequence[ExtensionGoal]) -> None:
        """Give the agent a new goal state."""
        machine = self._known(machine_id)
        agent.set_goals(machine, list(goals))

    def serial_log(self, machine_id: str) -> bytes:
        """What the machine wrote to its console."""
        machine = self._machines.get(machine_id)
        return "".join(f"{line}\r\n" for line in machine.console).encode() if machine is not None else b""

    async def forget(self, machine_id: str) -> None:
        """Drop what is kept of a machine that is off."""
        (self._directory / f"{machine_id}.json").unlink(missing_ok=True)
        self._lives.pop(machine_id, None)

    def adopt(self) -> None:
        """Machines live in this process: what was on when it died comes up again, as after a host's failure."""
        for file in sorted(self._directory.glob("*.json")):
            record = json.loads(file.read_text())
            if not record["on"]:
                continue
            spec = _spec(record["spec"])
            try:
                document = self._contents.read(spec.os_disk)
                volumes = [
                    Volume(d.lun, d.content, d.size_gb, d.name, self._contents.read(d.content))
                    for d in spec.data_disks
                ]
            except GuestError as error:
                log.warning("%s does not come up again: %s", spec.name, error)
                continue
            self._begin(Machine(spec, document, volumes, Clock(self._scale), self._changed))

    async def shutdown(self) -> None:
        """Stop every machine."""
        for machine_id in list(self._machines):
            await self.power_off(machine_id, graceful=False)
        if self._flushing is not None:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
            self._flushing = None

    # Failures, for those who set faults.

    def failures(self) -> dict[str, str]:
        """The states in which Sysprep or the image's first start fails: name and manual."""
        return {one.name: one.manual for one in failures.failures().values()}

    def bring_about(self, machine_id: str, name: str, moment: str = "start") -> None:
        """Bring a failure's state about in a machine that is on: before its agent speaks, or when Sysprep begins."""
        if name not in failures.failures():
            raise GuestError(f"there is no failure {name}: known are {', '.join(failures.failures())}")
        machine = self._known(machine_id)
        if moment == "sysprep":
            machine.at_sysprep.append(name)
        elif machine.up.is_set():
            failures.provoke(machine, name)
        else:
            machine.at_start.append(name)

    async def disturb(self, machine_id: str, disturbance: Disturbance) -> None:
        """Cut the n-th answer that a machine gives over WinRM, or let its power fail after some seconds."""
        self._known(machine_id)
        life = self._lives[machine_id]
        if disturbance.effect == "cut":
            life.cut(disturbance.connection)
        elif disturbance.path_gone is not None or disturbance.after_bytes is not None:
            raise GuestError("a modelled Windows machine dies after seconds, and at nothing else")
        else:
            asyncio.get_running_loop().call_later(disturbance.seconds, life.lose_power)

    def machine(self, machine_id: str) -> Machine | None:
        """A machine that is on."""
        return self._machines.get(machine_id)

    def life(self, machine_id: str) -> Life | None:
        """The life of a machine that is on."""
        return self._lives.get(machine_id) if machine_id in self._machines else None

    def provoke(self, content: str, name: str) -> None:
        """Bring a failure's state about, on the disk of a machine that is on or of none; KeyError for an unknown name."""
        for machine in self._machines.values():
            if machine.spec.os_disk == content:
                failures.provoke(machine, name)
                return
        document = self._contents.read(content)
        offline = Machine(
            MachineSpec("offline", "offline", content, "127.16.0.1"), document, [], Clock(), lambda _: None
        )
        failures.provoke(offline, name)
        self._contents.write(content, document)


def _check_free(spec: MachineSpec, ports: Sequence[int]) -> None:
    """Refuse an address that another program of this computer holds: nobody would reach the machine."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((spec.address, port))
            except OSError as error:
                raise GuestError(f"{spec.name} cannot have {spec.address}:{port}: {error.strerror}") from None


def _spec(record: dict[str, Any]) -> MachineSpec:
    provisioning = record["provisioning"]
    if provisioning is not None:
        provisioning["public_keys"] = tuple(tuple(pair) for pair in provisioning["public_keys"])
    more = {
        "data_disks": tuple(DataDisk(**one) for one in record["data_disks"]),
        "inbound": tuple(
            Rule(**{**one, **{k: tuple(one[k]) for k in ("sources", "destinations", "ports")}})
            for one in record["inbound"]
        ),
        "provisioning": OsProfile(**provisioning) if provisioning is not None else None,
    }
    return MachineSpec(**{**record, **more})
