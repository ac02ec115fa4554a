"""The logs are empty, and daemons can still write to them."""

from factory.linux.context import Context
from factory.linux.operations.logs import logs
from tests.factory.linux.tree import Tree


def test_logs_are_emptied_in_place_and_rotated_ones_go(tree: Tree, context: Context) -> None:
    (tree / "var/log/syslog").chmod(0o640)
    tree.apply(logs, context)
    assert (tree / "var/log/syslog").read_text() == ""
    assert (tree / "var/log/syslog").stat().st_mode & 0o777 == 0o640
    assert not (tree / "var/log/syslog.1").exists()
    assert not (tree / "var/log/apt/history.log-20260101").exists()


def test_the_journal_goes_with_the_directory_named_for_the_old_machine(tree: Tree, context: Context) -> None:
    tree.apply(logs, context)
    assert list((tree / "var/log/journal").iterdir()) == []
