"""Generalize: in the guest, on evidence, then in Azure."""

from factory import generalize
from factory.build import BuildMachine
from factory.customize import Source
from factory.family import AnyEvidence
from factory.generalize import deprovision_guest, mark_generalized
from factory.opened import Opened
from factory.plan import Plan
from factory.run import Run, Skip
from tasks.policy import step


@step("generalize-guest")
async def generalize_guest(plan: Plan, opened: Opened, source: Source, skip: list[Skip]) -> AnyEvidence:
    """The distribution's commands and `waagent -deprovision+user`, and what they left."""
    return await deprovision_guest(Run.of(plan), opened, source, skip)


@step("gate")
async def pass_gate(plan: Plan, evidence: AnyEvidence, skip: list[Skip]) -> None:
    """Go on only if the evidence shows that the guest is generalized."""
    await generalize.pass_gate(Run.of(plan), evidence, skip)


@step("generalize")
async def generalize_machine(plan: Plan, machine: BuildMachine) -> None:
    """Power off, deallocate, and tell Azure that the VM is generalized: irreversible."""
    await mark_generalized(Run.of(plan), machine)
