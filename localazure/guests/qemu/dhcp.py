"""The address service of a virtual network: every machine is told the address that it has in Azure.

What makes it Azure's is option 245, the address of the wire server: without it the agent waits for ever
("endpoint is None"). Routes to that address and to the metadata service come with the lease, in the
standard's option and in the one that Windows reads.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass

from localazure.guests.fabric import facts
from localazure.guests.qemu.addresses import gateway, inside

SERVER_PORT, CLIENT_PORT = 67, 68
DISCOVER, OFFER, REQUEST, ACKNOWLEDGE, REFUSE = 1, 2, 3, 5, 6
_MAGIC = b"\x63\x82\x53\x63"
_HEADER = 240
_LEASE_SECONDS = 0xFFFFFFFF  # as Azure's: for ever
_BROADCAST = "255.255.255.255"
_LOOK_SECONDS = 0.5

(
    _MASK,
    _ROUTER,
    _DNS,
    _HOST,
    _DOMAIN,
    _WISHED,
    _LEASE,
    _KIND,
    _SERVER,
    _ROUTES,
    _WIRE_SERVER,
    _MS_ROUTES,
    _END,
) = (1, 3, 6, 12, 15, 50, 51, 53, 54, 121, 245, 249, 255)


@dataclass(frozen=True)
class Lease:
    """What one machine is told."""

    address: str
    mac: bytes
    name: str

    def options(self, kind: int) -> bytes:
        """Write the options of an answer."""
        router, wire = socket.inet_aton(gateway(self.address)), socket.inet_aton(facts.WIRE_SERVER)
        metadata = socket.inet_aton(facts.METADATA_SERVICE)
        routes = b"\x00" + router + b"\x20" + wire + router + b"\x20" + metadata + router
        pairs = {
            _KIND: bytes([kind]),
            _SERVER: wire,
            _LEASE: struct.pack(">I", _LEASE_SECONDS),
            _MASK: b"\xff\xff\xff\x00",
            _ROUTER: router,
            _DNS: wire,
            _HOST: self.name.encode(),
            _DOMAIN: b"internal.cloudapp.net",
            _ROUTES: routes,
            _MS_ROUTES: routes,
            _WIRE_SERVER: wire,
        }
        return b"".join(bytes([k, len(v)]) + v for k, v in pairs.items()) + bytes([_END])


def read_options(packet: bytes) -> dict[int, bytes]:
    """Read a packet's options. ValueError for what is no packet of the protocol."""
    if len(packet) < _HEADER or packet[236:240] != _MAGIC:
        raise ValueError("not DHCP")
    found: dict[int, bytes] = {}
    position = _HEADER
    while position < len(packet) and packet[position] != _END:
        if packet[position] == 0:
            position += 1
            continue
        if position + 1 >= len(packet):
            raise ValueError("an option without a length")
        length = packet[position + 1]
        found[packet[position]] = packet[position + 2 : position + 2 + length]
        position += 2 + length
    return found


def answer(packet: bytes, lease: Lease) -> bytes | None:
    """Answer a client's packet; None for what wants no answer, or comes from another card."""
    options = read_options(packet)
    kind = options.get(_KIND, b"\0")[:1]
    if packet[0] != 1 or packet[28:34] != lease.mac or kind not in (bytes([DISCOVER]), bytes([REQUEST])):
        return None
    address = socket.inet_aton(inside(lease.address))
    reply = OFFER
    if kind[0] == REQUEST:
        wished = options.get(_WISHED) or packet[12:16]
        reply = ACKNOWLEDGE if wished == address else REFUSE
    header = bytearray(_HEADER)
    header[0:3] = b"\x02\x01\x06"
    header[4:8] = packet[4:8]  # the transaction
    header[10:12] = packet[10:12]  # flags
    if reply != REFUSE:
        header[16:20] = address
    header[20:24] = socket.inet_aton(facts.WIRE_SERVER)
    header[28:44] = packet[28:44]
    header[236:240] = _MAGIC
    if reply == REFUSE:
        tail = bytes([_KIND, 1, REFUSE, _SERVER, 4]) + socket.inet_aton(facts.WIRE_SERVER) + bytes([_END])
    else:
        tail = lease.options(reply)
    return bytes(header) + tail


class AddressService:
    """Serves one machine from a thread of its own until it is closed."""

    def __init__(self, channel: socket.socket, lease: Lease) -> None:
        self._channel, self._lease, self._open = channel, lease, True
        channel.settimeout(_LOOK_SECONDS)
        self._thread = threading.Thread(target=self._run, name="dhcp", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self._open:
            try:
                packet, _ = self._channel.recvfrom(4096)
                if reply := answer(packet, self._lease):
                    self._channel.sendto(reply, (_BROADCAST, CLIENT_PORT))
            except (TimeoutError, ValueError, IndexError):
                continue
            except OSError:
                return

    def close(self) -> None:
        """Stop serving."""
        self._open = False
        self._thread.join(2)
        self._channel.close()
