"""Caches of the package manager go, by whichever commands are its own."""

from factory.linux.context import Context
from factory.linux.operations.package_caches import package_caches
from factory.linux.package_managers.apt import APT


def test_the_distributions_own_package_manager_is_asked(context: Context) -> None:
    assert tuple(package_caches(context)) == APT.clean


def test_it_declares_the_paths_of_the_distributions_package_manager(context: Context) -> None:
    assert package_caches.changes(context) == ("/var/cache/apt", "/var/lib/apt/lists")
