"""No shell history is left."""

from factory.guest.command import Output
from factory.linux.checks.histories_gone import histories_gone
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_no_history_is_no_finding() -> None:
    assert histories_gone(Output(0), context_of()) == []


def test_histories_are_named() -> None:
    assert histories_gone(Output(0, "/root/.bash_history\n"), context_of()) == [
        "/root/.bash_history still there"
    ]


def test_the_probe_sees_root_and_every_home(tree: Tree) -> None:
    [finding] = tree.probe(histories_gone, context_of())
    for home in ("/root", "/home/azureuser", "/home/keeper"):
        assert home in finding
