"""Make the machine that is generalized in the source's stead, and open it."""

from factory.access import Opened, open_access
from factory.backup import Backup
from factory.build import BuildMachine, build
from factory.plan import Plan
from factory.run import Run
from tasks.policy import step


@step("build")
async def build_machine(plan: Plan, backup: Backup) -> BuildMachine:
    """A clone from the backup, or a new VM from the source image, on the build subnet."""
    return await build(Run.of(plan), backup)


@step("open")
async def open_machine(plan: Plan, machine: BuildMachine) -> Opened:
    """A way in: host keys read through Azure, and an administrator of this run alone."""
    return await open_access(Run.of(plan), machine)
