"""The agent waits for a key that cloud-init makes."""

from factory.guest.command import Output
from factory.linux.checks.agent_host_key_type import agent_host_key_type
from tests.factory.linux.known import DEBIAN, UBUNTU, context_of

ALL = "/etc/ssh/ssh_host_ecdsa_key.pub\n/etc/ssh/ssh_host_ed25519_key.pub\n/etc/ssh/ssh_host_rsa_key.pub\n"
ED25519 = "/etc/ssh/ssh_host_ed25519_key.pub\n"


def test_an_rsa_key_is_what_the_agent_waits_for_by_default() -> None:
    assert agent_host_key_type(Output(0, ALL), context_of(UBUNTU)) == []


def test_waiting_for_an_rsa_key_that_is_never_made_is_found() -> None:
    for said in ({}, {"Provisioning.SshHostKeyPairType": "auto"}):
        [finding] = agent_host_key_type(Output(0, ED25519), context_of(UBUNTU, agent_conf=said))
        assert "waits for a host key of type rsa" in finding


def test_an_agent_that_was_told_of_ed25519_is_content() -> None:
    told = context_of(UBUNTU, agent_conf={"Provisioning.SshHostKeyPairType": "ed25519"})
    assert agent_host_key_type(Output(0, ED25519), told) == []


def test_an_agent_that_makes_the_keys_itself_waits_for_none() -> None:
    assert agent_host_key_type(Output(0, ED25519), context_of(DEBIAN)) == []
