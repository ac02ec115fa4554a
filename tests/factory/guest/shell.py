"""A real root shell without a machine: /bin/sh as a process, fed by the product's own framing."""

import os
import selectors
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from factory.guest.command import Command, Output
from factory.guest.root_shell import PREAMBLE, Frame


class LocalShell:
    """Runs commands in one /bin/sh of this computer, as the user of the tests."""

    def __init__(self, program: Sequence[str] = ("/bin/sh",)) -> None:
        self.process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._write(PREAMBLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.process:
            self.process.kill()

    def run(self, command: Command, *, cap: int = 1 << 20) -> Output:
        frame = Frame(command, cap=cap)
        self._write(frame.request())
        assert self.process.stdout and self.process.stderr
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ, frame.feed_stdout)
            selector.register(self.process.stderr, selectors.EVENT_READ, frame.feed_stderr)
            while not frame.complete:
                for key, _ in selector.select(timeout=20) or self._stuck():
                    data = os.read(key.fd, 65536)
                    assert data, "the shell ended"
                    key.data(data)
        return frame.output()

    def _write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    @staticmethod
    def _stuck() -> list[tuple[selectors.SelectorKey, int]]:
        raise AssertionError("the shell does not answer")
