"""VM extensions: none can be installed here, so there are none to list; refusals by state come first."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import not_found, not_implemented, parent_not_found
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import no_content, reply
from localazure.compute import machines
from localazure.compute.ids import parent_of

_VM = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/{name}"
_ONE = _VM + "/extensions/{extension}"


def _machine(call: Call) -> Document:
    vm = parent_of(call.rid)
    doc = call.world.store.get(vm)
    if doc is None:
        raise parent_not_found(call.rid, vm) if call.method == "PUT" else not_found(vm)
    return doc


@route("GET", _VM + "/extensions")
async def list_extensions(call: Call) -> Response:
    """All extensions of a machine."""
    machines.existing(call)
    return reply({"value": []})


@route("GET", _ONE)
async def get(call: Call) -> Response:
    """One extension."""
    _machine(call)
    raise not_found(call.rid)


@route("PUT", _ONE)
@route("PATCH", _ONE)
async def put(call: Call) -> Response:
    """Install or change one."""
    machines.admit(call.world, _machine(call), "extension")
    raise not_implemented("installing virtual machine extensions")


@route("DELETE", _ONE)
async def delete(call: Call) -> Response:
    """Remove one."""
    machines.admit(call.world, _machine(call), "extension")
    return no_content()
