"""No process of the old machine is left as a dump."""

from factory.linux.context import Context
from factory.linux.operations.core_dumps import core_dumps
from tests.factory.linux.tree import Tree


def test_dumps_go_and_their_directory_stays(tree: Tree, context: Context) -> None:
    tree.apply(core_dumps, context)
    assert list((tree / "var/lib/systemd/coredump").iterdir()) == []
