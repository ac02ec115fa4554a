"""Temporary directories are empty and still there."""

from factory.linux.context import Context
from factory.linux.operations.temporary_files import temporary_files
from tests.factory.linux.tree import Tree


def test_temporary_files_go_and_their_directories_stay(tree: Tree, context: Context) -> None:
    tree.apply(temporary_files, context)
    assert list((tree / "tmp").iterdir()) == []
    assert list((tree / "var/tmp").iterdir()) == []
