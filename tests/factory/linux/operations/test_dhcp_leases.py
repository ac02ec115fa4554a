"""No DHCP client remembers the old machine's address."""

from factory.linux.context import Context
from factory.linux.operations.dhcp_leases import dhcp_leases
from tests.factory.linux.tree import Tree


def test_leases_go_and_the_clients_directory_stays(tree: Tree, context: Context) -> None:
    tree.apply(dhcp_leases, context)
    assert list((tree / "var/lib/dhcp").iterdir()) == []
