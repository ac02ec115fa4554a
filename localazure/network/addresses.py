"""Address prefixes and which address comes next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network

from .errors import bad

RESERVED_AT_START = 4
"""Azure keeps the network address and the next three (gateway, two for DNS); .4 is the first for machines."""


def read_prefix(text: object, owner: str) -> IPv4Network:
    """A prefix in CIDR notation without host bits.

    Azure refuses loopback prefixes; here they are what makes a machine's private address reachable.
    """
    try:
        network = IPv4Network(str(text), strict=False)
        if "/" not in str(text):
            raise ValueError(text)
    except ValueError:
        raise bad(
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} of resource {owner} is not formatted correctly. It should follow CIDR "
            "notation, for example 10.0.0.0/24.",
        ) from None
    if str(network) != text:
        raise bad(
            "InvalidCIDRNotation",
            f"The address prefix {text} in resource {owner} has an invalid CIDR notation. For the given "
            "prefix "
            f"length, the address prefix should be {network}.",
        )
    return network


def check_subnet(name: str, prefix: IPv4Network, spaces: Iterable[IPv4Network], vnet: str) -> None:
    """A subnet lies within the network's space and is large enough."""
    if prefix.prefixlen > 29 or not any(prefix.subnet_of(space) for space in spaces):
        raise bad("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{vnet}'.")


def check_apart(subnets: list[tuple[str, IPv4Network]], vnet: str) -> None:
    """No two subnets overlap."""
    for index, (name, prefix) in enumerate(subnets):
        if any(prefix.overlaps(other) for _, other in subnets[:index]):
            raise bad(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of an "
                "existing "
                f"subnet in virtual network '{vnet}'.",
            )


def next_free(prefix: IPv4Network, taken: Collection[str], subnet: str) -> str:
    """The lowest free address; Azure does the same."""
    last = prefix.num_addresses - 2
    for offset in range(RESERVED_AT_START, last + 1):
        candidate = str(prefix[offset])
        if candidate not in taken:
            return candidate
    raise bad(
        "SubnetIsFull",
        f"Subnet {subnet} with address prefix {prefix} does not have enough capacity for 1 IP addresses.",
    )


def check_static(address: str, prefix: IPv4Network, taken: dict[str, str], configuration: str) -> None:
    """A static address must be in the subnet, not reserved, and free."""
    try:
        wanted = IPv4Address(address)
    except ValueError:
        raise bad("InvalidIPAddressFormat", f"IP address {address} is not formatted correctly.") from None
    if wanted not in prefix:
        raise bad(
            "PrivateIPAddressNotInSubnet",
            f"Private static IP address {address} does not belong to the range of subnet prefix {prefix}.",
        )
    offset = int(wanted) - int(prefix.network_address)
    if offset < RESERVED_AT_START or offset == prefix.num_addresses - 1:
        raise bad(
            "PrivateIPAddressInReservedRange",
            f"Private static IP address {address} falls within reserved IP range of subnet prefix {prefix}.",
        )
    if address in taken:
        raise bad(
            "PrivateIPAddressIsAllocated",
            f"IP configuration {configuration} is using the private IP address {address} which is already "
            f"allocated to resource {taken[address]}.",
        )
