"""The units on a real Debian with its real sshd, systemd and agent: generalized, copied, booted anew.

What the tests on trees and recordings cannot know: that the agent does what its documentation says, that the
login user can vanish under the shell that removes it, and that nothing else in the machine has changed.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

from factory.errors import LoginRefused
from factory.guest.command import sh, sh_script
from factory.guest.guest import run_checked
from factory.guest.units import Stage
from factory.linux.bootstrap import (
    host_keys_script,
    parse_host_keys,
    parse_temporary_admin,
    temporary_admin_script,
)
from factory.linux.context import Context, Expected
from factory.linux.facts import GuestFacts, gather_facts
from factory.linux.generalize import all_operations, examine, generalize, judge
from factory.remote.keys import HostKeys, KeyPair, make_key_pair
from factory.remote.ssh import Login, SshGuest, try_login
from localazure.guests.base import DataDisk, ExtensionGoal, MachineSpec, OsProfile
from localazure.guests.namespace.host import NamespaceHost
from tests.workers import WORKER

pytestmark = pytest.mark.guest

FILE = "/data/payload"
LIVED_IN = """
set -e
disk=/dev/disk/azure/scsi1/lun0
mkfs.ext4 -q "$disk"
mkdir /data
echo "UUID=$(blkid -s UUID -o value "$disk") /data ext4 defaults,nofail 0 2" >> /etc/fstab
mount /data
echo payload > /data/payload
useradd --create-home keeper
echo 'Defaults use_pty' > /etc/sudoers.d/as-newer-sudo-does
echo secret > /root/.bash_history
mkdir -p /root/.ssh
cp /home/azureuser/.ssh/authorized_keys /root/.ssh/
"""
LISTING = r"find / -xdev \( -type f -o -type l \) -printf '%C@ %s %p\n'"


@dataclass
class Machine:
    """A machine as its user knows it."""

    id: str
    address: str
    user: str
    key: KeyPair
    host_keys: HostKeys

    @property
    def login(self) -> Login:
        return Login(self.address, self.user, self.key, self.host_keys, deadline=60, login_grace=0)


class Rack:
    """Makes machines from disks and reads their host keys through Run Command, as the flow does."""

    def __init__(self, host: NamespaceHost) -> None:
        self.host = host
        self._addresses = (f"127.16.{160 + WORKER}.{number}" for number in range(4, 250))
        self._sequence = 0

    async def boot(self, name: str, user: str, disk: str, *data: str) -> Machine:
        key = make_key_pair(name)
        keys = ((f"/home/{user}/.ssh/authorized_keys", key.public),)
        spec = MachineSpec(
            machine_id=str(uuid.uuid4()),
            name=name,
            os_disk=disk,
            address=next(self._addresses),
            data_disks=tuple(DataDisk(lun, content, 1, f"d{lun}") for lun, content in enumerate(data)),
            provisioning=OsProfile(name, user, public_keys=keys),
        )
        await self.host.start(spec)
        said = await self.run_command(spec.machine_id, host_keys_script())
        return Machine(spec.machine_id, spec.address, user, key, parse_host_keys(name, said))

    async def run_command(self, machine: str, script: str) -> str:
        self._sequence += 1
        name = f"run{self._sequence}"
        await self._until(lambda: self.host.report(machine).agent_status == "Ready")
        goal = ExtensionGoal(name, self._sequence, {"source": {"script": script}})
        await self.host.set_extensions(machine, [goal])
        await self._until(lambda: name in self._ended(machine))
        return self.host.report(machine).extensions[name].stdout

    def _ended(self, machine: str) -> set[str]:
        statuses = self.host.report(machine).extensions
        return {name for name, status in statuses.items() if status.status in ("success", "error")}

    @staticmethod
    async def _until(condition: object) -> None:
        assert callable(condition)
        deadline = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < deadline, "the machine does not get that far"
            await asyncio.sleep(0.05)


@pytest.fixture
async def rack(tmp_path: Path) -> AsyncIterator[Rack]:
    host = NamespaceHost(tmp_path / "state")
    assert host.missing() == []
    await host.prepare(lambda what, share: None)
    try:
        yield Rack(host)
    finally:
        await host.shutdown()


async def _source(rack: Rack) -> tuple[Machine, str, str]:
    [disk] = await rack.host.copy([rack.host.images()[0].content])
    data = await rack.host.create_empty(1)
    machine = await rack.boot("build01", "azureuser", disk, data)
    async with SshGuest(machine.login) as guest:
        await run_checked(guest, sh_script(LIVED_IN))
    return machine, disk, data


async def _copied(rack: Rack, machine: Machine, disk: str, data: str) -> Machine:
    await rack.host.power_off(machine.id, graceful=True)
    os_disk, data_disk = await rack.host.copy([disk, data])
    return await rack.boot("test77", "verifier", os_disk, data_disk)


def _expected(source: GuestFacts, made: GuestFacts) -> Context:
    expected = Expected(source=source, hostname="test77", admin="verifier", luns=(0,))
    return Context(facts=made, accounts=("azureuser", "golden-admin"), expected=expected)


async def test_a_generalized_machine_becomes_another_one(rack: Rack) -> None:
    source, disk, data = await _source(rack)
    key = make_key_pair("temporary")
    said = await rack.run_command(source.id, temporary_admin_script("golden-admin", key.public))
    parse_temporary_admin("build01", "golden-admin", said)
    login = Login(source.address, "golden-admin", key, source.host_keys, deadline=60)

    async with SshGuest(login) as guest:
        facts = await gather_facts(guest, [FILE])
        context = Context(facts=facts, accounts=("azureuser", "golden-admin"))
        before = judge(await examine(guest, Stage.BEFORE_GENERALIZE, context))
        assert before.ok, before.sentence
        evidence = await generalize(guest, context)
        verdict = judge(evidence)
        assert verdict.ok, verdict.sentence
        assert verdict.warnings == ()
        assert (await guest.run(sh("id", "golden-admin"))).status != 0, "its own login user is gone"

    test = await _copied(rack, source, disk, data)
    async with SshGuest(test.login) as guest:
        made = await gather_facts(guest)
        seen = judge(await examine(guest, Stage.AFTER_PROVISION, _expected(facts, made)))
        assert seen.ok, seen.sentence
        assert seen.not_applicable == ("cloud_init_done",)
    assert made.machine_id != facts.machine_id
    assert not set(made.host_keys.values()) & set(facts.host_keys.values())
    assert [user.name for user in made.users] == ["keeper", "verifier"]
    old = Login(test.address, "azureuser", source.key, test.host_keys, login_grace=0)
    assert await try_login(old) is False


async def test_a_copy_that_nobody_generalized_says_ready_and_is_found_out(rack: Rack) -> None:
    source, disk, data = await _source(rack)
    async with SshGuest(source.login) as guest:
        facts = await gather_facts(guest, [FILE])
        context = Context(facts=facts, accounts=("azureuser",))
        gate = judge(await generalize(guest, context, skip={"deprovision"}))
    assert {"accounts_gone", "agent_state_empty", "machine_id_blank", "host_keys_gone"} <= {
        finding.unit for finding in gate.findings
    }

    test = await _copied(rack, source, disk, data)
    assert rack.host.report(test.id).provisioning == "Ready", "which is why Ready proves nothing"
    with pytest.raises(LoginRefused):
        async with SshGuest(test.login):
            pass
    old = Login(test.address, "azureuser", source.key, test.host_keys, login_grace=0)
    assert await try_login(old) is True
    async with SshGuest(old) as guest:
        made = await gather_facts(guest)
        seen = judge(await examine(guest, Stage.AFTER_PROVISION, _expected(facts, made)))
    assert {"accounts_gone", "hostname_taken", "machine_id_new", "host_keys_new"} <= {
        finding.unit for finding in seen.findings
    }


async def test_whatever_generalizing_changed_is_declared(rack: Rack) -> None:
    source, _, _ = await _source(rack)
    async with SshGuest(source.login) as guest:
        context = Context(facts=await gather_facts(guest), accounts=("azureuser",))
        before = await _listing(guest)
        await generalize(guest, context)
        after = await _listing(guest)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    declared = [entry for operation in all_operations() for entry in operation.changes(context)]
    undeclared = {path for path in changed if not any(fnmatch(path, f"{entry}*") for entry in declared)}
    assert undeclared == set()
    assert "/etc/machine-id" in changed


async def test_an_agent_that_forgot_its_user_is_made_up_for(rack: Rack) -> None:
    source, _, _ = await _source(rack)
    async with SshGuest(source.login) as guest:
        facts = await gather_facts(guest)
        await run_checked(guest, sh("rm", "/var/lib/waagent/ovf-env.xml"))
        evidence = await generalize(guest, Context(facts=facts, accounts=("azureuser",)))
    verdict = judge(evidence)
    assert verdict.ok, verdict.sentence
    [said] = [entry.stdout for entry in evidence.commands if entry.unit == "deprovision"]
    assert "Skip delete user" in said


async def _listing(guest: SshGuest) -> dict[str, str]:
    await run_checked(guest, sh_script(f"{LISTING} | LC_ALL=C sort > /run/listing"))
    lines: list[str] = []
    while True:
        step = sh("sed", "-n", f"{len(lines) + 1},{len(lines) + 2000}p", "/run/listing")
        part = (await run_checked(guest, step)).stdout.splitlines()
        if not part:
            break
        lines += part
    return {line.split(" ", 2)[2]: line.rsplit(" ", 1)[0] for line in lines}
