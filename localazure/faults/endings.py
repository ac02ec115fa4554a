"""Answers that never arrive: a connection that is reset or cut in the middle, a server that dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
KILLED = 137
"""The exit status of a server that crashed on request: as if it had been killed."""


class _CutError(Exception):
    """Enough was sent."""


class Reset(Response):
    """Resets the connection, after `sent` bytes of the body that was to be sent."""

    def __init__(self, instead_of: Response | None = None, sent: int | None = None) -> None:
        super().__init__(status_code=instead_of.status_code if instead_of else 502)
        self._instead_of, self._sent = instead_of, sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to be sent, and reset."""
        transport = _transport(send)
        if self._instead_of is not None and self._sent is not None:
            await self._send_some(self._instead_of, self._sent, scope, receive, send)
            transport.close()  # what was written goes out first; what was announced never comes
            return
        if (raw := transport.get_extra_info("socket")) is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()

    @staticmethod
    async def _send_some(response: Response, count: int, scope: Scope, receive: Receive, send: Send) -> None:
        left = count

        async def send_up_to(message: Message) -> None:
            nonlocal left
            if message["type"] != "http.response.body":
                await send(message)
                return
            some = bytes(message.get("body", b""))[:left]
            left -= len(some)
            if some:
                await send({"type": "http.response.body", "body": some, "more_body": True})
            if left == 0:
                raise _CutError

        with contextlib.suppress(_CutError):
            await response(scope, receive, send_up_to)


class Crash(Response):
    """Kills the server where it stands; nothing is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """End the process as a kill would: no handler runs, no machine is stopped."""
        os._exit(KILLED)


def _transport(send: Send) -> asyncio.Transport:
    """The connection: ASGI has no word for tearing it, so it is taken from uvicorn's own cycle."""
    cycle: Any = send.__self__  # type: ignore[attr-defined]  # a bound method of uvicorn's RequestResponseCycle
    transport: asyncio.Transport = cycle.transport
    return transport
