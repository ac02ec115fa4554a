"""Something makes host keys at first boot."""

from factory.guest.command import Output
from factory.linux.checks.host_key_regenerator import host_key_regenerator
from tests.factory.linux.known import DEBIAN, UBUNTU, context_of
from tests.factory.linux.tree import Tree


def test_a_unit_that_makes_keys_is_enough() -> None:
    assert host_key_regenerator(Output(0), context_of(DEBIAN)) == []


def test_the_agent_alone_is_not_because_sshd_has_failed_by_then() -> None:
    conf = {"Provisioning.Agent": "waagent", "Provisioning.RegenerateSshHostKeyPair": "y"}
    [finding] = host_key_regenerator(Output(0), context_of(keygen_units=(), agent_conf=conf))
    assert "ssh-keygen -A" in finding


def test_cloud_init_with_its_module_is_enough() -> None:
    assert host_key_regenerator(Output(0, " - ssh\n"), context_of(UBUNTU)) == []


def test_cloud_init_without_its_module_is_not() -> None:
    assert host_key_regenerator(Output(0), context_of(UBUNTU)) == [
        "cloud-init's module ssh is off, so nothing makes SSH host keys"
    ]


def test_the_probe_reads_both_ways_to_write_a_list(tree: Tree) -> None:
    config = tree / "etc/cloud/cloud.cfg"
    config.parent.mkdir()
    for text in (
        "cloud_init_modules:\n - seed_random\n - ssh\n",
        "cloud_init_modules: [seed_random, ssh]\n",
        "cloud_init_modules: [ssh, seed_random]\n",
    ):
        config.write_text(text)
        assert tree.probe(host_key_regenerator, context_of(UBUNTU)) == [], text
    for text in ("cloud_init_modules:\n - ssh-import-id\n", "cloud_init_modules: [ssh-import-id]\n"):
        config.write_text(text)
        assert tree.probe(host_key_regenerator, context_of(UBUNTU)), text
