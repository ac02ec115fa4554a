"""`golden` as a process that is killed at a chosen instant of its run, and the requests that it made."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from factory.plan import Plan
from factory.record import Event, RunRecord, list_runs, runs_directory
from tests.cloud import Cloud

GOLDEN = str(Path(sys.executable).with_name("golden"))
DEADLINE = 120.0


class Killed:
    """A run that `golden rebuild` began, to be killed and resumed as often as the test likes."""

    def __init__(self, cloud: Cloud, recipe: Path) -> None:
        self._cloud = cloud
        before = set(list_runs(runs_directory(os.environ)))
        self._process = self._start("rebuild", str(recipe))
        self._wait(lambda: set(list_runs(runs_directory(os.environ))) - before, "the run's record")
        (self.run_id,) = set(list_runs(runs_directory(os.environ))) - before

    @property
    def record(self) -> RunRecord:
        """The run's record."""
        return RunRecord(runs_directory(os.environ) / self.run_id)

    @property
    def plan(self) -> Plan:
        """The run's plan."""
        return Plan.model_validate(self.record.load("plan.json"))

    def kill_when(self, seen: Callable[[list[Event]], object], what: str) -> None:
        """Kill -9 as soon as the record shows it; the process must not end by itself before."""
        self._wait(lambda: seen(self.record.events()), what)
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait(10) == -signal.SIGKILL

    def kill_in(self, step: str) -> None:
        """Kill -9 as soon as this entry of the run is in the step."""
        self.kill_when(lambda events: _is_in(events, step), f"{step} begun")

    def resume(self) -> None:
        """Start `golden resume`."""
        self._process = self._start("resume", self.run_id)

    def ends_well(self) -> None:
        """Wait until the process has ended, with success."""
        status = self._process.wait(DEADLINE)
        assert status == 0, [f"{event.step}: {event.kind} {event.text}" for event in self.record.events()][
            -6:
        ]

    def requests(self, *methods: str) -> list[str]:
        """What the run asked of Azure, in order: "PUT …/versions/1.2.3"."""
        lines = (self._cloud.local.state / "requests.jsonl").read_text().splitlines()
        calls = [
            call for call in map(json.loads, lines) if f"run/{self.run_id}" in (call["user_agent"] or "")
        ]
        return [f"{call['method']} {call['path']}" for call in calls if call["method"] in methods]

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()

    def _start(self, *words: str) -> "subprocess.Popen[bytes]":
        from prefect.settings import PREFECT_API_URL

        environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}
        return subprocess.Popen([GOLDEN, *words], env=environment, stdout=subprocess.DEVNULL)

    def _wait(self, done: Callable[[], object], what: str) -> None:
        ends = time.monotonic() + DEADLINE
        while not done():
            assert self._process.poll() is None, f"it ended before: {what}"
            assert time.monotonic() < ends, f"never seen: {what}"
            time.sleep(0.02)


def _is_in(events: list[Event], step: str) -> bool:
    entered = max((at for at, event in enumerate(events) if event.kind == "entered"), default=0)
    return any(event.step == step and event.kind == "started" for event in events[entered:])


def set_fault(cloud: Cloud, **fault: Any) -> None:
    """Let something go wrong in the local Azure."""
    cloud.local.ask("/_local/faults", method="POST", body=fault)


def clear_faults(cloud: Cloud) -> None:
    """Take all faults back: what they held up goes on."""
    cloud.local.ask("/_local/faults", method="DELETE")
