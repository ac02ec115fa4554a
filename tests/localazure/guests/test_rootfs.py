"""What a guest sees as its computer, built as at a boot."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from json import loads
from pathlib import Path
from typing import Any

import pytest

from localazure.guests.namespace import disks, loops, rootfs
from localazure.guests.namespace.cgroups import ControlGroup
from localazure.guests.namespace.messages import RunningDisk
from localazure.guests.namespace.plan import BootPlan

pytestmark = pytest.mark.guest


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, Any]:
    for name in ("image", "upper", "work", "root"):
        (tmp_path / name).mkdir()
    (tmp_path / "image/from-image").write_text("hello")
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(1 << 28)
    subprocess.run(["mkfs.ext4", "-q", "-L", "data", disk], check=True)
    (device,), (loop,) = disks.attach([RunningDisk(5, str(disk), 0)])
    master, line = os.openpty()
    try:
        plan = BootPlan(
            machine_id="a2cde5aa-ecc6-45c2-b22c-76aa757837e5",
            layers=(str(tmp_path / "image"),),
            upper=str(tmp_path / "upper"),
            work=str(tmp_path / "work"),
            root=str(tmp_path / "root"),
            group="/",
            network=0,
            console=0,
            life=0,
            console_name=os.ttyname(line),
            mac="000D3A010203",
            devices=(device,),
            dvd="<Environment/>",
        )
        looked = subprocess.run(
            [sys.executable, "-m", "tests.localazure.guests.look_inside"],
            input=plan.to_json(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert looked.returncode == 0, looked.stderr
        return {**loads(looked.stdout), "device": device.device}
    finally:
        for descriptor in (master, line):
            os.close(descriptor)
        loop.close()


def test_a_guest_sees_its_own_computer_and_nothing_of_ours(seen: dict[str, Any]) -> None:
    assert seen["root"] == ["dev", "from-image", "mnt", "proc", "run", "sys", "tmp"]
    assert seen["file"] == "hello"
    assert seen["disk"] == ["0o60660", seen["device"]]
    names = {Path(link).relative_to("/dev/disk").parts[0] for link in seen["links"]}
    assert names == {"azure", "by-uuid", "by-label"}
    assert set(seen["links"].values()) == {"/dev/sdc"}
    assert seen["partitions"].split()[4:] == ["7", str(os.minor(seen["device"])), str(1 << 18), "sdc"]
    assert seen["size"] == str((1 << 28) // 512)
    assert seen["dmi"]["product_uuid"] == "a2cde5aa-ecc6-45c2-b22c-76aa757837e5"
    assert seen["dmi"]["chassis_asset_tag"] == rootfs.ASSET_TAG
    assert seen["dvd"] == "<Environment/>"
    assert ["/dev/sr0", "/mnt/cdrom/secure", "tmpfs"] in seen["mounts"]
    assert seen["boot_id"] != Path("/proc/sys/kernel/random/boot_id").read_text()


def test_what_is_the_host_kernels_is_read_only_or_masked_and_the_capabilities_are_gone(
    seen: dict[str, Any],
) -> None:
    assert all(seen["read_only"].values()), seen["read_only"]
    assert seen["null"] and not seen["unmasked"]
    left = int(seen["capabilities"], 16)
    assert not [name for name, number in rootfs.DROPPED_CAPABILITIES.items() if left >> number & 1]
    assert left >> 21 & 1, "systemd needs SYS_ADMIN"


def test_disks_attached_at_the_same_time_get_devices_of_their_own_that_do_not_outlive_us(
    tmp_path: Path,
) -> None:
    def attach(number: int) -> loops.Loop:
        file = tmp_path / str(number)
        with file.open("wb") as disk:
            disk.truncate(1 << 20)
        return loops.attach(file)

    with ThreadPoolExecutor(6) as several:
        attached = list(several.map(attach, range(6)))
    try:
        assert loops.attached_under(tmp_path) == sorted(loop.number for loop in attached)
        assert len({loop.number for loop in attached}) == 6
    finally:
        for loop in attached:
            loop.close()
    assert loops.attached_under(tmp_path) == []


def test_a_control_group_goes_with_all_that_is_in_it_even_when_frozen() -> None:
    group = ControlGroup.of_machine(f"test-{os.getpid()}")
    group.create()
    try:
        (group.path / "a/b").mkdir(parents=True)
        sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
        for sleeper, place in zip(sleepers, (group.path, group.path / "a/b"), strict=True):
            (place / "cgroup.procs").write_text(str(sleeper.pid))
        assert sorted(group.processes()) == sorted(s.pid for s in sleepers)
        group.freeze()
        assert group.populated()
    finally:
        group.remove()
    assert [s.wait(5) for s in sleepers] == [-9, -9]
    assert not group.exists()
    group.remove()
    group.thaw()
