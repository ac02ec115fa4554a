"""Azure's resolver, as far as a machine without a way out needs it: it knows the machine's own names."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Mapping

_RESPONSE_RECURSION = 0x8180
_NAME_ERROR = 3
_TYPE_A = 1
_TTL_SECONDS = 60


def answer(query: bytes, names: Mapping[str, str]) -> bytes:
    """Answer one query: an address for a known name, no such name for any other. ValueError if malformed."""
    if len(query) < 17:
        raise ValueError("shorter than any query")
    labels, position = [], 12
    while query[position]:
        length = query[position]
        labels.append(query[position + 1 : position + 1 + length].decode("ascii", "replace").lower())
        position += 1 + length
        if position >= len(query):
            raise ValueError("the name does not end")
    end = position + 5
    (kind,) = struct.unpack(">H", query[position + 1 : position + 3])
    address = names.get(labels[0]) if labels else None
    known, wanted = address is not None, kind == _TYPE_A
    flags = _RESPONSE_RECURSION | (0 if known else _NAME_ERROR)
    header = query[:2] + struct.pack(">HHHHH", flags, 1, int(known and wanted), 0, 0)
    if address is None or not wanted:
        return header + query[12:end]
    record = struct.pack(">HHHIH", 0xC00C, _TYPE_A, 1, _TTL_SECONDS, 4) + socket.inet_aton(address)
    return header + query[12:end] + record


class Resolver:
    """Serves one datagram socket from a thread of its own until it is closed."""

    def __init__(self, channel: socket.socket, names: Callable[[], Mapping[str, str]]) -> None:
        self._channel, self._names, self._open = channel, names, True
        channel.settimeout(0.2)
        self._thread = threading.Thread(target=self._run, name="dns", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self._open:
            try:
                query, sender = self._channel.recvfrom(4096)
                self._channel.sendto(answer(query, self._names()), sender)
            except (TimeoutError, ValueError, IndexError, struct.error):
                continue
            except OSError:
                return

    def close(self) -> None:
        """Stop serving."""
        self._open = False
        self._thread.join(2)
        self._channel.close()
