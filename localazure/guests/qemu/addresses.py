"""What a machine's private address is called inside of it.

On this computer a machine is reached at a loopback address: that needs no route and no right. A kernel of
its own gives a network card no such address, so inside the first number is another: 127.16.0.4 is 10.16.0.4
in there.
"""

from __future__ import annotations

import ipaddress

_INSIDE = "10"


def inside(address: str) -> str:
    """Translate an address of the virtual network into the machine's own."""
    first, _, rest = address.partition(".")
    return f"{_INSIDE}.{rest}" if first == "127" else address


def gateway(address: str) -> str:
    """Azure keeps the first address of each subnet for its router."""
    network = ipaddress.IPv4Interface(f"{inside(address)}/24").network
    return str(network[1])
