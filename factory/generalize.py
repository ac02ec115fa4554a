"""Generalize on evidence: in the guest first, then, only if the evidence is good, in Azure.

`generalize` cannot be taken back. What leads to it is never an exit status: the gate reads the guest's
state in the same root process that changed it, and the verdict is kept in the run record; without that
verdict the call is not made.
"""

from factory.azure import machines
from factory.build import BuildMachine
from factory.customize import Source
from factory.errors import GateRefused, NotFound
from factory.families import family_of
from factory.family import AnyEvidence
from factory.in_place import keep_everything
from factory.memory import once
from factory.opened import Opened
from factory.run import Run, Skip

EVIDENCE = "evidence.json"
VERDICT = "verdict.json"


@once("generalize-guest", keeps=(EVIDENCE,))
async def deprovision_guest(run: Run, opened: Opened, source: Source, skip: list[Skip]) -> AnyEvidence:
    """Generalize the guest as its family does, and gather the gate's evidence."""
    with run.record.step("generalize-guest"):
        evidence = await family_of(run.plan).generalize(run, opened, source.facts, skip)
        run.record.save(EVIDENCE, evidence.model_dump(mode="json"))
        return evidence


@once("gate", keeps=(VERDICT,))
async def pass_gate(run: Run, evidence: AnyEvidence, skip: list[Skip]) -> None:
    """Go on only if the evidence shows that the guest is generalized. See `judge_evidence`."""
    judge_evidence(run, evidence, skip)


def judge_evidence(run: Run, evidence: AnyEvidence, skip: list[Skip]) -> None:
    """Judge, keep the verdict, and raise GateRefused unless the guest is generalized."""
    with run.record.step("gate"):
        verdict = family_of(run.plan).judge(evidence)
        for warning in verdict.warnings:
            run.record.write("gate", "warning", warning)
        skipped = "gate" in skip and not verdict.ok
        run.record.save(VERDICT, {"ok": verdict.ok, "skipped": skipped, **verdict.model_dump(mode="json")})
        if skipped:
            run.record.write("gate", "warning", f"rehearsal: {len(verdict.findings)} findings passed over")
        elif not verdict.ok:
            raise GateRefused(run.plan.build_machine, [str(finding) for finding in verdict.findings])
        else:
            run.record.write("gate", "fact", f"{len(verdict.checked)} checks passed", checks=verdict.checked)


async def find_generalized(run: Run, _none: None) -> str | None:
    """Look whether Azure still has the build machine as generalized."""
    if run.plan.in_place:
        return "the original is asked for by the capture"
    async with run.azure() as azure:
        try:
            seen = await machines.get_machine_named(azure, run.plan.scaffold_group, run.plan.build_machine)
        except NotFound:
            return None
    return "Azure shows the VM as generalized" if seen.generalized else None


@once("generalize", confirm=find_generalized, until="capture")
async def mark_generalized(run: Run, machine: BuildMachine) -> None:
    """Power off gracefully, deallocate, generalize; read back that Azure has it so.

    Each is done where it is not done yet: nobody knows how far an earlier entry of the run came.
    """
    verdict = run.record.load(VERDICT)
    if not (verdict["ok"] or verdict["skipped"]):
        raise GateRefused(run.plan.build_machine, ["the run record holds no good verdict"])
    deadline = run.plan.recipe.deadline("power")
    with run.record.step("generalize"):
        async with run.azure() as azure:
            seen = await machines.wait_settled(azure, machine.id, deadline=deadline)
            if run.plan.in_place and not seen.generalized:
                await keep_everything(azure, machine.id)
            if not seen.generalized:
                if seen.power_state == "running":
                    await machines.power_off(azure, machine.id, deadline=deadline)
                if seen.power_state != "deallocated":
                    await machines.deallocate(azure, machine.id, deadline=deadline)
                await machines.generalize(azure, machine.id)
                seen = await machines.get_machine(azure, machine.id)
        if not seen.generalized:
            raise GateRefused(run.plan.build_machine, ["Azure does not show the VM as generalized"])
