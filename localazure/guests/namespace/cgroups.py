"""One control group a machine: what makes "stop everything of it" and "hold it still" one write each."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

PREFIX = "localazure-"


def hierarchy() -> Path | None:
    """Find the second version's hierarchy: at /sys/fs/cgroup, or at `unified` below it on hybrid hosts."""
    with Path("/proc/self/mountinfo").open() as mounts:
        for line in mounts:
            fields, _, tail = line.partition(" - ")
            if tail.split(" ", 1)[0] == "cgroup2":
                return Path(fields.split(" ")[4])
    return None


class ControlGroup:
    """A control group by its directory, which need not exist (any more)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_machine(cls, machine_id: str) -> ControlGroup:
        """Name the group of a machine."""
        root = hierarchy()
        if root is None:
            raise OSError("there is no cgroup2 file system on this computer")
        return cls(root / f"{PREFIX}{machine_id}")

    def create(self) -> None:
        """Make the group; remains of an earlier machine of the same id are removed first."""
        self.remove()
        self.path.mkdir()

    def exists(self) -> bool:
        """Tell whether the group is there."""
        return self.path.is_dir()

    def populated(self) -> bool:
        """Tell whether any process is left in the group or below it."""
        return self._event("populated")

    def _event(self, name: str) -> bool:
        try:
            return f"{name} 1" in (self.path / "cgroup.events").read_text().splitlines()
        except OSError:
            return False

    def freeze(self, deadline: float = 10.0) -> None:
        """Hold every process of the group still; returns when they are."""
        (self.path / "cgroup.freeze").write_text("1")
        until = time.monotonic() + deadline
        while not self._event("frozen"):
            if time.monotonic() > until:
                self.thaw()
                raise TimeoutError(f"{self.path.name} did not freeze within {deadline:.0f} s")
            time.sleep(0.005)

    def thaw(self) -> None:
        """Let the processes go on."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / "cgroup.freeze").write_text("0")

    def processes(self) -> list[int]:
        """List the processes in the group and below it, by their ids on the outside."""
        found: list[int] = []
        for directory, _, _ in os.walk(self.path):
            with contextlib.suppress(OSError):
                found += [int(p) for p in (Path(directory) / "cgroup.procs").read_text().split()]
        return found

    def kill(self) -> None:
        """Kill every process; frozen ones too. Kernels before 5.14 have no cgroup.kill."""
        try:
            (self.path / "cgroup.kill").write_text("1")
        except FileNotFoundError:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            self.thaw()

    def remove(self, deadline: float = 10.0) -> None:
        """Kill what is left in the group and remove it with all that the guest's init made below it."""
        until = time.monotonic() + deadline
        while self.exists():
            if self.populated():
                self.kill()
            self._remove_empty()
            if time.monotonic() > until:
                raise TimeoutError(f"{self.path} could not be removed within {deadline:.0f} s")
            if self.exists():
                time.sleep(0.01)

    def _remove_empty(self) -> None:
        for directory, _, _ in os.walk(self.path, topdown=False):
            with contextlib.suppress(OSError):
                Path(directory).rmdir()
