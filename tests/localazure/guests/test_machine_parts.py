"""Parts of a machine that need no machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from localazure.arm.world import World
from localazure.compute.guests import power_off
from localazure.guests.base import DataDisk, ExtensionGoal, GuestError, MachineSpec, OsProfile, Rule
from localazure.guests.namespace import cgroups, disks, requirements
from localazure.guests.namespace.console import MOST_BYTES, Console
from localazure.guests.namespace.host import NamespaceHost
from localazure.guests.namespace.machines import Machine, listen_for_control, start_time
from localazure.guests.namespace.messages import Order, RunningDisk, documents_of, goals_from, rules_from
from localazure.guests.namespace.plan import BootPlan, Device


def test_an_order_survives_its_way_to_the_supervisor() -> None:
    spec = MachineSpec(
        "id",
        "name",
        "disk",
        "127.16.0.4",
        (DataDisk(0, "c", 4, "d"),),
        (Rule("r", 100, "Allow", sources=("a", "b")),),
        OsProfile("h", "u", "p", (("/path", "key"),), False, "Yg=="),
        {"location": "x", "tagsList": [{"name": "n"}]},
    )
    order = Order(spec, ("/a",), "/u", "/w", (RunningDisk(0, "/f", 4),), (22,))
    assert Order.from_json(order.to_json()) == order
    bare = Order(MachineSpec("id", "n", "d", "a"), ("/a",), "/u", "/w", (), ())
    assert Order.from_json(bare.to_json()) == bare


def test_rules_and_goals_survive_their_way_to_the_supervisor() -> None:
    rules = (Rule("r", 100, "Deny", ports=("22", "80-90")),)
    goals = (ExtensionGoal("n", 2, {"a": 1}, {"b": 2}),)
    assert rules_from(documents_of(rules)) == rules
    assert goals_from(documents_of(goals)) == goals


def test_a_plan_survives_its_way_to_the_keeper() -> None:
    device = Device(3, "c", 1792, 2048, ("by-uuid/x",))
    plan = BootPlan(
        "id", ("/a", "/b"), "/u", "/w", "/r", "/g", 3, 4, 5, "/dev/pts/1", "000D3A000000", (device,), "xml"
    )
    assert BootPlan.from_json(plan.to_json()) == plan
    assert device.name == "sdc"


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    assert start_time(os.getpid()) == start_time(os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
        assert start_time(child.pid) is None
    assert start_time(2**22 + 1) is None


def test_the_remains_of_a_process_are_no_process() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert start_time(child.pid) is None, "it has ended, though nobody has asked how"


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_the_file_system_on_a_disk_is_known_by_its_uuid_and_its_label(tmp_path: Path, kind: str) -> None:
    disk, wanted = tmp_path / "disk", str(uuid.uuid4())
    with disk.open("wb") as file:
        file.truncate(320 << 20)
    assert disks.labels(disk) == ()
    if kind == "ext4":
        subprocess.run(["mkfs.ext4", "-q", "-U", wanted, "-L", "my data", disk], check=True)
    else:
        head = b"XFSB" + bytes(28) + uuid.UUID(wanted).bytes
        disk.write_bytes(head.ljust(108, b"\0") + b"my data".ljust(12, b"\0") + bytes(4096))
    assert disks.labels(disk) == (f"by-uuid/{wanted}", r"by-label/my\x20data")


async def test_the_console_goes_into_the_log_which_does_not_grow_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    console = Console(log)
    console.note("power on")
    os.write(console.line, b"hello\n")
    await asyncio.sleep(0.1)
    text = log.read_text()
    assert text.startswith("[    0.0") and "localazure: power on" in text and "hello" in text

    for _ in range(3):
        console.note("x" * (MOST_BYTES // 2))
    console.close()
    assert log.stat().st_size <= MOST_BYTES


async def test_a_supervisor_that_is_gone_is_an_error_that_names_the_machine(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="m1 is not running"):
        await Machine(tmp_path / "m1").ask(op="power_off")


async def test_a_control_socket_may_lie_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120) / "m1"
    directory.mkdir(parents=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        writer.write(b'{"error": "no"}\n' if b"bad" in line else b'{"fine": 1}\n' if line else b"")
        writer.close()

    server = await asyncio.start_unix_server(answer, sock=listen_for_control(directory / "control"))
    async with server:
        assert await Machine(directory).ask(op="good") == {"fine": 1}
        with pytest.raises(GuestError, match="m1: no"):
            await Machine(directory).ask(op="bad")


async def test_a_wait_has_a_deadline_and_says_what_it_saw_last(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text('{"state": "starting"}')
    with pytest.raises(GuestError, match=r"booting took more than 0 s: .*starting"):
        await Machine(tmp_path).until(lambda: False, 0.05, "booting")


def test_a_machine_without_files_is_off_and_says_nothing(tmp_path: Path) -> None:
    host = NamespaceHost(tmp_path)
    assert not host.is_running("m1")
    assert host.report("m1").provisioning is None
    assert host.serial_log("m1") == b""


async def test_orders_to_machines_that_never_were_are_errors(tmp_path: Path) -> None:
    host = NamespaceHost(tmp_path)
    for order in (host.restart("m1"), host.set_extensions("m1", []), host.set_inbound("m1", [])):
        with pytest.raises(GuestError, match="no machine m1"):
            await order
    await host.power_off("m1", graceful=True)
    await host.forget("m1")


async def test_a_machine_that_says_it_is_off_is_put_away_before_it_is_forgotten(tmp_path: Path) -> None:
    host = NamespaceHost(tmp_path)
    machine = tmp_path / "machines" / "m1"
    machine.mkdir()
    (machine / "status.json").write_text('{"state": "off"}')
    with subprocess.Popen(["sleep", "60"]) as lingering:
        facts = {"pid": lingering.pid, "started": start_time(lingering.pid)}
        (machine / "machine.json").write_text(json.dumps(facts))
        assert not host.is_running("m1")
        document = {"name": "m1", "properties": {"vmId": "m1"}}
        await power_off(cast(World, SimpleNamespace(guests=host)), document, graceful=False)
        await host.forget("m1")
    assert lingering.returncode == -signal.SIGKILL
    assert not machine.exists()


async def test_a_machine_does_not_start_from_a_data_disk(tmp_path: Path) -> None:
    host = NamespaceHost(tmp_path)
    disk = await host.create_empty(1)
    with pytest.raises(GuestError, match="no operating system"):
        await host.start(MachineSpec("m1", "build01", disk, "127.16.255.1"))


def test_nobody_but_root_is_told_to_be_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (line,) = requirements.missing(tmp_path, (22,))
    assert "sudo" in line


def test_what_is_not_installed_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = requirements.missing(tmp_path, (0,))
    assert any(line.endswith("apt-get install util-linux") for line in lines)


def test_a_port_that_something_has_on_every_address_is_not_offered() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        taken = server.getsockname()[1]
        assert requirements.usable_ports((taken,)) == ()
    assert requirements.usable_ports((taken,)) == (taken,)


def test_the_control_group_hierarchy_is_where_the_kernel_mounted_it() -> None:
    root = cgroups.hierarchy()
    assert root is None or (root / "cgroup.procs").exists()
