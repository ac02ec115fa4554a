"""Contents of disks: independent, whole or absent."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from localazure.guests.base import GuestError, UnknownContentError
from localazure.guests.namespace import contents
from localazure.guests.namespace.contents import ContentStore


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    tree = tmp_path / "images/k1/root"
    tree.mkdir(parents=True)
    tree.chmod(0o755)
    return ContentStore(tmp_path / "content", tmp_path / "images")


async def test_a_copy_of_an_image_starts_with_nothing_of_its_own(store: ContentStore) -> None:
    disk = store.get(await store.copy("image-k1"))
    assert disk.image == "k1"
    assert list(disk.upper.iterdir()) == []
    assert disk.upper.stat().st_mode & 0o777 == 0o755, "it is the mode of the machine's root directory"


async def test_a_copy_goes_its_own_way_and_outlives_its_source(store: ContentStore) -> None:
    first = await store.copy("image-k1")
    file = store.get(first).upper / "file"
    file.write_text("old")
    second = await store.copy(first)
    file.write_text("new")
    store.discard(first)

    assert (store.get(second).upper / "file").read_text() == "old"
    with pytest.raises(UnknownContentError):
        store.get(first)


async def test_modes_links_holes_and_attributes_survive_a_copy(store: ContentStore) -> None:
    first = await store.copy("image-k1")
    upper = store.get(first).upper
    (upper / "a").write_text("x")
    (upper / "a").chmod(0o640)
    (upper / "b").hardlink_to(upper / "a")
    (upper / "c").symlink_to("/absolute")
    with (upper / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    os.setxattr(upper / "a", "user.note", b"kept")

    copy = store.get(await store.copy(first)).upper

    assert (copy / "a").stat().st_mode & 0o777 == 0o640
    assert (copy / "a").stat().st_nlink == 2
    assert (copy / "c").readlink() == Path("/absolute")
    assert (copy / "sparse").stat().st_blocks == 0
    assert os.getxattr(copy / "a", "user.note") == b"kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes and trusted attributes are root's")
async def test_whiteouts_and_opaque_directories_survive_a_copy(store: ContentStore) -> None:
    first = await store.copy("image-k1")
    upper = store.get(first).upper
    os.mknod(upper / "deleted", 0o20000, 0)
    (upper / "replaced").mkdir()
    os.setxattr(upper / "replaced", "trusted.overlay.opaque", b"y")

    copy = store.get(await store.copy(first)).upper

    assert (copy / "deleted").stat().st_rdev == 0 and (copy / "deleted").is_char_device()
    assert os.getxattr(copy / "replaced", "trusted.overlay.opaque") == b"y"


async def test_an_empty_disk_has_its_size_and_takes_no_room(store: ContentStore) -> None:
    disk = store.create_empty(32)
    copy = await store.copy(disk)
    assert store.get(copy).file.stat().st_size == 32 << 30
    assert store.used_bytes(copy) < 1 << 20


async def test_a_copy_that_fails_leaves_nothing(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = store.create_empty(1)
    store.get(disk).file.unlink()
    with pytest.raises(GuestError, match="could not be copied"):
        await store.copy(disk)
    assert [p.name for p in store.directory.iterdir()] == [disk]
    with pytest.raises(UnknownContentError):
        await store.copy("image-gone")
    with pytest.raises(UnknownContentError):
        await store.copy("nothing")


def test_what_an_interrupted_copy_or_removal_left_is_swept_and_the_rest_stays(store: ContentStore) -> None:
    kept = store.create_empty(1)
    for remains in (".draft-x", ".trash-y"):
        (store.directory / remains).mkdir()
    store.sweep()
    assert [p.name for p in store.directory.iterdir()] == [kept]


def test_images_and_paths_are_not_discarded_and_what_is_gone_is_no_error(store: ContentStore) -> None:
    for content in ("image-k1", "../images", ".draft-x"):
        with pytest.raises(GuestError):
            store.discard(content)
    assert store.image_tree("k1").is_dir()
    store.discard("gone")


def test_a_content_whose_document_is_broken_is_unknown(store: ContentStore) -> None:
    disk = store.create_empty(1)
    (store.directory / disk / "content.json").write_text("{")
    with pytest.raises(UnknownContentError):
        store.get(disk)


def test_the_document_tells_what_kind_a_content_is(store: ContentStore) -> None:
    disk = store.create_empty(1)
    assert json.loads((store.directory / disk / "content.json").read_text()) == {"kind": "raw"}
    assert contents.IMAGE_PREFIX == "image-"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="file systems are mounted: needs root")


@needs_root
async def test_an_os_disk_as_bytes_and_back_is_the_same_system(store: ContentStore, tmp_path: Path) -> None:
    (store.image_tree("k1") / "of-the-image").write_text("kept")
    (store.image_tree("k1") / "removed").write_text("gone")
    first = await store.copy("image-k1")
    upper = store.get(first).upper
    (upper / "own").write_text("mine")
    (upper / "own").chmod(0o4755)
    os.mknod(upper / "removed", 0o20000, os.makedev(0, 0))  # overlayfs: this name is not there

    await store.write_raw(first, 1, tmp_path / "bytes")
    await store.write_raw(first, 1, tmp_path / "again")
    back = store.get(await store.read_raw(tmp_path / "bytes"))

    assert (tmp_path / "bytes").stat().st_size == 1 << 30
    assert (tmp_path / "bytes").stat().st_blocks * 512 < 100 << 20
    subprocess.run(["cmp", tmp_path / "bytes", tmp_path / "again"], check=True)
    assert {path.name for path in back.upper.iterdir()} == {"of-the-image", "own"}
    assert (back.upper / "own").stat().st_mode & 0o7777 == 0o4755
    assert back.image is not None
    assert list(store.image_tree(back.image).iterdir()) == []


async def test_a_data_disk_as_bytes_and_back_keeps_bytes_and_holes(
    store: ContentStore, tmp_path: Path
) -> None:
    disk = store.create_empty(2)
    with store.get(disk).file.open("r+b") as file:
        file.seek(1 << 30)
        file.write(b"in the middle")

    await store.write_raw(disk, 2, tmp_path / "bytes")
    back = store.get(await store.read_raw(tmp_path / "bytes"))

    assert back.image is None
    with back.file.open("rb") as file:
        file.seek(1 << 30)
        assert file.read(13) == b"in the middle"
    assert back.file.stat().st_size == 2 << 30
    assert back.file.stat().st_blocks * 512 < 1 << 20
