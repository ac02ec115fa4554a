"""The new machine shares no host key with the source."""

from factory.guest.command import Output
from factory.linux.checks.host_keys_new import host_keys_new
from factory.remote.fingerprints import fingerprints
from tests.factory.linux.known import context_of, verification_of
from tests.factory.linux.tree import KEY, OTHER_KEY

SAME = f"ssh-ed25519 {OTHER_KEY} root@build01\n"


def test_other_keys_are_no_finding() -> None:
    assert host_keys_new(Output(0, f"ssh-ed25519 {KEY} root@test77\n"), verification_of()) == []


def test_the_sources_key_is_found() -> None:
    source = verification_of().facts.model_copy(update={"host_keys": fingerprints([SAME])})
    assert host_keys_new(Output(0, SAME), verification_of(source)) == [
        "the ssh-ed25519 host key is the source's"
    ]


def test_no_keys_at_all_is_found() -> None:
    assert host_keys_new(Output(2), verification_of()) == ["there are no SSH host keys"]


def test_not_knowing_the_sources_keys_is_a_finding() -> None:
    assert host_keys_new(Output(0, SAME), context_of())
