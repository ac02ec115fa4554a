"""What the marketplace of QEMU machines offers, and what it says when it cannot."""

import json
from pathlib import Path

import pytest

from localazure.guests.base import GuestError
from localazure.guests.qemu import marketplace, requirements
from localazure.guests.qemu.marketplace import Marketplace, Recipe
from tests.localazure.guests.qemu.tools import needs_qemu


def cached(directory: Path, flavour: marketplace.Flavour) -> None:
    """Pretend that an image is in the cache."""
    image = directory / Recipe.of_this_computer(flavour).key
    image.mkdir(parents=True)
    (image / "disk.qcow2").write_bytes(b"disk")
    (image / "image.json").write_text(json.dumps({"made": 1_700_000_000}))


def test_each_flavour_is_an_image_of_its_own_in_both_generations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(tmp_path, "cloud-init")
    cached(tmp_path, "waagent")
    monkeypatch.setattr(marketplace, "firmware_code", lambda: Path("/there"))
    found = Marketplace(tmp_path, ["waagent"]).images("image-")
    release = Recipe.of_this_computer().release.version
    assert [(image.sku, image.generation) for image in found] == [
        (f"{release}-waagent", "V1"),
        (f"{release}-waagent-gen2", "V2"),
        (release, "V1"),
        (f"{release}-gen2", "V2"),
    ]
    assert found[0].content != found[2].content


def test_without_the_firmware_there_is_one_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(tmp_path, "cloud-init")
    monkeypatch.setattr(marketplace, "firmware_code", lambda: None)
    assert [image.generation for image in Marketplace(tmp_path).images("image-")] == ["V1"]


def test_the_wanted_flavour_is_kept_in_the_state(tmp_path: Path) -> None:
    marketplace.configure(tmp_path, ["waagent"], None)
    document = json.loads((tmp_path / marketplace.OPTIONS).read_text())
    assert document == {"flavours": ["waagent"], "base_image": None}
    with pytest.raises(GuestError, match="no flavour vanilla: known are cloud-init, waagent"):
        marketplace.configure(tmp_path, ["vanilla"], None)


@needs_qemu
async def test_a_disk_image_of_ones_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "cloud.raw"
    own.write_bytes(bytes(1 << 20))
    shop = Marketplace(tmp_path / "cache", base_image=own)
    assert not shop.ready
    await shop.prepare(lambda what, done: None)
    assert shop.ready
    assert shop.images("image-")[0].sku.startswith("own")
    own.write_bytes(bytes(2 << 20))
    assert not shop.ready, "another image under the same name is another image"


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    shop = Marketplace(tmp_path, base_image=tmp_path / "absent.qcow2")
    assert shop.missing() == [f"there is no disk image {tmp_path / 'absent.qcow2'}"]


def test_without_qemu_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    lines = requirements.missing((22,), (22, 2222))
    assert lines == ["QEMU is not installed: apt-get install qemu-system-x86 qemu-utils"]


def test_a_computer_whose_ports_are_all_taken_is_told_so() -> None:
    lines = requirements.missing((5986,), (22, 2222))
    assert lines[-1].startswith("guests cannot have any of the ports 22, 2222")
