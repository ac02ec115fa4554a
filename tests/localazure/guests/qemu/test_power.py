"""Power, network rules and generations of machines; each boots at least one."""

import asyncio
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from factory.guest.command import sh_script
from factory.guest.guest import run_checked
from factory.remote.keys import make_key_pair
from factory.remote.ssh import SshGuest
from localazure.guests.base import GuestError, Rule
from localazure.guests.qemu.command import firmware_code
from localazure.guests.qemu.host import QemuHost
from tests.localazure.guests.qemu.rack import Machine, Rack, until

pytestmark = [pytest.mark.guest, pytest.mark.real, pytest.mark.timeout(1800)]

DENY = Rule("deny", 100, "Deny")


def processes_of(text: str) -> list[int]:
    """The processes that have a text in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except OSError:
        return False


async def test_a_machine_reboots_powers_itself_off_and_is_found_by_another_server(rack: Rack) -> None:
    disk = await rack.os_disk()
    machine = await rack.make("build01", "azureuser", disk)
    first = (await _boot_id(machine)).strip()
    await rack.host.restart(machine.id)
    await until(lambda: rack.host.report(machine.id).agent_status == "Ready", "the agent")
    assert (await _boot_id(machine)).strip() != first
    other = QemuHost(rack.state)
    other.adopt()
    assert other.is_running(machine.id)
    with pytest.raises(GuestError, match="in use"):
        await other.discard(disk)
    await rack.host.set_inbound(machine.id, [DENY])
    port = rack.host.ports[0]
    assert not await asyncio.to_thread(answers, machine.spec.address, port)
    await rack.host.set_inbound(machine.id, [])
    assert await asyncio.to_thread(answers, machine.spec.address, port)
    began = time.monotonic()
    await rack.host.power_off(machine.id, graceful=True)
    assert time.monotonic() - began < 80, "by its own init, not by force"
    assert "the machine is off (guest-shutdown)" in rack.console(machine)
    assert not rack.host.is_running(machine.id)
    assert processes_of(machine.id) == []


async def _boot_id(machine: Machine) -> str:
    async with SshGuest(machine.login()) as guest:
        return (await run_checked(guest, sh_script("cat /proc/sys/kernel/random/boot_id"))).stdout


async def test_a_killed_supervisor_takes_everything_of_its_machine_with_it(rack: Rack) -> None:
    spec = rack.spec("build01", None, make_key_pair("nobody"), await rack.os_disk())
    await rack.host.start(spec)
    supervisor = json.loads((rack.state / "machines" / spec.machine_id / "machine.json").read_text())["pid"]
    assert len(processes_of(spec.machine_id)) >= 2, "the supervisor and QEMU"
    os.kill(supervisor, signal.SIGKILL)
    await until(lambda: processes_of(spec.machine_id) == [], "the end of all of it", 20)
    rack.host.adopt()
    assert not rack.host.is_running(spec.machine_id)


@pytest.mark.skipif(firmware_code() is None, reason="no UEFI firmware: apt-get install ovmf")
async def test_a_machine_of_the_second_generation_boots_by_uefi(rack: Rack) -> None:
    key = make_key_pair("gen2")
    spec = rack.spec("build01", "azureuser", key, await rack.os_disk(), generation="V2")
    machine = await rack.boot(spec, key)
    async with SshGuest(machine.login()) as guest:
        assert (await guest.run(sh_script("test -d /sys/firmware/efi"))).status == 0
