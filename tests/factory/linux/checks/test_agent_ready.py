"""The agent of the new machine works."""

from factory.guest.command import Output
from factory.linux.checks.agent_ready import agent_ready
from tests.factory.linux.known import context_of

RECORDED = """139 /usr/bin/python3 -u /usr/sbin/waagent -run-exthandlers
69 /usr/bin/python3 /usr/sbin/waagent -daemon
provisioned 43789fbe-8761-3a46-956e-1f8b64ff8ca5
"""


def test_a_running_agent_on_a_provisioned_machine_is_no_finding() -> None:
    assert agent_ready(Output(0, RECORDED), context_of()) == []


def test_an_agent_that_does_not_run_is_found() -> None:
    stopped = RECORDED.splitlines()[-1]
    assert agent_ready(Output(0, stopped), context_of()) == ["the agent does not run"]


def test_a_machine_that_was_not_provisioned_is_found() -> None:
    output = Output(0, RECORDED.replace("provisioned", "?"))
    assert agent_ready(output, context_of()) == ["the agent does not take this machine for provisioned"]
