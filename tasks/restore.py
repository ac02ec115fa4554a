"""Have the VM of a backup again."""

from factory.in_place import give_back
from factory.plan import Plan
from factory.restore import Restored
from factory.restoring import restore_backup
from factory.run import Run
from tasks.policy import step


@step("restore")
async def restore(backup: str, name: str | None, in_place: bool, restore_id: str | None) -> Restored:
    """Plan from the manifest in the cloud, carry out, look at the end."""
    return await restore_backup(backup, name=name, in_place=in_place, restore_id=restore_id)


@step("restore-original")
async def give_back_original(plan: Plan) -> None:
    """Restore the original of a run in place, now that it is captured."""
    await give_back(Run.of(plan))
