"""Run commands on the wire: managed ones (resources) and the action."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import NAME, check_name, new_document, read_resource
from localazure.arm.errors import not_found, not_implemented, parent_not_found
from localazure.arm.ids import ResourceId
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, created, no_content, ok, page, updated
from localazure.compute import errors, machines, run_command_jobs, run_commands
from localazure.compute.ids import parent_of
from localazure.compute.run_commands import ACTIONS, RUN_COMMANDS

_VM = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/{name}"
_ONE = _VM + "/runCommands/{command}"


def _machine(call: Call, vm: ResourceId) -> Document:
    doc = call.world.store.get(vm)
    if doc is None:
        raise parent_not_found(call.rid, vm) if call.method == "PUT" else not_found(vm)
    return doc


def _admit(call: Call, vm: Document) -> None:
    machines.admit(call.world, vm, "runCommand")
    if call.world.operations.busy(call.rid) is not None:
        raise errors.another_operation_in_progress(call.rid.text)


def _send(call: Call, vm: Document, doc: Document, secret: dict[str, Any] | None, *, new: bool) -> Response:
    doc["properties"]["provisioningState"] = machines.CREATING if new else machines.UPDATING
    doc["_sequence"] = run_commands.next_sequence(call.world, parent_of(call.rid), doc["name"])
    doc.pop("_view", None)
    doc.pop("_protected", None)
    if secret is not None:
        doc["_protected"] = secret
    call.world.store.put(doc)
    op = call.world.operations.start(run_command_jobs.PUT, subject=call.rid, location=vm["location"])
    return created(doc, op, call.world) if new else updated(doc, op, call.world)


@route("PUT", _ONE)
async def put(call: Call) -> Response:
    """Run a script; again when the same name is put again."""
    check_name(call, NAME, 80)  # assumed: the rule of compute's other names
    vm = _machine(call, parent_of(call.rid))
    body = read_resource(call)
    shown, secret = run_commands.read_properties(body["properties"])
    _admit(call, vm)
    new = call.world.store.get(call.rid) is None
    doc = new_document(call, body) | {"properties": shown}
    return _send(call, vm, doc, secret, new=new)


@route("PATCH", _ONE)
async def patch(call: Call) -> Response:
    """Change a run command, and run it."""
    vm = _machine(call, parent_of(call.rid))
    doc = _existing(call)
    given = doc["properties"] | (call.json.get("properties") or {})
    given.pop("provisioningState", None)
    shown, secret = run_commands.read_properties(given)
    _admit(call, vm)
    doc["properties"] = shown
    return _send(call, vm, doc, secret or doc.get("_protected"), new=False)


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def _shown(call: Call, doc: Document, vm: Document) -> Document:
    if "instanceview" in call.query.get("$expand", "").lower():
        doc["properties"]["instanceView"] = run_commands.present_view(call.world, doc, vm)
    return doc


@route("GET", _ONE)
async def get(call: Call) -> Response:
    """One run command, with `$expand=instanceView` also how it went."""
    vm = _machine(call, parent_of(call.rid))
    return ok(_shown(call, _existing(call), vm))


@route("GET", _VM + "/runCommands")
async def list_commands(call: Call) -> Response:
    """All run commands of a machine."""
    vm = machines.existing(call)
    found = call.world.store.list(RUN_COMMANDS, parent=vm["id"])
    return page(call, [_shown(call, doc, vm) for doc in found])


@route("DELETE", _ONE)
async def delete(call: Call) -> Response:
    """Forget a run command."""
    vm = _machine(call, parent_of(call.rid))
    if call.world.store.get(call.rid) is None:
        return no_content()
    if call.world.operations.busy(call.rid) is not None:
        raise errors.another_operation_in_progress(call.rid.text)
    machines.admit(call.world, vm, "extension")
    op = call.world.operations.start(run_command_jobs.DELETE, subject=call.rid, location=vm["location"])
    return accepted(op, call.world)


@route("POST", _VM + "/runCommand")
async def action(call: Call) -> Response:
    """Run one script, by the older action."""
    vm = machines.existing(call)
    wanted, name = ACTIONS[vm["properties"]["storageProfile"]["osDisk"].get("osType", "Linux")]
    command, lines = call.json.get("commandId"), call.json.get("script")
    if command != wanted:
        raise not_implemented(f"the command {command} of the runCommand action")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise errors.missing_parameter("script")
    machines.admit(call.world, vm, "runCommand")
    subject = call.rid.child("extensions", name)
    if call.world.operations.busy(subject) is not None:
        raise errors.run_command_busy()
    sequence = run_commands.next_sequence(call.world, call.rid, name)
    vm = machines.existing(call)
    vm["_action"] = {
        "name": name,
        "_sequence": sequence,
        "properties": {
            "source": {"script": "\n".join(lines) + "\n"},
            "parameters": call.json.get("parameters") or [],
            "timeoutInSeconds": run_commands.LONGEST_SECONDS,
        },
    }
    call.world.store.put(vm)
    op = call.world.operations.start(
        run_command_jobs.ACTION, subject=subject, location=vm["location"], args={"sequence": sequence}
    )
    return accepted(op, call.world)
