"""The agent does not run at the gate."""

from factory.guest.command import Output
from factory.linux.checks.agent_stopped import agent_stopped
from tests.factory.linux.known import context_of

RECORDED = "69 /usr/bin/python3 /usr/sbin/waagent -daemon \n"


def test_no_process_is_no_finding() -> None:
    assert agent_stopped(Output(0), context_of()) == []


def test_a_process_is_named() -> None:
    assert agent_stopped(Output(0, RECORDED), context_of()) == [
        "the agent runs as process 69: /usr/bin/python3 /usr/sbin/waagent -daemon"
    ]
