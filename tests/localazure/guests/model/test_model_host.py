"""What is the model's own: its walls, its one process for all machines, its disks as bytes, its faults."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from localazure.guests.base import DataDisk, GuestError
from localazure.guests.disturbances import Disturbance
from localazure.guests.model.host import ModelHost
from localazure.guests.namespace.machines import start_time
from tests.localazure.guests.conftest import Lab, until
from tests.localazure.guests.model.conftest import open_lab


def yard(lab: Lab) -> int:
    return int(json.loads((lab.state / "model/yard.json").read_text())["pid"])


def processes(lab: Lab) -> list[str]:
    """Whatever runs for this state directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if str(lab.state).encode() in (path / "cmdline").read_bytes():
                found.append(path.name)
        except OSError:
            continue
    return found


async def test_it_is_called_a_simulation_wherever_it_is_named(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    said = [
        lab.host.proof,
        lab.host.images()[0].description,
        lab.host.serial_log(guest.id).splitlines()[0].decode(),
        await guest.ssh("grep PRETTY /etc/os-release"),
    ]
    assert [text for text in said if "simulation" not in text] == []


async def test_what_is_not_modelled_fails_loudly(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()
    status = await guest.run_command("unknown", 1, "python3 --version")
    assert (status.exit_code, "not found" in status.stderr) == (127, True)
    assert "not modelled" in await guest.sudo("dpkg --frobnicate 2>&1 || true")
    assert "Unknown command verb" in await guest.sudo("systemctl frobnicate 2>&1 || true")


async def test_who_has_no_right_by_sudoers_gets_none(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    assert (await guest.ssh("sudo -n id -u")).strip() == "0"
    await guest.sudo("rm /etc/sudoers.d/waagent")
    assert "password is required" in await guest.ssh("sudo -n id -u 2>&1", check=False)


async def test_a_machine_has_neither_our_rights_nor_our_descriptors(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    held = (await guest.sudo("for fd in /proc/self/fd/*; do readlink $fd || true; done")).split()
    assert not [name for name in held if "socket" in name or ".log" in name], held
    status = Path(f"/proc/{guest.machine.status['init']}/status").read_text()
    uid = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:"))
    assert uid == (str(os.getuid()) if os.getuid() else "1800000000")


async def test_a_successor_of_the_server_finds_the_machines(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()
    successor = ModelHost(lab.state)
    successor.adopt()
    await successor.start(guest.spec)
    assert guest.machine.status["boot"] == 1, "it was left alone"
    assert successor.report(guest.id).agent_status == "Ready"
    await successor.shutdown()
    assert not lab.host.is_running(guest.id)
    await until(lambda: not processes(lab), 5, "the end of every process")


async def test_when_the_process_of_all_machines_is_killed_they_end_and_can_start_again(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo("echo kept > /etc/kept; sync")
    init = guest.machine.status["init"]

    os.kill(yard(lab), signal.SIGKILL)
    await until(lambda: start_time(init) is None and not processes(lab), 5, "the end of every process")

    assert not lab.host.is_running(guest.id)
    again = await lab.boot(guest.spec.os_disk, key=guest.key, provision=False)
    assert await again.ssh("cat /etc/kept") == "kept\n"


async def test_two_local_azures_have_machines_at_the_same_time(lab: Lab, tmp_path: Path) -> None:
    other = open_lab(tmp_path / "other", tmp_path)
    try:
        here, there = await lab.boot(), await other.boot(name="there")
        await asyncio.gather(here.ready(), there.ready())
        assert (await here.ssh("hostname")).strip() == "build01"
        assert (await there.ssh("hostname")).strip() == "there"
    finally:
        await other.host.shutdown()


async def test_a_machine_boots_from_the_bytes_of_its_disks(lab: Lab, tmp_path: Path) -> None:
    data = DataDisk(0, await lab.host.create_empty(1), 1, "data")
    guest = await (await lab.boot(data=(data,))).ready()
    await guest.sudo(
        "mkfs.ext4 /dev/sdc; mount /dev/sdc /mnt; echo precious > /mnt/file; rm /etc/debian_version"
    )
    await lab.host.power_off(guest.id, graceful=True)
    for content, name in ((guest.spec.os_disk, "os"), (data.content, "data"), (data.content, "again")):
        await lab.host.write_raw(content, 2, tmp_path / name)
    assert (tmp_path / "data").read_bytes() == (tmp_path / "again").read_bytes()
    assert (tmp_path / "os").stat().st_size == 2 << 30

    os_disk = await lab.host.read_raw(tmp_path / "os")
    copied = DataDisk(0, await lab.host.read_raw(tmp_path / "data"), 2, "data")
    second = await lab.boot(os_disk, key=guest.key, provision=False, data=(copied,))
    found = await second.sudo("mount /dev/sdc /mnt; cat /mnt/file; test -e /etc/debian_version || echo gone")
    assert found == "precious\ngone\n"


async def test_bytes_of_somebody_else_are_a_data_disk_and_stay_what_they_are(
    lab: Lab, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"no disk of ours")
    os.truncate(foreign, 1 << 30)
    content = await lab.host.read_raw(foreign)
    await lab.host.write_raw(content, 1, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == foreign.read_bytes()


async def test_a_machine_dies_when_a_path_has_gone(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await lab.host.disturb(guest.id, Disturbance("die", path_gone="/etc/hostname"))
    assert lab.host.is_running(guest.id)
    with pytest.raises((AssertionError, OSError, EOFError)):
        await guest.sudo("rm /etc/hostname; sleep 5; echo alive")
    await until(lambda: not lab.host.is_running(guest.id), 5, "its death")


async def test_a_disk_is_full_at_a_byte_of_a_connection_that_goes_on(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await lab.host.disturb(guest.id, Disturbance("fill", after_bytes=0))
    with pytest.raises(AssertionError, match="No space left on device"):
        await guest.sudo("sleep 0.5; cp /etc/passwd /etc/new")
    assert await guest.ssh("echo on") == "on\n"


async def test_a_connection_is_cut_after_so_many_bytes(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()
    await lab.host.disturb(guest.id, Disturbance("cut", after_bytes=10))
    with socket.create_connection((guest.spec.address, 22), 5) as client, pytest.raises(ConnectionResetError):
        received = b""
        while chunk := client.recv(100):
            received += chunk
        assert len(received) <= 10
        raise ConnectionResetError  # ended in order, which a peer may see instead
    assert await guest.ssh("echo on") == "on\n"


async def test_a_start_that_fails_says_why_and_leaves_the_address_free(lab: Lab) -> None:
    guest = await lab.boot()
    with pytest.raises(GuestError, match="in use"):
        await lab.boot(address=guest.spec.address)
    await lab.host.power_off(guest.id, graceful=False)
    assert await (await lab.boot(address=guest.spec.address)).ready()
