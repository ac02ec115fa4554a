"""Root's door no longer opens to the keys of removed accounts."""

from factory.linux.context import Context
from factory.linux.operations.authorized_keys import authorized_keys
from tests.factory.linux.tree import KEY, OTHER_KEY, Tree


def test_the_removed_accounts_key_goes_and_another_stays(tree: Tree, context: Context) -> None:
    tree.apply(authorized_keys, context)
    left = (tree / "root/.ssh/authorized_keys").read_text()
    assert KEY not in left
    assert left == f"ssh-ed25519 {OTHER_KEY} b\n"


def test_a_file_that_held_no_other_key_is_left_empty(tree: Tree, context: Context) -> None:
    (tree / "root/.ssh/authorized_keys").write_text(f"ssh-ed25519 {KEY}\n")
    tree.apply(authorized_keys, context)
    assert (tree / "root/.ssh/authorized_keys").read_text() == ""


def test_without_removed_keys_nothing_is_done(context: Context) -> None:
    assert not list(authorized_keys(context.model_copy(update={"accounts": ()})))
