"""Nobody logs in as root with a password."""

from factory.guest.command import Output
from factory.linux.checks.root_locked import root_locked
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_a_locked_password_is_no_finding() -> None:
    assert root_locked(Output(0, "*\n"), context_of()) == []
    assert root_locked(Output(0, "!\n"), context_of()) == []


def test_a_password_is_found() -> None:
    assert root_locked(Output(0, "$\n"), context_of()) == ["root has a password"]


def test_an_empty_password_is_found() -> None:
    assert root_locked(Output(0, "empty\n"), context_of()) == ["root has an empty password"]


def test_no_entry_at_all_is_found() -> None:
    assert root_locked(Output(0), context_of()) == ["/etc/shadow has no entry of root"]


def test_a_root_that_the_agent_was_told_to_leave_alone_is_the_users() -> None:
    left = context_of(agent_conf={"Provisioning.DeleteRootPassword": "n"})
    assert root_locked(Output(0, "$\n"), left) == []


def test_the_probe_never_shows_the_hash(tree: Tree) -> None:
    (tree / "etc/shadow").write_text("root:$6$salt$hash:19000::::::\n")
    [output] = tree.do(root_locked.command(context_of()))
    assert output.stdout == "$\n"
