"""The clock: the one door to time. Whoever waits or dates takes a `Clock`; tests hand in one that jumps."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for tags and records, monotonic time for deadlines, and sleep."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never jumps back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let the time pass; other tasks go on."""
        ...


class SystemClock:
    """The computer's own."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never jumps back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let the time pass; other tasks go on."""
        await asyncio.sleep(seconds)
