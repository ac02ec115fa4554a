"""Distributions are data, found by what /etc/os-release says."""

from pathlib import Path

import pytest

from factory.guest.command import sh_script
from factory.linux.distro import UnknownDistroError, distro_for, known_distros, known_package_managers
from factory.linux.package_managers.apt import APT
from tests.factory.linux.tree import Tree


@pytest.mark.parametrize("name", ["debian", "ubuntu"])
def test_the_id_in_os_release_decides(name: str) -> None:
    assert distro_for({"ID": name}).id == name


@pytest.mark.parametrize("os_release", [{"ID": "kali", "ID_LIKE": "debian"}, {}])
def test_a_distribution_that_is_like_another_is_still_unknown(os_release: dict[str, str]) -> None:
    with pytest.raises(UnknownDistroError, match="Known are debian, ubuntu"):
        distro_for(os_release)


def test_every_distribution_has_a_package_manager_that_is_known() -> None:
    for distro in known_distros().values():
        assert distro.package_manager in known_package_managers()


def test_every_distribution_stands_in_the_file_of_its_id() -> None:
    folder = Path(__file__).parents[3] / "factory/linux/distros"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == set(known_distros())


def test_apt_never_asks_keeps_changed_files_and_waits_for_the_lock_with_a_bound() -> None:
    for command in APT.upgrade:
        for word in ("DEBIAN_FRONTEND=noninteractive", "--assume-yes", "--force-confold", "Timeout=300"):
            assert word in command.line


def test_an_idle_apt_has_nothing_pending(tree: Tree) -> None:
    (tree / "var/lib/dpkg").mkdir(parents=True)
    (tree / "var/lib/dpkg/status").write_text("")
    (tree / "var/lib/dpkg/lock-frontend").write_text("")
    [output] = tree.do(APT.pending)
    assert "lock" not in output.stdout


def test_a_held_lock_is_pending(tree: Tree) -> None:
    lock = tree / "var/lib/dpkg/lock-frontend"
    lock.parent.mkdir(parents=True)
    lock.touch()
    tree.do(sh_script("flock /var/lib/dpkg/lock-frontend sleep 20 > /dev/null 2>&1 & sleep 0.2"))
    [output] = tree.do(APT.pending)
    assert "/var/lib/dpkg/lock-frontend is held by process" in output.stdout
