"""The report of a run, also of one that failed: read from its record, and nothing else."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import BaseModel, ConfigDict

from factory.record import Event
from factory.resume import RUN
from factory.run import Run
from factory.verify import PROOF

REPORT = "report.md"
_MODEL = ("modelled", "simulation")
"""What a machine that is a model says of itself, one of these."""


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
    summary = _summary(run)
    text = render(run, summary)
    run.record.save_text(REPORT, text)
    return summary, text


def summarize_failure(run: Run, error: BaseException) -> str:
    """The report of a run that ended with this error, as Markdown, which is also written into the record."""
    text = render(run, _summary(run), error=error)
    run.record.save_text(REPORT, text)
    return text


def _summary(run: Run) -> Summary:
    record = run.record
    proof = record.load(PROOF)["verified"] if record.has(PROOF) else {}
    return Summary(
        run_id=run.plan.run_id,
        recipe=run.plan.recipe.name,
        products=list(proof),
        steps=step_times(record.events()),
        proof=proof,
        report=f"{record.where}/{REPORT}",
        record=record.where,
    )


def step_times(events: list[Event]) -> list[StepTime]:
    """The steps in the order in which they first began, with the time spent on each in all entries.

    One that has not ended counts until the last event, or until the process died that carried it out.
    """
    clocks: dict[str, _Stopwatch] = {}
    before = events[0].at if events else None
    for event in events:
        if event.step == RUN:
            if event.kind == "entered" and before is not None:
                for clock in clocks.values():
                    clock.stop(before, "interrupted")
        elif event.kind == "started":
            clocks.setdefault(event.step, _Stopwatch()).start(event.at)
        elif event.step in clocks:
            clocks[event.step].read(event)
        before = event.at
    return [clock.told(step, events[-1].at) for step, clock in clocks.items()]


class _Stopwatch:
    """The time and the last words of one step."""

    def __init__(self) -> None:
        self.seconds, self.state, self.text = 0.0, "running", ""
        self.since: datetime | None = None

    def start(self, at: datetime) -> None:
        self.stop(at, "interrupted")
        self.since, self.state = at, "running"

    def stop(self, at: datetime, state: str) -> None:
        if self.since is not None:
            self.seconds += (at - self.since).total_seconds()
            self.since, self.state = None, state

    def read(self, event: Event) -> None:
        if event.kind in ("finished", "failed"):
            self.stop(event.at, event.kind)
        if event.kind == "taken-over":
            self.text = f"taken over: {event.text}"
        elif event.kind in ("fact", "failed", "progress") and event.text:
            self.text = event.text

    def told(self, step: str, now: datetime) -> StepTime:
        running = (now - self.since).total_seconds() if self.since else 0.0
        return StepTime(step=step, state=self.state, seconds=round(self.seconds + running, 1), text=self.text)


def render(run: Run, summary: Summary, *, error: BaseException | None = None) -> str:
    """The report as Markdown."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=select_autoescape()
    )
    template = environment.get_template("report.md.j2")
    return template.render(
        summary=summary,
        failure=error and _told(error),
        plan=run.plan,
        endpoint=run.connection.endpoint,
        simulated=_simulated(summary),
        changes=[event for event in run.record.events() if (event.step, event.kind) == ("customize", "fact")],
        warnings=[event for event in run.record.events() if event.kind == "warning"],
        manifest=run.record.has("backup-manifest.json"),
    )


def _told(error: BaseException) -> dict[str, str | None]:
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return {"message": message, "remedy": getattr(error, "remedy", None)}


def _simulated(summary: Summary) -> str:
    """What a machine says of itself that calls itself a model; empty for others."""
    cells = [str(cell) for proof in summary.proof.values() for row in proof["rows"] for cell in row]
    return next((cell for cell in cells if any(word in cell.casefold() for word in _MODEL)), "")
