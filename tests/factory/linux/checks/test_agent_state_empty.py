"""The agent's state is empty."""

from factory.guest.command import Output
from factory.linux.checks.agent_state_empty import agent_state_empty
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree

RECORDED = """/var/lib/waagent/ovf-env.xml
/var/lib/waagent/provisioned
/var/lib/waagent/GoalState.2.xml
"""


def test_an_empty_state_is_no_finding() -> None:
    assert agent_state_empty(Output(0), context_of()) == []


def test_the_mark_that_keeps_the_next_machine_from_being_provisioned_is_named() -> None:
    assert agent_state_empty(Output(0, RECORDED), context_of()) == [
        "/var/lib/waagent/provisioned is there: the next machine would not be provisioned"
    ]


def test_any_other_state_is_a_finding() -> None:
    assert agent_state_empty(Output(0, "/var/lib/waagent/ovf-env.xml\n"), context_of()) == [
        "/var/lib/waagent still holds ovf-env.xml"
    ]


def test_the_probe_sees_what_is_there(tree: Tree) -> None:
    assert "provisioned" in tree.probe(agent_state_empty, context_of())[0]
