"""The agent deprovisions, once, and before anything touches what it must read."""

from factory.guest.units import Operation
from factory.linux.generalize import all_operations
from factory.linux.operations.deprovision import deprovision


def test_the_agent_is_told_to_remove_its_user_and_not_to_ask() -> None:
    [command] = deprovision()
    assert command.line == "waagent -force -deprovision+user"


def test_nothing_before_it_changes_the_agents_state_or_the_accounts() -> None:
    order = all_operations()
    before = order[: order.index(deprovision)]
    assert not [
        operation.name
        for operation in before
        if _touches(operation, "/var/lib/waagent") or _touches(operation, "/etc/passwd")
    ]


def test_the_agent_is_stopped_first() -> None:
    assert all_operations()[0].name == "agent_service"


def _touches(operation: Operation, path: str) -> bool:
    declared = operation.paths if isinstance(operation.paths, tuple) else ()
    return any(entry.startswith(path) for entry in declared)
