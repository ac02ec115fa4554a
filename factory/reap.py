"""Reap: delete what died runs left: only what has all of our tags, is this factory's, expired and ownerless.

What has no tags, or tags that cannot be read, is never touched: a retention job that deletes what it does not
understand destroys what somebody else made. A run lives as long as its temporary group has not expired
(`factory.ownership` moves that on); while it lives, nothing of it is taken, whatever its own tag says. Locks
are respected. A dry run is a real run that stops before the deletion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from factory.azure import disks, galleries, groups, images
from factory.azure.client import Azure
from factory.azure.groups import Resource
from factory.azure.locks import find_locks
from factory.backups import TAG_RESTORING
from factory.cleanup import delete_group_of_run, find_strangers
from factory.errors import ClockWrong, FactoryError, ForeignResources, ScopeLocked
from factory.plan import TAG_EXPIRES, TAG_FACTORY, TAG_RECIPE, TAG_ROLE, TAG_RUN

DELETE_DEADLINE = timedelta(minutes=30)
MOST_CLOCK_ERROR = timedelta(minutes=5)
GROUP = "Microsoft.Resources/resourceGroups"
DISK = "Microsoft.Compute/disks"
ROLES = {
    GROUP: ("scaffolding", "backup"),
    "Microsoft.Compute/galleries/images/versions": ("product",),
    "Microsoft.Compute/images": ("product",),
    DISK: ("replaced",),
}
"""What the reaper may delete, and in which role; the rest goes with its group. A replaced disk is one that a
restore took off a VM, and goes only while no VM has it."""


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


@dataclass(frozen=True)
class Outcome:
    """What became of a leftover: `state` in a word, `text` with the reason."""

    state: Literal["deleted", "would be deleted", "kept", "failed"]
    text: str = ""

    def __str__(self) -> str:
        return f"{self.state}: {self.text}" if self.text else self.state


def choose_leftovers(found: Sequence[Tagged], *, factory: str, now: datetime) -> list[Leftover]:
    """What may be deleted of what was found: tagged whole, readable, ours, expired, of no live run. Pure."""
    alive = {thing.tags[TAG_RUN] for thing in found if _is_sign_of_life(thing, factory, now)}
    late = [leftover for thing in found if (leftover := _late(thing, factory, now))]
    return [leftover for leftover in late if leftover.run not in alive]


async def find_leftovers(azure: Azure, *, factory: str, now: datetime) -> list[Leftover]:
    """What a reaping would try to delete now. Raises ClockWrong where `now` is not to be trusted."""
    found = [
        Tagged(group.id, GROUP, group.tags)
        for group in await groups.list_groups_by_tag(azure, TAG_FACTORY, factory)
    ]
    found += [
        Tagged(resource.id, resource.type, resource.tags)
        for resource in await groups.list_resources_by_tag(azure, TAG_FACTORY, factory)
    ]
    ahead = azure.limits.clock_ahead
    if ahead is not None and abs(ahead) > MOST_CLOCK_ERROR:
        raise ClockWrong(ahead)
    return choose_leftovers(found, factory=factory, now=now)


async def reap(azure: Azure, leftovers: Sequence[Leftover], *, dry_run: bool = False) -> dict[str, Outcome]:
    """Delete each; one that fails does not stop the next. A dry run looks at all that a real one looks at."""
    return {leftover.id: await _reap_one(azure, leftover, dry_run=dry_run) for leftover in leftovers}


async def _reap_one(azure: Azure, leftover: Leftover, *, dry_run: bool) -> Outcome:
    try:
        if reason := await _reason_to_keep(azure, leftover):
            return Outcome("kept", reason)
        if dry_run:
            return Outcome("would be deleted")
        await _delete(azure, leftover)
    except (ScopeLocked, ForeignResources) as error:
        return Outcome("kept", error.message)
    except FactoryError as error:
        return Outcome("failed", str(error))
    return Outcome("deleted")


async def _reason_to_keep(azure: Azure, leftover: Leftover) -> str | None:
    """Look once more, at the thing itself: a listing is old, and a run may have been gone on with since."""
    is_group = leftover.type == GROUP
    inside: list[Resource] = []
    holder = None
    if is_group:
        name = leftover.id.rsplit("/", 1)[1]
        group = await groups.get_group(azure, name)
        tags = group.tags if group else None
        inside = await groups.list_resources(azure, name)
    else:
        body = await groups.read_resource(azure, leftover.id)
        tags = (body.get("tags") or {}) if body else None
        holder = body.get("managedBy") if body else None
    if tags is None:
        return "it is gone already"
    if holder:
        return f"{holder} has it"
    if TAG_RESTORING in tags:
        return f"it is being restored: golden restore {leftover.run} goes on with that"
    if tags.get(TAG_RUN) != leftover.run or _expiry(tags.get(TAG_EXPIRES)) != leftover.expired:
        return "its tags have changed: the run goes on"
    if strangers := find_strangers(inside, leftover.run):
        return ForeignResources(leftover.id.rsplit("/", 1)[1], strangers).message
    locked = await find_locks(azure, [leftover.id, *(resource.id for resource in inside)])
    return f"locked by {locked[0].id}: remove the lock to have it reaped" if locked else None


async def _delete(azure: Azure, leftover: Leftover) -> None:
    kind = leftover.type.lower()
    if leftover.type == GROUP:
        group = leftover.id.rsplit("/", 1)[1]
        await delete_group_of_run(azure, group, leftover.run, deadline=DELETE_DEADLINE)
    elif kind.endswith("/versions"):
        await galleries.delete_version(azure, leftover.id, deadline=DELETE_DEADLINE)
    elif leftover.type.lower() == DISK.lower():
        await disks.delete_disk(azure, leftover.id, deadline=DELETE_DEADLINE)
    else:
        await images.delete_image(azure, leftover.id, deadline=DELETE_DEADLINE)


def _late(thing: Tagged, factory: str, now: datetime) -> Leftover | None:
    expires = _expiry(thing.tags.get(TAG_EXPIRES))
    complete = all(thing.tags.get(tag) for tag in (TAG_RUN, TAG_RECIPE, TAG_ROLE))
    ours = thing.tags.get(TAG_FACTORY) == factory
    role_fits = thing.tags.get(TAG_ROLE) in _roles(thing.type)
    if complete and ours and role_fits and expires is not None and expires < now:
        return Leftover(thing.id, thing.type, thing.tags[TAG_RUN], expires)
    return None


def _is_sign_of_life(thing: Tagged, factory: str, now: datetime) -> bool:
    """A run that lives moves the expiry of its temporary group on; nothing else of it has to be touched."""
    expires = _expiry(thing.tags.get(TAG_EXPIRES))
    is_scaffolding = thing.type == GROUP and thing.tags.get(TAG_ROLE) == "scaffolding"
    ours = thing.tags.get(TAG_FACTORY) == factory and bool(thing.tags.get(TAG_RUN))
    return is_scaffolding and ours and expires is not None and expires >= now


def _roles(kind: str) -> tuple[str, ...]:
    return next((roles for known, roles in ROLES.items() if known.lower() == kind.lower()), ())


def _expiry(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
