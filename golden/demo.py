"""The demo: the main job, end to end, on a local Azure of its own.

What it shows is the product itself: the recipe is `deployments/recipes/demo.yaml`, the flow is the one that
runs against Azure, and the local Azure is reached like any other, by the environment.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.plan import new_run_id
from factory.recipe import Recipe, load_recipe
from factory.rehearsal import DEBIAN, Kind, World, make_world
from factory.rehearsal_windows import WINDOWS as WINDOWS_WORLD
from golden import local_azure
from golden.console import console
from golden.demo_in_place import demonstrate
from golden.fault_commands import check_named, set_fault
from golden.guest_kinds import AUTO, KINDS, MODELLED, WINDOWS, choose_kind
from golden.prefect_server import prefect_server

RECIPES = Path(__file__).resolve().parent.parent / "deployments" / "recipes"


@dataclass
class Times:
    """Seconds of the demo's parts, in the order in which they were measured."""

    parts: dict[str, float] = field(default_factory=dict)

    def measure(self, part: str, since: float) -> None:
        """Note how long a part took that began at `since` (monotonic)."""
        self.parts[part] = round(time.monotonic() - since, 1)


def run_demo(
    *,
    skip: list[str],
    guest: str,
    image_options: list[str],
    state: Path | None,
    keep: bool,
    keep_on_failure: bool = False,
    setup_seconds: float | None,
    as_json: bool,
    faults: list[str] | None = None,
    in_place: bool = False,
    windows: bool = False,
) -> None:
    """Run it; raises what the flow raises, after the local Azure was stopped."""
    check_named(faults or [])
    directory = (state or local_azure.default_state().with_name("demo")).resolve()
    times = Times({"set-up": setup_seconds} if setup_seconds is not None else {})
    kind = WINDOWS if windows else choose_kind(_wish(guest, in_place=in_place), directory / "azure")
    begun = time.monotonic()
    if local_azure.find(directory / "azure") is None:
        local_azure.remove(directory / "azure")  # what an earlier demo left; images are kept elsewhere
    _prepare(directory / "azure", kind, image_options)
    times.measure("image build", begun)
    begun = time.monotonic()
    with prefect_server(directory / "prefect", keep=keep) as prefect, _local(directory, kind, keep) as azure:
        _enter(azure, directory)
        console.print(f"local Azure at {azure.endpoint}; its machines are {KINDS.get(kind, MODELLED)}")
        world = asyncio.run(_world(WINDOWS_WORLD if windows else DEBIAN))
        for name in faults or []:
            set_fault(azure, {"name": name})
        prefect.wait_until_healthy()
        os.environ["PREFECT_API_URL"] = prefect.api
        times.measure("your world and a Prefect server", begun)
        try:
            original = world.machine_id if in_place else None
            recipe = load_recipe(RECIPES / f"demo{'-windows' if windows else ''}.yaml", os.environ)
            _rebuild(recipe, skip, times, original, keep_on_failure=keep_on_failure, as_json=as_json)
        finally:
            _print_times(times, as_json=as_json)
            if keep:
                console.print(f"Prefect's UI goes on running at {prefect.url} (process group {prefect.pid})")


def _wish(guest: str, *, in_place: bool) -> str:
    """In place on machines without cloud-init, unless others are asked for by name.

    Azure gives a VM that is made again a new vmId, and cloud-init then makes new SSH host keys: QEMU machines
    show it as VMs on Azure would (`golden restore --dry-run` tells it).
    """
    return "namespace" if in_place and guest == AUTO else guest


@contextmanager
def _local(directory: Path, kind: str, keep: bool) -> Iterator[local_azure.LocalAzure]:
    """The demo's local Azure; stopped with all its machines, unless it is to be kept."""
    azure = local_azure.start(directory / "azure", guest=kind, on_progress=console.print)
    try:
        yield azure
    finally:
        if keep:
            state = directory / "azure"
            console.print(f'the local Azure goes on running: eval "$(golden local env --state {state})"')
        else:
            local_azure.stop(azure)


def _prepare(state: Path, kind: str, options: list[str]) -> None:
    state.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("image build"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=1.0)
        local_azure.prepare(
            state, kind, lambda what, done: progress.update(bar, description=what, completed=done), options
        )


def _enter(azure: local_azure.LocalAzure, directory: Path) -> None:
    """Become a client of it, as any shell would that evaluated `golden local env`."""
    os.environ.update(azure.environment())
    os.environ["GOLDEN_RUNS"] = str(directory / "runs")
    os.environ.setdefault("PREFECT_HOME", str(directory / "prefect"))


async def _world(kind: Kind) -> World:
    with console.status("making your world") as status:
        async with Azure(Connection.from_environment(os.environ)) as azure:
            return await make_world(
                azure, kind=kind, network=local_azure.free_network(), progress=status.update
            )


def _rebuild(
    recipe: Recipe,
    skip: list[str],
    times: Times,
    original: str | None,
    *,
    keep_on_failure: bool,
    as_json: bool,
) -> None:
    """Rebuild; with the ID of an original in place, which is then looked at again."""
    from golden.rebuild import print_summary, rebuild  # noqa: PLC0415 - Prefect is slow to import

    def run(recipe: Recipe, run_id: str) -> None:
        summary = rebuild(recipe, run_id, skip=skip, keep_on_failure=keep_on_failure, show=not as_json)
        if not as_json:
            print_summary(summary)
        elif original is None:
            typer.echo(summary.model_dump_json(indent=2))

    begun = time.monotonic()
    try:
        if original is None:
            run(recipe, new_run_id(datetime.now(UTC), secrets.token_hex(2)))
        else:
            demonstrate(recipe, original, run, as_json=as_json)
    finally:
        times.measure("run", begun)


def _print_times(times: Times, *, as_json: bool) -> None:
    if not as_json:
        console.print("seconds: " + ", ".join(f"{part} {seconds}" for part, seconds in times.parts.items()))
