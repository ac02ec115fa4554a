"""Where a script's output goes. A stream takes values; who made it decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.values import Value


def _nothing(value: object) -> None:
    """Drop it."""


@dataclass(frozen=True)
class Streams:
    """The streams beside the pipeline itself. `host` is what Write-Host writes, lines without their end."""

    error: Callable[[PSError], None] = _nothing
    warning: Callable[[str], None] = _nothing
    verbose: Callable[[str], None] = _nothing
    host: Callable[[str], None] = _nothing
    native_error: Callable[[str], None] = _nothing
    """A line that a program wrote on its standard error."""

    def merged(self, which: str, sink: Callable[[Value], None]) -> Streams:
        """Send the streams of these numbers (`2`, `3`, `4`, `6` or `*`) elsewhere."""
        new = self
        if which in ("2", "*"):
            new = replace(new, error=lambda e: sink(e.record()), native_error=sink)
        if which in ("3", "*"):
            new = replace(new, warning=sink)
        if which in ("4", "*"):
            new = replace(new, verbose=sink)
        if which in ("6", "*"):
            new = replace(new, host=sink)
        return new
