"""No lease is left."""

from factory.guest.command import Output
from factory.linux.checks.dhcp_leases_gone import dhcp_leases_gone
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_no_lease_is_no_finding() -> None:
    assert dhcp_leases_gone(Output(0), context_of()) == []


def test_a_lease_is_named() -> None:
    assert dhcp_leases_gone(Output(0, "/var/lib/dhcp/dhclient.eth0.leases\n"), context_of()) == [
        "/var/lib/dhcp/dhclient.eth0.leases holds a lease of this machine"
    ]


def test_the_probe_sees_leases_and_passes_over_empty_files(tree: Tree) -> None:
    assert tree.probe(dhcp_leases_gone, context_of())
    (tree / "var/lib/dhcp/dhclient.eth0.leases").write_text("")
    assert tree.probe(dhcp_leases_gone, context_of()) == []
