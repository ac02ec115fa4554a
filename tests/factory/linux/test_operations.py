"""What holds for every operation, one that is added tomorrow included."""

import hashlib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from factory.guest.units import Operation
from factory.linux.context import Context
from factory.linux.generalize import all_operations
from tests.factory.linux.known import UBUNTU, context_of
from tests.factory.linux.tree import Tree

every_operation = pytest.mark.parametrize("operation", all_operations(), ids=lambda unit: unit.name)


@every_operation
def test_it_changes_only_what_it_declares(operation: Operation, tree: Tree, context: Context) -> None:
    before = _state(tree)
    for command in operation(context):
        tree.do(command)
    after = _state(tree)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    declared = operation.changes(context)
    assert not [path for path in changed if not _declared(f"/{path}", declared)]


@every_operation
def test_a_second_run_changes_nothing_more(operation: Operation, tree: Tree, context: Context) -> None:
    commands = list(operation(context))
    tree.do(*commands)
    once = _state(tree)
    tree.do(*commands)
    assert _state(tree) == once


@every_operation
def test_its_test_lies_beside_it(operation: Operation) -> None:
    assert (Path(__file__).parent / "operations" / f"test_{operation.name}.py").is_file()


@every_operation
def test_it_stands_in_the_file_of_its_name(operation: Operation) -> None:
    assert operation.commands.__module__ == f"factory.linux.operations.{operation.name}"


def test_all_together_leave_nothing_of_the_machine_that_was(tree: Tree, context: Context) -> None:
    for operation in all_operations():
        tree.do(*operation(context))
    assert tree.left() == {
        "etc/.pwd.lock",
        "etc/group",
        "etc/gshadow",
        "etc/login.defs",
        "etc/machine-id",
        "etc/nsswitch.conf",
        "etc/os-release",
        "etc/passwd",
        "etc/resolv.conf",
        "etc/shadow",
        "etc/ssh/sshd_config",
        "etc/sudoers",
        "etc/sudoers.d/90-cloud-init-users",
        "etc/sudoers.d/README",
        "home/keeper/work",
        "root/.ssh/authorized_keys",
        # What only the agent and cloud-init remove, and neither is installed here.
        "var/lib/cloud/instances/i/sem/x",
        "var/lib/dbus/machine-id",
        "var/lib/waagent/ovf-env.xml",
        "var/lib/waagent/provisioned",
        "var/log/syslog",
    }


@pytest.mark.parametrize("facts", [context_of(), context_of(UBUNTU)], ids=["debian", "ubuntu"])
def test_no_operation_is_unbounded(facts: Context) -> None:
    for operation in all_operations():
        assert all(0 < command.timeout <= 3600 for command in operation(facts))


def _state(tree: Tree) -> dict[str, str]:
    state = {}
    for name in tree.left():
        path = tree / name
        what = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        state[name] = hashlib.sha256(what).hexdigest()
    return state


def _declared(path: str, declared: tuple[str, ...]) -> bool:
    return any(fnmatch(path, entry) or fnmatch(path, f"{entry}/*") for entry in declared)
