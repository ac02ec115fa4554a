"""Units of systemd as files: where they lie, what they say, which of them are enabled."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ETC = Path("/etc/systemd/system")
FOLDERS = (ETC, Path("/run/systemd/system"), Path("/lib/systemd/system"))
TARGETS = ("multi-user.target", "default.target", "sysinit.target", "basic.target", "local-fs.target")


@dataclass
class Unit:
    """One unit as its file and its drop-ins say."""

    name: str
    path: Path
    settings: dict[str, list[str]] = field(default_factory=dict)

    def one(self, setting: str, default: str = "") -> str:
        """The last value of a setting."""
        return (self.settings.get(setting) or [default])[-1]

    def all(self, setting: str) -> list[str]:
        """Every value of a setting that may be given several times."""
        return self.settings.get(setting, [])


def full_name(name: str) -> str:
    """What is meant by a name without a suffix: a service."""
    suffixes = (".service", ".target", ".timer", ".socket", ".mount", ".path")
    return name if name.endswith(suffixes) else f"{name}.service"


def find(name: str) -> Path | None:
    """The file of a unit, by whichever folder comes first; aliases are links."""
    for folder in FOLDERS:
        path = folder / name
        if path.exists() or path.is_symlink():
            return path
    return None


def is_masked(path: Path) -> bool:
    """Whether a unit's file is a link to nowhere."""
    return path.is_symlink() and str(path.readlink()) == "/dev/null"


def load(name: str) -> Unit | None:
    """Read a unit; None where there is no such file."""
    path = find(name)
    if path is None or is_masked(path):
        return None
    if path.is_symlink() and path.readlink().name != name and "@" not in name:
        name = path.readlink().name
    unit = Unit(name, path)
    _read(path, unit.settings)
    for folder in reversed(FOLDERS):
        for dropin in sorted((folder / f"{name}.d").glob("*.conf")):
            _read(dropin, unit.settings)
    return unit


def _read(path: Path, settings: dict[str, list[str]]) -> None:
    text = path.read_text().replace("\\\n", " ")
    for line in map(str.strip, text.splitlines()):
        if not line or line[0] in "#;[" or "=" not in line:
            continue
        name, _, value = line.partition("=")
        if value.strip():
            settings.setdefault(name.strip(), []).append(value.strip())
        else:
            settings[name.strip()] = []  # an empty value takes back what was said before


def enabled_in(name: str) -> list[Path]:
    """The links that have a unit started at boot."""
    return [link for folder in _wants() for link in [folder / name] if link.is_symlink()]


def _wants() -> Iterator[Path]:
    for place in FOLDERS:
        if place.is_dir():
            yield from sorted(p for p in place.iterdir() if p.name.endswith((".wants", ".requires")))


def all_enabled() -> list[str]:
    """Every unit that some target wants, in the order in which we start them."""
    names = {
        link.name
        for folder in _wants()
        if folder.name.rsplit(".", 1)[0] in TARGETS
        for link in folder.iterdir()
        if link.name.endswith(".service")
    }
    return sorted(names)


def state_of(name: str) -> str:
    """What `systemctl is-enabled` says; empty where there is no such unit."""
    path = find(name)
    if path is None:
        return ""
    if is_masked(path):
        return "masked-runtime" if path.is_relative_to("/run") else "masked"
    if path.is_symlink() and path.readlink().name != name:
        return "alias"
    if enabled_in(name):
        return "enabled"
    unit = load(name)
    installs = unit and (unit.all("WantedBy") or unit.all("RequiredBy") or unit.all("Alias"))
    return "disabled" if installs else "static"


def enable(unit: Unit) -> list[str]:
    """Make a unit's links; what systemctl says about it."""
    said = []
    for setting, suffix in (("WantedBy", "wants"), ("RequiredBy", "requires")):
        for target in " ".join(unit.all(setting)).split():
            link = ETC / f"{target}.{suffix}" / unit.name
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(unit.path)
                said.append(f"Created symlink {link} \N{RIGHTWARDS ARROW} {unit.path}.")
    return said


def disable(name: str) -> list[str]:
    """Take a unit's links away."""
    said = []
    for link in enabled_in(name):
        if link.is_relative_to(ETC):
            link.unlink()
            said.append(f"Removed {link}.")
    return said


def mask(name: str) -> list[str]:
    """Make it impossible to start a unit."""
    path = ETC / name
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.symlink_to(os.devnull)
    return [f"Created symlink {path} \N{RIGHTWARDS ARROW} /dev/null."]


def unmask(name: str) -> list[str]:
    """Take a mask away."""
    path = ETC / name
    if not is_masked(path):
        return []
    path.unlink()
    return [f"Removed {path}."]
