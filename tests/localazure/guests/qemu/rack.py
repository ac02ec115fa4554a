"""QEMU machines for tests: made from disks, reached by Run Command and SSH as the factory does."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory.linux.bootstrap import host_keys_script, parse_host_keys
from factory.remote.keys import HostKeys, KeyPair, make_key_pair
from factory.remote.ssh import Login
from localazure.guests.base import DataDisk, ExtensionGoal, MachineSpec, OsProfile, Rule
from localazure.guests.fabric.journal import HEALTH
from localazure.guests.qemu import marketplace
from localazure.guests.qemu.host import QemuHost
from tests.workers import WORKER

PATIENCE = 600.0
"""Seconds for whatever a machine has to do; an emulated processor under load is slow."""


async def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        await asyncio.sleep(0.1)


@dataclass
class Machine:
    """A machine as its user knows it."""

    spec: MachineSpec
    user: str
    key: KeyPair
    host_keys: HostKeys = field(default_factory=lambda: HostKeys({}))

    @property
    def id(self) -> str:
        return self.spec.machine_id

    def login(self, user: str | None = None, key: KeyPair | None = None) -> Login:
        return Login(self.spec.address, user or self.user, key or self.key, self.host_keys, deadline=PATIENCE)


@dataclass
class Rack:
    """Makes machines."""

    host: QemuHost
    state: Path

    def __post_init__(self) -> None:
        self._addresses = (f"127.16.{150 + WORKER}.{number}" for number in itertools.count(4))
        self._sequence = itertools.count(1)

    async def os_disk(self) -> str:
        [disk] = await self.host.copy([self.host.images()[0].content])
        return disk

    def spec(  # what a machine of these disks is to be
        self,
        name: str,
        user: str | None,
        key: KeyPair,
        disk: str,
        *data: str,
        inbound: tuple[Rule, ...] = (),
        generation: Literal["V1", "V2"] = "V1",
    ) -> MachineSpec:
        path = f"/home/{user}/.ssh/authorized_keys"
        profile = OsProfile(name, user, public_keys=((path, key.public),)) if user else None
        metadata = {
            "publicKeys": [{"keyData": key.public, "path": path}] if user else [],
            "osProfile": {
                "adminUsername": user,
                "computerName": name,
                "disablePasswordAuthentication": "true",
            },
        }
        return MachineSpec(
            machine_id=str(uuid.uuid4()),
            name=name,
            os_disk=disk,
            address=next(self._addresses),
            data_disks=tuple(DataDisk(lun, content, 1, f"d{lun}") for lun, content in enumerate(data)),
            provisioning=profile,
            inbound=inbound,
            metadata=metadata,
            generation=generation,
        )

    async def boot(self, spec: MachineSpec, key: KeyPair) -> Machine:
        """Switch it on and wait until its agent answers; its host keys are read through Run Command."""
        await self.host.start(spec)
        user = spec.provisioning.admin_username if spec.provisioning else "azureuser"
        machine = Machine(spec, user, key)
        said = await self.run_command(machine, host_keys_script())
        machine.host_keys = parse_host_keys(spec.name, said)
        return machine

    async def make(self, name: str, user: str, disk: str, *data: str) -> Machine:
        key = make_key_pair(name)
        return await self.boot(self.spec(name, user, key, disk, *data), key)

    async def run_command(self, machine: Machine, script: str) -> str:
        name = f"run{next(self._sequence)}"
        await until(lambda: self.host.report(machine.id).agent_status == "Ready", "the agent")
        goal = ExtensionGoal(name, 1, {"source": {"script": script}})
        await self.host.set_extensions(machine.id, [goal])
        await until(lambda: self._done(machine, name), name)
        return self.host.report(machine.id).extensions[name].stdout

    def _done(self, machine: Machine, name: str) -> bool:
        status = self.host.report(machine.id).extensions.get(name)
        return status is not None and status.done

    def health(self, machine: Machine) -> list[dict[str, Any]]:
        """What was reported of its provisioning, in order."""
        lines = (self.state / "machines" / machine.id / HEALTH).read_text().splitlines()
        return [json.loads(line) for line in lines]

    def console(self, machine: Machine) -> str:
        return self.host.serial_log(machine.id).decode("utf-8", "replace")


@asynccontextmanager
async def rack(state: Path, flavour: str = "cloud-init") -> AsyncIterator[Rack]:
    """A host with a state of its own; everything is off afterwards."""
    marketplace.configure(state, [flavour], None)
    host = QemuHost(state)
    await host.prepare(lambda what, share: None)
    try:
        yield Rack(host, state)
    finally:
        await host.shutdown()
