"""No random seed is saved."""

from factory.guest.command import Output
from factory.linux.checks.random_seed_gone import random_seed_gone
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_no_seed_is_no_finding() -> None:
    assert random_seed_gone(Output(0), context_of()) == []


def test_a_seed_is_named() -> None:
    assert random_seed_gone(Output(0, "/var/lib/systemd/random-seed\n"), context_of()) == [
        "/var/lib/systemd/random-seed still there"
    ]


def test_the_probe_sees_it(tree: Tree) -> None:
    assert tree.probe(random_seed_gone, context_of())
    (tree / "var/lib/systemd/random-seed").unlink()
    assert tree.probe(random_seed_gone, context_of()) == []
