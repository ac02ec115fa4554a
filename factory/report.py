"""The report of a run: read from its record, and nothing else."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import BaseModel, ConfigDict

from factory.record import Event
from factory.run import Run
from factory.verify import PROOF

REPORT = "report.md"


class StepTime(BaseModel):
    """How long a step took, in seconds, and how it ended."""

    model_config = ConfigDict(frozen=True)

    step: str
    state: str
    seconds: float
    text: str = ""


class Summary(BaseModel):
    """What a run made and proved."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    recipe: str
    products: list[str]
    steps: list[StepTime]
    proof: dict[str, Any]
    report: str
    record: str


def summarize(run: Run) -> tuple[Summary, str]:
    """The summary and the report's Markdown, which is also written into the run record."""
    record = run.record
    path = record.directory / REPORT
    proof = record.load(PROOF)["verified"] if record.has(PROOF) else {}
    summary = Summary(
        run_id=run.plan.run_id,
        recipe=run.plan.recipe.name,
        products=list(proof),
        steps=step_times(record.events()),
        proof=proof,
        report=str(path),
        record=str(record.directory),
    )
    text = render(run, summary)
    path.write_text(text, encoding="utf-8")
    return summary, text


def step_times(events: list[Event]) -> list[StepTime]:
    """The steps in the order in which they began; one that has not ended counts until the last event."""
    begun: dict[str, datetime] = {}
    ended: dict[str, tuple[datetime, str]] = {}
    texts: dict[str, str] = {}
    for event in events:
        if event.kind == "started":
            begun.setdefault(event.step, event.at)
            ended.pop(event.step, None)
        elif event.kind in ("finished", "failed"):
            ended[event.step] = (event.at, event.kind)
        if event.kind in ("fact", "failed", "progress") and event.text:
            texts[event.step] = event.text
    last = events[-1].at if events else None
    return [
        StepTime(
            step=step,
            state=ended[step][1] if step in ended else "running",
            seconds=round(((ended[step][0] if step in ended else last or start) - start).total_seconds(), 1),
            text=texts.get(step, ""),
        )
        for step, start in begun.items()
    ]


def render(run: Run, summary: Summary) -> str:
    """The report as Markdown."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=select_autoescape()
    )
    template = environment.get_template("report.md.j2")
    return template.render(
        summary=summary,
        plan=run.plan,
        endpoint=run.connection.endpoint,
        warnings=[event for event in run.record.events() if event.kind == "warning"],
        manifest=run.record.has("backup-manifest.json"),
    )
