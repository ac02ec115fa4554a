"""Generalize: in the guest, on evidence, then in Azure."""

from factory import generalize
from factory.access import Opened
from factory.build import BuildMachine
from factory.customize import Source
from factory.generalize import deprovision_guest, mark_generalized
from factory.linux.generalize import Evidence
from factory.plan import Plan
from factory.run import Run, Skip
from tasks.policy import step


@step("generalize-guest")
async def generalize_guest(plan: Plan, opened: Opened, source: Source, skip: list[Skip]) -> Evidence:
    """The distribution's commands and `waagent -deprovision+user`, and what they left."""
    return await deprovision_guest(Run.of(plan), opened, source, skip)


@step("gate")
async def pass_gate(plan: Plan, evidence: Evidence, skip: list[Skip]) -> None:
    """Go on only if the evidence shows that the guest is generalized."""
    await generalize.pass_gate(Run.of(plan), evidence, skip)


@step("generalize")
async def generalize_machine(plan: Plan, machine: BuildMachine) -> None:
    """Power off, deallocate, and tell Azure that the VM is generalized: irreversible."""
    await mark_generalized(Run.of(plan), machine)
