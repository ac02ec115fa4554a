"""The agent is there, recent, and starts at boot."""

from factory.guest.command import Output
from factory.linux.checks.agent_present import agent_present
from tests.factory.linux.known import context_of

RECORDED = """WALinuxAgent-2.7.3.0 running on debian 12
Python: 3.11.2
Goal state agent: 2.7.3.0
service enabled
"""


def test_an_enabled_agent_is_no_finding() -> None:
    assert agent_present(Output(0, RECORDED), context_of()) == []


def test_a_missing_agent_is_found_with_its_package() -> None:
    output = Output(0, "service not-found\n", "sh: 2: waagent: not found\n")
    assert agent_present(output, context_of()) == ["the Azure agent is not installed (package waagent)"]


def test_a_masked_agent_would_never_report() -> None:
    [finding] = agent_present(Output(0, RECORDED.replace("enabled", "masked")), context_of())
    assert finding == "the agent's service walinuxagent is masked: it would not start"


def test_an_agent_older_than_we_know_is_found() -> None:
    old = RECORDED.replace("WALinuxAgent-2.7.3.0", "WALinuxAgent-2.1.9")
    assert agent_present(Output(0, old), context_of()) == [
        "the Azure agent 2.1.9 is too old (package waagent)"
    ]
