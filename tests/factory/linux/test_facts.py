"""Facts are read from what real machines printed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import RemoteError
from factory.guest.command import Output
from factory.linux.facts import GuestFacts, facts_probe, gather_facts, parse_facts
from tests.factory.guest.scripted import ScriptedGuest
from tests.factory.linux.known import UBUNTU
from tests.factory.linux.tree import OTHER_KEY, Tree

RECORDED = Path(__file__).parent / "recorded"
SECTIONS = [
    line for line in (RECORDED / "debian-agent.txt").read_text().splitlines() if line.startswith("@@ ")
]


def _recorded(name: str, *files: str) -> GuestFacts:
    return parse_facts((RECORDED / f"{name}.txt").read_text(), files)


def test_a_debian_that_its_agent_provisioned() -> None:
    facts = _recorded("debian-agent", "/data/x", "/no/such")
    assert facts.os_release["ID"] == "debian"
    assert facts.os_release["PRETTY_NAME"] == "Debian GNU/Linux 12 (bookworm)"
    assert facts.machine_id == "c95cf7832d8d4251b9b349458f4aba2d"
    assert facts.hostname == "build01"
    assert facts.systemd
    assert (facts.agent_version, facts.agent_admin) == ("2.7.3.0", "azureuser")
    assert facts.agent_says("Provisioning.DeleteRootPassword")
    assert not facts.agent_says("ResourceDisk.EnableSwap")
    assert [(user.name, user.uid) for user in facts.users] == [("azureuser", 1000), ("keeper", 1001)]
    assert facts.sudoers == ("azureuser", "keeper")
    assert facts.authorized_keys["root"] == facts.authorized_keys["azureuser"]
    assert facts.root_locked
    assert facts.resolv_conf == "file"
    assert facts.cloud_init is None
    assert facts.provisioned_by == "waagent"
    assert facts.host_key_regenerator == "/etc/systemd/system/ssh.service.d/host-keys.conf"
    assert list(facts.host_keys) == ["ssh-ed25519"]


def test_its_data_disk_and_the_files_that_were_asked_for() -> None:
    facts = _recorded("debian-agent", "/data/x", "/no/such")
    [disk] = facts.data_disks
    assert (disk.lun, disk.size_bytes) == (0, 1 << 30)
    assert [(entry.type, entry.mount) for entry in disk.filesystems] == [("ext4", "/data")]
    assert facts.files == {
        "/data/x": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
        "/no/such": None,
    }


def test_a_debian_with_cloud_init() -> None:
    facts = _recorded("debian-cloud-init")
    assert facts.cloud_init == "22.4.2"
    assert {"--logs", "--seed", "--machine-id"} < set(facts.cloud_init_clean_flags)
    assert facts.provisioned_by == "cloud-init"
    assert facts.host_key_regenerator == "cloud-init"
    assert len(facts.host_keys) == 3
    assert not facts.systemd


def test_the_agent_decides_who_provisions_by_what_is_installed() -> None:
    auto = {"Provisioning.Agent": "auto"}
    assert UBUNTU.model_copy(update={"agent_conf": auto}).provisioned_by == "cloud-init"
    without = UBUNTU.model_copy(update={"agent_conf": auto, "cloud_init": None})
    assert without.provisioned_by == "waagent"


def test_the_probe_reads_a_machine_without_agent_cloud_init_or_disks(tree: Tree) -> None:
    [output] = tree.do(facts_probe(["/home/keeper/work", "/no/such"]))
    facts = parse_facts(output.stdout, ["/home/keeper/work", "/no/such"])
    assert facts.machine_id == "0123456789abcdef0123456789abcdef"
    assert facts.agent_admin == "azureuser"
    assert facts.agent_version is None
    assert facts.sudoers == ("azureuser", "keeper")
    assert OTHER_KEY in facts.authorized_keys["root"]
    assert facts.files["/no/such"] is None
    assert facts.files["/home/keeper/work"]
    assert facts.root_locked


def test_the_probe_never_shows_roots_password_hash(tree: Tree) -> None:
    (tree / "etc/shadow").write_text("root:$6$salt$hash:19000::::::\n")
    [output] = tree.do(facts_probe())
    assert "hash" not in output.stdout
    assert not parse_facts(output.stdout).root_locked


def test_files_with_any_name_are_hashed_in_their_order(tree: Tree) -> None:
    names = ["/home/a b", "/home/-n", "/home/$(id)", "/home/new\nline"]
    for number, name in enumerate(names):
        (tree / name.lstrip("/")).write_text(str(number))
    [output] = tree.do(facts_probe(names))
    hashes = parse_facts(output.stdout, names).files
    assert list(hashes) == names
    assert len({value for value in hashes.values() if value}) == len(names)


@given(st.text(), st.lists(st.sampled_from(SECTIONS)))
def test_whatever_a_machine_prints_is_read(text: str, sections: list[str]) -> None:
    for line in (f"{section}\n{text}" for section in sections):
        parse_facts(line, ["/a", "/b"])


async def test_a_probe_that_fails_is_no_facts() -> None:
    guest = ScriptedGuest({"@@": Output(1, "", "sh: not found")})
    with pytest.raises(RemoteError):
        await gather_facts(guest)
    facts = (RECORDED / "debian-agent.txt").read_text()
    assert (await gather_facts(ScriptedGuest({"@@": Output(0, facts)}))).hostname == "build01"
