"""Security rules: Azure's own six, what a rule may say, and what several groups say together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from typing import Any

from localazure.arm.envelope import new_etag
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId

from .errors import bad

Rule = dict[str, Any]
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_AZURE = "168.63.129.16/32"  # the address that Azure itself speaks from
_PROTOCOLS = {name.lower(): name for name in ("Tcp", "Udp", "Icmp", "Esp", "Ah", "*")}

# name, priority, access, direction, source, destination (documented)
_DEFAULTS = (
    ("AllowVnetInBound", 65000, "Allow", "Inbound", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Allow", "Inbound", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Deny", "Inbound", "*", "*"),
    ("AllowVnetOutBound", 65000, "Allow", "Outbound", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Allow", "Outbound", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Deny", "Outbound", "*", "*"),
)


def default_rules(group: ResourceId) -> list[Rule]:
    """The six rules that every group ends with."""
    return [
        _rule(
            group.child("defaultSecurityRules", name),
            {
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "access": access,
                "priority": priority,
                "direction": direction,
                "sourcePortRanges": [],
                "destinationPortRanges": [],
                "sourceAddressPrefixes": [],
                "destinationAddressPrefixes": [],
            },
        )
        for name, priority, access, direction, source, destination in _DEFAULTS
    ]


def _rule(rid: ResourceId, properties: dict[str, Any]) -> Rule:
    return {
        "name": rid.name,
        "id": rid.text,
        "etag": new_etag(),
        "type": rid.type,
        "properties": {"provisioningState": "Succeeded"} | properties,
    }


def read_rule(group: ResourceId, name: Any, given: Any) -> Rule:
    """A rule of a request, checked (codes documented, some texts assumed)."""
    if not isinstance(name, str) or re.fullmatch(r"\w(?:[\w.-]{0,78}\w)?", name) is None:
        raise bad("InvalidResourceName", f"Resource name {name} is invalid.")
    p = dict(given) if isinstance(given, dict) else {}
    p.pop("provisioningState", None)
    p["protocol"] = _choice(p.get("protocol"), _PROTOCOLS, "Protocol")
    p["access"] = _choice(p.get("access"), {"allow": "Allow", "deny": "Deny"}, "Access")
    p["direction"] = _choice(p.get("direction"), {"inbound": "Inbound", "outbound": "Outbound"}, "Direction")
    priority = p.get("priority")
    if not isinstance(priority, int) or not 100 <= priority <= 4096:
        raise bad(
            "SecurityRuleInvalidPriority",
            f"Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096.",
        )
    for member in ("sourcePortRange", "destinationPortRange"):
        _check_some(p, member, "Ports", _check_ports)
    for member in ("sourceAddressPrefix", "destinationAddressPrefix"):
        _check_some(p, member, "AddressPrefixes", _check_prefix)
    return _rule(group.child("securityRules", name), p)


def _choice(given: Any, known: dict[str, str], what: str) -> str:
    found = known.get(str(given).lower())
    if found is None:
        raise bad(
            f"SecurityRuleInvalid{what}",
            f"Security rule has invalid {what}. Value provided: {given}. Allowed values: "
            f"{', '.join(known.values())}.",
        )
    return found


def _check_some(properties: dict[str, Any], member: str, what: str, check: Any) -> None:
    """Either the single value or the list, checked one by one; the list is shown even when empty."""
    plural = f"{member}es" if member.endswith("x") else f"{member}s"
    several = properties.get(plural) or []
    single = properties.get(member)
    if single in (None, "") and not several:
        raise bad(
            f"SecurityRuleParameterNotSpecified{what}",
            f"Required security rule parameters are missing: {member} or {plural} must be given.",
        )
    for value in [*([single] if single not in (None, "") else []), *several]:
        check(str(value))
    properties[plural] = several


def _check_ports(value: str) -> None:
    if value == "*":
        return
    low, dash, high = value.partition("-")
    ends = [low, high] if dash else [low]
    if not all(end.isdigit() and int(end) <= 65535 for end in ends) or int(ends[0]) > int(ends[-1]):
        raise bad(
            "SecurityRuleInvalidPortRange",
            f"Security rule has invalid Port range. Value provided: {value}. Value should be an integer OR "
            "integer range with '-' delimiter. Valid range 0-65535.",
        )


def _check_prefix(value: str) -> None:
    if value == "*" or _TAG.fullmatch(value) is not None:
        return
    try:
        IPv4Network(value)
    except ValueError:
        raise bad(
            "SecurityRuleInvalidAddressPrefix",
            f"Security rule has invalid Address prefix. Value provided: {value}.",
        ) from None


def check_priorities(rules: Iterable[Rule]) -> None:
    """Priorities are unique in each direction."""
    seen: dict[tuple[str, int], str] = {}
    for rule in rules:
        key = (rule["properties"]["direction"], rule["properties"]["priority"])
        if key in seen:
            raise conflict(rule["name"], seen[key])
        seen[key] = rule["name"]


def conflict(name: str, other: str) -> ArmError:
    """Two rules of one priority."""
    return bad(
        "SecurityRuleConflict",
        f"Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and "
        "Direction.",
    )


def inbound(group: dict[str, Any]) -> list[Rule]:
    """All inbound rules of a group document, Azure's included, in order."""
    every = [*group["properties"]["securityRules"], *group["properties"]["defaultSecurityRules"]]
    chosen = [rule for rule in every if rule["properties"]["direction"] == "Inbound"]
    return sorted(chosen, key=lambda rule: int(rule["properties"]["priority"]))


def both(first: Sequence[Rule], second: Sequence[Rule], network: Sequence[str]) -> list[Rule]:
    """The rules of two groups that must both let a packet pass (a subnet's and an interface's), as one list.

    Each pair of rules becomes their intersection, allowed when both allow. In the order of the pairs, the
    first that matches a packet is the pair of the first matches of each list, so the one list decides as the
    two do. The lists are spelled out first, by `network` as in `spell_out`.
    """
    found: list[Rule] = []
    others = spell_out(second, network)
    for one in spell_out(first, network):
        for other in others:
            joined = _join(one, other)
            if joined is not None:
                joined["properties"]["priority"] = len(found) + 100
                found.append(joined)
    return found


def spell_out(found: Iterable[Rule], network: Sequence[str]) -> list[Rule]:
    """The same rules, with addresses for the tags. `network` is what VirtualNetwork stands for there."""
    outside = [IPv4Network("0.0.0.0/0")]
    for own in map(IPv4Network, [*network, _AZURE]):
        outside = [part for whole in outside for part in _without(whole, own)]
    meaning = {
        "virtualnetwork": list(network),
        "internet": [str(part) for part in outside],
        "azureloadbalancer": [_AZURE],
    }
    return [
        {
            **rule,
            "properties": {
                **rule["properties"],
                **{
                    f"{end}AddressPrefixes": [
                        prefix
                        for named in _several(rule["properties"], f"{end}AddressPrefix")
                        for prefix in meaning.get(named.lower(), [named])
                    ]
                    for end in ("source", "destination")
                },
                "sourceAddressPrefix": "",
                "destinationAddressPrefix": "",
            },
        }
        for rule in found
    ]


def _without(whole: IPv4Network, own: IPv4Network) -> list[IPv4Network]:
    if not whole.overlaps(own):
        return [whole]
    return [] if whole.subnet_of(own) else list(whole.address_exclude(own))


def _join(one: Rule, other: Rule) -> Rule | None:
    a, b = one["properties"], other["properties"]
    if "*" not in (a["protocol"], b["protocol"]) and a["protocol"] != b["protocol"]:
        return None
    ports = _meet(_several(a, "destinationPortRange"), _several(b, "destinationPortRange"), _meet_ports)
    sources, targets = (
        _meet(_several(a, member), _several(b, member), _meet_prefixes)
        for member in ("sourceAddressPrefix", "destinationAddressPrefix")
    )
    if not (ports and sources and targets):
        return None
    return {
        "name": f"{one['name']}+{other['name']}",
        "properties": {
            "protocol": b["protocol"] if a["protocol"] == "*" else a["protocol"],
            "access": "Allow" if a["access"] == b["access"] == "Allow" else "Deny",
            "direction": "Inbound",
            "destinationPortRanges": ports,
            "sourceAddressPrefixes": sources,
            "destinationAddressPrefixes": targets,
        },
    }


def _several(properties: dict[str, Any], member: str) -> list[str]:
    plural = f"{member}es" if member.endswith("x") else f"{member}s"
    single = properties.get(member)
    return [*([str(single)] if single not in (None, "") else []), *properties.get(plural, [])]


def _meet(ones: list[str], others: list[str], meet: Any) -> list[str]:
    met: dict[str, None] = {}
    for one in ones:
        for other in others:
            met |= dict.fromkeys(meet(one, other))
    return list(met)


def _meet_ports(one: str, other: str) -> list[str]:
    (low, high), (low2, high2) = _range(one), _range(other)
    start, end = max(low, low2), min(high, high2)
    if start > end:
        return []
    if (start, end) == (0, 65535):
        return ["*"]
    return [str(start) if start == end else f"{start}-{end}"]


def _range(text: str) -> tuple[int, int]:
    if text == "*":
        return 0, 65535
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _meet_prefixes(one: str, other: str) -> list[str]:
    """The smaller of two nested prefixes; a tag that no address is known for meets itself alone."""
    if one in ("*", "0.0.0.0/0") or one.lower() == other.lower():
        return [other]
    if other in ("*", "0.0.0.0/0"):
        return [one]
    if _TAG.fullmatch(one) or _TAG.fullmatch(other):
        return []
    x, y = IPv4Network(one), IPv4Network(other)
    if x.subnet_of(y):
        return [one]
    return [other] if y.subnet_of(x) else []
