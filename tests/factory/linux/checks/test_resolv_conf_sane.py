"""resolv.conf is there, and says nothing of the old network."""

from factory.guest.command import Output
from factory.linux.checks.resolv_conf_sane import resolv_conf_sane
from tests.factory.linux.known import UBUNTU, context_of
from tests.factory.linux.tree import Tree


def test_azures_resolver_alone_is_no_finding() -> None:
    assert resolv_conf_sane(Output(0, "file\nnameserver 168.63.129.16\n"), context_of()) == []


def test_the_link_that_was_there_is_no_finding() -> None:
    said = "link ../run/systemd/resolve/stub-resolv.conf\n"
    assert resolv_conf_sane(Output(0, said), context_of(UBUNTU)) == []


def test_a_file_that_the_agent_deleted_is_found() -> None:
    assert resolv_conf_sane(Output(0, "missing\n"), context_of()) == ["/etc/resolv.conf is missing"]


def test_a_file_where_a_link_was_is_found() -> None:
    [finding] = resolv_conf_sane(Output(0, "file\nnameserver 168.63.129.16\n"), context_of(UBUNTU))
    assert "was a link to ../run/systemd/resolve/stub-resolv.conf" in finding


def test_a_domain_of_the_old_network_is_found(tree: Tree) -> None:
    assert tree.probe(resolv_conf_sane, context_of()) == [
        "/etc/resolv.conf tells of the old network: nameserver 10.0.0.4, search corp.example"
    ]
