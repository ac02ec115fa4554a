"""Power: a machine ends when it is told, when it wants to, when its supervisor is killed; nothing is left."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from localazure.guests.base import DataDisk
from localazure.guests.fabric.journal import write_atomically
from localazure.guests.namespace import loops
from localazure.guests.namespace.cgroups import hierarchy
from localazure.guests.namespace.host import NamespaceHost
from tests.localazure.guests.conftest import Guest, Lab, until

pytestmark = pytest.mark.guest


STUBBORN = r"""
printf '[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 300\nTimeoutStopSec=300\n' \
    > /run/systemd/system/stubborn.service
systemctl start stubborn
"""


def leftovers(guest: Guest) -> list[str]:
    """Everything of a machine that may still be on this computer."""
    root = hierarchy()
    assert root
    found = [str(p) for p in root.glob(f"*{guest.id}*")]
    found += [f"loop{n}" for n in loops.attached_under(guest.state)]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(guest.state) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if guest.id in command:
            found.append(command)
    return found


async def with_data(lab: Lab) -> Guest:
    disk = DataDisk(0, await lab.host.create_empty(1), 1, "data")
    guest = await (await lab.boot(data=(disk,))).ready()
    await guest.sudo("mkfs.ext4 -q /dev/sdc; mount /dev/sdc /mnt")
    return guest


async def test_a_graceful_power_off_lets_the_services_stop_and_leaves_nothing(lab: Lab) -> None:
    guest = await with_data(lab)
    await lab.host.power_off(guest.id, graceful=True)

    assert not lab.host.is_running(guest.id)
    assert leftovers(guest) == []
    log = lab.host.serial_log(guest.id)
    assert b"namespace guest" in log.splitlines()[0]
    assert b"Stopped" in log
    assert b"Powering off" in log


async def test_a_hard_power_off_is_at_once_and_leaves_nothing(lab: Lab) -> None:
    guest = await with_data(lab)
    await lab.host.power_off(guest.id, graceful=False)
    assert not lab.host.is_running(guest.id)
    assert leftovers(guest) == []
    assert b"Powering off" not in lab.host.serial_log(guest.id)


async def test_a_guest_that_hangs_at_shutdown_is_switched_off_after_the_deadline(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo(STUBBORN)

    await lab.host.power_off(guest.id, graceful=True, deadline=2)

    assert not lab.host.is_running(guest.id)
    assert leftovers(guest) == []


async def test_a_guest_that_powers_itself_off_is_no_longer_running(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo("systemctl poweroff")
    await until(lambda: not lab.host.is_running(guest.id), 20, "power-off")
    await until(lambda: guest.machine.supervisor is None, 10, "the end of the supervisor")
    assert leftovers(guest) == []


async def test_a_guest_that_reboots_itself_comes_back_with_another_boot_id(lab: Lab) -> None:
    guest = await with_data(lab)
    before = await guest.ssh("cat /proc/sys/kernel/random/boot_id")

    await guest.sudo("systemctl reboot")
    await until(lambda: guest.machine.status.get("boot") == 2, 30, "the second boot")
    await guest.agent_ready()

    assert await guest.ssh("cat /proc/sys/kernel/random/boot_id") != before
    assert (await guest.sudo("lsblk -no NAME")).split() == ["sdc"]
    assert guest.report().provisioning == "Ready", "it was provisioned, and is not asked for it again"


async def test_a_restart_takes_the_machine_down_and_up_and_its_agent_reports_anew(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()
    await lab.host.restart(guest.id)
    assert guest.report().agent_status is None
    await guest.agent_ready()


async def test_a_guest_that_hangs_at_reboot_is_reset_after_the_deadline(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    await guest.sudo(STUBBORN)
    await lab.host.restart(guest.id, deadline=2)
    assert guest.machine.status["boot"] == 2
    await guest.agent_ready()


async def test_a_machine_outlives_its_server_and_is_found_again(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()

    successor = NamespaceHost(lab.state)
    successor.adopt()

    assert successor.is_running(guest.id)
    assert successor.report(guest.id).agent_status == "Ready"
    await successor.start(guest.spec)
    assert guest.machine.status["boot"] == 1, "it was left alone"
    await successor.power_off(guest.id, graceful=True)
    assert not lab.host.is_running(guest.id)


@pytest.mark.parametrize("victim", ["supervisor", "keeper", "init"])
async def test_whatever_is_killed_of_a_machine_the_rest_goes_too(lab: Lab, victim: str) -> None:
    guest = await with_data(lab)
    pid = guest.machine.supervisor
    assert pid
    init = guest.machine.status["init"]
    keeper = int(Path(f"/proc/{init}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill({"supervisor": pid, "keeper": keeper, "init": init}[victim], signal.SIGKILL)

    await until(lambda: not leftovers(guest), 15, f"nothing left, but {leftovers(guest)}")
    assert not lab.host.is_running(guest.id)
    lab.host.adopt()
    assert guest.machine.status["state"] == "off"
    again = await lab.boot(guest.spec.os_disk, provision=False)
    await again.agent_ready()


async def test_another_process_with_the_number_of_a_dead_supervisor_is_not_taken_for_it(lab: Lab) -> None:
    guest = await lab.boot()
    await lab.host.power_off(guest.id, graceful=False)
    facts = guest.machine.facts | {"pid": os.getpid()}
    write_atomically(guest.machine.directory / "machine.json", json.dumps(facts))
    write_atomically(guest.machine.directory / "status.json", '{"state": "running"}')
    assert not lab.host.is_running(guest.id)
    await lab.host.shutdown()  # and we live on


async def test_a_server_that_dies_while_it_copies_does_not_leave_the_machine_frozen(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    frozen = guest.machine.group.path / "cgroup.events"
    async with guest.machine.conversation(op="freeze"):
        assert "frozen 1" in frozen.read_text()
    await until(lambda: "frozen 0" in frozen.read_text(), 5, "thawing")
    await guest.ssh("true")


async def test_shutdown_leaves_nothing_of_any_machine(lab: Lab) -> None:
    guests = [await lab.boot(name=f"m{n}") for n in range(2)]
    await lab.host.shutdown()
    assert [leftovers(g) for g in guests] == [[], []]
