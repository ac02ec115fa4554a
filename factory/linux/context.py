"""What operations and checks may know about the guest they are for."""

from pydantic import BaseModel, ConfigDict

from factory.linux.distro import Distro, PackageManager, distro_for, known_package_managers
from factory.linux.facts import GuestFacts


class Expected(BaseModel):
    """What a machine made from an image must show; `source` is what the machine was that it came from."""

    model_config = ConfigDict(frozen=True)

    source: GuestFacts
    hostname: str
    admin: str
    luns: tuple[int, ...] = ()
    """The data disks that the image holds."""


class Context(BaseModel):
    """A guest as units see it.

    `accounts` are those that must not be in the image: the administrator that Azure made and the factory's
    own temporary ones. `expected` is there once a machine made from the image is looked at. The context is
    kept with the evidence, so that evidence can be judged again by whoever reads it.
    """

    model_config = ConfigDict(frozen=True)

    facts: GuestFacts
    accounts: tuple[str, ...] = ()
    expected: Expected | None = None

    @property
    def removed_keys(self) -> tuple[str, ...]:
        """The SSH keys of the accounts that must not be in the image."""
        before = self.expected.source if self.expected else self.facts
        keys = (key for name in self.accounts for key in before.authorized_keys.get(name, ()))
        return tuple(dict.fromkeys(keys))

    @property
    def distro(self) -> Distro:
        """What /etc/os-release names; UnknownDistroError where the factory has no file for it."""
        return distro_for(self.facts.os_release)

    @property
    def package_manager(self) -> PackageManager:
        """The distribution's package manager."""
        return known_package_managers()[self.distro.package_manager]
