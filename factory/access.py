"""A way into a build or test machine: host keys read through Azure, and a key of this run alone.

Nothing is trusted that the network says about itself: the machine's public host keys come through Run
Command, which Azure carries, and the SSH connection accepts exactly those. Where the recipe says so, Run
Command is the only way in, and no account is made at all.
"""

from contextlib import AbstractAsyncContextManager

from factory.azure import machines
from factory.build import BuildMachine
from factory.families import family_of
from factory.guest.guest import Guest
from factory.memory import once
from factory.opened import Opened
from factory.run import Run

__all__ = ["Opened", "connect", "open_access"]


@once("open")
async def open_access(run: Run, machine: BuildMachine) -> Opened:
    """Make this run's temporary administrator on the build machine, and learn by what it is known.

    Errors: OperationTimedOut when the agent does not become ready, ExtensionFailed when the script fails.
    """
    with run.record.step("open", machine.address):
        async with run.azure() as azure:
            deadline = run.plan.recipe.deadline("provision")
            await machines.wait_for_agent(azure, machine.id, deadline=deadline)
            opened = await family_of(run.plan).open_build(run, azure, machine.id, machine.address)
        return opened.model_copy(update={"azure_admin": machine.azure_admin})


def connect(run: Run, opened: Opened) -> AbstractAsyncContextManager[Guest]:
    """A way to run commands with all rights on an opened machine, for as long as the context is open."""
    return family_of(run.plan).connect(run, opened)
