"""The programs that make disks and images, run to their end with a deadline."""

from __future__ import annotations

import asyncio
import os

from localazure.guests.base import GuestError

SECONDS = 600.0


async def run(*command: str, stdin: bytes | None = None, seconds: float = SECONDS) -> bytes:
    """Run a program to its end; returns what it printed. GuestError with its last line if it fails."""
    paths = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": os.pathsep.join(paths), "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"},
    )
    try:
        async with asyncio.timeout(seconds):
            out, errors = await process.communicate(stdin)
    except TimeoutError:
        raise GuestError(f"{command[0]} took more than {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = (errors or out).decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise GuestError(f"{command[0]} failed ({process.returncode}): {said[0]}")
    return out
