"""One golden-image cycle on real machines, and its negative: a copy that nobody generalized.

Provisioned, lived in, copied while it runs, generalized by the factory's own operations, powered off, copied,
booted anew with another user, key and name. It is played once; each test looks at one part of what was seen.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from factory.errors import LoginRefused
from factory.guest.command import sh_script
from factory.guest.evidence import Verdict
from factory.guest.guest import run_checked
from factory.guest.units import Stage
from factory.linux.context import Context, Expected
from factory.linux.facts import GuestFacts, gather_facts
from factory.linux.generalize import all_operations, examine, generalize, judge
from factory.remote.ssh import SshGuest, try_login
from localazure.guests.base import AgentReport
from localazure.guests.qemu.disk_image import SYSTEM_AT
from localazure.guests.qemu.programs import run
from tests.localazure.guests.qemu.conftest import FLAVOURS
from tests.localazure.guests.qemu.rack import Machine, Rack, rack

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1800)]

FILE = "/data/payload"
LIVED_IN = """
set -e
cloud-init status --wait >/dev/null 2>&1 || true
disk=/dev/disk/azure/scsi1/lun0
mkfs.ext4 -q "$disk"
mkdir /data
echo "UUID=$(blkid -s UUID -o value "$disk") /data ext4 defaults,nofail 0 2" >> /etc/fstab
mount /data
echo payload > /data/payload
echo secret > /root/.bash_history
sync
"""
LISTING = r"find / -xdev \( -type f -o -type l \) -printf '%C@ %s %p\n' | LC_ALL=C sort"


@dataclass
class Story:
    """What was seen."""

    virtualization: str = ""
    kernel: str = ""
    source: GuestFacts | None = None
    gate: Verdict | None = None
    undeclared: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    made: GuestFacts | None = None
    checked: Verdict | None = None
    old_user_enters: bool | None = None
    console: str = ""
    payload: str = ""
    reports: list[str] = field(default_factory=list)
    after_all: AgentReport = field(default_factory=AgentReport)
    check_of_the_copy: int | None = None
    negative: AgentReport = field(default_factory=AgentReport)
    negative_facts: GuestFacts | None = None
    negative_admits_old: bool | None = None
    negative_admits_new: bool | None = None
    negative_payload: str = ""


async def play(place: Path, flavour: str) -> Story:
    story = Story()
    async with rack(place, flavour) as machines:
        disk, data = await machines.os_disk(), await machines.host.create_empty(1)
        source = await machines.make("build01", "azureuser", disk, data)
        copies = await _live_and_generalize(machines, source, [disk, data], story)
        await machines.host.power_off(source.id, graceful=True)
        image = await machines.host.copy([disk, data])
        await _from_the_image(machines, source, image, story)
        await _from_the_copy(machines, source, copies, story)
    return story


async def _live_and_generalize(machines: Rack, source: Machine, disks: list[str], story: Story) -> list[str]:
    async with SshGuest(source.login()) as guest:
        await run_checked(guest, sh_script(LIVED_IN, timeout=250))
        said = await run_checked(guest, sh_script("systemd-detect-virt; uname -v"))
        story.virtualization, story.kernel = said.stdout.splitlines()
        story.source = await gather_facts(guest, [FILE])
        copies = await machines.host.copy(disks)
        story.check_of_the_copy = await _check(machines, copies[0])
        context = Context(facts=story.source, accounts=("azureuser",))
        before = await _listing(guest)
        story.gate = judge(await generalize(guest, context))
        after = await _listing(guest)
    declared = [entry for operation in all_operations() for entry in operation.changes(context)]
    story.changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    story.undeclared = {
        path for path in story.changed if not any(fnmatch(path, f"{entry}*") for entry in declared)
    }
    return copies


async def _check(machines: Rack, content: str) -> int:
    """Have a copy's file system repaired where that is safe; 0 or 1 when it could be."""
    raw, system = machines.state / "copy.raw", machines.state / "system.raw"
    await machines.host.write_raw(content, 30, raw)
    place = (f"skip={SYSTEM_AT >> 20}", "count=4096", "bs=1M", "conv=sparse", "status=none")
    await run("dd", f"if={raw}", f"of={system}", *place)  # e2fsck loses an offset when it opens anew
    process = await asyncio.create_subprocess_exec("/sbin/e2fsck", "-f", "-p", str(system), stdout=DEVNULL)
    status = await process.wait()
    raw.unlink()
    system.unlink()
    return status


async def _listing(guest: SshGuest) -> dict[str, str]:
    """Every file with its size and the time at which anything about it changed."""
    await run_checked(guest, sh_script(f"{LISTING} > /run/listing", timeout=200))
    lines: list[str] = []
    while part := await _page(guest, len(lines)):
        lines += part
    return {line.split(" ", 2)[2]: line.rsplit(" ", 1)[0] for line in lines}


async def _page(guest: SshGuest, begin: int, size: int = 2000) -> list[str]:
    said = await run_checked(guest, sh_script(f"sed -n {begin + 1},{begin + size}p /run/listing"))
    return said.stdout.splitlines()


async def _from_the_image(machines: Rack, source: Machine, image: list[str], story: Story) -> None:
    test = await machines.make("test77", "verifier", *image)
    async with SshGuest(test.login()) as guest:
        await guest.run(sh_script("cloud-init status --wait", timeout=250))
        story.made = await gather_facts(guest)
        assert story.source
        expected = Expected(source=story.source, hostname="test77", admin="verifier", luns=(0,))
        context = Context(facts=story.made, accounts=("azureuser",), expected=expected)
        story.checked = judge(await examine(guest, Stage.AFTER_PROVISION, context))
        story.payload = (await guest.run(sh_script("cat /data/payload"))).stdout
    story.reports = [f"{record['agent'].split('/')[0]} {record['state']}" for record in machines.health(test)]
    story.after_all = machines.host.report(test.id)
    story.old_user_enters = await try_login(test.login("azureuser", source.key))
    story.console = machines.console(test)
    await machines.host.power_off(test.id, graceful=False)


async def _from_the_copy(machines: Rack, source: Machine, copies: list[str], story: Story) -> None:
    again = await machines.make("test88", "verifier", *copies)
    story.negative = machines.host.report(again.id)
    story.negative_admits_old = await try_login(again.login("azureuser", source.key))
    try:
        story.negative_admits_new = await try_login(again.login())
    except LoginRefused:
        story.negative_admits_new = False
    async with SshGuest(again.login("azureuser", source.key)) as guest:
        story.negative_facts = await gather_facts(guest)
        story.negative_payload = (await guest.run(sh_script("cat /data/payload"))).stdout


@pytest.fixture(scope="module", params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def story(machines_run: None, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return asyncio.run(play(tmp_path_factory.mktemp("cycle"), flavour))


def test_the_machine_takes_itself_for_one_of_azures_with_a_kernel_of_its_own(story: Story) -> None:
    assert story.virtualization == "microsoft"
    assert "Debian" in story.kernel


def test_the_gate_finds_nothing_after_generalizing(story: Story) -> None:
    assert story.gate
    assert story.gate.ok, story.gate.sentence


def test_whatever_generalizing_changed_is_declared_by_an_operation(story: Story) -> None:
    assert story.undeclared == set()
    assert "/etc/machine-id" in story.changed


def test_a_machine_of_the_image_is_another_one(story: Story) -> None:
    assert story.checked
    assert story.source
    assert story.made
    assert story.checked.ok, story.checked.sentence
    assert story.made.machine_id != story.source.machine_id
    assert not set(story.made.host_keys.values()) & set(story.source.host_keys.values())
    assert story.made.hostname == "test77"
    assert [user.name for user in story.made.users] == ["verifier"]


def test_the_first_ready_wins(story: Story, flavour: str) -> None:
    if flavour == "cloud-init":
        assert story.reports[:2] == ["Cloud-Init Ready", "WALinuxAgent NotReady"]
    assert "Ready" in story.reports[-1]
    assert story.after_all.provisioning == "Ready"


def test_there_is_one_host_key_and_nobody_waits_for_another(story: Story) -> None:
    assert story.made
    assert list(story.made.host_keys) == ["ssh-ed25519"]


def test_a_copy_of_a_running_disk_is_whole_once_its_journal_is_replayed(story: Story) -> None:
    assert story.check_of_the_copy in (0, 1)


def test_the_old_user_cannot_enter_a_machine_of_the_image(story: Story) -> None:
    assert story.old_user_enters is False


def test_the_data_disk_came_along_at_its_lun(story: Story) -> None:
    assert story.payload == "payload\n"
    assert story.negative_payload == "payload\n", "the copy of the running machine has it as well"


def test_the_serial_log_tells_of_the_boot(story: Story, flavour: str) -> None:
    assert "Welcome to" in story.console
    named_before_the_prompt = flavour == "cloud-init"  # the agent alone gives the name while the machine runs
    assert ("test77 login:" if named_before_the_prompt else " login:") in story.console


def test_a_copy_that_nobody_generalized_says_ready_and_admits_the_old_user(
    story: Story, flavour: str
) -> None:
    assert story.negative.provisioning == "Ready", "which is why Ready proves nothing"
    assert story.negative_admits_old is True
    assert story.source
    assert story.negative_facts
    assert story.negative_facts.machine_id == story.source.machine_id
    provisioned = flavour == "cloud-init"
    assert story.negative_admits_new is provisioned
    assert (story.negative_facts.hostname == "test88") is provisioned
