"""The address service: what a machine is told, byte by byte."""

import socket
import struct

import pytest

from localazure.guests.qemu.addresses import gateway, inside
from localazure.guests.qemu.dhcp import (
    ACKNOWLEDGE,
    DISCOVER,
    OFFER,
    REFUSE,
    REQUEST,
    Lease,
    answer,
    read_options,
)

MAC = bytes.fromhex("000D3A112233")
LEASE = Lease("127.16.3.9", MAC, "build01")
WIRE_SERVER = socket.inet_aton("168.63.129.16")


def packet(kind: int, *, mac: bytes = MAC, wish: str | None = None) -> bytes:
    header = bytearray(240)
    header[0:3] = b"\x01\x01\x06"
    header[4:8] = b"\xde\xad\xbe\xef"
    header[28:34] = mac
    header[236:240] = b"\x63\x82\x53\x63"
    options = bytes([53, 1, kind])
    if wish:
        options += bytes([50, 4]) + socket.inet_aton(wish)
    return bytes(header) + options + b"\xff"


def test_a_machine_is_offered_its_address_and_the_wire_servers() -> None:
    reply = answer(packet(DISCOVER), LEASE)
    assert reply is not None
    options = read_options(reply)
    assert options[53] == bytes([OFFER])
    assert socket.inet_ntoa(reply[16:20]) == "10.16.3.9"
    assert reply[4:8] == b"\xde\xad\xbe\xef"
    assert options[245] == WIRE_SERVER, "without it the agent waits for ever"
    assert options[12] == b"build01"


def test_the_lease_brings_the_routes_to_azures_own_addresses() -> None:
    options = read_options(answer(packet(REQUEST, wish="10.16.3.9"), LEASE) or b"")
    router = socket.inet_aton("10.16.3.1")
    assert options[53] == bytes([ACKNOWLEDGE])
    assert options[121] == options[249]
    assert b"\x20" + WIRE_SERVER + router in options[121]
    assert b"\x20" + socket.inet_aton("169.254.169.254") + router in options[121]
    assert options[121].startswith(b"\0" + router), (
        "a client that reads 121 does not read the router's option"
    )
    assert struct.unpack(">I", options[51])[0] == 0xFFFFFFFF


def test_a_lease_of_another_machine_is_refused() -> None:
    reply = answer(packet(REQUEST, wish="10.16.3.77"), LEASE)
    assert reply is not None
    assert read_options(reply)[53] == bytes([REFUSE])
    assert reply[16:20] == bytes(4)


@pytest.mark.parametrize("strange", [packet(DISCOVER, mac=b"\0\1\2\3\4\5"), packet(7)])
def test_what_is_none_of_its_business_is_not_answered(strange: bytes) -> None:
    assert answer(strange, LEASE) is None


@pytest.mark.parametrize("broken", [b"", b"x" * 239, packet(DISCOVER)[:240] + b"\x35"])
def test_a_malformed_packet_is_told_from_a_question(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"DHCP|length"):
        read_options(broken)


def test_the_address_inside_is_the_same_but_for_its_first_number() -> None:
    assert (inside("127.16.0.4"), gateway("127.16.0.4")) == ("10.16.0.4", "10.16.0.1")
    assert inside("192.168.1.9") == "192.168.1.9"
