"""The marketplace images: Debian (or Ubuntu) as disks that boot, made from this computer's own archives and
kept.

Two flavours, by who provisions: `cloud-init` as Azure's own images, `waagent` with the agent alone. Each
lies in the user's cache under a hash of everything that went into it. A disk image of one's own can take
the first place.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

from localazure.guests.base import GuestError, MarketplaceImage, Progress
from localazure.guests.namespace import marketplace
from localazure.guests.namespace.apt_sources import Release, read_sources
from localazure.guests.qemu import disk_image, trees
from localazure.guests.qemu.command import firmware_code
from localazure.guests.qemu.convert import DISK, HARDWARE, keep_hardware
from localazure.guests.qemu.programs import run

Flavour = Literal["cloud-init", "waagent"]
FLAVOURS: tuple[Flavour, ...] = ("cloud-init", "waagent")
OS_DISK_GB = 30
_SYSTEM_MIB = 4096
_PACKAGES = (
    "ca-certificates",
    "dbus",
    "e2fsprogs",
    "eject",
    "iproute2",
    "isc-dhcp-client",
    "kmod",
    "openssh-server",
    "openssl",
    "procps",
    "sudo",
    "systemd-sysv",
    "udev",
)
_OWN = {"cloud-init": ("cloud-init",), "waagent": ("ifupdown",)}
_KERNEL = {"debian": "linux-image-cloud-amd64", "ubuntu": "linux-image-virtual"}
_AGENT = {"debian": "waagent", "ubuntu": "walinuxagent"}
_PUBLISHERS = {"debian": "Debian", "ubuntu": "Canonical"}
_TOOLS = {
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
    "grub-mkimage": "grub-common",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
}
_GRUB = {"i386-pc": "grub-pc-bin", "x86_64-efi": "grub-efi-amd64-bin"}
_DESCRIPTIONS = {"cloud-init": "provisioned by cloud-init", "waagent": "provisioned by the agent alone"}
OPTIONS = "qemu.json"


@dataclass(frozen=True)
class Recipe(marketplace.Recipe):
    """All that decides what an image holds."""

    flavour: Flavour = "cloud-init"

    @classmethod
    def of_this_computer(cls, flavour: Flavour = "cloud-init") -> Recipe:
        """Take it from /etc/os-release and apt's sources."""
        release = Release.read()
        return cls(release, tuple(read_sources(release)), flavour)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages beside the essential ones."""
        name = self.release.distribution
        return (*_PACKAGES, *_OWN[self.flavour], _AGENT[name], _KERNEL[name])

    @cached_property
    def customization(self) -> str:
        """The script that makes an image of a tree of packages."""
        return resources.files(__package__).joinpath("customize.sh").read_text()

    @property
    def key(self) -> str:
        """A hash of the recipe, of the disk's layout too."""
        own = resources.files(__package__)
        made_by = [own.joinpath(name).read_text() for name in ("disk_image.py", "convert.py")]
        parts = [super().key, self.flavour, *made_by, str(_SYSTEM_MIB), str(OS_DISK_GB)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def command(self, hook: Path, tree: Path) -> list[str]:
        """Name the command that makes the tree, or without root an archive of it beside its place."""
        words = super().command(hook, tree)
        if not trees.ROOT:
            exchanged = {
                "--mode=root": "--mode=unshare",
                "--format=directory": "--format=tar",
                str(tree): str(trees.archive(tree)),
            }
            words = [exchanged.get(word, word) for word in words]
        return [f"{word} {self.flavour}" if word.startswith("--customize-hook=") else word for word in words]

    def missing(self) -> list[str]:
        """Say why no image can be made from this, if so."""
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        packages = [name for tool, name in _TOOLS.items() if shutil.which(tool, path=path) is None]
        packages += [name for part, name in _GRUB.items() if not (disk_image.GRUB / part).is_dir()]
        lacking = super().missing() + trees.missing()
        if packages:
            lacking.append(f"no disk can be made bootable: apt-get install {' '.join(packages)}")
        return lacking


class FlavourImage(marketplace.Marketplace):
    """One flavour's disk in the cache."""

    recipe: Recipe

    @property
    def hardware(self) -> Path:
        """What a machine needs and a namespace guest has not."""
        return self.disk.with_name(HARDWARE)

    @property
    def disk(self) -> Path:
        """Where the disk is, or will be."""
        return self.directory / self.recipe.key / DISK

    @property
    def ready(self) -> bool:
        """The image is there."""
        return self.disk.is_file()

    async def _build(self, progress: Progress) -> None:
        with self._workshop() as workshop:
            hook, result, tree = workshop / "customize.sh", workshop / "image", workshop / "tree"
            hook.write_text(self.recipe.customization)
            result.mkdir()
            os.environ.setdefault("INITRD", "No")  # the kernel has all that it boots with built in
            await marketplace.run_mmdebstrap(
                self.recipe.command(hook, tree),
                workshop / "log",
                lambda what, done: progress(what, done * 0.9),
            )
            progress("making the disk", 0.92)
            async with trees.unpacked(tree):
                await self._make_disk(tree, result)
            (result / "image.json").write_text(json.dumps({"made": int(time.time())}))
            result.rename(self.directory / self.recipe.key)

    async def _make_disk(self, tree: Path, result: Path) -> None:
        identity, raw = disk_image.Identity.new(), result / "disk.raw"
        disk_image.configure_boot_loader(tree, identity)
        await disk_image.make_disk(tree, raw, system_mib=_SYSTEM_MIB, size_gb=OS_DISK_GB, identity=identity)
        await run("qemu-img", "convert", "-O", "qcow2", str(raw), str(result / DISK))
        raw.unlink()
        await keep_hardware(tree, result / HARDWARE)


class Marketplace:
    """The images that a state directory offers: the wanted flavours, and others that are there already."""

    def __init__(
        self,
        directory: Path | None = None,
        wanted: Sequence[Flavour] = ("cloud-init",),
        base_image: Path | None = None,
    ) -> None:
        self.directory = directory or marketplace.cache_directory()
        self._base_image = base_image
        self._wanted = tuple(wanted) if base_image is None else ()
        ordered = dict.fromkeys((*wanted, *FLAVOURS))
        self._flavours = {
            name: FlavourImage(self.directory, Recipe.of_this_computer(name)) for name in ordered
        }

    @classmethod
    def of_state(cls, state: Path) -> Marketplace:
        """As `configure` left it for this state directory."""
        try:
            options = json.loads((state / OPTIONS).read_text())
        except (OSError, ValueError):
            return cls()
        base = options.get("base_image")
        return cls(
            wanted=tuple(options.get("flavours") or ("cloud-init",)), base_image=Path(base) if base else None
        )

    @property
    def ready(self) -> bool:
        """Everything wanted is there."""
        base = self._base_image is None or self._base_disk(self._base_image).is_file()
        return base and all(self._flavours[name].ready for name in self._wanted)

    @property
    def hardware(self) -> Path | None:
        """What namespace guests' disks lack to boot, from whichever image there is."""
        found = (image.hardware for image in self._flavours.values())
        return next((path for path in found if path.is_file()), None)

    def missing(self) -> list[str]:
        """Say why an image that is wanted cannot be made, if so."""
        if self._base_image is not None and not self._base_image.is_file():
            return [f"there is no disk image {self._base_image}"]
        return [line for name in self._wanted[:1] for line in self._flavours[name].recipe.missing()]

    async def prepare(self, progress: Progress) -> None:
        """Make what is wanted and not there."""
        if self._base_image is not None:
            await self._import(self._base_image, progress)
        for number, name in enumerate(self._wanted):
            await self._flavours[name].prepare(
                lambda what, done, number=number: progress(what, (number + done) / len(self._wanted))  # type: ignore[misc]
            )

    def _base_disk(self, file: Path) -> Path:
        """Where an image of one's own is kept: by name, size and time, so that a new one is a new one."""
        facts = file.stat()
        text = f"{file.resolve()} {facts.st_size} {facts.st_mtime_ns}"
        return self.directory / f"base-{hashlib.sha256(text.encode()).hexdigest()[:16]}" / DISK

    async def _import(self, file: Path, progress: Progress) -> None:
        """Copy an image of one's own into the cache, whatever its format: machines lie over it for long."""
        disk = self._base_disk(file)
        if disk.is_file():
            return
        progress(f"copying {file.name}", 0.1)
        self.directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.directory, prefix="base.build-") as workshop:
            draft = Path(workshop) / "image"
            draft.mkdir()
            await run("qemu-img", "convert", "-O", "qcow2", str(file), str(draft / DISK))
            _note_time(draft, file)
            draft.rename(disk.parent)

    def images(self, prefix: str) -> list[MarketplaceImage]:
        """Describe all that is there; each as both generations where this computer has the firmware.

        The first generation is the first: translated, its firmware takes five seconds less.
        """
        found: list[MarketplaceImage] = []
        if self._base_image is not None:
            disk = self._base_disk(self._base_image)
            if disk.is_file():
                found += self._entries(disk, "own", prefix, f"made from {self._base_image.name}")
        for name, image in self._flavours.items():
            if image.ready:
                sku = "" if name == "cloud-init" else f"-{name}"
                found += self._entries(image.disk, sku, prefix, _DESCRIPTIONS[name])
        return found

    def _entries(self, disk: Path, kind: str, prefix: str, description: str) -> list[MarketplaceImage]:
        release = Release.read()
        made = json.loads((disk.parent / "image.json").read_text())["made"]
        sku = "own" if kind == "own" else f"{release.version}{kind}"
        generations: list[tuple[Literal["V1", "V2"], str]] = [("V1", sku)]
        if firmware_code():
            generations.append(("V2", f"{sku}-gen2"))
        return [
            MarketplaceImage(
                publisher=_PUBLISHERS.get(release.distribution, "Debian"),
                offer=f"{release.distribution}-{release.version}",
                sku=name,
                version=time.strftime("0.%Y%m%d.%H%M", time.gmtime(made)),
                content=f"{prefix}{disk.parent.name}",
                os_type="Linux",
                size_gb=OS_DISK_GB,
                generation=generation,
                description=f"{release.distribution.capitalize()} {release.version}, {description}",
            )
            for generation, name in generations
        ]


def _note_time(image: Path, source: Path) -> None:
    (image / "image.json").write_text(json.dumps({"made": int(source.stat().st_mtime)}))


def configure(state: Path, flavours: Sequence[str], base_image: Path | None) -> None:
    """Keep, in a state directory, what its marketplace is to offer. GuestError for an unknown flavour."""
    unknown = [name for name in flavours if name not in FLAVOURS]
    if unknown:
        raise GuestError(f"there is no flavour {unknown[0]}: known are {', '.join(FLAVOURS)}")
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {"flavours": list(flavours), "base_image": str(base_image.resolve()) if base_image else None}
    (state / OPTIONS).write_text(json.dumps(document))
