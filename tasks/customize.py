"""Change the machine as the recipe says, and look whether it can be generalized."""

from factory.access import Opened
from factory.customize import Source, check_source, customize_machine
from factory.plan import Plan
from factory.run import Run
from tasks.policy import step


@step("customize")
async def customize(plan: Plan, opened: Opened) -> None:
    """Scripts, files, package upgrades and reboots, in the recipe's order."""
    await customize_machine(Run.of(plan), opened)


@step("check-before-generalize")
async def check_before_generalize(plan: Plan, opened: Opened) -> Source:
    """The facts that the image must not share with its copies, and every reason not to go on."""
    return await check_source(Run.of(plan), opened)
