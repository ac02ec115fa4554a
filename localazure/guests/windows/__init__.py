"""Windows guests that are a model: a machine's state, scripts that read and change it, and a wire that is real.

There is no Windows here, and everything that shows a machine of this host says so. What the model does not know
it says, loudly.
"""

from __future__ import annotations

from pathlib import Path

from localazure.guests.windows.host import WindowsHost


def open_host(state: Path) -> WindowsHost:
    """Open the host over a state directory."""
    return WindowsHost(state)
