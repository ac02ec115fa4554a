"""The host of namespace guests: contents of disks, and machines that run on them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
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
from localazure.guests.disturbances import Disturbance
from localazure.guests.fabric.journal import read_report, write_atomically
from localazure.guests.namespace import requirements
from localazure.guests.namespace.contents import IMAGE_PREFIX, ContentStore
from localazure.guests.namespace.machines import OFF, STARTING, Machine
from localazure.guests.namespace.marketplace import Marketplace
from localazure.guests.namespace.messages import Order, RunningDisk, documents_of
from localazure.guests.namespace.relay import PORTS, SSH_PORTS

START_SECONDS = 40.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class NamespaceHost:
    """Implements `localazure.guests.base.Host`."""

    name = "namespace"
    proof = "namespace guest"
    disturbances = frozenset({"cut", "die", "fill"})
    quiesces = True

    def __init__(
        self, state: Path, *, marketplace: Marketplace | None = None, ports: Sequence[int] = PORTS
    ) -> None:
        self._state = state
        self._marketplace = marketplace or Marketplace()
        self.ports = requirements.usable_ports(ports)
        self._contents = ContentStore(state / "content", self._marketplace.directory)
        self._machines = state / "machines"
        self._machines.mkdir(parents=True, exist_ok=True)

    # The computer and its images.

    def missing(self) -> list[str]:
        """Say what this computer lacks."""
        lacking = requirements.missing(self._state, SSH_PORTS)
        return lacking + ([] if self._marketplace.ready else self._marketplace.recipe.missing())

    async def prepare(self, progress: Progress) -> None:
        """Build the marketplace image, or find it in the cache."""
        await self._marketplace.prepare(progress)

    def images(self) -> list[MarketplaceImage]:
        """List the one image."""
        if not self._marketplace.ready:
            return []
        return [self._marketplace.image(f"{IMAGE_PREFIX}{self._marketplace.recipe.key}")]

    # Contents.

    async def create_empty(self, size_gb: int) -> str:
        """Make the content of an empty data disk."""
        return self._contents.create_empty(size_gb)

    async def copy(self, contents: Sequence[str]) -> list[str]:
        """Copy contents while every machine that runs on one of them is held still."""
        wanted = set(contents)
        async with AsyncExitStack() as held:
            for machine in self._all():
                if machine.running and wanted & set(_contents_of(machine)):
                    await _hold_still(machine, held)
            return [await self._contents.copy(content) for content in contents]

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
        """Power a machine on."""
        machine = self._machine(spec.machine_id)
        if machine.running:
            return
        await machine.kill()
        await self._contents.make_tree(spec.os_disk)
        order = self._order(spec)
        shutil.rmtree(machine.directory, ignore_errors=True)
        machine.directory.mkdir(mode=0o700)
        write_atomically(machine.directory / "status.json", json.dumps({"state": STARTING}))
        await _launch(machine.directory, order)
        await machine.until(lambda: machine.status.get("state") != STARTING, START_SECONDS, "powering on")
        if not machine.running and (why := machine.status.get("why")):
            raise GuestError(f"{spec.name} did not start: {why}")

    def _order(self, spec: MachineSpec) -> Order:
        disk = self._contents.get(spec.os_disk)
        if disk.image is None:
            raise GuestError(f"{spec.name}: there is no operating system on its OS disk {spec.os_disk}")
        work = disk.directory / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        return Order(
            spec=spec,
            layers=(str(self._contents.image_tree(disk.image)),),
            upper=str(disk.upper),
            work=str(work),
            disks=tuple(
                RunningDisk(d.lun, str(self._contents.get(d.content).file), d.size_gb)
                for d in spec.data_disks
            ),
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

    async def disturb(self, machine_id: str, disturbance: Disturbance) -> None:
        """Have something go wrong with a running machine."""
        await self._known(machine_id).ask(op="disturb", disturbance=disturbance.document())

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
            if machine.supervisor is None:
                machine.remove_remains()
                if machine.status.get("state") != OFF:
                    status = {**machine.status, "state": OFF, "why": "its supervisor was killed"}
                    write_atomically(machine.directory / "status.json", json.dumps(status))

    async def shutdown(self) -> None:
        """Switch every machine off."""
        await asyncio.gather(*(machine.kill() for machine in self._all()))


def _contents_of(machine: Machine) -> list[str]:
    facts = machine.facts
    return [facts.get("os_disk", ""), *facts.get("data_disks", ())]


async def _hold_still(machine: Machine, held: AsyncExitStack) -> None:
    try:
        await held.enter_async_context(machine.conversation(op="freeze"))
    except GuestError:
        if machine.running:  # else it has just ended by itself, and lies still
            raise


async def _launch(directory: Path, order: Order) -> None:
    """Start a supervisor; it goes into the background by itself as soon as it has its order."""
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with (directory / "supervisor.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "localazure.guests.namespace.supervisor",
            str(directory),
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
