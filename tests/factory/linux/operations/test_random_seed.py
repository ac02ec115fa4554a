"""No random seed is saved, now or while the machine goes down."""

from factory.linux.context import Context
from factory.linux.operations.random_seed import random_seed
from tests.factory.linux.tree import Tree


def test_the_seed_goes(tree: Tree, context: Context) -> None:
    tree.apply(random_seed, context)
    assert not (tree / "var/lib/systemd/random-seed").exists()


def test_its_service_is_stopped_first_because_stopping_saves_a_seed() -> None:
    first, second = random_seed()
    assert first.line == "systemctl stop systemd-random-seed.service"
    assert second.line.startswith("rm ")
