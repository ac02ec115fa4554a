"""Power actions. Which of them a machine's state admits was asked of the transition table before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError
from localazure.arm.operations import Operation, job
from localazure.compute import errors, guests, machines

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

POWER, REAPPLY = "compute.vm.power", "compute.vm.reapply"

Action = Callable[["World", "Document", Operation], Awaitable[None]]


async def _power_off(world: World, vm: Document, op: Operation) -> None:
    await guests.power_off(world, vm, graceful=not op.args.get("skip_shutdown", False))


async def _deallocate(world: World, vm: Document, op: Operation) -> None:
    await guests.power_off(world, vm, graceful=True)


async def _start(world: World, vm: Document, op: Operation) -> None:
    await guests.power_on(world, vm)


async def _restart(world: World, vm: Document, op: Operation) -> None:
    if world.guests.is_running(vm["properties"]["vmId"]):
        await guests.reboot(world, vm)
    else:
        await guests.power_on(world, vm)


async def _redeploy(world: World, vm: Document, op: Operation) -> None:
    await guests.power_off(world, vm, graceful=True)
    await guests.power_on(world, vm)


# name: what is shown meanwhile, what it ends in, the time it takes, the work
ACTIONS: dict[str, tuple[str, str, str, Action]] = {
    "powerOff": ("stopping", "stopped", "vm.powerOff", _power_off),
    "deallocate": ("deallocating", "deallocated", "vm.deallocate", _deallocate),
    "start": ("starting", "running", "vm.start", _start),
    "restart": ("running", "running", "vm.restart", _restart),
    "redeploy": ("starting", "running", "vm.redeploy", _redeploy),
}


def _end(world: World, op: Operation, power: str) -> None:
    vm = machines.put_power(world, op.rid, power)
    state = machines.FAILED if vm is not None and "_error" in vm else machines.SUCCEEDED
    if vm is not None and vm.get("_deleting"):
        state = machines.DELETING
    machines.put_provisioning(world, op.rid, state)


@job(POWER)
async def act(world: World, op: Operation) -> dict[str, Any] | None:
    """One power action: running it twice ends in the same state."""
    meanwhile, after, duration, work = ACTIONS[op.args["action"]]
    vm = machines.put_power(world, op.rid, meanwhile, provisioning=machines.UPDATING)
    await world.time.take(duration)
    vm = world.store.get(op.rid)
    if vm is None or vm.get("_deleting"):
        raise errors.preempted()
    try:
        await work(world, vm, op)
    except ArmError:
        _end(world, op, "running" if world.guests.is_running(vm["properties"]["vmId"]) else "stopped")
        raise
    _end(world, op, after)
    return None


@job(REAPPLY)
async def reapply(world: World, op: Operation) -> dict[str, Any] | None:
    """Bring the document's state about again; nothing can have drifted here."""
    await world.time.take("vm.update")
    machines.put_provisioning(world, op.rid, machines.SUCCEEDED)
    return None
