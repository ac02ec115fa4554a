"""Running scripts: the work behind run commands and the older action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError
from localazure.arm.operations import Operation, job
from localazure.compute import run_commands
from localazure.compute.ids import parent_of
from localazure.compute.run_commands import LONGEST_SECONDS, WINDOWS_ACTION_NAME, Wait

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World
    from localazure.guests.base import ExtensionStatus

PUT, DELETE, ACTION = "compute.runCommand.put", "compute.runCommand.delete", "compute.vm.runCommand"


def _since(world: World, op: Operation) -> float:
    if "since" not in op.args:
        op.args["since"] = world.clock.epoch()
        world.operations.save(op)
    return float(op.args["since"])


@job(PUT)
async def put(world: World, op: Operation) -> dict[str, Any] | None:
    """Send a script and wait for it, or with asyncExecution until it has begun."""
    doc = world.store.get(op.rid)
    vm = parent_of(op.rid)
    if doc is None:
        return None
    since = _since(world, op)
    try:
        await run_commands.push_goals(world, vm)
        await world.time.take("vm.runCommand")
        properties = doc["properties"]
        wait = Wait(
            vm,
            op.rid.name,
            doc["_sequence"],
            since,
            float(properties["timeoutInSeconds"] or LONGEST_SECONDS),
            properties["asyncExecution"],
        )
        status = await run_commands.reported(world, wait)
        _finish(world, op, status)
    except ArmError:
        _note(world, op, "Failed")
        raise
    return None


def _finish(world: World, op: Operation, status: ExtensionStatus) -> None:
    doc = world.store.get(op.rid)
    if doc is None:
        return
    doc["_view"] = run_commands.view(status)
    world.store.put(doc)
    failed = doc["_view"]["executionState"] not in ("Succeeded", "Running")
    if failed and doc["properties"]["treatFailureAsDeploymentFailure"]:
        raise run_commands.failure(doc["name"], status)
    _note(world, op, "Succeeded")


def _note(world: World, op: Operation, state: str) -> None:
    doc = world.store.get(op.rid)
    if doc is not None:
        doc["properties"]["provisioningState"] = state
        world.store.put(doc)


@job(DELETE)
async def delete(world: World, op: Operation) -> dict[str, Any] | None:
    """Take a script out of the goal state; one that runs is not stopped."""
    world.store.delete(op.rid)
    vm = world.store.get(parent_of(op.rid))
    if vm is not None and world.guests.is_running(vm["properties"]["vmId"]):
        await run_commands.push_goals(world, parent_of(op.rid))
    return None


@job(ACTION)
async def action(world: World, op: Operation) -> dict[str, Any] | None:
    """The older action: one script, its output in the operation's result."""
    vm = parent_of(op.rid)
    since = _since(world, op)
    await run_commands.push_goals(world, vm)
    await world.time.take("vm.runCommand")
    wait = Wait(vm, op.rid.name, op.args["sequence"], since, LONGEST_SECONDS)
    status = await run_commands.reported(world, wait)
    return {"value": _streams(status) if op.rid.name == WINDOWS_ACTION_NAME else [_entry(status)]}


def _streams(status: ExtensionStatus) -> list[Document]:
    """Windows answers in an entry for each stream, succeeded also when the script was not."""
    texts = {"StdOut": status.stdout, "StdErr": status.stderr}
    return [
        {
            "code": f"ComponentStatus/{name}/succeeded",
            "level": "Info",
            "displayStatus": "Provisioning succeeded",
            "message": text,
        }
        for name, text in texts.items()
    ]


def _entry(status: ExtensionStatus) -> Document:
    """Linux answers in one entry, succeeded also when the script was not (assumed layout)."""
    return {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "message": f"Enable succeeded: \n[stdout]\n{status.stdout}\n[stderr]\n{status.stderr}",
    }
