"""Traces of removed accounts are found wherever they are."""

from factory.guest.command import Output
from factory.linux.checks.accounts_gone import accounts_gone
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree

LEFT = """azureuser|is in /etc/passwd
azureuser|is in /etc/shadow
azureuser|is in the group sudo
azureuser|left /home/azureuser
azureuser|has rights in /etc/sudoers.d/waagent
"""


def test_no_trace_is_no_finding() -> None:
    assert accounts_gone(Output(0), context_of()) == []


def test_an_account_that_is_left_is_one_finding_with_all_its_traces() -> None:
    [finding] = accounts_gone(Output(0, LEFT), context_of())
    assert finding == (
        "the account azureuser is in /etc/passwd, is in /etc/shadow, is in the group sudo, "
        "left /home/azureuser, has rights in /etc/sudoers.d/waagent"
    )


def test_not_knowing_whom_to_look_for_is_a_finding() -> None:
    nobody = context_of().model_copy(update={"accounts": ()})
    assert accounts_gone(Output(0), nobody) == ["it is not known which accounts must be gone"]


def test_the_probe_finds_every_trace(tree: Tree) -> None:
    [finding] = tree.probe(accounts_gone, context_of())
    for trace in (
        "is in /etc/passwd",
        "is in /etc/shadow",
        "is in the group sudo",
        "left /home/azureuser",
        "left /var/mail/azureuser",
        "has rights in /etc/sudoers.d/90-cloud-init-users",
    ):
        assert trace in finding


def test_the_probe_finds_a_password_hash_in_a_backup(tree: Tree) -> None:
    (tree / "etc/shadow-").write_text("azureuser:$6$x:19000::::::\n")
    [finding] = tree.probe(accounts_gone, context_of())
    assert "is in /etc/shadow-" in finding
