"""Reap: delete what died runs left. Only what carries all of our tags, is of this factory, and is expired.

What has no tags, or tags that cannot be read, is never touched: a retention job that deletes what it does not
understand destroys what somebody else made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from factory.azure import galleries, groups, images
from factory.azure.client import Azure
from factory.cleanup import delete_group_of_run
from factory.errors import FactoryError
from factory.plan import TAG_EXPIRES, TAG_FACTORY, TAG_RECIPE, TAG_ROLE, TAG_RUN

DELETE_DEADLINE = timedelta(minutes=30)
ROLES = {
    "Microsoft.Resources/resourceGroups": ("scaffolding", "backup"),
    "Microsoft.Compute/galleries/images/versions": ("product",),
    "Microsoft.Compute/images": ("product",),
}
"""What the reaper may delete, and in which role; the rest goes with its group."""


@dataclass(frozen=True)
class Tagged:
    """Something in Azure with its tags."""

    id: str
    type: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Leftover:
    """Something to delete, and since when it is too late for it."""

    id: str
    type: str
    run: str
    expired: datetime


def choose_leftovers(found: list[Tagged], *, factory: str, now: datetime) -> list[Leftover]:
    """What may be deleted of what was found: tagged whole, readable, ours, and expired. Pure."""
    chosen = []
    for thing in found:
        expires = _expiry(thing.tags.get(TAG_EXPIRES))
        complete = all(thing.tags.get(tag) for tag in (TAG_RUN, TAG_RECIPE, TAG_ROLE))
        ours = thing.tags.get(TAG_FACTORY) == factory
        role_fits = thing.tags.get(TAG_ROLE) in _roles(thing.type)
        if complete and ours and role_fits and expires is not None and expires < now:
            chosen.append(Leftover(thing.id, thing.type, thing.tags[TAG_RUN], expires))
    return chosen


async def find_leftovers(azure: Azure, *, factory: str, now: datetime) -> list[Leftover]:
    """What a reaping would delete now."""
    found = [
        Tagged(group.id, "Microsoft.Resources/resourceGroups", group.tags)
        for group in await groups.list_groups_by_tag(azure, TAG_FACTORY, factory)
    ]
    found += [
        Tagged(resource.id, resource.type, resource.tags)
        for resource in await groups.list_resources_by_tag(azure, TAG_FACTORY, factory)
    ]
    return choose_leftovers(found, factory=factory, now=now)


async def reap(azure: Azure, leftovers: list[Leftover]) -> dict[str, str]:
    """Delete each; one that fails does not stop the next. Returns id -> "deleted" or what went wrong."""
    result = {}
    for leftover in leftovers:
        try:
            await _delete(azure, leftover)
            result[leftover.id] = "deleted"
        except FactoryError as error:
            result[leftover.id] = str(error)
    return result


async def _delete(azure: Azure, leftover: Leftover) -> None:
    kind = leftover.type.lower()
    if kind == "microsoft.resources/resourcegroups":
        group = leftover.id.rsplit("/", 1)[1]
        await delete_group_of_run(azure, group, leftover.run, deadline=DELETE_DEADLINE)
    elif kind.endswith("/versions"):
        await galleries.delete_version(azure, leftover.id, deadline=DELETE_DEADLINE)
    else:
        await images.delete_image(azure, leftover.id, deadline=DELETE_DEADLINE)


def _roles(kind: str) -> tuple[str, ...]:
    return next((roles for known, roles in ROLES.items() if known.lower() == kind.lower()), ())


def _expiry(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
