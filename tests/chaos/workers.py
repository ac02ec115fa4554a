"""Workers: processes with a local Azure each, that take one case after the other until none is left."""

import os
import random
import shutil
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from golden.local_azure import free_network
from tests.chaos.cases import Ground
from tests.chaos.doors import Blow, Instant, read_instants
from tests.chaos.ground import on_ground
from tests.chaos.plan import Slice, choose
from tests.chaos.runs import warm
from tests.chaos.table import Found, Results

COUNTED_WITHIN = 1800.0
"""Seconds in which the first worker has counted the instants, on the slowest of guests."""


@dataclass(frozen=True)
class Work:
    """What all workers of a program do together."""

    folder: Path
    guest: str
    seed: int
    results: Results
    part: Slice = field(default_factory=Slice)
    only: str = ""
    most: int | None = None
    until: float | None = None
    """No case is begun after this moment of the monotonic clock."""

    def carry_out(self, number: int, network: str) -> None:
        """Be the worker of a number."""
        with on_ground(self.folder / f"worker-{number}", self.guest, network) as ground:
            cases = choose(self._instants(ground, number), seed=self.seed, cases=self.most)
            struck = {(one.instant, one.blow) for one in self.results.read()}
            for index, (instant, blow) in enumerate(cases):
                if self.until is not None and time.monotonic() > self.until:
                    return
                wanted = self.part.holds(index) and f"{blow} at {instant} ".startswith(self.only)
                if wanted and (str(instant), blow) not in struck and self._claim(index):
                    self._strike(ground, instant, blow, f"{index + 1}/{len(cases)}")

    def _strike(self, ground: Ground, instant: Instant, blow: Blow, name: str) -> None:
        began = time.monotonic()
        case = ground.strike(instant, blow, random.Random(f"{self.seed}/{blow}/{instant}"))
        found = Found.of(case, time.monotonic() - began)
        self.results.add(found)
        print(f"{name} {case} ({found.seconds:.0f} s)", flush=True)

    def _instants(self, ground: Ground, number: int) -> list[Instant]:
        """Count them once: every worker, and who goes on later, has the same cases and warm imports."""
        counted = self.results.counted
        if number == 0 and not counted.exists():
            ground.count_instants()
            draft = counted.with_name(f"{counted.name}.new")
            shutil.copytree(ground.counted, draft)
            draft.rename(counted)
        until = time.monotonic() + COUNTED_WITHIN
        while not counted.exists():
            if time.monotonic() > until:
                raise TimeoutError("nobody has counted the instants")
            time.sleep(0.05)
        warm(counted / "modules")
        return read_instants(counted / "instants")

    def _claim(self, index: int) -> bool:
        """Take a case, unless another has."""
        try:
            (self.folder / f"case-{index}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def in_workers(work: Work, count: int) -> None:
    """Fork the workers while there is no thread, and wait for them; SystemExit where one fails.

    Whoever ends this program ends them, and they their local Azures.
    """
    networks: set[str] = set()
    while len(networks) < count:
        networks.add(free_network())
    pids = {_fork(work, number, network) for number, network in enumerate(sorted(networks))}
    failed = 0
    try:
        while pids:
            pid = min(pids)
            failed += os.waitpid(pid, 0)[1] != 0
            pids.discard(pid)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)
    if failed:
        raise SystemExit(f"{failed} workers did not come to their end")


def _fork(work: Work, number: int, network: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work.carry_out(number, network)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(1)
