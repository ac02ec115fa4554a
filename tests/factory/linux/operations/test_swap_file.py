"""The agent's own swap file goes, the user's stays."""

from factory.linux.context import Context
from factory.linux.operations.swap_file import swap_file
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree

SETTINGS = {"ResourceDisk.EnableSwap": "y", "ResourceDisk.MountPoint": "/mnt/resource"}


def test_the_agents_swap_file_goes(tree: Tree) -> None:
    (tree / "mnt/resource").mkdir()
    (tree / "mnt/resource/swapfile").write_text("memory")
    tree.apply(swap_file, context_of(agent_conf=SETTINGS))
    assert not (tree / "mnt/resource/swapfile").exists()


def test_where_the_agent_makes_no_swap_there_is_nothing_to_do(context: Context) -> None:
    assert not list(swap_file(context))
