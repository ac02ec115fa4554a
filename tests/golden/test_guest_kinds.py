"""Which kind of guest the demo takes, and what it says when it is not the first."""

import stat
from pathlib import Path
from typing import Any

import pytest

from golden import guest_kinds, local_azure, machine_login
from golden.console import Trouble
from golden.guest_kinds import choose_kind
from golden.machine_console import find_machine
from golden.machine_login import Way


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What this computer is said to lack, by kind."""
    found: dict[str, list[str]] = {kind: [] for kind in guest_kinds.KINDS}
    monkeypatch.setattr(local_azure, "missing", lambda _state, kind: found[kind])
    return found


def test_the_most_real_kind_that_runs_is_taken(lacking: dict[str, list[str]], tmp_path: Path) -> None:
    assert choose_kind("auto", tmp_path) == "qemu"
    lacking["qemu"] = ["QEMU is not installed: apt-get install qemu-system-x86"]
    assert choose_kind("auto", tmp_path) == "namespace"
    lacking["namespace"] = ["namespace guests need root: run the command with sudo"]
    assert choose_kind("auto", tmp_path) == "model"


def test_why_it_is_not_the_first_is_one_line_with_what_mends_it(
    lacking: dict[str, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking["qemu"] = ["QEMU is not installed: apt-get install qemu-system-x86", "and more"]
    choose_kind("auto", tmp_path)
    said = capsys.readouterr()
    text = " ".join((said.out + said.err).split())
    assert text == "no qemu guests here: QEMU is not installed: apt-get install qemu-system-x86"


def test_a_kind_that_was_asked_for_is_not_exchanged(lacking: dict[str, list[str]], tmp_path: Path) -> None:
    lacking["qemu"] = ["QEMU is not installed"]
    assert choose_kind("qemu", tmp_path) == "qemu"


def test_nothing_at_all_is_an_error(lacking: dict[str, list[str]], tmp_path: Path) -> None:
    for kind in lacking:
        lacking[kind] = ["no"]
    with pytest.raises(Trouble, match="no kind of guest runs"):
        choose_kind("auto", tmp_path)


def test_ssh_reads_no_configuration_and_no_host_keys_of_the_users_own(tmp_path: Path) -> None:
    words = Way("127.16.0.4", 2222, tmp_path / "key", tmp_path / "known").command(["uptime"])
    assert words[:3] == ["ssh", "-F", "/dev/null"]
    assert "StrictHostKeyChecking=yes" in words
    assert f"UserKnownHostsFile={tmp_path / 'known'}" in words
    assert words[-2:] == ["local-admin@127.16.0.4", "uptime"]


def test_a_machine_is_found_by_its_name_and_a_wrong_name_tells_the_right_ones() -> None:
    class Local(local_azure.LocalAzure):
        def ask(self, path: str, *, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
            ids = ["/x/resourceGroups/a/virtualMachines/app-vm", "/x/resourceGroups/b/virtualMachines/other"]
            return {"machines": [{"id": name, "machine_id": name[-2:]} for name in ids]}

    running = Local(Path("/nowhere"), {})
    assert find_machine(running, "APP-VM")["machine_id"] == "vm"
    with pytest.raises(Trouble, match=r"no such VM; the local Azure has: app-vm, other"):
        find_machine(running, "app")


def test_the_key_of_a_machine_is_its_owners_alone(tmp_path: Path) -> None:
    public = machine_login._key_pair(tmp_path / "vm" / "key")
    assert public.startswith("ssh-ed25519 ")
    assert stat.S_IMODE((tmp_path / "vm" / "key").stat().st_mode) == 0o600
    assert machine_login._key_pair(tmp_path / "vm" / "key") != public, "made anew each time"
