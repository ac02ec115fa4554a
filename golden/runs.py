"""The recorded runs, and going on with one that was interrupted."""

import os

import typer
from rich.table import Table

from factory import restoring
from factory.errors import InvalidInput
from factory.ownership import tell
from factory.plan import PLAN, Plan
from factory.record import RunRecord, find_record, open_record, recorded_runs, runs_place
from factory.report import StepTime, Summary, step_times
from factory.restore_plan import RestorePlan
from factory.resume import end_of, plan_resume, state_of
from golden.console import console
from golden.rebuild import print_summary, rebuild

MARKS = {"done": "[green]done[/]", "failed": "[red]failed[/]", "interrupted": "[yellow]interrupted[/]"}


def resume_run(run_id: str, *, as_json: bool) -> Summary:
    """Go on with a run where it was interrupted. InvalidInput where there is nothing to go on with."""
    record = find_record(os.environ, run_id)
    if not record.has(PLAN):
        raise InvalidInput(
            f"run {run_id} has no plan: its recipe was refused before anything was made",
            remedy="correct what `golden runs` shows, then start a new run: golden rebuild RECIPE",
        )
    plan = Plan.model_validate(record.load(PLAN))
    events = record.events()
    entered = next((event.data for event in reversed(events) if event.kind == "entered"), {})
    if not as_json:
        console.print(f"run {run_id}, {tell(plan_resume(events, record.documents()))}", soft_wrap=True)
    summary = rebuild(
        plan.recipe,
        run_id,
        skip=entered.get("skip", []),
        keep_on_failure=entered.get("keep_on_failure", False),
        show=not as_json,
    )
    if as_json:
        typer.echo(summary.model_dump_json(indent=2))
    else:
        print_summary(summary)
    return summary


def print_runs() -> None:
    """The recorded runs: how far each came, what state it is in, and what can be done with it."""
    table = Table("run", "recipe", "last step", "state", "what now")
    for run_id in recorded_runs(os.environ):
        table.add_row(run_id, *_row(open_record(os.environ, run_id), run_id))
    console.print(table)
    console.print(f"in {runs_place(os.environ)}", soft_wrap=True)


def _row(record: RunRecord, run_id: str) -> tuple[str, str, str, str]:
    events = record.events()
    if record.has(restoring.PLAN):
        return _restore_row(record)
    steps = step_times(events)
    last = steps[-1] if steps else StepTime(step="-", state="-", seconds=0)
    state = state_of(events, owned=record.is_claimed())
    recipe = record.load(PLAN)["recipe"]["name"] if record.has(PLAN) else "-"
    return recipe, last.step, MARKS.get(state, state), _hint(record, run_id, state)


def _restore_row(record: RunRecord) -> tuple[str, str, str, str]:
    plan = RestorePlan.model_validate(record.load(restoring.PLAN))
    where = f"--as {plan.machine}" if plan.way == "copy" else "--in-place"
    done = record.has(restoring.RESULT)
    state = "done" if done else "running" if record.is_claimed() else "interrupted"
    hint = plan.machine_id if done else f"golden restore {plan.backup} {where}"
    return f"restore of {plan.machine}", "restore", MARKS.get(state, state), hint


def _hint(record: RunRecord, run_id: str, state: str) -> str:
    """One line: the next command, or where to look."""
    if state == "done":
        return "report.md"
    if state == "running":
        return next((e.data["by"] for e in reversed(record.events()) if e.kind == "entered"), "-")
    if not record.has(PLAN):
        return "golden rebuild RECIPE, corrected"
    undone = end_of(record.events()) in ("undoing", "undone")
    return f"golden resume {run_id}" + (" (from its backup)" if undone else "")
