"""The host of QEMU guests: contents of disks, and machines that boot from them.

Real machines: a firmware, a boot loader in the disk, a kernel of their own, DHCP, and an agent that nobody
told that this is not Azure. Slower than namespace guests by the factor that a processor without
virtualization costs, so at most two of them boot at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from localazure.guests.base import (
    AgentReport,
    ExtensionGoal,
    GuestError,
    MachineSpec,
    MarketplaceImage,
    Progress,
    Rule,
    UnknownMachineError,
)
from localazure.guests.fabric.journal import read_report, write_atomically
from localazure.guests.namespace import requirements as ports_of
from localazure.guests.namespace.contents import IMAGE_PREFIX
from localazure.guests.namespace.machines import OFF, STARTING
from localazure.guests.namespace.messages import documents_of
from localazure.guests.namespace.relay import PORTS, SSH_PORTS
from localazure.guests.qemu import accelerator, requirements
from localazure.guests.qemu.command import OS_DISK, Order, RunningDisk, data_disk, firmware_code
from localazure.guests.qemu.contents import ContentStore
from localazure.guests.qemu.copying import COPY_SECONDS
from localazure.guests.qemu.machines import Machine
from localazure.guests.qemu.marketplace import Marketplace

START_SECONDS = 60.0
AT_ONCE = 2
BOOT_SECONDS = 240.0
"""A machine that has said nothing for so long is not waited for by the next one."""
QUEUE_SECONDS = 900.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class QemuHost:
    """Implements `localazure.guests.base.Host`."""

    name = "qemu"
    proof = "QEMU guest"
    patience = 300.0
    """Seconds that a guest is given to report at the least: an emulated processor is slow."""

    def __init__(
        self, state: Path, *, marketplace: Marketplace | None = None, ports: Sequence[int] = PORTS
    ) -> None:
        self._state = state
        self._marketplace = marketplace or Marketplace.of_state(state)
        self.ports = ports_of.usable_ports(ports)
        self._contents = ContentStore(state / "content", self._marketplace.directory)
        self._machines = state / "machines"
        self._machines.mkdir(parents=True, exist_ok=True)
        self._queue = asyncio.Lock()

    # The computer and its images.

    def missing(self) -> list[str]:
        """Say what this computer lacks."""
        lacking = requirements.missing(self.ports, SSH_PORTS)
        return lacking + ([] if self._marketplace.ready else self._marketplace.missing())

    async def prepare(self, progress: Progress) -> None:
        """Build the marketplace images, or find them in the cache."""
        await self._marketplace.prepare(progress)

    def images(self) -> list[MarketplaceImage]:
        """List what is there."""
        return self._marketplace.images(IMAGE_PREFIX)

    # Contents.

    async def create_empty(self, size_gb: int) -> str:
        """Make the content of an empty data disk."""
        return self._contents.create_empty(size_gb)

    async def copy(self, contents: Sequence[str]) -> list[str]:
        """Copy contents; those of one running machine in one transaction, at one moment."""
        copies: dict[str, str] = {}
        wanted = list(dict.fromkeys(contents))
        for machine in self._all():
            theirs = [content for content in wanted if content in _contents_of(machine)]
            if machine.running and theirs:
                with contextlib.suppress(_HasEndedError):
                    copies |= zip(theirs, await self._copy_running(machine, theirs), strict=True)
        for content in wanted:
            if content not in copies:
                copies[content] = await self._contents.copy(content)
        return [copies[content] for content in contents]

    async def _copy_running(self, machine: Machine, contents: Sequence[str]) -> list[str]:
        devices = machine.facts["devices"]
        targets = await self._contents.begin_copies(contents)
        disks = [
            {"device": devices[content], "target": str(target.file), "format": target.source.format}
            for content, target in zip(contents, targets, strict=True)
        ]
        try:
            await machine.ask(COPY_SECONDS, op="copy", disks=disks)
        except BaseException as error:
            for target in targets:
                target.drop()
            if isinstance(error, GuestError) and machine.supervisor is None:
                raise _HasEndedError from error  # and its disks lie still
            raise
        return self._contents.finish_copies(targets)

    async def flatten(self, contents: Sequence[str]) -> None:
        """Make contents whole by themselves, without a marketplace image below them."""
        for content in contents:
            await self._contents.flatten(content)

    async def discard(self, content: str) -> None:
        """Remove a content."""
        users = [m.machine_id for m in self._all() if m.supervisor and content in _contents_of(m)]
        if users:
            raise GuestError(f"content {content} is in use by the running machine {users[0]}")
        await asyncio.to_thread(self._contents.discard, content)

    async def write_raw(self, content: str, size_gb: int, target: Path) -> None:
        """Write a content as the bytes of its disk."""
        await self._contents.write_raw(content, size_gb, target)

    async def read_raw(self, source: Path) -> str:
        """Make a content from the bytes of a disk."""
        return await self._contents.read_raw(source)

    def used_bytes(self, content: str) -> int:
        """Measure a content."""
        return self._contents.used_bytes(content)

    # Machines.

    def _all(self) -> Iterable[Machine]:
        return [Machine(path) for path in sorted(self._machines.iterdir()) if path.is_dir()]

    def _machine(self, machine_id: str) -> Machine:
        return Machine(self._machines / machine_id)

    def _known(self, machine_id: str) -> Machine:
        machine = self._machine(machine_id)
        if not machine.directory.is_dir():
            raise UnknownMachineError(f"there is no machine {machine_id}")
        return machine

    async def start(self, spec: MachineSpec) -> None:
        """Power a machine on, once fewer than two others are booting."""
        machine = self._machine(spec.machine_id)
        if machine.running:
            return
        await machine.kill()
        async with self._queue:
            await self._until_others_have_booted(spec.name)
            order = await self._order(spec)
            shutil.rmtree(machine.directory, ignore_errors=True)
            machine.directory.mkdir(mode=0o700)
            write_atomically(machine.directory / "status.json", json.dumps({"state": STARTING}))
            await _launch(machine.directory, order)
            await machine.until(lambda: machine.status.get("state") != STARTING, START_SECONDS, "powering on")
        if not machine.running and (why := machine.status.get("why")):
            raise GuestError(f"{spec.name} did not start: {why}")

    async def _until_others_have_booted(self, name: str) -> None:
        end = time.monotonic() + QUEUE_SECONDS
        while sum(_is_booting(machine) for machine in self._all()) >= AT_ONCE:
            if time.monotonic() > end:
                raise GuestError(f"{name} waited {QUEUE_SECONDS:.0f} s for other machines to boot")
            await asyncio.sleep(0.2)

    async def _order(self, spec: MachineSpec) -> Order:
        disk = await self._contents.make_bootable(spec.os_disk, self._marketplace.hardware)
        if disk.kind != "qcow2":
            raise GuestError(f"{spec.name}: there is no operating system on its OS disk {spec.os_disk}")
        disks = [RunningDisk(OS_DISK, spec.os_disk, str(disk.file), disk.format)]
        for data in sorted(spec.data_disks, key=lambda d: d.lun):
            content = self._contents.get(data.content)
            if content.file.stat().st_size < data.size_gb << 30:
                os.truncate(content.file, data.size_gb << 30)
            disks.append(
                RunningDisk(
                    data_disk(data.lun),
                    data.content,
                    str(content.file),
                    content.format,
                    data.lun,
                    data.size_gb,
                )
            )
        return Order(
            spec=spec,
            disks=tuple(disks),
            accelerator=await accelerator.choose(self._marketplace.directory.parent),
            generation=spec.generation if firmware_code() else "V1",
            ports=self.ports,
        )

    async def power_off(self, machine_id: str, *, graceful: bool, deadline: float = 90.0) -> None:
        """Power a machine off; one that is off already stays so."""
        machine = self._machine(machine_id)
        if graceful and machine.running:
            try:
                await machine.ask(op="power_off")
                await machine.until(lambda: machine.supervisor is None, deadline, "shutting down")
            except GuestError:
                pass  # the hard way follows, as on Azure
        await machine.kill()

    async def restart(self, machine_id: str, deadline: float = 90.0) -> None:
        """Reboot a machine through its init, or reset it when that takes more than `deadline` seconds."""
        machine = self._known(machine_id)
        boot = machine.status.get("boot", 0)
        await machine.ask(op="reboot")

        def booted() -> bool:
            return machine.status.get("boot", 0) > boot or not machine.running

        try:
            await machine.until(booted, deadline, "rebooting")
        except GuestError:
            await machine.ask(op="reset")
            await machine.until(booted, START_SECONDS, "resetting")
        if not machine.running:
            raise GuestError(f"{machine_id} did not come back: {machine.status.get('why')}")

    def is_running(self, machine_id: str) -> bool:
        """Tell whether a machine is powered on."""
        return self._machine(machine_id).running

    def report(self, machine_id: str) -> AgentReport:
        """Read what the agent has reported."""
        machine = self._machine(machine_id)
        return read_report(machine.directory, machine.status.get("boot"))

    async def set_inbound(self, machine_id: str, rules: Sequence[Rule]) -> None:
        """Replace the inbound rules of a running machine."""
        await self._known(machine_id).ask(op="inbound", rules=documents_of(rules))

    async def set_extensions(self, machine_id: str, goals: Sequence[ExtensionGoal]) -> None:
        """Issue a new goal state."""
        await self._known(machine_id).ask(op="extensions", goals=documents_of(goals))

    def serial_log(self, machine_id: str) -> bytes:
        """Read the console."""
        log = self._machine(machine_id).directory / "serial.log"
        return log.read_bytes() if log.exists() else b""

    async def forget(self, machine_id: str) -> None:
        """Drop the files of a machine that is off."""
        machine = self._machine(machine_id)
        if machine.supervisor:
            raise GuestError(f"{machine_id} is powered on")
        await asyncio.to_thread(shutil.rmtree, machine.directory, ignore_errors=True)

    def adopt(self) -> None:
        """Find the machines that live on; tidy up after those whose supervisor died unseen."""
        self._contents.sweep()
        for machine in self._all():
            if machine.supervisor is None and machine.status.get("state") != OFF:
                status = {**machine.status, "state": OFF, "why": "its supervisor was killed"}
                write_atomically(machine.directory / "status.json", json.dumps(status))

    async def shutdown(self) -> None:
        """Switch every machine off."""
        await asyncio.gather(*(machine.kill() for machine in self._all()))


class _HasEndedError(Exception):
    """The machine ended before its disks were copied."""


def _contents_of(machine: Machine) -> list[str]:
    facts = machine.facts
    return [facts.get("os_disk", ""), *facts.get("data_disks", ())]


def _is_booting(machine: Machine) -> bool:
    """Its agent has not spoken since it was powered on, and it is not so long ago that it never will."""
    if not machine.running:
        return False
    since = time.time() - float(machine.facts.get("powered_on", 0))
    report = read_report(machine.directory)
    return since < BOOT_SECONDS and report.provisioning != "Ready" and report.agent_seen is None


async def _launch(directory: Path, order: Order) -> None:
    """Start a supervisor; it goes into the background by itself as soon as it has its order."""
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with (directory / "supervisor.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "localazure.guests.qemu.supervisor", str(directory)),
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            await process.communicate(order.to_json().encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise GuestError(f"the machine's supervisor did not start in {START_SECONDS:.0f} s") from None
    if process.returncode:
        log_text = (directory / "supervisor.log").read_text().strip().splitlines()
        raise GuestError(f"the machine's supervisor did not start: {log_text[-1:]}")
