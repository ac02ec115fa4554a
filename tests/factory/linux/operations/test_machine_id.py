"""The machine ID is blank and never missing."""

from factory.linux.context import Context
from factory.linux.generalize import all_operations
from factory.linux.operations.machine_id import machine_id
from tests.factory.linux.tree import Tree


def test_the_file_stays_empty_and_d_bus_follows_it(tree: Tree, context: Context) -> None:
    tree.apply(machine_id, context)
    assert (tree / "etc/machine-id").read_text() == ""
    assert (tree / "var/lib/dbus/machine-id").readlink().as_posix() == "/etc/machine-id"


def test_a_machine_without_d_bus_gets_none_of_its_files(tree: Tree, context: Context) -> None:
    (tree / "var/lib/dbus/machine-id").unlink()
    (tree / "var/lib/dbus").rmdir()
    tree.apply(machine_id, context)
    assert not (tree / "var/lib/dbus").exists()


def test_it_comes_after_the_journals_tools_which_need_an_id() -> None:
    order = [operation.name for operation in all_operations()]
    assert order.index("logs") < order.index("machine_id")
