"""What a guest, with root and a real agent inside, must not do to the computer that it runs on."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from localazure.guests.base import Rule
from tests.localazure.guests.conftest import Guest, Lab, shared_machine
from tests.localazure.guests.test_provisioning import DEPROVISION

pytestmark = pytest.mark.guest
_ONE_LOOP = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guest(_image: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guest]:
    async with shared_machine(tmp_path_factory.mktemp("isolation")) as guest:
        yield await guest.ready()


_FILES = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/machine-id",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
)
_DIRECTORIES = ("/etc/ssh", "/etc/sudoers.d", "/var/lib/waagent")
# What changes by itself, everywhere.
_RESTLESS = (
    "random",
    "quota/syncs",
    "pty/nr",
    "inode-nr",
    "inode-state",
    "file-nr",
    "dentry-state",
    "nr_dentry",
    "ns_last_pid",
    "loadavg",
)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"


def host_state() -> dict[str, str]:
    state = {name: _digest(Path(name)) for name in _FILES}
    for directory in _DIRECTORIES:
        state |= {str(p): _digest(p) for p in Path(directory).rglob("*") if p.is_file()}
    for setting in Path("/proc/sys").rglob("*"):
        if not any(word in str(setting) for word in _RESTLESS):
            with contextlib.suppress(OSError):
                state[str(setting)] = setting.read_text()
    return state | {"hostname": socket.gethostname()}


async def test_the_host_is_the_same_after_a_machine_lived_and_was_deprovisioned(lab: Lab) -> None:
    before = host_state()
    guest = await (await lab.boot()).ready()
    await guest.sudo(
        """
        hostnamectl hostname another
        sysctl -q -w kernel.panic=77 vm.swappiness=1 fs.file-max=1000 2>/dev/null || true
        sysctl -q --system 2>/dev/null || true
        date -s 2001-01-01 2>/dev/null || true
        """
    )
    await guest.sudo(DEPROVISION)
    await lab.host.power_off(guest.id, graceful=True)

    after = host_state()
    assert {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v} == {}
    assert len(before) > 500, "it did look at the kernel's settings"


@pytest.mark.parametrize(
    "attempt",
    [
        "echo 1 > /proc/sys/kernel/panic",
        "echo h > /proc/sysrq-trigger",
        "mknod /tmp/disk b 7 0",
        "date -s 2001-01-01",
        "dmesg",
        "insmod /etc/hostname",
        "mount -t cgroup2 none /mnt && ls /mnt/system.slice/../../*.slice && test ! -e /mnt/cgroup.kill",
    ],
)
@_ONE_LOOP
async def test_root_in_the_guest_cannot(guest: Guest, attempt: str) -> None:
    out = await guest.sudo(f"if {attempt} > /dev/null 2>&1; then echo done; else echo refused; fi")
    assert out == "refused\n"


@_ONE_LOOP
async def test_nothing_can_be_reached_from_a_guest_but_its_fabric(guest: Guest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        probe = (
            f"timeout 2 bash -c 'echo > /dev/tcp/127.0.0.1/{port}' 2>/dev/null && echo open || echo closed"
        )
        assert await guest.ssh(probe) == "closed\n"
    fabric = "timeout 2 bash -c 'echo > /dev/tcp/168.63.129.16/80' && echo open"
    assert await guest.ssh(fabric) == "open\n"
    outside = "timeout 2 bash -c 'echo > /dev/tcp/192.0.2.1/80' 2>/dev/null && echo open || echo closed"
    assert await guest.ssh(outside) == "closed\n"


@_ONE_LOOP
async def test_the_guest_sees_its_own_processes_and_disks_only(guest: Guest) -> None:
    assert "pytest" not in await guest.ssh("ps -eo args")
    assert (await guest.ssh("tail -n +3 /proc/partitions; ls /sys/block | wc -l")).split() == ["0"]


def _ssh_rule(access: str, source: str, priority: int = 100) -> Rule:
    return Rule(f"{access}-{source}", priority, access, "Tcp", (source,), ("*",), ("22",))  # type: ignore[arg-type]


def _banner(address: str, source: str) -> str:
    """What a client hears; sshd restarts while the agent provisions, so a reset is asked again."""
    for _ in range(20):
        try:
            with socket.create_connection((address, 22), 1, (source, 0)) as client:
                client.settimeout(5)
                return client.recv(8).decode()
        except TimeoutError:
            return "dropped"
        except ConnectionError:
            time.sleep(0.2)
    return "refused"


async def test_the_security_group_drops_what_it_does_not_admit(lab: Lab) -> None:
    rules = (_ssh_rule("Allow", "127.0.0.7"), Rule("DenyAllInBound", 65500, "Deny"))
    guest = await (await lab.boot(inbound=rules)).ready()
    address = guest.spec.address

    assert _banner(address, "127.0.0.7").startswith("SSH-2.0")
    assert _banner(address, "127.0.0.8") == "dropped"

    await lab.host.set_inbound(guest.id, (_ssh_rule("Deny", "*", 90), *rules))
    assert _banner(address, "127.0.0.7") == "dropped"


async def test_a_port_on_which_nothing_listens_is_refused(lab: Lab) -> None:
    guest = await (await lab.boot()).ready()
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection((guest.spec.address, 5986), 5) as client,
    ):
        client.recv(1)
