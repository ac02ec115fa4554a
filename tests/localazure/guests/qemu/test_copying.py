"""Copies of the disks of a machine that is on: by a real QEMU, whose processor stands still."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localazure.guests.base import GuestError
from localazure.guests.qemu.copying import copy_running
from localazure.guests.qemu.qmp import Event, Monitor
from tests.localazure.guests.qemu.tools import needs_qemu

pytestmark = needs_qemu


def disk(path: Path, kind: str, text: str = "", backing: Path | None = None) -> Path:
    base = ["-b", str(backing), "-F", "qcow2"] if backing else []
    subprocess.run(["qemu-img", "create", "-q", "-f", kind, *base, str(path), "1M"], check=True)
    if text:
        words = ["qemu-io", "-f", kind, "-c", f"write -P {ord(text)} 64k 4k", str(path)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return path


def byte_of(path: Path, kind: str) -> str:
    raw = path.with_suffix(".out")
    subprocess.run(["qemu-img", "convert", "-f", kind, "-O", "raw", str(path), str(raw)], check=True)
    return chr(raw.read_bytes()[64 << 10])


@pytest.fixture
async def monitor(tmp_path: Path) -> AsyncIterator[Monitor]:
    """A machine with an OS disk over an image and a data disk, held at its first instruction."""
    base = disk(tmp_path / "base.qcow2", "qcow2", "x")
    own, data = disk(tmp_path / "os.qcow2", "qcow2", "a", base), disk(tmp_path / "data", "raw", "b")
    process = await asyncio.create_subprocess_exec(
        *("qemu-system-x86_64", "-accel", "tcg", "-S", "-nodefaults", "-display", "none", "-m", "16"),
        *("-drive", f"if=none,id=os,format=qcow2,file={own}", "-device", "nvme,serial=os,drive=os"),
        *("-drive", f"if=none,id=lun0,format=raw,file={data}", "-device", "virtio-blk-pci,drive=lun0"),
        *("-qmp", f"unix:{tmp_path}/monitor,server=on,wait=off"),
    )
    events: list[Event] = []
    connection = await Monitor.connect(tmp_path / "monitor", events.append)
    try:
        yield connection
    finally:
        connection.close()
        process.terminate()
        await process.wait()


async def test_all_disks_are_copied_in_one_transaction(monitor: Monitor, tmp_path: Path) -> None:
    asked: list[str] = []

    async def ask(command: str, **arguments: object) -> object:
        asked.append(command)
        return await monitor.ask(command, **arguments)

    copy = disk(tmp_path / "copy.qcow2", "qcow2", backing=tmp_path / "base.qcow2")
    data = disk(tmp_path / "copy", "raw")
    await copy_running(
        ask,
        [
            {"device": "os", "target": str(copy), "format": "qcow2"},
            {"device": "lun0", "target": str(data), "format": "raw"},
        ],
    )
    assert asked.count("transaction") == 1
    assert (byte_of(copy, "qcow2"), byte_of(data, "raw")) == ("a", "b")
    assert await monitor.ask("query-jobs") == [], "nothing of it is left in QEMU"


async def test_a_copy_that_cannot_be_made_is_told_in_qemus_words(monitor: Monitor, tmp_path: Path) -> None:
    with pytest.raises(GuestError, match=r"transaction: .*absent"):
        await copy_running(
            monitor.ask, [{"device": "os", "target": str(tmp_path / "absent"), "format": "qcow2"}]
        )


async def test_a_monitor_whose_qemu_ended_says_so(monitor: Monitor) -> None:
    await monitor.ask("quit")
    with pytest.raises(GuestError, match=r"ended|does not answer"):
        for _ in range(100):
            await monitor.ask("query-status")
            await asyncio.sleep(0.05)
