"""No history is left, of root or of users that stay."""

from factory.linux.context import Context
from factory.linux.operations.shell_histories import shell_histories
from tests.factory.linux.tree import Tree


def test_histories_of_all_users_go_and_their_work_stays(tree: Tree, context: Context) -> None:
    tree.apply(shell_histories, context)
    assert not [path for path in tree.left() if path.endswith("_history")]
    assert (tree / "home/keeper/work").exists()
