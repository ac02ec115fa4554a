"""The real agent provisions a machine from its DVD, reports, and deprovisions it again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import paramiko
import pytest

from localazure.guests.base import OsProfile
from tests.localazure.guests.conftest import Lab

pytestmark = pytest.mark.guest

DEPROVISION = """
waagent -deprovision+user -force >/dev/null
: > /etc/machine-id
rm -f /var/lib/systemd/random-seed
rm -rf /var/log/journal/*
sync
"""


async def test_a_new_machine_becomes_whom_the_dvd_names_and_says_ready(lab: Lab) -> None:
    guest = await (await lab.boot(name="build01")).ready()

    facts = await guest.sudo(
        "hostname; id -un 1000; test -s /var/lib/waagent/provisioned; cat /sys/class/dmi/id/product_uuid"
    )

    assert facts.split() == ["build01", "azureuser", guest.id]
    assert (await guest.ssh("sudo id -un")).strip() == "root"


async def test_the_agent_reports_itself_ready_with_its_version(lab: Lab) -> None:
    guest = await (await lab.boot()).agent_ready()
    report = guest.report()
    assert report.agent_version and report.agent_version[0].isdigit()
    assert report.computer_name == "build01"
    assert report.os_name in ("debian", "ubuntu")


async def test_systemd_runs_the_machine_and_no_unit_failed(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    assert (await guest.ssh("systemctl is-system-running --wait")).strip() == "running"
    assert (await guest.ssh("cat /proc/1/comm")).strip() == "systemd"
    assert "active" in await guest.ssh("systemctl is-active walinuxagent ssh")


async def test_a_machine_whose_agent_does_not_run_never_reports(lab: Lab) -> None:
    first = await (await lab.boot()).ready()
    await first.sudo(
        "systemctl disable --now walinuxagent; waagent -deprovision+user -force >/dev/null; sync"
    )
    await lab.host.power_off(first.id, graceful=True)

    second = await lab.boot(first.spec.os_disk, name="test02")
    await asyncio.sleep(5)

    report = second.report()
    assert (report.provisioning, report.agent_status) == (None, None)
    assert b"ssh.service" in lab.host.serial_log(second.id), "the system itself did boot"


async def test_a_specialized_disk_boots_as_it_was_and_its_agent_reports(lab: Lab) -> None:
    first = await (await lab.boot()).ready()
    before = await first.sudo("cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /etc/hostname")
    await lab.host.power_off(first.id, graceful=True)
    [copy] = await lab.host.copy([first.spec.os_disk])

    second = await (await lab.boot(copy, name="restored", key=first.key, provision=False)).agent_ready()

    assert await second.sudo("cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /etc/hostname") == before


async def test_a_captured_disk_that_was_deprovisioned_makes_another_machine(lab: Lab) -> None:
    source = await (await lab.boot(name="build01", user="olduser")).ready()
    identity = "cat /etc/machine-id; cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub; hostname"
    old = (await source.sudo(f"echo golden-1 > /etc/golden; {identity}")).split()
    await source.sudo(DEPROVISION)
    await lab.host.power_off(source.id, graceful=True)
    [image] = await lab.host.copy([source.spec.os_disk])

    test = await (await lab.boot(image, name="test77", user="verifier")).ready()

    new = (await test.sudo(identity)).split()
    assert all(a != b for a, b in zip(old, new, strict=True)), (old, new)
    assert new[2] == "test77"
    assert (await test.ssh("cat /etc/golden")).strip() == "golden-1"
    assert "olduser" not in await test.ssh("cat /etc/passwd")
    with pytest.raises(paramiko.AuthenticationException):
        await test.ssh("true", user="olduser", key=source.key)


async def test_a_disk_that_was_not_deprovisioned_reports_ready_and_keeps_its_old_identity(lab: Lab) -> None:
    source = await (await lab.boot(name="build01", user="olduser")).ready()
    machine_id = await source.ssh("cat /etc/machine-id")
    [copy] = await lab.host.copy([source.spec.os_disk])

    test = await (await lab.boot(copy, name="test88", user="verifier")).ready()

    assert await test.ssh("cat /etc/machine-id", user="olduser", key=source.key) == machine_id
    with pytest.raises(paramiko.AuthenticationException):
        await test.ssh("true")


async def test_a_machine_id_that_was_deleted_instead_of_emptied_is_not_made_anew(lab: Lab) -> None:
    source = await (await lab.boot()).ready()
    await source.sudo(DEPROVISION + "rm /etc/machine-id; sync")
    await lab.host.power_off(source.id, graceful=True)

    test = await (await lab.boot(source.spec.os_disk, name="test77", user="verifier")).ready()

    assert (await test.ssh("test -e /etc/machine-id || echo none")).strip() == "none"
    assert b"Missing /etc/machine-id and /etc is mounted read-only" in lab.host.serial_log(test.id)


async def until_admitted(login: Callable[[], str], seconds: float = 30) -> str:
    """Log in as soon as sshd has read that passwords count: it does so while it restarts."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return await asyncio.to_thread(login)
        except (paramiko.BadAuthenticationType, OSError):
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(0.2)


async def test_a_password_user_may_log_in_and_the_password_stays_off_every_disk(lab: Lab) -> None:
    profile = OsProfile("build01", "azureuser", admin_password="Correct-Horse-7!", disable_password=False)
    guest = await (await lab.boot(provisioning=profile)).ready()

    def login() -> str:
        with guest.pinned_client() as client:
            client.connect(
                guest.spec.address, username="azureuser", password="Correct-Horse-7!", allow_agent=False
            )
            return client.exec_command("id -un")[1].read().decode().strip()

    await guest.agent_ready()
    assert await until_admitted(login) == "azureuser"
    found = [
        path
        for path in lab.state.rglob("*")
        if path.is_file() and not path.is_symlink() and b"Correct-Horse-7!" in path.read_bytes()
    ]
    assert found == []
