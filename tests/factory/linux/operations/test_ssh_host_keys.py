"""Host keys go only where something makes new ones."""

from factory.linux.context import Context
from factory.linux.operations.ssh_host_keys import ssh_host_keys
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_the_keys_go_and_the_servers_settings_stay(tree: Tree, context: Context) -> None:
    tree.apply(ssh_host_keys, context)
    assert [path.name for path in (tree / "etc/ssh").iterdir()] == ["sshd_config"]


def test_keys_that_nothing_would_replace_stay() -> None:
    assert not list(ssh_host_keys(context_of(keygen_units=())))
