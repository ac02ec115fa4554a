"""Host keys are gone, and will be made anew."""

from factory.guest.command import Output
from factory.linux.checks.host_keys_gone import host_keys_gone
from tests.factory.linux.known import context_of
from tests.factory.linux.tree import Tree


def test_no_keys_and_something_that_makes_them_is_no_finding() -> None:
    assert host_keys_gone(Output(0), context_of()) == []


def test_keys_that_are_left_are_named() -> None:
    assert host_keys_gone(Output(0, "/etc/ssh/ssh_host_ed25519_key\n"), context_of()) == [
        "/etc/ssh/ssh_host_ed25519_key still there"
    ]


def test_no_keys_and_nothing_that_makes_them_is_found() -> None:
    assert host_keys_gone(Output(0), context_of(keygen_units=())) == [
        "nothing would make new host keys at first boot"
    ]


def test_the_probe_sees_private_and_public_halves(tree: Tree) -> None:
    assert tree.probe(host_keys_gone, context_of()) == [
        "/etc/ssh/ssh_host_ed25519_key, /etc/ssh/ssh_host_ed25519_key.pub still there"
    ]
