"""Resource groups, and resources of any type by tag or id: what the reaper and the undo of a run work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from azure.mgmt.resource.resources import models

from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove
from factory.azure.ids import ArmId
from factory.azure.lro import Progress
from factory.azure.wire import plain
from factory.errors import NotFound
from factory.plan import TAG_EXPIRES

DEADLINE = timedelta(minutes=30)


@dataclass(frozen=True)
class Group:
    """A resource group."""

    id: str
    name: str
    location: str
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str | None = None


@dataclass(frozen=True)
class Resource:
    """A resource of any type, as a listing shows it."""

    id: str
    name: str
    type: str
    location: str
    tags: Mapping[str, str] = field(default_factory=dict)


async def create_group(
    azure: Azure, name: str, location: str, tags: Mapping[str, str], *, deadline: timedelta = DEADLINE
) -> Group:
    """Create the group, or take up the one of this name that the run made, and see that it has these tags.

    One that is being deleted is waited for; an expiry is only ever moved on.

    Raises `NameTaken`, `AuthorizationFailed`, `PolicyDenied`, `OperationTimedOut`.
    """
    what, body = f"create resource group {name}", models.ResourceGroup(location=location, tags=dict(tags))

    async def look() -> Existing[Group] | None:
        group = await get_group(azure, name)
        return Existing(group, group.provisioning_state, group.tags) if group else None

    async def make(_left: timedelta) -> Group:
        return _group(await azure.call(what, azure.resources.resource_groups.create_or_update, name, body))

    async def away(left: timedelta) -> None:
        await delete_group(azure, name, deadline=left)

    group = await ensure(azure, what, look=look, make=make, remove=away, tags=tags, deadline=deadline)
    wanted = _merged(group.tags, tags)
    return group if wanted == group.tags else await set_tags(azure, name, wanted)


async def set_tags(azure: Azure, name: str, tags: Mapping[str, str]) -> Group:
    """Give the group exactly these tags. Raises `NotFound`, `ScopeLocked` (read-only lock)."""
    update = azure.resources.resource_groups.update
    body = models.ResourceGroupPatchable(tags=dict(tags))
    return _group(await azure.call(f"tag resource group {name}", update, name, body))


async def get_group(azure: Azure, name: str) -> Group | None:
    """Return the group, or `None` where there is none."""
    found = await azure.find(f"read resource group {name}", azure.resources.resource_groups.get, name)
    return _group(found) if found else None


async def delete_group(
    azure: Azure, name: str, *, deadline: timedelta | None, progress: Progress | None = None
) -> None:
    """Delete the group with all that is in it, and wait until it is gone; no such group is fine.

    Without a deadline the deletion is ordered and nothing is waited for: Azure finishes by itself, whatever
    becomes of this process. Raises `ScopeLocked`, `AuthorizationFailed`, `OperationTimedOut`, and what the
    deletion failed of (`InUse`, ...).
    """
    what, delete = f"delete resource group {name}", azure.resources.resource_groups.begin_delete
    await remove(azure, what, lambda: azure.begin(what, delete, name), deadline=deadline, progress=progress)


async def list_groups_by_tag(azure: Azure, key: str, value: str | None = None) -> list[Group]:
    """List the groups that carry the tag, with any value or with this one."""
    found = await azure.collect(
        "list resource groups", azure.resources.resource_groups.list, filter=_tag_filter(key)
    )
    return [group for group in map(_group, found) if _carries(group.tags, key, value)]


async def list_resources_by_tag(azure: Azure, key: str, value: str | None = None) -> list[Resource]:
    """List the resources of all groups that carry the tag, with any value or with this one."""
    found = await azure.collect("list resources", azure.resources.resources.list, filter=_tag_filter(key))
    return [item for item in map(_resource, found) if _carries(item.tags, key, value)]


async def list_resources(azure: Azure, group: str) -> list[Resource]:
    """List what is in a group; empty where the group does not exist."""
    try:
        found = await azure.collect(
            f"list resource group {group}", azure.resources.resources.list_by_resource_group, group
        )
    except NotFound:
        return []
    return [_resource(item) for item in found]


async def read_resource(azure: Azure, resource_id: str) -> dict[str, Any] | None:
    """The REST body of a resource of any type that has a pinned api-version; `None` where there is none."""
    rid = ArmId.parse(resource_id)
    found = await azure.find(
        f"read {rid.type} {rid.name}",
        azure.resources.resources.get_by_id,
        resource_id,
        api_version=azure.connection.api_versions.of_type(rid.type),
    )
    return plain(found) if found else None


async def write_resource(
    azure: Azure, resource_id: str, body: Mapping[str, Any], *, deadline: timedelta
) -> dict[str, Any]:
    """Create or replace a resource of any type that has a pinned api-version; its REST body afterwards.

    Raises what Azure's `error.code` stands for, `OperationTimedOut`.
    """
    rid = ArmId.parse(resource_id)
    operation = await azure.begin(
        f"create {rid.type} {rid.name}",
        azure.resources.resources.begin_create_or_update_by_id,
        resource_id,
        models.GenericResource(dict(body)),
        api_version=azure.connection.api_versions.of_type(rid.type),
    )
    return plain(await azure.wait(operation, deadline=deadline))


async def delete_resource(
    azure: Azure, resource_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Delete a resource of any type that has a pinned api-version; one that is not there is fine.

    Raises `InUse`, `ScopeLocked`, `Conflict`, `OperationTimedOut`, `AuthorizationFailed`.
    """
    rid = ArmId.parse(resource_id)
    what, delete = f"delete {rid.type} {rid.name}", azure.resources.resources.begin_delete_by_id
    version = azure.connection.api_versions.of_type(rid.type)
    await remove(
        azure,
        what,
        lambda: azure.begin(what, delete, resource_id, api_version=version),
        deadline=deadline,
        progress=progress,
    )


def _merged(there: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    merged = {**there, **wanted}
    if TAG_EXPIRES in there and TAG_EXPIRES in wanted:
        merged[TAG_EXPIRES] = max(there[TAG_EXPIRES], wanted[TAG_EXPIRES])
    return merged


def _tag_filter(key: str) -> str:
    """Filter by name alone: Azure leaves the tags out of its answer where a value is asked for too."""
    quoted = key.replace("'", "''")
    return f"tagName eq '{quoted}'"


def _carries(tags: Mapping[str, str], key: str, value: str | None) -> bool:
    """Tag names have no case, values have."""
    found = {name.lower(): text for name, text in tags.items()}.get(key.lower())
    return found is not None and (value is None or found == value)


def _group(model: models.ResourceGroup) -> Group:
    properties: Any = model.properties  # Any: typed as optional, and its member too
    return Group(
        id=model.id or "",
        name=model.name or "",
        location=model.location,
        tags=dict(model.tags or {}),
        provisioning_state=properties.provisioning_state if properties else None,
    )


def _resource(model: models.GenericResourceExpanded) -> Resource:
    return Resource(
        id=model.id or "",
        name=model.name or "",
        type=model.type or "",
        location=model.location or "",
        tags=dict(model.tags or {}),
    )
