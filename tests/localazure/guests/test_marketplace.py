"""The marketplace image: made once, whole or not at all. mmdebstrap is a stand-in; guests boot a real one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from localazure.guests.base import GuestError
from localazure.guests.namespace.apt_sources import Release, Source
from localazure.guests.namespace.marketplace import Gauge, Marketplace, Recipe, cache_directory

SOURCE = Source("http://a.example/debian", "bookworm", ("main",))
RECIPE = Recipe(Release("debian", "bookworm", "12"), (SOURCE,))

# Stands in for mmdebstrap: makes the tree that it is asked for, and counts how often.
BUILDER = """#!/bin/sh
for argument; do case $argument in */root) tree=$argument ;; esac; done
echo run >> "$COUNT"
echo "I: running apt-get update..."
sleep 0.2
mkdir -p "$tree/etc"
echo "E: something is wrong"
exit ${STATUS:-0}
"""


@pytest.fixture
def count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin/mmdebstrap"
    program.parent.mkdir()
    program.write_text(BUILDER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    return tmp_path / "count"


def market(tmp_path: Path) -> Marketplace:
    return Marketplace(tmp_path / "images", RECIPE)


async def test_an_image_is_made_once_even_when_two_want_it_at_the_same_time(
    tmp_path: Path, count: Path
) -> None:
    steps: list[tuple[str, float]] = []
    one, two = market(tmp_path), market(tmp_path)
    await asyncio.gather(
        one.prepare(lambda what, share: steps.append((what, share))), two.prepare(lambda what, share: None)
    )

    assert count.read_text() == "run\n"
    assert one.ready and two.ready
    assert steps == [("reading package lists", 0.02), ("image ready", 1.0)]
    image = one.image("content-1")
    assert (image.publisher, image.offer, image.sku, image.content) == (
        "Debian",
        "debian-12",
        "12-gen2",
        "content-1",
    )
    assert image.version.startswith("0.20")


async def test_a_build_that_fails_says_why_and_leaves_nothing_that_looks_like_an_image(
    tmp_path: Path, count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS", "25")
    shop = market(tmp_path)
    with pytest.raises(GuestError, match=r"mmdebstrap failed \(25\): E: something is wrong"):
        await shop.prepare(lambda what, share: None)

    assert not shop.ready
    assert [p.name for p in shop.directory.iterdir()] == [f"{RECIPE.key}.lock"]
    monkeypatch.setenv("STATUS", "0")
    await shop.prepare(lambda what, share: None)
    assert shop.ready


async def test_a_build_that_is_cancelled_leaves_nothing_and_one_that_was_killed_is_swept(
    tmp_path: Path, count: Path
) -> None:
    shop = market(tmp_path)
    remains = shop.directory / f"{RECIPE.key}.build-killed"
    remains.mkdir(parents=True)

    def give_up(what: str, share: float) -> None:
        building.cancel()

    building = asyncio.create_task(shop.prepare(give_up))
    with pytest.raises(asyncio.CancelledError):
        await building
    assert [p.name for p in shop.directory.iterdir()] == [f"{RECIPE.key}.lock"]


def test_whatever_goes_into_the_image_is_part_of_its_name() -> None:
    others = [
        Recipe(Release("debian", "trixie", "13"), (SOURCE,)),
        Recipe(RECIPE.release, (Source("http://b.example/debian", "bookworm", ("main",)),)),
        Recipe(Release("ubuntu", "bookworm", "12"), (SOURCE,)),
    ]
    assert len({RECIPE.key, *(o.key for o in others)}) == 4


def test_the_agents_package_is_the_distributions_and_no_mirror_is_named(tmp_path: Path) -> None:
    assert "waagent" in RECIPE.packages
    command = RECIPE.command(tmp_path / "a hook", tmp_path / "tree")
    assert command[-1] == "deb http://a.example/debian bookworm main"
    assert [a for a in command if "://" in a] == command[-1:]
    assert f"--customize-hook=sh '{tmp_path}/a hook' \"$1\"" in command


def test_a_computer_that_cannot_make_an_image_is_told_why(
    count: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "neither Debian nor Ubuntu" in Recipe(Release("fedora", "", "42"), ()).missing()[0]
    assert "no source for bookworm" in Recipe(RECIPE.release, ()).missing()[0]
    assert RECIPE.missing() == []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert RECIPE.missing()[0].endswith("apt-get install mmdebstrap")


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/golden-localazure/images")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory().is_relative_to(Path.home())


def test_progress_never_goes_back_and_follows_the_packages() -> None:
    seen: list[float] = []
    gauge = Gauge(lambda what, share: seen.append(share))
    lines = [
        "I: running apt-get update...",
        "I: installing essential packages...",
        "Setting up libc6 (2.36) ...",
        "I: installing remaining packages inside the chroot...",
        "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
        "Unpacking a ...",
        "Unpacking b ...",
        "Setting up a ...",
        "Setting up b ...",
        "I: running apt-get update...",
        "I: running --customize-hook in shell: sh hook",
    ]
    for line in lines:
        gauge.read(line)
    assert seen == sorted(seen)
    assert len(set(seen)) == 8
