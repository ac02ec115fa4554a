"""Virtual machines on the wire: PUT, PATCH, GET, DELETE and lists."""

from __future__ import annotations

from dataclasses import asdict

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import check_etag, read_resource, read_tags
from localazure.arm.errors import not_implemented
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, created, no_content, ok, page, reply, updated
from localazure.compute import (
    instance_view,
    interfaces,
    machines,
    skus,
    storage_profile,
    vm_requests,
    vm_updates,
)
from localazure.compute.vm_jobs import CREATE, DELETE, UPDATE
from localazure.compute.vm_updates import Update

_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines"
_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute"


def _view(call: Call, doc: Document, *, expand: str = "") -> Document:
    doc = machines.settle(call.world, doc)
    storage_profile.current(call.world, doc)
    wanted = {part.strip().lower() for part in expand.split(",")}
    if "instanceview" in wanted:
        doc["properties"]["instanceView"] = instance_view.build(call.world, doc)
    if "userdata" in wanted and "_user_data" in doc:
        doc["properties"]["userData"] = doc["_user_data"]
    return doc


@route("PUT", _GROUP + "/{name}")
async def put(call: Call) -> Response:
    """Create (201), or change what exists (200)."""
    existing = call.world.store.get(call.rid)
    check_etag(call, existing)
    if existing is not None:
        body = read_resource(call)
        return _update(call, existing, body, tags=body["tags"])
    new = vm_requests.read_new(call)
    world = call.world
    with world.store.together():
        world.store.put(new.doc)
        storage_profile.reserve(world, call.rid, new.doc["location"], new.disks, new.doc.get("zones"))
        interfaces.attach(world, new.doc)
        op = world.operations.start(
            CREATE,
            subject=call.rid,
            location=new.doc["location"],
            args={"disks": [asdict(disk) for disk in new.disks]},
        )
    return created(new.doc, op, world)


@route("PATCH", _GROUP + "/{name}")
async def patch(call: Call) -> Response:
    """Change parts."""
    existing = machines.existing(call)
    check_etag(call, existing)
    given = call.json
    tags = read_tags(given["tags"]) if given.get("tags") is not None else None
    return _update(call, existing, given, tags=tags)


def _update(call: Call, vm: Document, given: Document, *, tags: dict[str, str] | None) -> Response:
    if vm_updates.only_tags(given):
        machines.admit(call.world, vm, "Delete VM")  # what every state admits
        update = Update()
    else:
        machines.admit(call.world, vm, "Update VM")
        update = vm_updates.read(call, vm, given)
    if tags is not None:
        update.envelope["tags"] = tags
    world, rid = call.world, call.rid
    storage_profile.reserve(world, rid, vm["location"], update.new_disks, vm.get("zones"))
    machines.put_provisioning(world, rid, machines.UPDATING)
    op = world.operations.start(UPDATE, subject=rid, location=vm["location"], args=update.args())
    vm["properties"] |= update.properties | {"provisioningState": machines.UPDATING}
    return updated(vm | update.envelope, op, world)


@route("GET", _GROUP + "/{name}")
async def get(call: Call) -> Response:
    """One machine, with `$expand=instanceView` also what its agent says."""
    return ok(_view(call, machines.existing(call), expand=call.query.get("$expand", "")))


@route("GET", _GROUP + "/{name}/instanceView")
async def view(call: Call) -> Response:
    """The instance view alone."""
    doc = machines.settle(call.world, machines.existing(call))
    return reply(instance_view.build(call.world, doc))


@route("GET", _GROUP + "/{name}/vmSizes")
async def sizes(call: Call) -> Response:
    """The sizes this machine may change to."""
    doc = machines.existing(call)
    fitting = [
        skus.vm_size(size)
        for size in skus.SIZES.values()
        if doc.get("_generation", "V1") in size.generations and doc["location"] not in size.restricted
    ]
    return reply({"value": fitting})


def _no_filter(call: Call) -> None:
    if call.query.get("$filter"):
        raise not_implemented("filters on virtual machines")


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All machines of a resource group."""
    _no_filter(call)
    found = call.world.store.list(machines.MACHINES, subscription=call.path["sub"], group=call.path["rg"])
    return page(call, [_view(call, doc, expand=call.query.get("$expand", "")) for doc in found])


@route("GET", _SUB + "/virtualMachines")
async def list_all(call: Call) -> Response:
    """All machines of a subscription; `statusOnly=true` adds their instance views."""
    _no_filter(call)
    expand = "instanceView" if call.query.get("statusOnly") == "true" else call.query.get("$expand", "")
    found = call.world.store.list(machines.MACHINES, subscription=call.path["sub"])
    return page(call, [_view(call, doc, expand=expand) for doc in found])


@route("GET", _SUB + "/locations/{location}/virtualMachines")
async def list_location(call: Call) -> Response:
    """All machines of a region."""
    found = call.world.store.list(machines.MACHINES, subscription=call.path["sub"])
    return page(call, [_view(call, doc) for doc in found if doc["location"] == call.path["location"].lower()])


@route("DELETE", _GROUP + "/{name}")
async def delete(call: Call) -> Response:
    """Delete in any state. A deletion overtakes what else is in progress; a second one joins the first."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    world = call.world
    going = next(
        (op for op in world.operations.running() if op.subject == call.rid.key and op.kind == DELETE), None
    )
    if going is not None:
        return accepted(going, world)
    doc["_deleting"] = True
    doc["properties"]["provisioningState"] = machines.DELETING
    world.store.put(doc)
    return accepted(world.operations.start(DELETE, subject=call.rid, location=doc["location"]), world)
