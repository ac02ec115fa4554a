"""The marketplace image: a Debian (or Ubuntu) made from this computer's own archives, once, and kept.

It lies in the user's cache under a hash of everything that went into it, so a changed recipe makes a new one
and several local Azures share one. It is made beside its place and renamed into it: a build that was
interrupted leaves nothing that could be taken for an image.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from localazure.guests.base import GuestError, MarketplaceImage, Progress
from localazure.guests.namespace.apt_sources import DISTRIBUTIONS, Release, Source, read_sources

DEADLINE_SECONDS = 1200.0
OS_DISK_GB = 30
_AGENT = {"debian": "waagent", "ubuntu": "walinuxagent"}
_PACKAGES = (
    "ca-certificates",
    "dbus",
    "e2fsprogs",
    "eject",
    "ifupdown",
    "iproute2",
    "isc-dhcp-client",
    "kmod",
    "openssh-server",
    "procps",
    "sudo",
    "systemd-sysv",
)
_EXCLUDED = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
_PUBLISHERS = {"debian": "Debian", "ubuntu": "Canonical"}
_SHARE_OF_DOWNLOAD = 0.45


def cache_directory() -> Path:
    """Say where images are kept: below XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "golden-localazure" / "images"


@dataclass(frozen=True)
class Recipe:
    """All that decides what the image holds."""

    release: Release
    sources: tuple[Source, ...]

    @classmethod
    def of_this_computer(cls) -> Recipe:
        """Take it from /etc/os-release and apt's sources."""
        release = Release.read()
        return cls(release, tuple(read_sources(release)))

    def missing(self) -> list[str]:
        """Say why no image can be made from this, if so."""
        if self.release.distribution not in DISTRIBUTIONS:
            return ["this is neither Debian nor Ubuntu: run the local Azure in its container"]
        if not self.sources:
            return [f"apt has no source for {self.release.codename}: add one below /etc/apt/sources.list.d"]
        if shutil.which("mmdebstrap") is None:
            return ["mmdebstrap is not installed: apt-get install mmdebstrap"]
        return []

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages beside the essential ones."""
        return (*_PACKAGES, _AGENT[self.release.distribution])

    @cached_property
    def customization(self) -> str:
        """The script that makes an image of a tree of packages."""
        return resources.files(__package__).joinpath("customize.sh").read_text()

    @property
    def key(self) -> str:
        """A hash of the recipe."""
        parts = [
            self.release.codename,
            *map(str, self.sources),
            *self.packages,
            *_EXCLUDED,
            self.customization,
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def command(self, hook: Path, tree: Path) -> list[str]:
        """Name the command that makes the tree."""
        return [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            f"--include={','.join(self.packages)}",
            '--aptopt=Apt::Install-Recommends "false"',
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED),
            f'--customize-hook=sh {shlex.quote(str(hook))} "$1"',
            self.release.codename,
            str(tree),
            *map(str, self.sources),
        ]


class Marketplace:
    """The images in a cache directory."""

    def __init__(self, directory: Path | None = None, recipe: Recipe | None = None) -> None:
        self.directory = directory or cache_directory()
        self.recipe = recipe or Recipe.of_this_computer()

    @property
    def tree(self) -> Path:
        """Where the image's files are, or will be."""
        return self.directory / self.recipe.key / "root"

    @property
    def ready(self) -> bool:
        """The image is there."""
        return self.tree.is_dir()

    def image(self, content: str) -> MarketplaceImage:
        """Describe the image as a marketplace entry."""
        made = json.loads((self.tree.parent / "image.json").read_text())["made"]
        release = self.recipe.release
        name = release.distribution
        return MarketplaceImage(
            publisher=_PUBLISHERS[name],
            offer=f"{name}-{release.version}",
            sku=f"{release.version}-gen2",
            version=time.strftime("0.%Y%m%d.%H%M", time.gmtime(made)),
            content=content,
            os_type="Linux",
            size_gb=OS_DISK_GB,
            generation="V2",
            description=f"{name.capitalize()} {release.version} ({release.codename}) from its own archives",
        )

    async def prepare(self, progress: Progress) -> None:
        """Make the image unless it is there. Two that want it at once make it once."""
        if not self.ready:
            self.directory.mkdir(parents=True, exist_ok=True)
            async with self._lock():
                if not self.ready:
                    await self._build(progress)
        progress("image ready", 1.0)

    @asynccontextmanager
    async def _lock(self) -> AsyncIterator[None]:
        with (self.directory / f"{self.recipe.key}.lock").open("w") as lock:
            until = time.monotonic() + DEADLINE_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise GuestError("another process has been building the image for too long") from None
                    await asyncio.sleep(0.5)
            yield

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        for old in self.directory.glob(
            f"{self.recipe.key}.build-*"
        ):  # an interrupted build; we hold the lock
            shutil.rmtree(old, ignore_errors=True)
        path = Path(tempfile.mkdtemp(prefix=f"{self.recipe.key}.build-", dir=self.directory))
        try:
            path.chmod(0o755)
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    async def _build(self, progress: Progress) -> None:
        with self._workshop() as workshop:
            hook = workshop / "customize.sh"
            hook.write_text(self.recipe.customization)
            result = workshop / "image"
            result.mkdir()
            await run_mmdebstrap(self.recipe.command(hook, result / "root"), workshop / "log", progress)
            (result / "image.json").write_text(json.dumps({"made": int(time.time())}))
            result.rename(self.directory / self.recipe.key)


async def run_mmdebstrap(command: list[str], log: Path, progress: Progress) -> None:
    """Run it to its end; GuestError with what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    tail: list[str] = []
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            gauge = Gauge(progress)
            async for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                tail = [*tail[-20:], line]
                with log.open("a") as file:
                    file.write(line + "\n")
                gauge.read(line)
            status = await process.wait()
    except TimeoutError:
        raise GuestError(f"the image was not made within {DEADLINE_SECONDS:.0f} s: {tail[-1:]}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()
    if status != 0:
        errors = [line for line in tail if line.startswith("E:")] or tail[-3:]
        raise GuestError(f"mmdebstrap failed ({status}): {' | '.join(errors)}")


class Gauge:
    """Reads mmdebstrap's output and tells how far it is: it announces its steps, and apt its packages."""

    _STEPS = (
        ("running apt-get update", "reading package lists", 0.02),
        ("downloading packages with apt", "downloading essential packages", 0.10),
        ("extracting archives", "unpacking essential packages", 0.20),
        ("installing essential packages", "installing essential packages", 0.30),
        ("installing remaining packages", "downloading packages", _SHARE_OF_DOWNLOAD),
        ("running --customize-hook", "customizing", 0.94),
        ("cleaning package lists", "cleaning up", 0.97),
    )
    _COUNT = re.compile(r"(\d+) newly installed")

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done, self._packages, self._set_up = progress, 0.0, 0, 0

    def read(self, line: str) -> None:
        """Take one line into account."""
        for mark, what, share in self._STEPS:
            if mark in line:
                return self._advance(what, share)
        if found := self._COUNT.search(line):
            self._packages, self._set_up = int(found[1]), 0
        elif line.startswith(("Unpacking ", "Setting up ")) and self._done >= _SHARE_OF_DOWNLOAD:
            self._set_up += 1
            share = min(1.0, self._set_up / max(1, 2 * self._packages))
            self._advance("installing packages", _SHARE_OF_DOWNLOAD + 0.47 * share)
        return None

    def _advance(self, what: str, done: float) -> None:
        if done > self._done:
            self._done = done
            self._progress(what, done)
