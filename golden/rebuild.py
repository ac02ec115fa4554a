"""Run the rebuild flow in this process, and show its steps while it runs."""

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.live import Live
from rich.table import Table

from factory.azure.connection import Connection
from factory.clock import SystemClock
from factory.errors import FactoryError, InvalidInput
from factory.plan import PLAN, Plan, new_run_id
from factory.preflight import checked_plan
from factory.recipe import Recipe, load_recipe
from factory.record import RunRecord, open_record
from factory.report import REPORT, Summary, step_times
from golden.console import console

MARKS = {
    "finished": "[green]done[/]",
    "failed": "[red]failed[/]",
    "running": "[yellow]…[/]",
    "interrupted": "[yellow]interrupted[/]",
}
SKIPPABLE = ("deprovision", "gate")


def print_plan(path: Path, *, as_json: bool) -> None:
    """Check a recipe against the cloud and print the plan."""
    plan = asyncio.run(_plan(load_recipe(path, os.environ)))
    if as_json:
        typer.echo(plan.model_dump_json(indent=2))
        return
    table = Table("what", "name", title=f"plan of {plan.recipe.name}", title_justify="left")
    for what, name in _rows(plan):
        table.add_row(what, name)
    console.print(table)
    for role in ("scaffolding", "backup", "product"):
        console.print(f"tags of {role}: {plan.tags(role)}", markup=False)


def run_rebuild(path: Path, *, skip: list[str], keep_on_failure: bool, as_json: bool) -> Summary:
    """Rebuild, with a live table unless JSON is wanted."""
    recipe = load_recipe(path, os.environ)
    run_id = new_run_id(datetime.now(UTC), secrets.token_hex(2))
    summary = rebuild(recipe, run_id, skip=skip, keep_on_failure=keep_on_failure, show=not as_json)
    if as_json:
        typer.echo(summary.model_dump_json(indent=2))
    else:
        print_summary(summary)
    return summary


def rebuild(
    recipe: Recipe, run_id: str, *, skip: list[str], show: bool, keep_on_failure: bool = False
) -> Summary:
    """Run the flow to its end, or go on with it; its failures are raised as they are."""
    unknown = [name for name in skip if name not in SKIPPABLE]
    if unknown:
        raise InvalidInput(f"--skip {unknown[0]}: unknown", remedy=f"known are {', '.join(SKIPPABLE)}")
    quiet_prefect()
    record = open_record(os.environ, run_id)
    try:
        with live_table(record) if show else nullcontext():
            return asyncio.run(_run(recipe, run_id, skip, keep_on_failure))
    except Exception:
        with suppress(FactoryError, OSError):  # the first error is the one to tell
            if show and record.has(REPORT):
                console.print(f"report      {record.where}/{REPORT}", soft_wrap=True)
            if show and record.has(PLAN):
                console.print(f"run record  {record.where}", soft_wrap=True)
        raise


async def _run(recipe: Recipe, run_id: str, skip: list[str], keep_on_failure: bool) -> Summary:
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 - slow

    from flows.rebuild_image import rebuild_image  # noqa: PLC0415 - Prefect reads its settings when imported

    try:
        return await rebuild_image(
            recipe,
            run_id=run_id,
            skip=skip or None,  # type: ignore[arg-type]  # checked by the caller
            keep_on_failure=keep_on_failure,
        )
    finally:
        await APILogHandler.aflush()  # before the server that the log goes to is stopped


def print_summary(summary: Summary) -> None:
    """What was made, what was proven, and where it is written down."""
    for product, proof in summary.proof.items():
        console.print(f"[bold green]verified and promoted[/] {product}", soft_wrap=True)
        console.print(_proof_table(proof))
    console.print(f"report      {summary.report}", soft_wrap=True)
    console.print(f"run record  {summary.record}", soft_wrap=True)


@contextmanager
def live_table(record: RunRecord) -> Iterator[None]:
    """Show the record's steps while they are written."""
    ended = threading.Event()
    try:
        with Live(_steps_table(record), console=console, refresh_per_second=4) as live:
            follower = threading.Thread(target=_follow, args=(record, live, ended), daemon=True)
            follower.start()
            try:
                yield
            finally:
                ended.set()
                follower.join()
                live.update(_steps_table(record), refresh=True)
    finally:
        if not console.is_terminal:
            console.print()  # rich leaves the last line open


def _follow(record: RunRecord, live: Live, ended: threading.Event) -> None:
    while not ended.wait(0.25):
        live.update(_steps_table(record))


def _steps_table(record: RunRecord) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for title in ("step", "seconds", ""):
        table.add_column(title, no_wrap=True, justify="right" if title == "seconds" else "left")
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for step in step_times(record.events()):
        table.add_row(step.step, f"{step.seconds:.1f}", MARKS.get(step.state, ""), _one_line(step.text))
    return table


def _one_line(text: str) -> str:
    return (text.splitlines() or [""])[0].replace("[", r"\[")


def _proof_table(proof: dict[str, Any]) -> Table:
    table = Table("what was proven", "source", "machine from the image", box=None, pad_edge=False)
    for what, before, after in proof["rows"]:
        table.add_row(what, _short(before), _short(after))
    table.add_row("checks passed", "", str(len(proof["checks"])))
    return table


def _short(text: str) -> str:
    """A SHA-256 by its beginning; all else as it is."""
    return f"{text[:16]}…" if len(text) == 64 and text.isalnum() else text


async def _plan(recipe: Recipe) -> Plan:
    clock = SystemClock()
    run_id = new_run_id(clock.now(), "0000")
    return await checked_plan(recipe, run_id, Connection.from_environment(os.environ), clock)


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    names = plan.model_dump(exclude={"recipe", "created", "expires", "backup_expires", "luns"})
    for what, name in names.items():
        yield what.replace("_", " "), str(name)
    for lun in plan.luns:
        yield f"disk at LUN {lun}", plan.disk(plan.build_machine, lun)


def quiet_prefect() -> None:
    """The table says what happens; Prefect's log goes to its API, and to the console from warnings on."""
    for handler in ("CONSOLE", "CONSOLE_FLOW_RUNS", "CONSOLE_TASK_RUNS"):
        os.environ.setdefault(f"PREFECT_LOGGING_HANDLERS_{handler}_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    logging.getLogger("azure").setLevel(logging.WARNING)
    record = logging.getLogger("factory")
    record.addHandler(logging.NullHandler())
    record.propagate = False  # the table shows the record as it grows
