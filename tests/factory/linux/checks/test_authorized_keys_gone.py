"""No key of a removed account opens a door."""

from factory.guest.command import Output
from factory.linux.checks.authorized_keys_gone import authorized_keys_gone
from tests.factory.linux.known import context_of, verification_of
from tests.factory.linux.tree import KEY, OTHER_KEY, Tree

ACCOUNTS = "account root /root\naccount keeper /home/keeper\n"


def test_other_keys_of_root_and_of_users_are_no_finding() -> None:
    said = (
        f"/root/.ssh/authorized_keys ssh-ed25519 {OTHER_KEY} b\n"
        f"/home/keeper/.ssh/authorized_keys ssh-ed25519 {KEY} a\n{ACCOUNTS}"
    )
    assert authorized_keys_gone(Output(0, said), context_of()) == []


def test_a_removed_accounts_key_at_roots_door_is_found_behind_its_options() -> None:
    said = f'/root/.ssh/authorized_keys no-pty,command="echo no" ssh-ed25519 {KEY} a\n{ACCOUNTS}'
    assert authorized_keys_gone(Output(0, said), context_of()) == [
        "/root/.ssh/authorized_keys lets in the key of a removed account"
    ]


def test_keys_in_a_home_without_an_owner_are_found() -> None:
    said = f"/home/azureuser/.ssh/authorized_keys ssh-ed25519 {KEY} a\n{ACCOUNTS}"
    assert authorized_keys_gone(Output(0, said), context_of()) == [
        "/home/azureuser/.ssh/authorized_keys belongs to no account"
    ]


def test_a_home_that_only_a_keys_comment_names_has_no_owner() -> None:
    said = f"/home/x/.ssh/authorized_keys ssh-ed25519 {OTHER_KEY} /home/x\n{ACCOUNTS}"
    assert authorized_keys_gone(Output(0, said), context_of())


def test_comments_and_empty_lines_open_no_door() -> None:
    said = (
        f"/root/.ssh/authorized_keys # ssh-ed25519 {KEY} a\n"
        f"/home/x/.ssh/authorized_keys # ssh-ed25519 {KEY} a\n"
        f"/home/x/.ssh/authorized_keys \n{ACCOUNTS}"
    )
    assert authorized_keys_gone(Output(0, said), context_of()) == []


def test_on_the_new_machine_the_sources_keys_are_looked_for() -> None:
    said = f"/root/.ssh/authorized_keys ssh-ed25519 {KEY} a\n{ACCOUNTS}"
    assert authorized_keys_gone(Output(0, said), verification_of(authorized_keys={}))
    # ^ the new machine's own facts know nothing of the removed account


def test_the_probe_sees_root_and_homes(tree: Tree) -> None:
    passwd = tree / "etc/passwd"
    passwd.write_text(passwd.read_text().replace("azureuser:", "gone:").replace("/home/azureuser", "/"))
    assert tree.probe(authorized_keys_gone, context_of()) == [
        "/root/.ssh/authorized_keys lets in the key of a removed account",
        "/home/azureuser/.ssh/authorized_keys belongs to no account",
    ]
