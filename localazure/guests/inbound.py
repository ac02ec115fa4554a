"""Inbound rules of a network security group: which connections reach a machine.

Evaluated as Azure does: by priority, the first rule that matches decides; with rules but no match, the
connection is denied; without any rules there is no group, and everything passes. Tags were spelled out as
addresses by who knows the network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localazure.guests.base import Rule

Network = ipaddress.IPv4Network
EVERYWHERE = Network("0.0.0.0/0")


@dataclass(frozen=True)
class Verdict:
    """What is to be done with a source: to be read in order, the first that contains the source decides."""

    source: Network
    allow: bool


def _sources(prefixes: Iterable[str]) -> list[Network]:
    found: list[Network] = []
    for prefix in prefixes:
        if prefix.lower() in ("*", "any", "0.0.0.0/0"):
            found.append(EVERYWHERE)
        else:
            found += _network(prefix)
    return found


def _network(prefix: str) -> list[Network]:
    try:
        return [Network(prefix, strict=False)]
    except ValueError:  # IPv6, or a service tag: nothing that reaches a machine here
        return []


def _has_port(ranges: Iterable[str], port: int) -> bool:
    for text in ranges:
        if text == "*":
            return True
        first, _, last = text.partition("-")
        if first.strip().isdigit() and int(first) <= port <= int((last or first).strip()):
            return True
    return False


def _concerns(rule: Rule, address: str, port: int) -> bool:
    if rule.protocol.lower() not in ("*", "tcp") or not _has_port(rule.ports, port):
        return False
    machine = ipaddress.IPv4Address(address)
    return any(machine in network for network in _sources(rule.destinations))


def verdicts(rules: Sequence[Rule], address: str, port: int) -> list[Verdict]:
    """Reduce the rules to what they mean for TCP to one port of one machine."""
    if not rules:
        return [Verdict(EVERYWHERE, allow=True)]
    found = [
        Verdict(source, rule.access == "Allow")
        for rule in sorted(rules, key=lambda r: r.priority)
        if _concerns(rule, address, port)
        for source in _sources(rule.sources)
    ]
    return [*found, Verdict(EVERYWHERE, allow=False)]


def allows(rules: Sequence[Rule], source: str, address: str, port: int) -> bool:
    """Tell whether a TCP connection from `source` passes."""
    origin = ipaddress.IPv4Address(source)
    return next(v.allow for v in verdicts(rules, address, port) if origin in v.source)
