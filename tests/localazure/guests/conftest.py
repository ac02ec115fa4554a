"""Machines for tests: a host with a state of its own, and a login that pins the machine's key."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import paramiko
import pytest

from localazure.guests.base import (
    AgentReport,
    DataDisk,
    ExtensionGoal,
    ExtensionStatus,
    MachineSpec,
    OsProfile,
)
from localazure.guests.namespace.host import NamespaceHost
from localazure.guests.namespace.machines import Machine
from tests.workers import WORKER

_addresses = (f"127.16.{200 + 8 * WORKER + n // 250}.{n % 250 + 4}" for n in itertools.count())


async def until(condition: Callable[[], bool], deadline: float, what: str) -> None:
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {deadline} s"
        await asyncio.sleep(0.02)


@dataclass
class Key:
    """A user's SSH key."""

    path: Path
    public: str

    @classmethod
    def make(cls, directory: Path, name: str = "key") -> Key:
        path = directory / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return cls(path, path.with_suffix(".pub").read_text().strip())


@dataclass
class Guest:
    """A running machine, as a test speaks to it."""

    host: NamespaceHost
    state: Path
    spec: MachineSpec
    key: Key
    user: str

    @property
    def id(self) -> str:
        return self.spec.machine_id

    @property
    def machine(self) -> Machine:
        return Machine(self.state / "machines" / self.id)

    @property
    def root(self) -> Path:
        """The guest's root directory, seen from outside."""
        return Path(f"/proc/{self.machine.status['init']}/root")

    def report(self) -> AgentReport:
        return self.host.report(self.id)

    async def ready(self) -> Guest:
        await until(lambda: self.report().provisioning == "Ready", 60, "provisioning")
        return self

    async def agent_ready(self) -> Guest:
        await until(lambda: self.report().agent_status == "Ready", 60, "the agent's status")
        return self

    def pinned_client(self) -> paramiko.SSHClient:
        """A client that accepts the host key that lies in the guest, and no other."""
        pinned = (self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
        client = paramiko.SSHClient()
        client.get_host_keys().add(
            self.spec.address, pinned[0], paramiko.Ed25519Key(data=base64.b64decode(pinned[1]))
        )
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        return client

    def _login(self, command: str, user: str | None, key: Key | None, stdin: str) -> tuple[int, str, str]:
        client = self.pinned_client()
        try:
            client.connect(
                self.spec.address,
                username=user or self.user,
                key_filename=str((key or self.key).path),
                allow_agent=False,
                look_for_keys=False,
                timeout=5,
                banner_timeout=5,
                auth_timeout=10,
            )
            to, out, err = client.exec_command(command, timeout=120)
            to.write(stdin)
            to.channel.shutdown_write()
            text, errors = out.read().decode(), err.read().decode()
            return out.channel.recv_exit_status(), text, errors
        finally:
            client.close()

    async def ssh(
        self,
        command: str,
        *,
        user: str | None = None,
        key: Key | None = None,
        stdin: str = "",
        check: bool = True,
    ) -> str:
        """Log in and run a command; sshd restarts once while the agent provisions, so try for a while."""
        end = time.monotonic() + 20
        while True:
            try:
                status, out, err = await asyncio.to_thread(self._login, command, user, key, stdin)
                break
            except paramiko.AuthenticationException:
                raise
            except (OSError, EOFError, paramiko.SSHException):
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.1)
        assert not check or status == 0, f"{command}: {status}: {out}{err}"
        return out

    async def sudo(self, script: str, check: bool = True) -> str:
        return await self.ssh("sudo sh -eus", stdin=script, check=check)

    async def run_command(self, name: str, sequence: int, script: str, **settings: object) -> ExtensionStatus:
        protected = settings.pop("protected", None)
        public = {"source": {"script": script}, **settings}
        goal = ExtensionGoal(name, sequence, public, protected)  # type: ignore[arg-type]
        await self.host.set_extensions(self.id, [goal])

        def status() -> ExtensionStatus | None:
            return self.report().extensions.get(name)

        await until(lambda: bool((s := status()) and s.sequence == sequence and s.done), 60, name)
        found = status()
        assert found
        return found


@dataclass
class Lab:
    """A host with a state of its own."""

    host: NamespaceHost
    state: Path
    keys: Path
    guests: list[Guest] = field(default_factory=list)

    def key(self, name: str) -> Key:
        return Key.make(self.keys, name)

    async def os_disk(self) -> str:
        [disk] = await self.host.copy([self.host.images()[0].content])
        return disk

    async def boot(
        self,
        os_disk: str | None = None,
        *,
        name: str = "build01",
        user: str = "azureuser",
        key: Key | None = None,
        provision: bool = True,
        data: tuple[DataDisk, ...] = (),
        **more: object,
    ) -> Guest:
        key = key or self.key(f"{name}-{uuid.uuid4().hex[:6]}")
        profile = OsProfile(name, user, public_keys=((f"/home/{user}/.ssh/authorized_keys", key.public),))
        spec = MachineSpec(
            str(uuid.uuid4()),
            name,
            os_disk or await self.os_disk(),
            next(_addresses),
            data_disks=data,
            provisioning=profile if provision else None,
        )
        spec = replace(spec, **more)  # type: ignore[arg-type]
        guest = Guest(self.host, self.state, spec, key, user)
        self.guests.append(guest)
        await self.host.start(spec)
        return guest


@asynccontextmanager
async def shared_machine(directory: Path) -> AsyncIterator[Guest]:
    """One machine for several tests of a module."""
    lab = Lab(NamespaceHost(directory / "state"), directory / "state", directory)
    try:
        yield await lab.boot()
    finally:
        await lab.host.shutdown()


@pytest.fixture(scope="session")
def _image() -> Iterator[None]:
    """Build the marketplace image, unless the cache has it."""
    with tempfile.TemporaryDirectory() as state:
        host = NamespaceHost(Path(state))
        lacking = host.missing()
        if os.geteuid() != 0 or lacking:
            pytest.skip(f"no namespace guests here: {lacking}")
        asyncio.run(host.prepare(lambda what, share: None))
    yield


@pytest.fixture
async def lab(_image: None, tmp_path: Path) -> AsyncIterator[Lab]:
    state, keys = tmp_path / "state", tmp_path / "keys"
    keys.mkdir()
    lab = Lab(NamespaceHost(state), state, keys)
    try:
        yield lab
    finally:
        await lab.host.shutdown()
