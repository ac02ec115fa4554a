"""The way into a machine through Run Command, whose output is short and may be cut."""

import subprocess

import pytest

from factory.guest.command import Command
from factory.linux.bootstrap import (
    BootstrapError,
    host_keys_script,
    open_script,
    parse_host_keys,
    parse_open,
    parse_temporary_admin,
    temporary_admin_script,
)
from factory.linux.checks.accounts_gone import accounts_gone
from factory.linux.context import Context
from factory.linux.operations.accounts import accounts
from factory.linux.operations.sudo_rights import sudo_rights
from factory.remote.keys import HostKeys, make_key_pair
from tests.factory.linux.tree import OTHER_KEY, Tree

KEY = make_key_pair("golden run-1").public
ADMIN = "golden-run1"


@pytest.fixture
def admin(context: Context) -> Context:
    return context.model_copy(update={"accounts": (ADMIN,)})


def test_the_machines_own_public_keys_become_known_host_keys(tree: Tree) -> None:
    [output] = tree.do(Command(host_keys_script()))
    keys = parse_host_keys("build01", output.stdout)
    assert keys == HostKeys.from_public_keys([f"ssh-ed25519 {OTHER_KEY}"])


def test_the_longest_keys_fit_into_what_azure_keeps(tree: Tree) -> None:
    rsa = "A" * 2732  # of 16384 bits
    (tree / "etc/ssh/ssh_host_rsa_key.pub").write_text(f"ssh-rsa AAAA{rsa} root@build01\n")
    [output] = tree.do(Command(host_keys_script()))
    assert len(output.stdout.encode()) < 4096


def test_a_machine_without_keys_is_an_error(tree: Tree) -> None:
    with pytest.raises(BootstrapError, match="no SSH host keys"):
        parse_host_keys("build01", "@@ begin\n@@ end\n")


def test_output_that_lost_its_beginning_is_an_error_not_fewer_keys() -> None:
    with pytest.raises(BootstrapError, match="cut off"):
        parse_host_keys("build01", f"{KEY}\n@@ end\n")


def test_a_script_that_did_not_end_is_an_error_with_its_last_words() -> None:
    with pytest.raises(BootstrapError, match="useradd: cannot lock"):
        parse_host_keys("build01", "@@ begin\nuseradd: cannot lock /etc/passwd\n")


def _make(tree: Tree) -> str:
    [output] = tree.do(Command(temporary_admin_script(ADMIN, KEY)))
    assert output.status == 0, output.stderr
    return output.stdout


def test_the_temporary_admin_has_one_key_no_password_everything_by_sudo_and_an_end(tree: Tree) -> None:
    parse_temporary_admin("build01", ADMIN, _make(tree))
    assert (tree / f"home/{ADMIN}/.ssh/authorized_keys").read_text() == f"{KEY}\n"
    assert (tree / f"home/{ADMIN}/.ssh").stat().st_mode & 0o777 == 0o700
    rules = tree / f"etc/sudoers.d/90-{ADMIN}"
    assert rules.read_text() == f"{ADMIN} ALL=(ALL) NOPASSWD: ALL\n"
    assert rules.stat().st_mode & 0o777 == 0o440
    [entry] = [line for line in (tree / "etc/shadow").read_text().splitlines() if line.startswith(ADMIN)]
    fields = entry.split(":")
    assert fields[1] == "*"
    assert int(fields[7]) > 20000, "the day on which the account ends"


def test_making_the_admin_twice_does_no_harm(tree: Tree) -> None:
    assert _make(tree) == _make(tree)
    assert (tree / "etc/passwd").read_text().count(f"\n{ADMIN}:") == 1


def test_one_script_makes_the_admin_and_tells_the_host_keys(tree: Tree) -> None:
    [output] = tree.do(Command(open_script(ADMIN, KEY)))
    assert parse_open("build01", ADMIN, output.stdout) == HostKeys.from_public_keys(
        [f"ssh-ed25519 {OTHER_KEY}"]
    )
    assert (tree / f"home/{ADMIN}/.ssh/authorized_keys").read_text() == f"{KEY}\n"


def test_where_the_admin_is_not_made_no_host_keys_are_told(tree: Tree) -> None:
    (tree / "etc/sudoers.d").rename(tree / "etc/elsewhere")
    [output] = tree.do(Command(open_script(ADMIN, KEY)))
    assert output.status != 0
    with pytest.raises(BootstrapError, match="did not come to its end"):
        parse_open("build01", ADMIN, output.stdout)


def test_the_operations_remove_the_admin_and_the_gate_proves_it(tree: Tree, admin: Context) -> None:
    _make(tree)
    assert tree.probe(accounts_gone, admin)
    tree.apply(accounts, admin)
    tree.apply(sudo_rights, admin)
    assert tree.probe(accounts_gone, admin) == []


@pytest.mark.parametrize("name", ["", "Root", "a b", "-x", "a;id", "x" * 40])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of an account"):
        temporary_admin_script(name, KEY)


def test_a_key_with_shell_text_in_its_comment_stays_a_comment(tree: Tree) -> None:
    key = f"{KEY}'; touch /tmp/owned; '"
    tree.do(Command(temporary_admin_script(ADMIN, key)))
    assert not (tree / "tmp/owned").exists()
    assert (tree / f"home/{ADMIN}/.ssh/authorized_keys").read_text() == f"{key}\n"


def test_an_admin_that_was_not_made_is_an_error() -> None:
    with pytest.raises(BootstrapError, match="was not made"):
        parse_temporary_admin("build01", ADMIN, "@@ begin\nother\n@@ end\n")


@pytest.mark.parametrize("script", [host_keys_script(), open_script(ADMIN, KEY)])
def test_the_scripts_are_posix_shell(script: str) -> None:
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
