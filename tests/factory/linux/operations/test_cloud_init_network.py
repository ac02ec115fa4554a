"""What cloud-init wrote for the old network card goes, unless it is all the network there is."""

from factory.linux.context import Context
from factory.linux.operations.cloud_init_network import cloud_init_network
from tests.factory.linux.known import UBUNTU, context_of
from tests.factory.linux.tree import Tree

FILE = "etc/netplan/50-cloud-init.yaml"


def _plant(tree: Tree, config: str) -> None:
    for path, text in ((FILE, "match: {macaddress: 00:0d:3a}\n"), ("etc/cloud/cloud.cfg.d/99.cfg", config)):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)


def test_the_file_for_the_old_card_goes(tree: Tree) -> None:
    _plant(tree, "datasource_list: [Azure]\n")
    tree.apply(cloud_init_network, context_of(UBUNTU))
    assert not (tree / FILE).exists()


def test_the_file_stays_where_cloud_init_would_not_write_it_again(tree: Tree) -> None:
    _plant(tree, "network: {config: disabled}\n")
    outputs = tree.apply(cloud_init_network, context_of(UBUNTU))
    assert all(output.skipped for output in outputs)
    assert (tree / FILE).exists()


def test_a_machine_without_cloud_init_is_let_be(context: Context) -> None:
    assert not list(cloud_init_network(context))
