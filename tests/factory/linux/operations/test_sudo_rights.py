"""Nobody inherits the sudo rights of a removed account."""

from factory.guest.command import sh
from factory.linux.context import Context
from factory.linux.operations.sudo_rights import sudo_rights
from tests.factory.linux.tree import Tree


def test_rights_of_the_removed_account_go_and_those_of_others_stay(tree: Tree, context: Context) -> None:
    tree.apply(sudo_rights, context)
    left = (tree / "etc/sudoers.d/90-cloud-init-users").read_text()
    assert left == "# User rules\nkeeper ALL=(ALL) ALL\n"


def test_a_file_whose_every_rule_went_is_removed(tree: Tree, context: Context) -> None:
    tree.apply(sudo_rights, context)
    assert not (tree / "etc/sudoers.d/waagent").exists()
    assert (tree / "etc/sudoers.d/README").exists()


def test_a_name_that_begins_like_a_removed_one_keeps_its_rights(tree: Tree, context: Context) -> None:
    (tree / "etc/sudoers.d/ops").write_text("azureuser2 ALL=(ALL) ALL\n")
    tree.apply(sudo_rights, context)
    assert (tree / "etc/sudoers.d/ops").read_text() == "azureuser2 ALL=(ALL) ALL\n"


def test_the_mode_of_a_file_that_stays_is_kept(tree: Tree, context: Context) -> None:
    tree.do(sh("chmod", "440", "/etc/sudoers.d/90-cloud-init-users"))
    tree.apply(sudo_rights, context)
    assert (tree / "etc/sudoers.d/90-cloud-init-users").stat().st_mode & 0o777 == 0o440
