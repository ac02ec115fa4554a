"""Accounts that must not be in the image go with all that is theirs; the others stay."""

from factory.linux.context import Context
from factory.linux.operations.accounts import accounts
from tests.factory.linux.tree import Tree


def test_the_account_goes_with_home_group_and_mail(tree: Tree, context: Context) -> None:
    tree.apply(accounts, context)
    for database in ("passwd", "shadow", "group", "gshadow"):
        assert "azureuser" not in (tree / f"etc/{database}").read_text()
    assert not (tree / "home/azureuser").exists()
    assert not (tree / "var/mail/azureuser").exists()


def test_other_accounts_stay(tree: Tree, context: Context) -> None:
    tree.apply(accounts, context)
    assert "keeper:x:1001" in (tree / "etc/passwd").read_text()
    assert (tree / "home/keeper/work").read_text() == "stays\n"


def test_an_account_that_the_agent_already_removed_is_no_error(tree: Tree, context: Context) -> None:
    tree.apply(accounts, context)
    assert all(output.status == 0 for output in tree.apply(accounts, context))


def test_a_system_account_is_never_removed_whoever_names_it(tree: Tree, context: Context) -> None:
    tree.apply(accounts, context.model_copy(update={"accounts": ("root", "daemon", "sudo")}))
    assert "root:x:0:0:" in (tree / "etc/passwd").read_text()
    assert "daemon:x:1:1:" in (tree / "etc/passwd").read_text()
    assert "sudo:x:27:" in (tree / "etc/group").read_text()


def test_a_home_that_is_no_home_is_never_removed(tree: Tree, context: Context) -> None:
    users = tuple(user.model_copy(update={"home": "/"}) for user in context.facts.users)
    everywhere = context.model_copy(update={"facts": context.facts.model_copy(update={"users": users})})
    tree.apply(accounts, everywhere)
    assert (tree / "home/keeper/work").exists()
