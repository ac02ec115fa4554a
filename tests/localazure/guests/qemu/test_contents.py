"""Contents of disks as files: independent of each other, whole or not there."""

import subprocess
from pathlib import Path

import pytest

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.qemu.contents import ContentStore, boots
from tests.localazure.guests.qemu.tools import needs_qemu

pytestmark = needs_qemu
KEY = "cafe"


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    """Contents over one small image, whose first bytes boot."""
    image = tmp_path / "images" / KEY
    image.mkdir(parents=True)
    raw = tmp_path / "image.raw"
    raw.write_bytes(b"\xeb".ljust(510, b"\1") + b"\x55\xaa" + bytes(1 << 20))
    convert(raw, image / "disk.qcow2", "qcow2")
    return ContentStore(tmp_path / "content", tmp_path / "images")


def convert(source: Path, target: Path, kind: str) -> None:
    subprocess.run(["qemu-img", "convert", "-O", kind, str(source), str(target)], check=True)


def write(disk: Path, text: str) -> None:
    subprocess.run(
        ["qemu-io", "-c", f"write -P {ord(text)} 64k 4k", str(disk)], check=True, stdout=subprocess.DEVNULL
    )


async def read(store: ContentStore, content: str, tmp_path: Path) -> bytes:
    target = tmp_path / f"{content}.raw"
    await store.write_raw(content, 1, target)
    assert target.stat().st_size == 1 << 30
    with target.open("rb") as file:
        file.seek(64 << 10)
        return file.read(1)


async def test_a_copy_does_not_change_with_its_source_and_survives_it(
    store: ContentStore, tmp_path: Path
) -> None:
    source = await store.copy(f"image-{KEY}")
    write(store.get(source).file, "a")
    copy = await store.copy(source)
    write(store.get(source).file, "b")
    assert await read(store, copy, tmp_path) == b"a"
    store.discard(source)
    assert await read(store, copy, tmp_path) == b"a"
    assert await read(store, f"image-{KEY}", tmp_path) == b"\0", "the image is as it was"


async def test_a_flattened_copy_needs_no_image_any_more(store: ContentStore, tmp_path: Path) -> None:
    source = await store.copy(f"image-{KEY}")
    write(store.get(source).file, "a")
    copy = await store.copy(source)
    await store.flatten(copy)
    (store.images / KEY / "disk.qcow2").unlink()
    assert await read(store, copy, tmp_path) == b"a"
    assert boots(tmp_path / f"{copy}.raw"), "what only the image had is in it"


async def test_the_bytes_of_an_os_disk_become_an_os_disk_again(store: ContentStore, tmp_path: Path) -> None:
    source = await store.copy(f"image-{KEY}")
    write(store.get(source).file, "a")
    raw = tmp_path / "out.raw"
    await store.write_raw(source, 1, raw)
    again = await store.read_raw(raw)
    assert (store.get(again).kind, store.get(again).image) == ("qcow2", None)
    assert await read(store, again, tmp_path) == b"a"


async def test_bytes_that_do_not_boot_are_a_data_disk(store: ContentStore, tmp_path: Path) -> None:
    raw = tmp_path / "data.raw"
    raw.write_bytes(b"payload".ljust(1 << 20, b"\0"))
    content = await store.read_raw(raw)
    assert store.get(content).kind == "raw"
    assert store.get(content).file.read_bytes().startswith(b"payload")


async def test_a_new_disk_takes_no_place(store: ContentStore) -> None:
    content = store.create_empty(4)
    assert store.get(content).file.stat().st_size == 4 << 30
    assert store.used_bytes(content) < 1 << 16


async def test_a_marketplace_image_cannot_be_discarded(store: ContentStore) -> None:
    with pytest.raises(GuestError, match="not a content of its own"):
        store.discard(f"image-{KEY}")


async def test_a_copy_that_fails_leaves_nothing(store: ContentStore) -> None:
    with pytest.raises(UnknownContentError):
        await store.copy("image-unknown")
    with pytest.raises(UnknownContentError):
        await store.copy("unknown")
    assert list(store.directory.iterdir()) == []


async def test_what_an_interrupted_copy_left_is_swept_away(store: ContentStore) -> None:
    (store.directory / ".draft-1").mkdir()
    kept = store.create_empty(1)
    store.sweep()
    assert [path.name for path in store.directory.iterdir()] == [kept]
