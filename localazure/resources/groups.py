"""Resource groups: documents like others, and a deletion that takes everything in them along."""

from __future__ import annotations

import logging
import re
from typing import Any

from localazure.arm.deleters import delete_resource
from localazure.arm.errors import ArmError, internal_error
from localazure.arm.ids import GROUP_TYPE, ResourceId
from localazure.arm.operations import Operation, Output, job
from localazure.arm.store import Document
from localazure.arm.world import World

log = logging.getLogger("localazure.groups")

_NAME = re.compile(r"[\w.()-]{1,90}")
_INVALID = re.compile(r"[^\w.()-]")


def check_group_name(name: str) -> None:
    """Letters, digits, `-._()`, at most 90, no full stop at the end (documented rule; code assumed)."""
    if len(name) > 90:
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has length '{len(name)}' which exceeds the maximum "
            "length of '90'.",
        )
    bad = "".join(sorted(set(_INVALID.findall(name)))) or ("." if name.endswith(".") else "")
    if bad or _NAME.fullmatch(name) is None:
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters: '{bad}'. The name can "
            "only "
            "be a letter, digit, '-', '.', '(', ')' or '_'.",
        )


def group_document(rid: ResourceId, location: str, tags: dict[str, str]) -> Document:
    """A group as ARM shows it."""
    return {
        "id": rid.text,
        "name": rid.name,
        "type": GROUP_TYPE,
        "location": location,
        "tags": tags,
        "properties": {"provisioningState": "Succeeded"},
    }


def resources_in(world: World, group: ResourceId) -> list[Document]:
    """Every top-level resource of a group; what hangs on them (locks) goes with them."""
    return [
        doc for doc in world.store.children(group) if not doc["type"].startswith("Microsoft.Authorization/")
    ]


@job("group.delete")
async def delete_group(world: World, op: Operation) -> Output:
    """Delete everything in the group, in whatever order the resources themselves allow, then the group.

    Each round tries all that is left: what is still needed by another refuses and is tried again after it. A
    round without any progress ends it; the group then stays, with what could not be deleted.
    """
    await world.time.take("group.delete")
    refusals: dict[str, ArmError] = {}
    while left := resources_in(world, op.rid):
        refusals = await _one_round(world, left)
        if len(refusals) == len(left):
            _keep(world, op.rid)
            raise _blocked(op, refusals)
    world.store.delete_tree(op.rid)
    return None


async def _one_round(world: World, documents: list[Document]) -> dict[str, ArmError]:
    """Try each once. A deleter that breaks is a refusal too: the group must not stay half-deleted."""
    refusals: dict[str, ArmError] = {}
    for doc in documents:
        current = world.store.get(doc["id"])
        if current is None:
            continue
        try:
            await delete_resource(world, current)
        except ArmError as refusal:
            refusals[doc["id"]] = refusal
        except Exception:
            log.exception("deleting %s broke", doc["id"])
            refusals[doc["id"]] = internal_error()
    return refusals


def _keep(world: World, group: ResourceId) -> None:
    doc = world.store.get(group)
    if doc is not None:
        doc["properties"]["provisioningState"] = "Succeeded"
        world.store.put(doc)


def _blocked(op: Operation, refusals: dict[str, ArmError]) -> ArmError:
    """Documented text; the details carry each resource's own refusal."""
    names = ",".join(refusals)
    log.warning("group %s stays: %s", op.target, {rid: str(error) for rid, error in refusals.items()})
    details: list[dict[str, Any]] = [error.error() | {"target": rid} for rid, error in refusals.items()]
    return ArmError(
        409,
        "ResourceGroupDeletionBlocked",
        f"Deletion of resource group '{op.rid.name}' failed as resources with identifiers '{names}' could "
        "not be "
        "deleted. The provisioning state of the resource group will be rolled back. The tracking Id is "
        f"'{op.id}'. Please check audit logs for more details.",
        details=details,
    )
