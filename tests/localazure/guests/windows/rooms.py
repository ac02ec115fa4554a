"""A host of modelled Windows machines for tests, and ways to speak to them."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import winrm

from localazure.guests.base import (
    AgentReport,
    DataDisk,
    ExtensionGoal,
    ExtensionStatus,
    MachineSpec,
    OsProfile,
)
from localazure.guests.windows.host import WindowsHost
from localazure.guests.windows.machine.machine import Machine
from tests.workers import WORKER

USER, PASSWORD = "azureuser", "Quiet-Harbour-7"
IMAGE = "image-2022-datacenter-g2"
_addresses = (f"127.16.{100 + 8 * WORKER + n // 250}.{n % 250 + 4}" for n in itertools.count())

OPEN_WINRM = r"""
$ErrorActionPreference = 'Stop'
$c = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation Cert:\LocalMachine\My -NotAfter (Get-Date).AddDays(2)
New-Item -Path WSMan:\localhost\Listener -Transport HTTPS -Address * -CertificateThumbPrint $c.Thumbprint -Force | Out-Null
New-NetFirewallRule -Name winrm-https -DisplayName winrm-https -Direction Inbound -Action Allow -Protocol TCP -LocalPort 5986 | Out-Null
[Convert]::ToBase64String($c.RawData)
"""


async def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)


@dataclass
class Guest:
    """A machine that is on."""

    host: WindowsHost
    spec: MachineSpec
    password: str = PASSWORD
    user: str = USER
    sequence: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def machine(self) -> Machine:
        found = self.host.machine(self.spec.machine_id)
        assert found is not None
        return found

    def report(self) -> AgentReport:
        return self.host.report(self.spec.machine_id)

    async def ready(self) -> Guest:
        await until(lambda: self.report().provisioning == "Ready", 60, "provisioning")
        return self

    async def command(self, script: str, **settings: Any) -> ExtensionStatus:
        """A managed run command."""
        name, number = "test", next(self.sequence)
        protected = settings.pop("protected", None)
        goal = ExtensionGoal(name, number, {"source": {"script": script}, **settings}, protected)
        await self.host.set_extensions(self.spec.machine_id, [goal])

        def status() -> ExtensionStatus | None:
            found = self.report().extensions.get(name)
            return found if found is not None and found.sequence == number and found.done else None

        await until(lambda: status() is not None, 60, script[:60])
        found = status()
        assert found is not None
        return found

    async def out(self, script: str) -> str:
        """What a script prints, which must succeed."""
        status = await self.command(script)
        assert status.exit_code == 0, f"{script}\n{status.stdout}\n{status.stderr}"
        return status.stdout.strip()

    async def json(self, script: str) -> Any:
        return json.loads((await self.out(script)).splitlines()[-1])

    async def open(self) -> bytes:
        """Open WinRM as an image factory does; returns the certificate."""
        certificate = base64.b64decode(await self.out(OPEN_WINRM))
        await until(lambda: self.listens, 30, "the listener")
        return certificate

    @property
    def listens(self) -> bool:
        import socket

        try:
            socket.create_connection((self.spec.address, 5986), timeout=1).close()
        except OSError:
            return False
        return True

    def session(
        self, *, user: str | None = None, password: str | None = None, **options: Any
    ) -> winrm.Session:
        """pywinrm, unmodified."""
        options = {
            "transport": "ntlm",
            "server_cert_validation": "ignore",
            "operation_timeout_sec": 2,
            "read_timeout_sec": 6,
        } | options
        return winrm.Session(
            f"https://{self.spec.address}:5986/wsman",
            auth=(user or self.user, password or self.password),
            **options,
        )

    async def ps(self, script: str) -> tuple[int, str, str]:
        """Run a script over WinRM."""
        answer = await asyncio.to_thread(self.session().run_ps, script)
        return (
            answer.status_code,
            answer.std_out.decode().strip().replace("\r\n", "\n"),
            answer.std_err.decode(),
        )


@dataclass
class Room:
    """A host, and machines on it."""

    host: WindowsHost
    guests: list[Guest] = field(default_factory=list)

    async def boot(
        self,
        content: str | None = None,
        *,
        name: str = "win01",
        user: str = USER,
        password: str = PASSWORD,
        provision: bool = True,
        data: tuple[DataDisk, ...] = (),
        **more: Any,
    ) -> Guest:
        if content is None:
            [content] = await self.host.copy([IMAGE])
        profile = (
            OsProfile(name, user, admin_password=password, disable_password=False) if provision else None
        )
        spec = MachineSpec(
            str(uuid.uuid4()), name, content, next(_addresses), data_disks=data, provisioning=profile
        )
        guest = Guest(self.host, replace(spec, **more), password, user)
        self.guests.append(guest)
        await self.host.start(guest.spec)
        return guest

    async def off(self, guest: Guest) -> str:
        """Power a machine off; returns its disk."""
        await self.host.power_off(guest.spec.machine_id, graceful=True)
        return guest.spec.os_disk
