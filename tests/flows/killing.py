"""Runs in processes of their own, killed at a chosen instant, and the requests that they made.

A process begins either as `golden` does, or as a fork of one that has everything imported already: the same
flow, without the seconds that Python needs to start, for tests that kill a run many times.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from factory.plan import Plan, new_run_id
from factory.recipe import Recipe, parse_recipe
from factory.record import Event, RunRecord, runs_directory
from factory.run import fresh_run_id
from tests.cloud import Cloud

GOLDEN = str(Path(sys.executable).with_name("golden"))
DEADLINE = 120.0


@dataclass
class Process:
    """A process, however it was begun: `status` is None while it lives, negative if it was killed."""

    status: Callable[[], int | None]
    kill: Callable[[], None]
    terminate: Callable[[], None]
    wait: Callable[[float], object]


class Killed:
    """A run of a recipe in a process, to be killed and gone on with as often as a test likes."""

    def __init__(
        self, cloud: Cloud, recipe: Path, start: Callable[[Path, str], Process], run_id: str | None = None
    ) -> None:
        self._cloud, self._recipe, self._start = cloud, recipe, start
        self.run_id = run_id or fresh_run_id()
        self._process = start(recipe, self.run_id)

    @property
    def record(self) -> RunRecord:
        """The run's record."""
        return RunRecord(runs_directory(os.environ) / self.run_id)

    @property
    def plan(self) -> Plan:
        """The run's plan."""
        return Plan.model_validate(self.record.load("plan.json"))

    def waits_in(self, step: str) -> None:
        """Return when this entry of the run is in the step."""
        self.waits_for(lambda: _is_in(self.record.events(), step), f"{step} begun")

    def waits_for(self, done: Callable[[], object], what: str) -> None:
        """Return when it is so; the process must not end by itself before."""
        ends = time.monotonic() + DEADLINE
        while not done():
            assert self._process.status() is None, f"it ended before: {what}; {self._last_words()}"
            assert time.monotonic() < ends, f"never seen: {what}"
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill -9; it must not have ended by itself."""
        assert self._process.status() is None, self._last_words()
        self.stop()

    def is_told_to_stop(self) -> None:
        """SIGTERM: it must end within the grace that Prefect gives."""
        self._process.terminate()
        self._process.wait(30)
        assert self._process.status() is not None, self._last_words()

    def kill_in(self, step: str) -> None:
        """Kill -9 as soon as this entry of the run is in the step."""
        self.waits_in(step)
        self.kill()

    def go_on(self, start: Callable[[Path, str], Process] | None = None) -> None:
        """Enter the run again, in a new process."""
        before = self._entries()
        self._process = (start or self._start)(self._recipe, self.run_id)
        self.waits_for(lambda: self._entries() > before, "the run entered again")

    def ends(self) -> int | None:
        """Wait until the process has ended; its exit status."""
        self._process.wait(DEADLINE)
        return self._process.status()

    def ends_well(self) -> None:
        """Wait until the process has ended, with success."""
        self._process.wait(DEADLINE)
        assert self._process.status() == 0, self._last_words()

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
        self._process.wait(10)

    def _entries(self) -> int:
        return sum(event.kind == "entered" for event in self.record.events())

    def _last_words(self) -> list[str]:
        return [f"{event.step}: {event.kind} {event.text}" for event in self.record.events()][-6:]


def as_command(recipe: Path, run_id: str) -> Process:
    """`golden resume`; a run without a plan is begun by a fork, since `golden rebuild` names runs itself."""
    if not RunRecord(runs_directory(os.environ) / run_id).has("plan.json"):
        return as_fork(recipe, run_id)
    environment = {**os.environ, "PREFECT_API_URL": _api()}
    process = subprocess.Popen([GOLDEN, "resume", run_id], env=environment, stdout=subprocess.DEVNULL)
    return Process(process.poll, process.kill, process.terminate, process.wait)


def as_fork(recipe: Path, run_id: str) -> Process:
    """The flow in a fork of a process that has all imports behind it."""
    return _fork(carry_out, recipe, run_id)


def carry_out(recipe: Path, run_id: str, environment: dict[str, str], api: str) -> None:
    """What the fork does."""
    import asyncio

    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.rebuild_image import rebuild_image

    os.environ.update(environment)
    with temporary_settings({PREFECT_API_URL: api}):
        asyncio.run(rebuild_image(load(recipe), run_id=run_id))


class FlowRun:
    """A flow run that Prefect's server knows, entered as a worker enters it: first, and on every retry."""

    def __init__(self, recipe: Path) -> None:
        from prefect.client.orchestration import get_client

        from flows.rebuild_image import rebuild_image

        with get_client(sync_client=True) as client:
            made = client.create_flow_run(rebuild_image, parameters={"recipe": load(recipe)})
        self.id, self.run_id = made.id, new_run_id(made.created, made.id.hex[-4:])  # type: ignore[arg-type]  # it has one

    def start(self, recipe: Path, _run_id: str) -> Process:
        """Let it be retried, if it has run before, and enter it in a fork."""
        from prefect.client.orchestration import get_client
        from prefect.states import AwaitingRetry, Crashed

        with get_client(sync_client=True) as client:
            if client.read_flow_run(self.id).state_name == "Running":
                client.set_flow_run_state(self.id, Crashed(), force=True)  # what the missed heartbeats do
                client.set_flow_run_state(self.id, AwaitingRetry(), force=True)  # what Retry does
        return _fork(enter_flow_run, recipe, str(self.id))


def enter_flow_run(recipe: Path, flow_run_id: str, environment: dict[str, str], api: str) -> None:
    """What a worker's process does."""
    import asyncio
    from uuid import UUID

    from prefect.client.orchestration import get_client
    from prefect.flow_engine import run_flow
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.rebuild_image import rebuild_image

    os.environ.update(environment)
    with temporary_settings({PREFECT_API_URL: api}):
        with get_client(sync_client=True) as client:
            flow_run = client.read_flow_run(UUID(flow_run_id))
        asyncio.run(run_flow(rebuild_image, flow_run=flow_run, parameters={"recipe": load(recipe)}))  # type: ignore[arg-type]  # an asynchronous flow gives a coroutine


def load(recipe: Path) -> Recipe:
    """The recipe in a file."""
    return parse_recipe(yaml.safe_load(recipe.read_text()))


def _fork(target: Callable[..., None], recipe: Path, key: str) -> Process:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["flows.rebuild_image", "tests.flows.killing"])
    process = context.Process(target=target, args=(recipe, key, dict(os.environ), _api()))
    process.start()
    return Process(lambda: process.exitcode, process.kill, process.terminate, process.join)


def _api() -> str:
    from prefect.settings import PREFECT_API_URL

    return str(PREFECT_API_URL.value())


def _is_in(events: list[Event], step: str) -> bool:
    entered = max((at for at, event in enumerate(events) if event.kind == "entered"), default=0)
    return any(event.step == step and event.kind == "started" for event in events[entered:])


def set_fault(cloud: Cloud, **fault: Any) -> None:
    """Let something go wrong in the local Azure."""
    cloud.local.ask("/_local/faults", method="POST", body=fault)


def clear_faults(cloud: Cloud) -> None:
    """Take all faults back: what they held up goes on."""
    cloud.local.ask("/_local/faults", method="DELETE")
