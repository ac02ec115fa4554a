"""The plan of a rebuild: every name and tag, before the first call.

Pure: time and run ID are arguments. `golden plan` prints exactly what the flow carries out. Three groups
that never share anything: scaffolding (thrown away by deleting its group), the backup (a group of its own
with its own expiry), and the product (in the user's gallery or group).
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from factory.guest.units import Family
from factory.recipe import Recipe

TAG_FACTORY = "golden-factory"
TAG_RUN = "golden-run"
TAG_RECIPE = "golden-recipe"
TAG_ROLE = "golden-role"
TAG_EXPIRES = "golden-expires"

PLAN = "plan.json"
"""The document of the run record that holds the plan."""

Role = Literal["scaffolding", "backup", "product"]


class Plan(BaseModel):
    """Names and tags of one run. `luns` are the source's data disks that go into the image."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    recipe: Recipe
    created: datetime
    expires: datetime
    backup_expires: datetime
    luns: tuple[int, ...]
    family: Family = Family.LINUX
    """The kind of system that the source runs, as pre-flight saw it."""
    scaffold_group: str
    backup_group: str
    restore_point_collection: str
    restore_point: str
    security_group: str
    build_machine: str
    build_interface: str
    test_machine: str
    test_interface: str
    test_computer_name: str
    temporary_admin: str
    test_admin: str
    version: str
    managed_image: str

    @property
    def in_place(self) -> bool:
        """Whether this run works on the original instead of a clone."""
        return self.recipe.strategy == "in-place"

    def tags(self, role: Role) -> dict[str, str]:
        """The tags of every resource that this run makes in that role.

        A product expires like scaffolding until it is promoted: one whose run died unverified is reaped.
        """
        expires = self.backup_expires if role == "backup" else self.expires
        return {
            TAG_FACTORY: self.recipe.factory,
            TAG_RUN: self.run_id,
            TAG_RECIPE: self.recipe.name,
            TAG_ROLE: role,
            TAG_EXPIRES: expires.isoformat(timespec="seconds"),
        }

    def promoted_tags(self) -> dict[str, str]:
        """The tags of a verified product: it has no expiry any more, so no reaper ever takes it."""
        tags = self.tags("product")
        del tags[TAG_EXPIRES]
        return tags

    def disk(self, machine: str, lun: int | None) -> str:
        """The name of a machine's OS disk (`lun` None) or data disk."""
        return f"{machine}-os" if lun is None else f"{machine}-data-{lun}"

    def trial_disk(self, lun: int | None) -> str:
        """The name of the disk that is made from a part of the backup to see that it can be, and deleted."""
        return f"trial-{self.run_id}-os" if lun is None else f"trial-{self.run_id}-data-{lun}"

    @property
    def backup_copy_group(self) -> str | None:
        """The group of the backup's copy in another region, if the recipe wants one."""
        region = self.recipe.backup.copy_to_region
        return f"{self.backup_group}-{region}"[:90] if region else None

    def snapshot(self, lun: int | None) -> str:
        """The name of the backup snapshot of the OS disk (`lun` None) or a data disk."""
        return f"backup-{self.run_id}-os" if lun is None else f"backup-{self.run_id}-data-{lun}"


def plan_rebuild(
    recipe: Recipe,
    *,
    run_id: str,
    now: datetime,
    luns: tuple[int, ...] = (),
    family: Family = Family.LINUX,
) -> Plan:
    """Name everything that a run of this recipe will make.

    `run_id` is unique per run (see `new_run_id`), `now` is aware and in UTC, `luns` are the data disks of the
    source, empty for an OS image.
    """
    stem = f"{recipe.name}-{run_id}"
    return Plan(
        run_id=run_id,
        recipe=recipe,
        created=now,
        expires=now + timedelta(hours=recipe.expires_hours),
        backup_expires=now + timedelta(days=recipe.backup_retention_days),
        family=family,
        luns=() if recipe.kind == "os-image" else tuple(sorted(luns)),
        scaffold_group=f"golden-{stem}-tmp",
        backup_group=f"golden-{stem}-backup",
        restore_point_collection=f"backup-{run_id}",
        restore_point="before-generalize",
        security_group=f"build-{run_id}-nsg",
        build_machine=f"build-{run_id}",
        build_interface=f"build-{run_id}-nic",
        test_machine=f"test-{run_id}",
        test_interface=f"test-{run_id}-nic",
        test_computer_name=f"verify-{run_id[-4:]}",
        temporary_admin=f"gf{run_id[-4:]}build",
        test_admin=f"gf{run_id[-4:]}verify",
        version=recipe.target.version or version_from_time(now),
        managed_image=f"{stem}",
    )


def later_expiry(plan: Plan, now: datetime) -> datetime:
    """When the scaffolding of a run that is alive now may be reaped."""
    return max(plan.expires, now + timedelta(hours=plan.recipe.expires_hours))


def version_from_time(now: datetime) -> str:
    """A gallery version that grows with time: year, month and day, time of day; no leading zeros."""
    return f"{now.year}.{now.month * 100 + now.day}.{now.hour * 10000 + now.minute * 100 + now.second}"


def new_run_id(now: datetime, token: str) -> str:
    """A run's ID from its start and four random hexadecimal digits: sorts by time, fits into a VM's name."""
    return f"{now:%y%m%d%H%M%S}{token}"
