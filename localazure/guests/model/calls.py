"""What the server and the yard say to each other: a line of JSON each way, over a socket in the state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError

SOCKET = "control"
LIMIT = 1 << 24
_ANSWER_SECONDS = 120.0


@contextlib.contextmanager
def short(directory: Path) -> Iterator[str]:
    """A way to the socket that fits into the 108 bytes that an address has."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def listen(directory: Path) -> socket.socket:
    """Open the yard's end."""
    (directory / SOCKET).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short(directory) as address:
        listener.bind(address)
    (directory / SOCKET).chmod(0o600)
    listener.listen(64)
    return listener


@asynccontextmanager
async def conversation(directory: Path, **request: Any) -> AsyncIterator[dict[str, Any]]:
    """Ask the yard for something that lasts as long as this context does; GuestError is its refusal."""
    try:
        with short(directory) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=LIMIT)
    except OSError as error:
        raise GuestError(f"the model guests' process does not run: {error.strerror}") from error
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = json.loads(await reader.readline() or b'{"error": "the model guests\' process is gone"}')
        if "error" in answer:
            raise GuestError(answer["error"])
        yield answer
    except (OSError, TimeoutError) as error:
        raise GuestError(f"the model guests' process does not answer: {error!r}") from error
    finally:
        writer.close()


async def ask(directory: Path, **request: Any) -> dict[str, Any]:
    """Ask the yard for something."""
    async with conversation(directory, **request) as answer:
        return answer
