"""`/_local/faults`: setting, listing and clearing faults, and the calls that faults can be counted on."""

from __future__ import annotations

import dataclasses
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError
from localazure.arm.routing import route
from localazure.arm.wire import reply
from localazure.faults import trace
from localazure.faults.board import Faults
from localazure.faults.fault import Fault
from localazure.faults.kind import kinds
from localazure.faults.named_faults import named


@route("POST", "/_local/faults", public=True)
async def add_fault(call: Call) -> Response:
    """Set a fault, or with `{"name": …}` all faults of a name (further settings override its own)."""
    faults, body = call.world.part(Faults), call.json
    if "name" not in body:
        return reply(_shown(faults.add(body)), 201)
    more = {key: value for key, value in body.items() if key != "name"}
    added = [faults.add(one | more) for one in named(str(body["name"])).faults]
    return reply({"id": added[0].id, "ids": [fault.id for fault in added]}, 201)


@route("GET", "/_local/faults", public=True)
async def list_faults(call: Call) -> Response:
    """The faults that are set, and how often each was met and has hit."""
    return reply({"faults": [_shown(fault) for fault in call.world.part(Faults).all()]})


@route("DELETE", "/_local/faults", public=True)
async def clear_faults(call: Call) -> Response:
    """Take all back."""
    return reply({"cleared": call.world.part(Faults).clear()})


@route("GET", "/_local/faults/kinds", public=True)
async def list_kinds(call: Call) -> Response:
    """The manual of kinds."""
    return reply({"kinds": [dataclasses.asdict(kind.page) for kind in kinds().values()]})


@route("GET", "/_local/faults/named", public=True)
async def list_named(call: Call) -> Response:
    """The faults that have a name."""
    return reply({"named": [dataclasses.asdict(one) for one in named().values()]})


@route("GET", "/_local/faults/calls", public=True)
async def list_calls(call: Call) -> Response:
    """The calls since the last reset, in order: what a fault's `occurrence` counts."""
    return reply({"calls": trace.calls(call.world)})


@route("DELETE", "/_local/faults/calls", public=True)
async def reset_calls(call: Call) -> Response:
    """Count anew."""
    trace.reset(call.world)
    return reply({"calls": []})


@route("DELETE", "/_local/faults/{fault}", public=True)
async def clear_fault(call: Call) -> Response:
    """Take one back."""
    if not call.world.part(Faults).clear(call.path["fault"]):
        raise ArmError(404, "FaultNotFound", f"There is no fault {call.path['fault']}.")
    return reply({"cleared": 1})


def _shown(fault: Fault) -> dict[str, Any]:
    shown = fault.record()
    del shown["memory"]
    return shown
