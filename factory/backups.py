"""The backups that there are, found by their groups' tags: any computer that may read the cloud sees them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from factory.azure import deployments, groups
from factory.azure.client import Azure
from factory.azure.groups import Group
from factory.backup_copy import TAG_COPY, TAG_SOURCE, TAG_VERIFIED
from factory.errors import FactoryError, InvalidInput
from factory.manifest import DEPLOYMENT, Manifest, parse_manifest
from factory.plan import TAG_EXPIRES, TAG_FACTORY, TAG_ROLE, TAG_RUN

TAG_RESTORING = "golden-restoring"
"""On the group of a backup that is being restored: the restore's ID, by which an interrupted one goes on."""


@dataclass(frozen=True)
class Found:
    """A backup's group; `verified` is when it was found whole, `None` where it never was."""

    run_id: str
    group: str
    source: str
    location: str
    expires: datetime | None
    verified: datetime | None
    restoring: str | None = None
    is_copy: bool = False


async def find_backups(azure: Azure, *, factory: str | None = None) -> list[Found]:
    """All backups, of one factory or of all, newest last."""
    found = await groups.list_groups_by_tag(azure, TAG_ROLE, "backup")
    ours = [group for group in found if factory is None or group.tags.get(TAG_FACTORY) == factory]
    return sorted(map(_found, ours), key=lambda one: one.run_id)


async def find_backup_named(azure: Azure, name: str) -> Found:
    """The backup of a run, or in a group. InvalidInput where there is none, or more than one.

    A copy in another region is meant only by its group: what is in it can become disks there alone.
    """
    known = await find_backups(azure)
    hits = [one for one in known if name == one.group or (name == one.run_id and not one.is_copy)]
    if len(hits) != 1:
        why = "there are several of it" if hits else "there is none of that name"
        raise InvalidInput(f"no backup is meant by {name!r}: {why}", remedy="`golden backups` lists them")
    return hits[0]


async def read_manifest(azure: Azure, found: Found) -> Manifest:
    """The manifest of a backup, from the cloud. InvalidInput where it is not there or cannot be read."""
    text = await deployments.read_text(azure, found.group, DEPLOYMENT)
    if text is None:
        raise InvalidInput(
            f"the backup in resource group {found.group} has no manifest: it was never finished",
            remedy="its snapshots may still be whole: make disks from them by hand, or use an older backup",
        )
    return parse_manifest(text, f"resource group {found.group}")


async def describe_backup(azure: Azure, found: Found) -> Manifest | str:
    """The manifest, or in words why there is none."""
    try:
        return await read_manifest(azure, found)
    except FactoryError as error:
        return error.message


def _found(group: Group) -> Found:
    return Found(
        run_id=group.tags.get(TAG_RUN, ""),
        group=group.name,
        source=group.tags.get(TAG_SOURCE, ""),
        location=group.location,
        expires=_moment(group.tags.get(TAG_EXPIRES)),
        verified=_moment(group.tags.get(TAG_VERIFIED)),
        restoring=group.tags.get(TAG_RESTORING) or None,
        is_copy=TAG_COPY in group.tags,
    )


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None
