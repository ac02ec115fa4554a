"""The model's marketplace image: a small Debian-like tree of this computer's programs and our own.

It lies in the user's cache under a hash of what went into it. It is made beside its place and renamed into
it, so an interrupted build leaves nothing that could be taken for an image.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from localazure.guests.base import GuestError, MarketplaceImage, Progress
from localazure.guests.model import jail
from localazure.guests.model.programs import BEHIND, PACKAGES, PROGRAMS, REQUIRED

SYSTEM = Path(__file__).parent / "system"
OS_DISK_GB = 30
_VERSION = "0.1.0"
_TEXT = """
boot dev home media mnt opt proc root run srv sys tmp usr/local/bin usr/local/sbin usr/share var/cache/apt
var/lib/apt/lists var/lib/dbus var/lib/dhcp var/lib/dpkg var/lib/systemd var/lib/waagent var/log/apt var/mail
var/spool/cron/crontabs var/tmp var/log/azure
"""
_FOLDERS = _TEXT.split()
_PACKAGES = {"base-files": "12.4", "openssh-server": "1:9.2", "sudo": "1.9.13", "waagent": "2.7.3.0"}


def cache_directory() -> Path:
    """Say where images are kept: below XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "golden-localazure" / "model"


class Image:
    """The one image, in a cache directory."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or cache_directory()

    @cached_property
    def programs(self) -> dict[str, Path]:
        """Where this computer has the programs that it has."""
        found = {
            name: shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin") for name in [*PROGRAMS, *BEHIND]
        }
        return {name: Path(path) for name, path in found.items() if path}

    def missing(self) -> list[str]:
        """What a machine cannot do without and this computer does not have."""
        lacking = sorted(REQUIRED - self.programs.keys())
        return [
            f"{name} is not installed: apt-get install {PACKAGES.get(name, 'coreutils')}" for name in lacking
        ]

    @cached_property
    def key(self) -> str:
        """A hash of everything that goes into it."""
        facts = [_VERSION, str(jail.owner()), " ".join(_FOLDERS), json.dumps(_PACKAGES)]
        for name, path in sorted(self.programs.items()):
            status = path.stat()
            facts.append(f"{name} {path} {status.st_size} {status.st_mtime_ns}")
        for path in sorted(p for p in SYSTEM.rglob("*") if p.is_file()):
            facts.append(f"{path.relative_to(SYSTEM)} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]

    @property
    def tree(self) -> Path:
        """Where its files are, or will be."""
        return self.directory / self.key / "root"

    @property
    def ready(self) -> bool:
        """It is there."""
        return self.tree.is_dir()

    def describe(self, content: str) -> MarketplaceImage:
        """As a marketplace entry."""
        return MarketplaceImage(
            publisher="Debian",
            offer="debian-12",
            sku="12-gen2",
            version=_VERSION,
            content=content,
            os_type="Linux",
            size_gb=OS_DISK_GB,
            generation="V2",
            description="a model of Debian 12, not a Debian: a simulation for tests",
        )

    def prepare(self, progress: Progress) -> None:
        """Make it unless it is there; two that make it at once make the same."""
        if not self.ready:
            progress("copying programs", 0.1)
            self.directory.mkdir(parents=True, exist_ok=True)
            workshop = Path(tempfile.mkdtemp(prefix=f"{self.key}.build-", dir=self.directory))
            try:
                workshop.chmod(0o755)
                (workshop / "root").mkdir()
                self._build(workshop / "root")
                jail.give_away(workshop)
                _into_place(workshop, self.directory / self.key)
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
        progress("image ready", 1.0)

    def _build(self, root: Path) -> None:
        for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/lib/model/real", *_FOLDERS):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (root / name).symlink_to(f"usr/{name}")
        for folder in ("tmp", "var/tmp"):
            (root / folder).chmod(0o1777)
        for name, path in self.programs.items():
            if name in PROGRAMS:
                shutil.copy2(path, root / "usr" / path.parent.name / name)
        for name, place in BEHIND.items():
            shutil.copy2(self.programs[name], root / place)
        (root / "usr/bin/awk").unlink(missing_ok=True)
        shutil.copy2(self.programs["awk"].resolve(), root / "usr/bin/awk")
        for library in _libraries(self.programs.values()):
            target = root / "usr" / str(library).removeprefix("/usr").lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library, target)
        shutil.copytree(SYSTEM, root, dirs_exist_ok=True, symlinks=True)
        (root / "etc/shadow").chmod(0o640)
        (root / "var/lib/dbus/machine-id").symlink_to("/etc/machine-id")
        (root / "var/run").symlink_to("/run")
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir()
        for unit in ("ssh.service", "walinuxagent.service"):
            (wants / unit).symlink_to(f"/lib/systemd/system/{unit}")
        early = root / "usr/lib/systemd/system/sysinit.target.wants"
        early.mkdir()
        (early / "systemd-random-seed.service").symlink_to("../systemd-random-seed.service")
        (root / "etc/systemd/system/sshd.service").symlink_to("/lib/systemd/system/ssh.service")
        (root / "var/lib/dpkg/status").write_text(
            "\n".join(
                f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n"
                for name, version in _PACKAGES.items()
            )
        )


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """What the loader needs for these programs, at the paths where it looks."""
    command = ["ldd", *sorted({str(path) for path in programs})]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    return {Path(found) for found in re.findall(r"(?:=> |^\s)(/\S+) \(0x", said, re.MULTILINE)}


def _into_place(workshop: Path, place: Path) -> None:
    (workshop / "image.json").write_text(json.dumps({"made": int(time.time())}))
    try:
        workshop.rename(place)
    except OSError as error:
        if not place.is_dir():
            raise GuestError(f"the image cannot be put into {place}: {error.strerror}") from error
