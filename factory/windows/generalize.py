"""Look at a Windows guest, and judge what was seen: checks by stage, and the evidence for the gate.

The judgement is pure. What Sysprep returned plays no part in it, and errors in its log are warnings, because
good runs have some: what counts is the guest's state, read by a session of its own after the end.
"""

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from factory.errors import InvalidInput
from factory.guest.evidence import CheckEvidence, Finding, Verdict
from factory.guest.guest import Guest
from factory.guest.units import Check, Operation, Stage, discover
from factory.windows import checks, operations
from factory.windows.bootstrap import Closing
from factory.windows.context import Context
from factory.windows.probe import Doubt
from factory.windows.sysprep_run import SysprepRun


class WindowsEvidence(BaseModel):
    """What was done to a guest and what was seen of it. Complete in itself: `judge` needs nothing else."""

    model_config = ConfigDict(frozen=True)

    os: Literal["windows"] = "windows"
    stage: Stage
    context: Context
    checks: tuple[CheckEvidence, ...] = ()
    sysprep: SysprepRun | None = None
    closing: Closing | None = None


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check of Windows guests."""
    return tuple(discover(checks, Check))


@cache
def all_operations() -> tuple[Operation, ...]:
    """Every mending operation on Windows guests, in order."""
    return tuple(discover(operations, Operation))


def operation_named(name: str) -> Operation:
    """The mending operation that a recipe names. Raises InvalidInput."""
    known = {operation.name: operation for operation in all_operations()}
    if name not in known:
        raise InvalidInput(
            f"there is no mending operation called {name}", remedy=f"Known are {', '.join(known)}."
        )
    return known[name]


def checks_of(stage: Stage) -> list[Check]:
    """The checks of one stage."""
    return [check for check in all_checks() if stage in check.stages]


async def examine(guest: Guest, stage: Stage, context: Context) -> WindowsEvidence:
    """Run the probes of a stage: on the source, at the gate, or on a machine made from the image."""
    seen = []
    for check in checks_of(stage):
        output = await guest.run(check.command(context))
        seen.append(CheckEvidence(unit=check.name, stage=stage, output=output))
    return WindowsEvidence(stage=stage, context=context, checks=tuple(seen))


def judge(evidence: WindowsEvidence) -> Verdict:
    """Decide on evidence alone; pure.

    A check that has no evidence is a finding too, and so is a way in of which nobody saw that it is gone.
    """
    seen = {entry.unit: entry.output for entry in evidence.checks if entry.stage == evidence.stage}
    findings: list[Finding] = []
    warnings: list[str] = []
    for check in checks_of(evidence.stage):
        texts = check(seen[check.name], evidence.context) if check.name in seen else ["nobody looked"]
        findings += [
            Finding(unit=check.name, text=str(text)) for text in texts if not isinstance(text, Doubt)
        ]
        warnings += [f"{check.name}: {text}" for text in texts if isinstance(text, Doubt)]
    if evidence.stage is Stage.BEFORE_CAPTURE:
        findings += [Finding(unit="way_in", text=text) for text in _of_closing(evidence.closing)]
    if evidence.sysprep is not None:
        warnings += [f"sysprep: {text}" for text in evidence.sysprep.complaints]
    return Verdict(findings=tuple(findings), warnings=tuple(warnings), checked=tuple(seen))


def _of_closing(closing: Closing | None) -> list[str]:
    return ["nobody looked whether the way in is gone"] if closing is None else closing.findings()
