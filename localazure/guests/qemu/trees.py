"""A system's files while a disk is made of them: owned by root and others, also where nobody is root.

Without root everything that looks at owners runs in a user namespace: there the tree's root is this user,
and its other users are some of those that /etc/subuid lends to this user.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from localazure.guests.qemu.programs import run

ROOT = os.geteuid() == 0
AS_ROOT: tuple[str, ...] = () if ROOT else ("unshare", "--map-root-user", "--map-auto", "--")
_UNPACK_SECONDS = 300.0


def archive(tree: Path) -> Path:
    """Where the tree's files are before they are unpacked."""
    return tree.with_suffix(".tar")


def missing() -> list[str]:
    """Say what this user lacks to own files of others."""
    if ROOT:
        return []
    if shutil.which("newuidmap") is None:
        return ["without root, images need other users' IDs: apt-get install uidmap"]
    return []


@asynccontextmanager
async def unpacked(tree: Path) -> AsyncIterator[None]:
    """Have the tree there. Without root it comes out of its archive, and goes the way it came."""
    if ROOT:
        yield
        return
    await run("mkdir", str(tree))
    try:
        words = ("tar", "-C", str(tree), "--numeric-owner", "--exclude=./dev/*", "-xf", str(archive(tree)))
        await run(*AS_ROOT, *words, seconds=_UNPACK_SECONDS)
        yield
    finally:
        await run(*AS_ROOT, "rm", "-rf", "--", str(tree))
