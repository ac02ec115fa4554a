"""Point-in-time copies: of a running machine's disks in one transaction, of a file that lies still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Protocol

from localazure.guests.base import GuestError
from localazure.guests.qemu.programs import run

COPY_SECONDS = 1800.0
_LOOK_AGAIN_SECONDS = 0.05


class Ask(Protocol):
    """Asks QEMU for something."""

    def __call__(self, command: str, **arguments: Any) -> Awaitable[Any]:
        """Ask."""


async def copy_file(source: Path, target: Path) -> None:
    """Copy a file that nobody writes to, holes and all."""
    await run(
        "cp",
        "--archive",
        "--sparse=auto",
        "--reflink=auto",
        "--preserve=mode",
        str(source),
        str(target),
        seconds=COPY_SECONDS,
    )


async def copy_running(ask: Ask, disks: Sequence[dict[str, str]]) -> None:
    """Copy disks of a running machine to files as they are at one moment; the machine goes on meanwhile.

    `disks` are {device, target, format}. What an overlay has of its own goes to an overlay of the same image.
    """
    jobs = [f"copy-{number}" for number in range(len(disks))]
    actions = [
        {
            "type": "drive-backup",
            "data": {
                "job-id": job,
                "device": disk["device"],
                "target": disk["target"],
                "format": disk["format"],
                "mode": "existing",
                "sync": "top" if disk["format"] == "qcow2" else "full",
                "auto-dismiss": False,
            },
        }
        for job, disk in zip(jobs, disks, strict=True)
    ]
    await ask("transaction", actions=actions)
    failed = [why for job in jobs if (why := await _end_of(ask, job))]
    if failed:
        raise GuestError(f"a disk could not be copied: {failed[0]}")


async def _end_of(ask: Ask, job: str) -> str:
    """Wait for a job; returns why it failed, or nothing."""
    async with asyncio.timeout(COPY_SECONDS):
        while True:
            found = next((j for j in await ask("query-jobs") if j["id"] == job), None)
            if found is None:
                return f"{job} is gone"
            if found["status"] == "concluded":
                await ask("job-dismiss", id=job)
                return str(found.get("error") or "")
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
