"""A virtual machine as a document: which state it is in, and what may be done to it now.

Private members of the document: `_power` (what the platform last brought about: none, starting, running,
stopping, stopped, deallocating, deallocated), `_generalized`, `_provision` (a DVD is still due), `_secrets`
(never shown), `_error` (why provisioning failed), `_deleting`, `_generation`, `_times` (when a status was
reached), `_sequences` and `_action` (of scripts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localazure.arm.clock import stamp
from localazure.arm.errors import not_found
from localazure.compute import errors, transitions
from localazure.compute.transitions import Cell, State

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.ids import ResourceId
    from localazure.arm.store import Document
    from localazure.arm.world import World

MACHINES = "Microsoft.Compute/virtualMachines"
SUCCEEDED, CREATING, UPDATING, DELETING, FAILED = "Succeeded", "Creating", "Updating", "Deleting", "Failed"


def existing(call: Call) -> Document:
    """The machine the path names, or 404."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def power(world: World, doc: Document) -> str:
    """The power state: the platform's word, unless the guest has powered itself off meanwhile."""
    state: str = doc.get("_power", "none")
    if state == "running" and not world.guests.is_running(doc["properties"]["vmId"]):
        return "stopped"
    return state


def state_of(world: World, doc: Document) -> State:
    """The column of the transition table that the machine is in."""
    if doc.get("_generalized"):
        return "generalized"
    match power(world, doc):
        case "running" | "starting" | "stopping":
            return "running"
        case "deallocated" | "deallocating":
            return "deallocated"
        case _:
            return "stopped"


def admit(world: World, doc: Document, operation: str) -> Cell:
    """Refuse an operation that the machine's state forbids, or another one in progress."""
    name = doc["name"]
    if doc.get("_deleting"):
        raise errors.not_allowed_on_vm(operation, name, errors.MARKED_FOR_DELETION)
    if world.operations.busy(doc["id"]) is not None:
        raise errors.not_allowed_on_vm(operation, name, errors.IN_PROGRESS)
    cell = transitions.check(operation, state_of(world, doc), name)
    if operation in ("runCommand", "extension"):
        profile = doc["properties"].get("osProfile") or {}
        system = profile.get("linuxConfiguration") or profile.get("windowsConfiguration") or {}
        agent = system.get("provisionVMAgent", True)
        if not (profile.get("allowExtensionOperations", True) and agent):
            raise errors.extension_operations_disallowed()
    return cell


def put_power(
    world: World, rid: ResourceId, state: str, *, provisioning: str | None = None
) -> Document | None:
    """Write a new power state down; None when the machine is gone."""
    doc = world.store.get(rid)
    if doc is None:
        return None
    doc["_power"] = state
    if provisioning is not None:
        doc["properties"]["provisioningState"] = provisioning
    doc.setdefault("_times", {})["power"] = stamp(world.clock.now())
    world.store.put(doc)
    return doc


def put_provisioning(world: World, rid: ResourceId, state: str) -> Document | None:
    """Write a new provisioning state down; None when the machine is gone."""
    doc = world.store.get(rid)
    if doc is None:
        return None
    doc["properties"]["provisioningState"] = state
    doc.setdefault("_times", {})["provisioning"] = stamp(world.clock.now())
    world.store.put(doc)
    return doc


def settle(world: World, doc: Document) -> Document:
    """Take note of a guest that was ready only after its time was up ("may still finish successfully")."""
    error = doc.get("_error")
    late = error is not None and error["code"] == "OSProvisioningTimedOut" and "_deleting" not in doc
    if late and world.guests.report(doc["properties"]["vmId"]).provisioning == "Ready":
        del doc["_error"]
        doc["_provision"] = False
        doc["properties"]["provisioningState"] = SUCCEEDED
        world.store.put(doc)
    return doc
