"""Distributions and package managers as data; each is one file in its folder.

Nothing asks for a distribution by name. A unit asks for what it needs to know: the agent's service, the
package manager's commands.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

from factory.errors import FactoryError
from factory.guest.command import Command
from factory.guest.units import Proof
from factory.linux import distros, package_managers


class UnknownDistroError(FactoryError):
    """The guest runs a distribution that the factory has no file for."""


@dataclass(frozen=True)
class PackageManager:
    """How packages are brought up to date and tidied up, as commands that never ask.

    `pending` prints one line for every operation that is under way or half done, and nothing when idle.
    """

    name: str
    upgrade: tuple[Command, ...]
    clean: tuple[Command, ...]
    pending: Command
    caches: tuple[str, ...]
    """Paths that `clean` may change."""


@dataclass(frozen=True)
class Distro:
    """One distribution: how to know it, and what it calls things."""

    id: str
    """ID in /etc/os-release."""
    title: str
    package_manager: str
    agent_package: str
    agent_service: str
    releases: tuple[str, ...]
    """VERSION_ID of the releases that the facts here were looked up for."""
    proof: Proof


Data = TypeVar("Data", Distro, PackageManager)


def known_distros() -> dict[str, Distro]:
    """Every distribution by its ID."""
    return {distro.id: distro for distro in _instances(distros, Distro)}


def known_package_managers() -> dict[str, PackageManager]:
    """Every package manager by its name."""
    return {manager.name: manager for manager in _instances(package_managers, PackageManager)}


def distro_for(os_release: Mapping[str, str]) -> Distro:
    """The distribution that /etc/os-release names, or UnknownDistroError.

    ID_LIKE is not followed: a derivative that is like Debian in most things may still keep its agent, its
    keys or its network elsewhere, and a wrong guess ends in an image that does not boot.
    """
    known = known_distros()
    name = os_release.get("ID", "")
    if name not in known:
        raise UnknownDistroError(
            f"no unit of the factory knows the distribution {name or '(no ID in /etc/os-release)'!r}",
            remedy=f"Known are {', '.join(sorted(known))}; another is one file in factory/linux/distros.",
        )
    return known[name]


def _instances(package: ModuleType, kind: type[Data]) -> list[Data]:
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [value for module in modules for value in vars(module).values() if isinstance(value, kind)]
