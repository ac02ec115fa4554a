"""The machine's clock: its time of day is the real one, as an Azure host keeps it; its work takes scaled time.

A certificate that the guest makes must be valid for its client and a file's age must compare with the worker's
clock, so nothing is shifted. Durations of the model (Sysprep, updates, a boot, `Start-Sleep`) are model
seconds times the scale.
"""

from __future__ import annotations

import datetime as dt
import threading


class Clock:
    """Time of one machine. At scale 0 a model second still takes a moment, so that states can be seen."""

    SHORTEST = 0.002

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = max(scale, self.SHORTEST)

    def now(self) -> dt.datetime:
        """Tell the time, in UTC, which is the machine's zone."""
        return dt.datetime.now(dt.UTC)

    def sleep(self, seconds: float, until: threading.Event) -> bool:
        """Wait for model seconds, or until the event; True when the event came."""
        return until.wait(max(seconds, 0) * self.scale)

    def stamp(self) -> str:
        """The time as documents keep it."""
        return self.now().isoformat()
