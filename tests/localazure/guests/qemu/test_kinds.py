"""A disk of one kind of guest boots in the other, with what its owner had in it."""

import asyncio
from pathlib import Path

import pytest

from factory.guest.command import sh_script
from factory.guest.guest import run_checked
from factory.remote.ssh import SshGuest
from localazure.guests.namespace.host import NamespaceHost
from tests.localazure.guests.qemu.rack import PATIENCE, Machine, Rack, rack

pytestmark = [pytest.mark.guest, pytest.mark.real, pytest.mark.timeout(1800)]

MARK = "echo mine > /etc/mine; sync"


async def test_a_namespace_guests_disk_boots_a_machine(machines_run: None, tmp_path: Path) -> None:
    host = NamespaceHost(tmp_path / "state")
    if lacking := host.missing():
        pytest.skip(f"no namespace guests here: {lacking}")
    await host.prepare(lambda what, share: None)
    before = Rack(host, tmp_path / "state")  # type: ignore[arg-type]
    [disk] = await host.copy([host.images()[0].content])
    source = await before.make("build01", "azureuser", disk)
    await _mark(before, source)
    await host.power_off(source.id, graceful=True)
    async with rack(tmp_path / "state", "cloud-init") as machines:
        [copy] = await machines.host.copy([disk])
        spec = machines.spec("build01", None, source.key, copy)
        again = await machines.boot(spec, source.key)
        assert await _marked(again) == "mine\nmicrosoft\n"


async def test_a_machines_disk_boots_a_namespace_guest(machines_run: None, tmp_path: Path) -> None:
    async with rack(tmp_path / "state", "waagent") as machines:
        disk = await machines.os_disk()
        source = await machines.make("build01", "azureuser", disk)
        await _mark(machines, source)
        [copy] = await machines.host.copy([disk])
    host = NamespaceHost(tmp_path / "state")
    if lacking := host.missing():
        pytest.skip(f"no namespace guests here: {lacking}")
    after = Rack(host, tmp_path / "state")  # type: ignore[arg-type]
    try:
        again = await after.boot(after.spec("build01", None, source.key, copy), source.key)
        assert (await _marked(again)).startswith("mine\n")
    finally:
        await host.shutdown()


async def _mark(where: Rack, machine: Machine) -> None:
    async with asyncio.timeout(PATIENCE):
        await where.run_command(machine, MARK)


async def _marked(machine: Machine) -> str:
    async with SshGuest(machine.login()) as guest:
        return (await run_checked(guest, sh_script("cat /etc/mine; systemd-detect-virt || true"))).stdout
