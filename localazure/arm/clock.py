"""Time as the server sees it, and as ARM writes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The one place that asks for the time; tests give another."""

    skew = 0.0
    """Seconds by which this clock goes wrong, where it was made to."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.skew)

    def epoch(self) -> float:
        """The same in seconds since 1970."""
        return self.now().timestamp()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


def stamp(moment: datetime) -> str:
    """`2021-10-12T06:28:56.0319980+00:00`: seven digits, as in recorded traffic."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0+00:00"
