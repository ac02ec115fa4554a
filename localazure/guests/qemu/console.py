"""The machine's serial port: a pipe whose other end is the serial log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

MOST_BYTES = 4 << 20  # then the log starts anew: a guest in a loop must not fill the disk


class Console:
    """Copies what the guest writes into a file, from construction to `close`."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("wb", buffering=0)
        self._end, self.line = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._end, False)
        self._start = time.monotonic()
        self._written = 0
        asyncio.get_running_loop().add_reader(self._end, self._copy)

    def _copy(self) -> None:
        with contextlib.suppress(OSError):
            self._write(os.read(self._end, 1 << 16))

    def _write(self, data: bytes) -> None:
        if self._written + len(data) > MOST_BYTES:
            self._log.seek(0)
            self._log.truncate()
            self._written = 0
        self._log.write(data)
        self._written += len(data)

    def note(self, text: str) -> None:
        """Write a line as a kernel would, after all that was written before."""
        self._copy()
        self._write(f"[{time.monotonic() - self._start:12.6f}] localazure: {text}\r\n".encode())

    def close(self) -> None:
        """Copy what is left and close."""
        self._copy()
        asyncio.get_running_loop().remove_reader(self._end)
        for descriptor in (self._end, self.line):
            os.close(descriptor)
        self._log.close()
