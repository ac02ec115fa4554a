"""What the local Azure says of itself (`/_local/…`): for its command line and for tests. Azure has none of
it.

No token is asked: the port is on loopback, and stopping the server or reading its log gives nothing that the
state directory's owner does not have.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.routing import route
from localazure.arm.wire import reply
from localazure.requestlog import read_last

VIRTUAL_MACHINE = "Microsoft.Compute/virtualMachines"


@route("GET", "/_local/status", public=True)
async def local_status(call: Call) -> Response:
    """What there is: resources by type, operations in progress, what was asked for and is not implemented."""
    world = call.world
    documents = world.store.beneath(f"/subscriptions/{world.config.subscription}")
    return reply(
        {
            "pid": os.getpid(),
            "endpoint": world.config.endpoint,
            "subscription": world.config.subscription,
            "guest": world.guests.name,
            "proof": world.guests.proof,
            "scale": world.time.scale,
            "resources": dict(sorted(Counter(doc["type"] for doc in documents).items())),
            "operations": [
                {"kind": op.kind, "target": op.target, "started": op.started}
                for op in world.operations.running()
            ],
            "not_implemented": dict(world.missing.most_common()),
        }
    )


@route("GET", "/_local/ps", public=True)
async def local_machines(call: Call) -> Response:
    """The virtual machines: what ARM says of them and what runs."""
    return reply({"machines": [_machine(call, doc) for doc in call.world.store.list(VIRTUAL_MACHINE)]})


def _machine(call: Call, doc: dict[str, Any]) -> dict[str, Any]:
    properties = doc.get("properties", {})
    machine_id = properties.get("vmId")
    return {
        "id": doc["id"],
        "machine_id": machine_id,
        "provisioning_state": properties.get("provisioningState"),
        "running": bool(machine_id) and call.world.guests.is_running(machine_id),
    }


@route("GET", "/_local/log", public=True)
async def local_log(call: Call) -> Response:
    """The last requests, `?last=50` of them."""
    last = call.query.get("last", "50")
    count = int(last) if last.isdigit() else 50
    return reply({"requests": read_last(call.world.config.state / "requests.jsonl", count)})


@route("POST", "/_local/shutdown", public=True)
async def local_shutdown(call: Call) -> Response:
    """End the server; machines as well unless `?keep_machines=true`."""
    call.world.keep_machines = call.query.get("keep_machines", "").lower() == "true"
    call.world.stopping.set()
    return reply({"stopping": True, "keep_machines": call.world.keep_machines}, 202)


@route("GET", "/_local/console/{vm}", public=True)
async def local_console(call: Call) -> Response:
    """What a machine wrote to its serial port, from byte `from` on; `x-size` says how far it is."""
    log = call.world.guests.serial_log(call.path["vm"])
    begin = call.query.get("from", "0")
    position = int(begin) if begin.isdigit() else 0
    if position > len(log):  # it was switched on anew
        position = 0
    return Response(log[position:], media_type="application/octet-stream", headers={"x-size": str(len(log))})
