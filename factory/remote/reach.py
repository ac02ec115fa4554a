"""Whether anything answers at an address: asked before a run that would depend on it."""

import asyncio
import contextlib

SECONDS = 10.0


async def answers(host: str, port: int, *, seconds: float = SECONDS) -> bool:
    """Tell whether a TCP connection can be made."""
    try:
        async with asyncio.timeout(seconds):
            _reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
