"""Resource groups, and resources of any type by tag or id: what the reaper and the undo of a run work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from azure.mgmt.resource.resources import models

from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.lro import Progress
from factory.errors import NotFound


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


async def create_group(azure: Azure, name: str, location: str, tags: Mapping[str, str]) -> Group:
    """Create the group, or set the tags of the one that is there.

    Raises `InvalidRequest` where a group of this name lies in another location, `Busy` while one is being
    deleted, `AuthorizationFailed`, `PolicyDenied`.
    """
    body = models.ResourceGroup(location=location, tags=dict(tags))
    groups = azure.resources.resource_groups
    return _group(await azure.call(f"create resource group {name}", groups.create_or_update, name, body))


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
    groups = azure.resources.resource_groups
    try:
        operation = await azure.begin(f"delete resource group {name}", groups.begin_delete, name)
    except NotFound:
        return
    if deadline is not None:
        await azure.wait(operation, deadline=deadline, progress=progress)


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


async def delete_resource(
    azure: Azure, resource_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Delete a resource of any type that has a pinned api-version; one that is not there is fine.

    Raises `InUse`, `ScopeLocked`, `Conflict`, `OperationTimedOut`, `AuthorizationFailed`.
    """
    rid = ArmId.parse(resource_id)
    try:
        operation = await azure.begin(
            f"delete {rid.type} {rid.name}",
            azure.resources.resources.begin_delete_by_id,
            resource_id,
            api_version=azure.connection.api_versions.of_type(rid.type),
        )
    except NotFound:
        return
    await azure.wait(operation, deadline=deadline, progress=progress)


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
