"""Generalize a Linux guest: operations, then the gate's probes, all in one root process opened beforehand.

The login user and its sudo rights vanish on the way, so nothing may need a second login. `waagent` exits
0 even when it failed, so nothing is decided by an exit status: the gate's probes look at effects, in the
same process, before anybody powers the machine off.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from pydantic import BaseModel, ConfigDict

from factory.errors import InvalidInput
from factory.guest.command import MINUTE, Command, Output, sh
from factory.guest.evidence import TAIL, CheckEvidence, CommandEvidence, Finding, Verdict
from factory.guest.guest import Guest, run_all
from factory.guest.units import Check, Operation, Stage, discover
from factory.linux import checks, operations
from factory.linux.context import Context

_CAUSES = frozenset({"disk_space"})
"""Checks whose findings explain those of others: told first."""
ALL = "deprovision"
"""In `skip`, every operation: what a machine looks like that nobody generalized."""


class Evidence(BaseModel):
    """What was done to a guest and what was seen of it. Complete in itself: `judge` needs nothing else."""

    model_config = ConfigDict(frozen=True)

    stage: Stage
    context: Context
    commands: tuple[CommandEvidence, ...] = ()
    checks: tuple[CheckEvidence, ...] = ()


@cache
def all_operations() -> tuple[Operation, ...]:
    """Every operation on Linux guests, in order."""
    return tuple(discover(operations, Operation))


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check of Linux guests."""
    return tuple(discover(checks, Check))


def checks_of(stage: Stage) -> list[Check]:
    """The checks of one stage."""
    return [check for check in all_checks() if stage in check.stages]


async def generalize(guest: Guest, context: Context, *, skip: Collection[str] = ()) -> Evidence:
    """Run every operation that applies, then the probes of the gate.

    `skip` names operations; "deprovision" stands for all of them, which leaves a machine that the gate
    must refuse.
    """
    work = [
        (operation.name, command) for operation in _wanted(context, skip) for command in operation(context)
    ]
    work.append(("sync", sh("sync", timeout=5 * MINUTE)))
    gate = checks_of(Stage.BEFORE_CAPTURE)
    commands = [command for _unit, command in work] + [check.command(context) for check in gate]
    outputs = await run_all(guest, commands, last=True)
    done = zip(work, outputs[: len(work)], strict=True)
    return Evidence(
        stage=Stage.BEFORE_CAPTURE,
        context=context,
        commands=tuple(_done(unit, command, output) for (unit, command), output in done),
        checks=_seen(gate, Stage.BEFORE_CAPTURE, outputs[len(work) :]),
    )


async def examine(guest: Guest, stage: Stage, context: Context) -> Evidence:
    """Run the probes of a stage: on the source, at the gate, or on a machine made from the image."""
    checks = checks_of(stage)
    outputs = await run_all(guest, [check.command(context) for check in checks])
    return Evidence(stage=stage, context=context, checks=_seen(checks, stage, outputs))


def judge(evidence: Evidence) -> Verdict:
    """Decide on evidence alone; pure.

    A check that has no evidence is a finding too: an image must not pass because somebody forgot to look.
    """
    seen = {entry.unit: entry.output for entry in evidence.checks if entry.stage == evidence.stage}
    findings: list[Finding] = []
    for check in checks_of(evidence.stage):
        texts = check(seen[check.name], evidence.context) if check.name in seen else ["nobody looked"]
        findings.extend(Finding(unit=check.name, text=text) for text in texts)
    findings.sort(key=lambda finding: finding.unit not in _CAUSES)
    return Verdict(
        findings=tuple(findings),
        warnings=tuple(_warning(entry) for entry in evidence.commands if entry.status not in (0, None)),
        checked=tuple(name for name, output in seen.items() if not output.skipped),
        not_applicable=tuple(name for name, output in seen.items() if output.skipped),
    )


def _wanted(context: Context, skip: Collection[str]) -> list[Operation]:
    known = {operation.name for operation in all_operations()}
    unknown = sorted(set(skip) - known)
    if unknown:
        raise InvalidInput(
            f"there is no operation called {', '.join(unknown)}",
            remedy=f"Known are {', '.join(sorted(known))}.",
        )
    if ALL in skip:
        return []
    return [
        operation
        for operation in all_operations()
        if operation.name not in skip and operation.package_manager in (None, context.distro.package_manager)
    ]


def _seen(checks: Sequence[Check], stage: Stage, outputs: Sequence[Output]) -> tuple[CheckEvidence, ...]:
    pairs = zip(checks, outputs, strict=True)
    return tuple(CheckEvidence(unit=check.name, stage=stage, output=output) for check, output in pairs)


def _done(unit: str, command: Command, output: Output) -> CommandEvidence:
    if command.sensitive:
        output = replace(output, stdout="", stderr="")
    return CommandEvidence(
        unit=unit,
        command=str(command),
        status=None if output.skipped else output.status,
        stdout=output.stdout[-TAIL:],
        stderr=output.stderr[-TAIL:],
    )


def _warning(entry: CommandEvidence) -> str:
    said = (entry.stderr.strip() or entry.stdout.strip() or "no message").splitlines()[-1]
    return f"{entry.unit}: {entry.command!r} exited {entry.status}: {said}"
