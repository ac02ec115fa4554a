"""Inbound rules: what passes, by priority; and the kernel drops what does not."""

from __future__ import annotations

import socket

import pytest

from localazure.guests.base import Rule
from localazure.guests.inbound import Verdict, allows, verdicts
from localazure.guests.namespace import packet_filter

MACHINE = "127.16.0.4"
DEFAULTS = (
    Rule("AllowVnetInBound", 65000, "Allow", sources=("127.16.0.0/16",), destinations=("127.16.0.0/16",)),
    Rule("AllowAzureLoadBalancerInBound", 65001, "Allow", sources=("168.63.129.16/32",)),
    Rule("DenyAllInBound", 65500, "Deny"),
)


def rule(access: str, priority: int = 100, **more: object) -> Rule:
    return Rule("r", priority, access, **more)  # type: ignore[arg-type]


def test_without_a_group_everything_passes() -> None:
    assert allows((), "127.0.0.1", MACHINE, 22)


def test_a_group_denies_what_no_rule_admits() -> None:
    assert not allows(DEFAULTS, "127.0.0.1", MACHINE, 22)
    assert not allows((rule("Allow", ports=("443",)),), "127.0.0.1", MACHINE, 22)


def test_the_virtual_network_and_the_load_balancer_are_admitted_by_default() -> None:
    assert allows(DEFAULTS, "127.16.0.9", MACHINE, 22)
    assert allows(DEFAULTS, "168.63.129.16", MACHINE, 22)


@pytest.mark.parametrize(
    ("source", "port", "passes"),
    [("127.0.0.1", 22, True), ("127.0.0.2", 22, False), ("127.0.0.1", 5986, False)],
)
def test_a_worker_alone_is_admitted_to_one_port(source: str, port: int, passes: bool) -> None:
    rules = (rule("Allow", sources=("127.0.0.1/32",), ports=("22",), protocol="Tcp"), *DEFAULTS)
    assert allows(rules, source, MACHINE, port) is passes


def test_the_lower_priority_number_wins_whatever_the_order() -> None:
    allow, deny = rule("Allow", 200), rule("Deny", 100)
    assert not allows((allow, deny), "10.0.0.1", MACHINE, 22)
    assert allows((rule("Deny", 300), allow), "10.0.0.1", MACHINE, 22)


def test_a_rule_for_another_protocol_or_machine_does_not_concern_us() -> None:
    assert not allows((rule("Allow", protocol="Udp"),), "10.0.0.1", MACHINE, 22)
    assert not allows((rule("Allow", destinations=("127.16.0.5",)),), "10.0.0.1", MACHINE, 22)
    assert allows((rule("Allow", destinations=("127.16.0.0/24",)),), "10.0.0.1", MACHINE, 22)


def test_ranges_and_prefixes_are_understood_and_foreign_ones_match_nothing() -> None:
    rules = (
        rule("Allow", ports=("1-21", "5000-6000"), sources=("fd00::/8", "Storage.WestEurope", "10.1.2.3/8")),
    )
    assert allows(rules, "10.9.9.9", MACHINE, 5986)
    assert not allows(rules, "10.9.9.9", MACHINE, 22)
    assert not allows(rules, "11.0.0.1", MACHINE, 5986)


def test_a_rule_is_read_from_its_arm_document_in_either_form() -> None:
    properties = {
        "priority": 300,
        "access": "allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "127.0.0.1",
        "sourceAddressPrefixes": [],
        "destinationAddressPrefix": "*",
        "destinationPortRanges": ["22", "5986"],
    }
    expected = Rule("ssh", 300, "Allow", "Tcp", ("127.0.0.1",), ("*",), ("22", "5986"))
    assert Rule.from_document({"name": "ssh", "properties": properties}) == expected
    assert Rule.from_document({"name": "ssh", **properties}) == expected


def _connects(listener: socket.socket, source: str) -> bool:
    try:
        with socket.create_connection(listener.getsockname(), 0.5, (source, 0)):
            return True
    except TimeoutError:
        return False


def test_the_kernel_drops_denied_packets_and_later_rules_replace_earlier_ones() -> None:
    one, two = ("127.0.0.11/32", "127.0.0.12/32")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def enforce(*rules: Rule) -> None:
            packet_filter.attach(listener, verdicts(rules, "127.0.0.1", port))

        enforce(rule("Allow", sources=(one,)))
        assert (_connects(listener, "127.0.0.11"), _connects(listener, "127.0.0.12")) == (True, False)
        enforce(rule("Deny", 100, sources=(one,)), rule("Allow", 200, sources=("127.0.0.0/8",)))
        assert (_connects(listener, "127.0.0.11"), _connects(listener, "127.0.0.12")) == (False, True)
        enforce()
        assert _connects(listener, "127.0.0.11") and _connects(listener, two.removesuffix("/32"))


def test_a_connection_that_stands_survives_rules_that_would_deny_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), 2)
        server, _ = listener.accept()
        with client, server:
            packet_filter.attach(
                listener, [Verdict(v.source, allow=False) for v in verdicts((), "127.0.0.1", 1)]
            )
            client.sendall(b"still here")
            assert server.recv(16) == b"still here"
