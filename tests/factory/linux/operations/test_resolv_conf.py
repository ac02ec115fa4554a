"""The next machine finds names, and nothing of the old network."""

from factory.linux.context import Context
from factory.linux.operations.resolv_conf import resolv_conf
from tests.factory.linux.known import UBUNTU, context_of
from tests.factory.linux.tree import Tree


def test_a_plain_file_names_azures_resolver_alone(tree: Tree, context: Context) -> None:
    tree.apply(resolv_conf, context)
    assert (tree / "etc/resolv.conf").read_text() == "nameserver 168.63.129.16\n"


def test_a_file_that_the_agent_deleted_is_there_again(tree: Tree, context: Context) -> None:
    (tree / "etc/resolv.conf").unlink()
    tree.apply(resolv_conf, context)
    assert (tree / "etc/resolv.conf").exists()


def test_a_link_that_the_agent_deleted_is_put_back(tree: Tree) -> None:
    (tree / "etc/resolv.conf").unlink()
    tree.apply(resolv_conf, context_of(UBUNTU))
    assert (tree / "etc/resolv.conf").readlink().as_posix() == "../run/systemd/resolve/stub-resolv.conf"
