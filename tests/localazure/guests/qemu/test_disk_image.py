"""A disk made of a tree: partitions as Azure's own images have them, loaders in their places, one journal."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from localazure.guests.qemu.contents import boots
from localazure.guests.qemu.disk_image import LABEL, SYSTEM_AT, Identity, configure_boot_loader, make_disk
from tests.localazure.guests.qemu.tools import needs_boot_loaders

pytestmark = needs_boot_loaders
IDENTITY = Identity(
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
)


@pytest.fixture
async def raw(tmp_path: Path) -> Path:
    tree, disk = tmp_path / "tree", tmp_path / "disk.raw"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text("linux /vmlinuz root=PARTUUID=@ROOT@ ro\n")
    configure_boot_loader(tree, IDENTITY)
    await make_disk(tree, disk, system_mib=64, size_gb=1, identity=IDENTITY)
    return disk


def system(*words: str) -> str:
    program = shutil.which(words[0], path="/usr/bin:/bin:/usr/sbin:/sbin") or words[0]
    return subprocess.run([program, *words[1:]], check=True, capture_output=True, text=True).stdout


async def test_its_partitions_are_for_both_firmwares_and_the_system(raw: Path) -> None:
    table = json.loads(system("sfdisk", "--json", str(raw)))["partitiontable"]
    kinds = {p["node"].removeprefix(str(raw)): p["name"] for p in table["partitions"]}
    assert table["label"] == "gpt"
    assert kinds == {"1": "linux", "14": "bios", "15": "efi"}
    [root] = [p for p in table["partitions"] if p["name"] == "linux"]
    assert root["uuid"].lower() == IDENTITY.partition
    assert root["start"] * 512 == SYSTEM_AT


async def test_it_boots_from_its_first_sector(raw: Path) -> None:
    assert boots(raw)


async def test_the_loader_of_uefi_is_where_a_firmware_looks(raw: Path, tmp_path: Path) -> None:
    listed = system("mdir", "-b", "-i", f"{raw}@@2M", "::/EFI/BOOT")
    assert "BOOTX64.EFI" in listed


async def test_the_system_has_a_journal_and_its_root_is_named_in_the_menu(raw: Path) -> None:
    facts = system("dumpe2fs", "-h", f"{raw}?offset={SYSTEM_AT}")
    assert "has_journal" in facts
    assert LABEL in facts
    menu = system("debugfs", "-R", "cat /boot/grub/grub.cfg", f"{raw}?offset={SYSTEM_AT}")
    assert f"PARTUUID={IDENTITY.partition}" in menu


async def test_it_takes_no_more_place_than_its_files(raw: Path) -> None:
    assert raw.stat().st_blocks * 512 < 40 << 20
    assert raw.stat().st_size == 1 << 30
