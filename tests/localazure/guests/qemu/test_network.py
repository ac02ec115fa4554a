"""A machine's network by itself: what can be reached from where."""

import os
import socket
from collections.abc import Iterator

import pytest

from localazure.guests.base import GuestError
from localazure.guests.namespace import kernel
from localazure.guests.qemu.network import GuestNetwork

pytestmark = [pytest.mark.guest, pytest.mark.skipif(os.geteuid() != 0, reason="asks for root, to be sure")]
WIRE_SERVER = "168.63.129.16"


@pytest.fixture
def network() -> Iterator[GuestNetwork]:
    made = GuestNetwork("127.16.249.4", "000D3A000001")
    try:
        yield made
    finally:
        made.close()


def test_azures_addresses_are_there_inside_and_nowhere_else(network: GuestNetwork) -> None:
    with network.listen(WIRE_SERVER, 80, socket.SOCK_STREAM), network.client() as inside:
        inside.settimeout(5)
        inside.connect((WIRE_SERVER, 80))
        assert inside.getpeername() == (WIRE_SERVER, 80)
    with socket.socket() as outside, pytest.raises(OSError, match="assign"):
        outside.bind((WIRE_SERVER, 0))


def test_there_is_no_way_out(network: GuestNetwork) -> None:
    with network.client() as inside, pytest.raises(OSError, match="unreachable"):
        inside.connect(("192.0.2.1", 80))


def test_a_port_that_is_taken_is_an_error_and_the_network_goes_on(network: GuestNetwork) -> None:
    with network.listen(WIRE_SERVER, 80, socket.SOCK_STREAM):
        with pytest.raises(GuestError, match="in use"):
            network.listen(WIRE_SERVER, 80, socket.SOCK_STREAM)
        network.listen(WIRE_SERVER, 32526, socket.SOCK_STREAM).close()


def test_its_helper_ends_with_it() -> None:
    made = GuestNetwork("127.16.249.4", "000D3A000001")
    helper = made._helper
    made.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(helper, os.WNOHANG)
    with pytest.raises(GuestError, match="gone"):
        made.client()


def test_a_network_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> int:
        raise PermissionError(1, f"no {name} here")

    monkeypatch.setattr(kernel, "open_tap", refuse)
    with pytest.raises(GuestError, match="no azure0 here"):
        GuestNetwork("127.16.249.4", "000D3A000001")
