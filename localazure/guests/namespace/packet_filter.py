"""Rules as the kernel's own packet filter on a listening socket: a denied packet is dropped, not refused.

A filter on a listening TCP socket sees every packet that comes for it, the first one too. So a denied client
waits until it gives up, as it does before Azure's network, and a connection that stands keeps the filter it
was accepted under.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence

from localazure.guests.inbound import Verdict

_SO_ATTACH_FILTER = 26
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: offsets from here count from the IP header
_SOURCE_ADDRESS = 12
_LOAD_WORD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_ACCEPT, _DROP = 0xFFFFFFFF, 0
_PER_VERDICT = 4
_MOST_VERDICTS = 1000

Instruction = tuple[int, int, int, int]


def program(verdicts: Sequence[Verdict]) -> list[Instruction]:
    """Compile verdicts: for each, mask the source address, compare, and return or go on."""
    instructions: list[Instruction] = []
    for verdict in verdicts[:_MOST_VERDICTS]:
        instructions += [
            (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _SOURCE_ADDRESS),
            (_AND, 0, 0, int(verdict.source.netmask)),
            (_JUMP_IF_EQUAL, 0, 1, int(verdict.source.network_address)),
            (_RETURN, 0, 0, _ACCEPT if verdict.allow else _DROP),
        ]
    return [*instructions, (_RETURN, 0, 0, _DROP)]


def attach(listener: socket.socket, verdicts: Sequence[Verdict]) -> None:
    """Put the verdicts in force on a listening socket, in place of earlier ones."""
    instructions = program(verdicts)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *i) for i in instructions))
    listener.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("@HP", len(instructions), ctypes.addressof(code)),
    )
