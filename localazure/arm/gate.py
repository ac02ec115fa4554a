"""What the resource manager checks before a service sees the request, in its order: version, scope, locks."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Literal

from .errors import ArmError, group_not_found, subscription_not_found
from .ids import ResourceId

if TYPE_CHECKING:
    from .calls import Call
    from .routing import Match
    from .world import World

_VERSION = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-\w+)?")
_WRITES = frozenset({"PUT", "PATCH", "POST"})
LOCK = "Microsoft.Authorization/locks"


def read_api_version(query: str | None) -> str:
    """Any well-formed version is accepted: clients of one Azure ask for versions of many years."""
    if not query:
        raise ArmError(  # documented text
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if _VERSION.fullmatch(query.strip()) is None:
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{query}' is invalid. The supported versions are dates, such as '2026-04-01'.",
        )
    return query.strip()


def check_scope(call: Call, match: Match) -> None:
    """Subscription, group, registration, locks: for every path that begins with a subscription.

    Extension resources (tags, locks) check their scope themselves.
    """
    if not match.canonical.startswith("/subscriptions/") or "scope" in match.path:
        return
    check_subscription(call.world, match.canonical.split("/")[2])
    if "rg" in match.path and not match.route.bare:
        check_group(call, match.path["rg"])
        if call.method not in ("GET", "HEAD"):
            check_registration(call.world, call.rid)
    if call.method not in ("GET", "HEAD") and "rg" in match.path:
        check_unlocked(call.world, call.rid, "delete" if call.method == "DELETE" else "write")


def check_subscription(world: World, subscription: str) -> None:
    """The one subscription of this Azure."""
    try:
        uuid.UUID(subscription)
    except ValueError:
        raise ArmError(
            400,
            "InvalidSubscriptionId",
            f"The provided subscription identifier '{subscription}' is malformed or invalid.",
        ) from None
    if subscription.lower() != world.config.subscription:
        raise subscription_not_found(subscription)


def check_group(call: Call, group: str) -> None:
    """The group exists and, for a write, is not on its way out."""
    rid = ResourceId.of_group(call.world.config.subscription, group)
    doc = call.world.store.get(rid)
    if doc is None:
        raise group_not_found(group)
    if call.method in _WRITES and doc["properties"]["provisioningState"] == "Deleting":
        raise ArmError(  # documented code and text
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{doc['name']}' is in deprovisioning state and cannot perform this "
            "operation.",
        )


def check_registration(world: World, rid: ResourceId) -> None:
    """A write needs its namespace registered; the SDK registers by itself on exactly this code."""
    if rid.provider is None or registration(world, rid.provider) == "Registered":
        return
    message = (
        f"The subscription is not registered to use namespace '{rid.provider}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions."
    )
    code = "MissingSubscriptionRegistration"
    raise ArmError(409, code, message, details=[{"code": code, "target": rid.provider, "message": message}])


def registration(world: World, namespace: str) -> str:
    """The state of a resource provider in the subscription."""
    state: str = world.store.fact(f"registration {namespace.lower()}", "Registered")
    return state


def set_registration(world: World, namespace: str, state: str) -> None:
    """Change the state of a resource provider in the subscription."""
    world.store.set_fact(f"registration {namespace.lower()}", state)


def _locks(world: World) -> list[tuple[str, ResourceId]]:
    """Level and scope of every lock."""
    return [
        (str(doc["properties"]["level"]), ResourceId.parse(doc["_scope"])) for doc in world.store.list(LOCK)
    ]


def locks_beneath(world: World, rid: ResourceId) -> list[tuple[str, ResourceId]]:
    """The locks on a scope and on anything in it: all of them keep a group from being deleted."""
    return [(level, scope) for level, scope in _locks(world) if scope.is_under(rid)]


def check_unlocked(world: World, rid: ResourceId, verb: Literal["delete", "write"]) -> None:
    """Locks on a resource or above it forbid deletion (CanNotDelete) or every write (ReadOnly)."""
    blocking = [
        scope.text
        for level, scope in _locks(world)
        if rid.is_under(scope) and (level == "ReadOnly" or verb == "delete")
    ]
    if blocking:
        raise scope_locked(rid, verb, blocking)


def scope_locked(rid: ResourceId, verb: str, scopes: list[str]) -> ArmError:
    """The refusal of a lock (documented text)."""
    joined = ",".join(scopes)
    return ArmError(
        409,
        "ScopeLocked",
        f"The scope '{rid.text}' cannot perform {verb} operation because following scope(s) are locked: "
        f"'{joined}'. Please remove the lock and try again.",
    )
