"""The agent is there, recent, and starts at boot."""

from factory.guest.command import Output
from factory.linux.checks.agent_present import agent_present
from factory.linux.context import Context
from tests.factory.linux.known import DEBIAN, context_of


def of_version(version: str | None) -> Context:
    return context_of(DEBIAN.model_copy(update={"agent_version": version}))


def test_an_enabled_agent_is_no_finding() -> None:
    assert agent_present(Output(0, "service enabled\n"), of_version("2.7.3.0")) == []


def test_a_missing_agent_is_found_with_its_package() -> None:
    found = agent_present(Output(0, "service not-found\n"), of_version(None))
    assert found == ["the Azure agent is not installed (package waagent)"]


def test_a_masked_agent_would_never_report() -> None:
    [finding] = agent_present(Output(0, "service masked\n"), of_version("2.7.3.0"))
    assert finding == "the agent's service walinuxagent is masked: it would not start"


def test_an_agent_older_than_we_know_is_found() -> None:
    assert agent_present(Output(0, "service enabled\n"), of_version("2.1.9")) == [
        "the Azure agent 2.1.9 is too old (package waagent)"
    ]
