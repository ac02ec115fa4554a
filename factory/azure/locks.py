"""Management locks: what an administrator has forbidden, on a resource, its group or the subscription."""

from collections.abc import Iterable
from dataclasses import dataclass

from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.wire import dig, plain
from factory.errors import AuthorizationFailed, NotFound

_LOCKS = "/providers/Microsoft.Authorization/locks"


@dataclass(frozen=True)
class Lock:
    """A lock; `scope` is the id of what it protects with all beneath it."""

    id: str
    name: str
    level: str
    scope: str
    notes: str = ""

    def holds(self, resource_id: str) -> bool:
        """Tell whether a resource is under this lock."""
        scope, key = self.scope.lower().rstrip("/"), resource_id.lower()
        return key == scope or key.startswith(f"{scope}/")


async def find_locks(azure: Azure, resource_ids: Iterable[str]) -> list[Lock]:
    """The locks that hold any of these resources, those of their groups and of the subscription included.

    Who may not read the subscription's own locks is told of those from the groups down.
    """
    wanted = list(resource_ids)
    groups = {
        f"/subscriptions/{rid.subscription}/resourceGroups/{rid.group}" for rid in map(ArmId.parse, wanted)
    }
    found: dict[str, Lock] = {}
    for scope in (f"/subscriptions/{azure.connection.subscription_id}", *sorted(groups)):
        for lock in await _list(azure, scope):
            if any(lock.holds(one) for one in wanted):
                found[lock.id.lower()] = lock
    return list(found.values())


async def _list(azure: Azure, scope: str) -> list[Lock]:
    what = f"read the locks of {scope}"
    method = azure.resources.resources.get_by_id
    try:
        answer = plain(
            await azure.call(what, method, scope + _LOCKS, api_version=azure.connection.api_versions.locks)
        )
    except (NotFound, AuthorizationFailed):
        return []
    return [
        Lock(
            id=body["id"],
            name=body["name"],
            level=str(dig(body, "properties", "level") or ""),
            scope=body["id"].lower().split(_LOCKS.lower())[0],
            notes=str(dig(body, "properties", "notes") or ""),
        )
        for body in answer.get("value") or ()
    ]
