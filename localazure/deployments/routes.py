"""Deployments of a resource group on the wire."""

from __future__ import annotations

import re
import uuid

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, Output, job
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, page, reply
from localazure.arm.world import World

from . import documents, errors
from .requested import read_request
from .run import RUN

_ALL = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Resources/deployments"
_ONE = _ALL + "/{name}"
_FILTER = re.compile(r"\s*provisioningState\s+eq\s+'(\w+)'\s*", re.IGNORECASE)
DELETE = "deployment.delete"


def _existing(call: Call) -> Document:
    deployment = call.rid.parent if "number" in call.path else call.rid
    doc = call.world.store.get(deployment) if deployment is not None else None
    if doc is None:
        raise errors.not_deployed(call.path["name"])
    return doc


def _active(doc: Document | None) -> bool:
    return doc is not None and doc["properties"]["provisioningState"] not in documents.ENDED


@route("PUT", _ONE)
async def put_deployment(call: Call) -> Response:
    """Begin a deployment: 201, or 200 for a name that was there before."""
    before = call.world.store.get(call.rid)
    if before is not None and _active(before):
        raise errors.still_active(call.rid.name, before["properties"]["timestamp"])
    asked, world = read_request(call), call.world
    number = f"{uuid.uuid4().int % 10**20:020d}"
    doc = asked.shown | {
        "_template": asked.source,
        "_values": asked.values,
        "_steps": {},
        "_begun": asked.shown["properties"]["timestamp"],
        "_number": number,
        "_tracking": str(uuid.uuid4()),
    }
    with world.store.together():
        world.store.put(doc)
        op = world.operations.start(
            RUN, subject=call.rid, location="global", args={"number": number}, provider="Microsoft.Resources"
        )
        doc["_operation"] = op.id
        world.store.put(doc)
    status = f"{call.base}{call.rid.text}/operationStatuses/{number}?api-version={call.api_version}"
    headers = world.time.poll_headers() | {"Azure-AsyncOperation": status}
    return reply(doc, 201 if before is None else 200, headers)


@route("GET", _ONE + "/operationStatuses/{number}")
async def deployment_status(call: Call) -> Response:
    """How it goes: a status and nothing else (recorded), and the error when it failed."""
    doc = _existing(call)
    if doc["_number"] != call.path["number"]:
        raise ArmError(  # assumed
            404, "DeploymentOperationNotFound", f"The operation '{call.path['number']}' could not be found."
        )
    op = call.world.operations.get(doc["_operation"])
    if op is not None and op.running:
        state = documents.RUNNING if _active(doc) else doc["properties"]["provisioningState"]
        if state in (documents.RUNNING, documents.CANCELED):
            return reply({"status": state}, 200, call.world.time.poll_headers())
    body = {"status": doc["properties"]["provisioningState"]}
    return reply(body | {"error": doc["properties"]["error"]} if "error" in doc["properties"] else body)


@route("GET", _ONE)
async def get_deployment(call: Call) -> Response:
    """One deployment."""
    return reply(_existing(call))


@route("HEAD", _ONE)
async def check_deployment(call: Call) -> Response:
    """204 when it is there, 404 when not."""
    return no_content() if call.rid in call.world.store else reply(None, 404)


@route("GET", _ALL)
async def list_deployments(call: Call) -> Response:
    """All deployments of the group, the latest first; `$filter=provisioningState eq 'Failed'`."""
    found = call.world.store.list(documents.TYPE, subscription=call.path["sub"], group=call.path["rg"])
    wanted = call.query.get("$filter")
    if wanted:
        match = _FILTER.fullmatch(wanted)
        if match is None:
            raise ArmError(400, "InvalidFilterInQueryString", f"Invalid $filter '{wanted}' specified.")
        found = [d for d in found if d["properties"]["provisioningState"].lower() == match[1].lower()]
    found.sort(key=lambda doc: str(doc["properties"]["timestamp"]), reverse=True)
    return page(call, found)


@route("POST", _ONE + "/validate")
async def validate_deployment(call: Call) -> Response:
    """Everything that a PUT checks, and nothing is done."""
    asked = read_request(call)
    doc = asked.shown
    doc["properties"] |= {
        "provisioningState": documents.SUCCEEDED,
        "validatedResources": documents.output_resources(asked.plan),
    }
    return reply(doc)


@route("POST", _ONE + "/exportTemplate")
async def export_template(call: Call) -> Response:
    """The template as it came."""
    return reply({"template": _existing(call)["_template"]})


@route("POST", _ONE + "/cancel")
async def cancel_deployment(call: Call) -> Response:
    """Begin nothing more; what was begun goes on (documented)."""
    doc = _existing(call)
    if not _active(doc):
        raise errors.not_cancelable(doc["name"], doc["properties"]["provisioningState"])
    _cancel(call.world, doc)
    return no_content()


def _cancel(world: World, doc: Document) -> None:
    now = documents.moment(world)
    doc["properties"] |= {
        "provisioningState": documents.CANCELED,
        "timestamp": now,
        "duration": documents.duration(doc["_begun"], now),
    }
    doc.pop("_values", None)
    world.store.put(doc)


@route("DELETE", _ONE)
async def delete_deployment(call: Call) -> Response:
    """Forget a deployment; its resources stay. 202 with a Location, 204 when there is none."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    if _active(doc):
        raise errors.still_active(doc["name"], doc["properties"]["timestamp"])
    op = call.world.operations.start(
        DELETE,
        subject=call.rid,
        location="global",
        flavour="operationresults",
        provider="Microsoft.Resources",
    )
    return accepted(op, call.world)


@job(DELETE)
async def forget_deployment(world: World, op: Operation) -> Output:
    """Remove the record."""
    world.store.delete_tree(op.rid)
    return None


@route("GET", _ONE + "/operations")
async def list_operations(call: Call) -> Response:
    """What was done for each resource."""
    doc = _existing(call)
    return page(
        call, [documents.shown_step(doc, one, call.world) for one in documents.steps_of(doc).values()]
    )


@route("GET", _ONE + "/operations/{number}")
async def get_operation(call: Call) -> Response:
    """What was done for one resource."""
    doc, number = _existing(call), call.path["number"]
    for step in documents.steps_of(doc).values():
        if step["number"].lower() == number.lower():
            return reply(documents.shown_step(doc, step, call.world))
    raise ArmError(  # assumed
        404, "DeploymentOperationNotFound", f"The operation '{number}' could not be found."
    )


@deleter(documents.TYPE)
async def drop_deployment(world: World, doc: Document) -> None:
    """With its group: nothing more is begun, and what runs ends by itself."""
    if _active(doc):
        _cancel(world, doc)
    op = world.operations.busy(ResourceId.parse(doc["id"]))
    if op is not None:
        await world.operations.wait(op)
