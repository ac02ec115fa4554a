"""Back up the source before anything destructive."""

from factory.backup import Backup, back_up_source
from factory.plan import Plan
from factory.run import Run
from tasks.policy import step


@step("back-up")
async def back_up(plan: Plan) -> Backup:
    """A complete backup of the source VM: all disks and its model."""
    return await back_up_source(Run.of(plan))
