"""Power actions, generalize and capture on the wire."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import internal_error, not_implemented
from localazure.arm.routing import route
from localazure.arm.wire import accepted, reply
from localazure.compute import machines, power_jobs, storage_profile
from localazure.disks.errors import active_access
from localazure.disks.models import access_open

_VM = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/{name}"


def _flag(call: Call, name: str) -> bool:
    return call.query.get(name, "false").lower() == "true"


def _act(call: Call, action: str, **args: Any) -> Response:
    doc = machines.existing(call)
    machines.admit(call.world, doc, action)
    op = call.world.operations.start(
        power_jobs.POWER, subject=call.rid, location=doc["location"], args={"action": action, **args}
    )
    return accepted(op, call.world)


@route("POST", _VM + "/powerOff")
async def power_off(call: Call) -> Response:
    """Stop; the machine stays allocated."""
    return _act(call, "powerOff", skip_shutdown=_flag(call, "skipShutdown"))


@route("POST", _VM + "/deallocate")
async def deallocate(call: Call) -> Response:
    """Stop and give the host back."""
    if _flag(call, "hibernate"):
        raise not_implemented("hibernation")
    return _act(call, "deallocate")


@route("POST", _VM + "/start")
async def start(call: Call) -> Response:
    """Power on; a disk whose content is lent out must be taken back first."""
    for disk in storage_profile.documents(call.world, machines.existing(call)):
        if access_open(call.world, disk):
            raise active_access(disk["name"])
    return _act(call, "start")


@route("POST", _VM + "/restart")
async def restart(call: Call) -> Response:
    """Reboot."""
    return _act(call, "restart")


@route("POST", _VM + "/redeploy")
async def redeploy(call: Call) -> Response:
    """Move to another host: off and on again."""
    return _act(call, "redeploy")


@route("POST", _VM + "/reapply")
async def reapply(call: Call) -> Response:
    """Bring the machine's state about again."""
    doc = machines.existing(call)
    machines.admit(call.world, doc, "reapply")
    machines.put_provisioning(call.world, call.rid, machines.UPDATING)
    op = call.world.operations.start(power_jobs.REAPPLY, subject=call.rid, location=doc["location"])
    return accepted(op, call.world)


@route("POST", _VM + "/generalize")
async def generalize(call: Call) -> Response:
    """Declare the machine generalized: at once, for good, and without a look inside it."""
    doc = machines.existing(call)
    machines.admit(call.world, doc, "generalize")
    doc["_generalized"] = True
    call.world.store.put(doc)
    return reply()


@route("POST", _VM + "/capture")
async def capture(call: Call) -> Response:
    """Capture to blobs: refused in every state, since every machine here has managed disks."""
    doc = machines.existing(call)
    machines.admit(call.world, doc, "capture")
    raise internal_error()
