"""The serial log, handed out as Azure does: a URL with a signature of its own that needs no token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.clock import stamp
from localazure.arm.errors import ArmError
from localazure.arm.routing import route
from localazure.arm.wire import reply
from localazure.compute import errors, machines

if TYPE_CHECKING:
    from localazure.arm.world import World

_VM = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/{name}"
_MINUTES, _LONGEST_MINUTES = 120, 1440
LOG, SCREENSHOT = "serialconsole.log", "screenshot.bmp"


def _key(world: World) -> bytes:
    kept = world.store.fact("boot_diagnostics_key")
    if kept is None:
        kept = secrets.token_hex(32)
        world.store.set_fact("boot_diagnostics_key", kept)
    return bytes.fromhex(kept)


def _signature(world: World, vm_id: str, file: str, until: int) -> str:
    return hmac.new(_key(world), f"{vm_id}/{file}/{until}".encode(), hashlib.sha256).hexdigest()


def _url(call: Call, vm_id: str, file: str, until: int) -> str:
    signature = _signature(call.world, vm_id, file, until)
    return f"{call.base}/bootdiagnostics/{vm_id}/{file}?sv=2018-03-28&sr=b&sp=r&se={until}&sig={signature}"


@route("POST", _VM + "/retrieveBootDiagnosticsData")
async def retrieve(call: Call) -> Response:
    """Where the screenshot and the serial log can be read, for a while."""
    doc = machines.existing(call)
    diagnostics = (doc["properties"].get("diagnosticsProfile") or {}).get("bootDiagnostics") or {}
    if not diagnostics.get("enabled"):
        raise ArmError(  # assumed text
            409,
            "OperationNotAllowed",
            f"Boot diagnostics is not enabled on the virtual machine '{doc['name']}'.",
        )
    minutes = call.query.get("sasUriExpirationTimeInMinutes", str(_MINUTES))
    if not minutes.isdigit() or not 1 <= int(minutes) <= _LONGEST_MINUTES:
        raise errors.out_of_range("sasUriExpirationTimeInMinutes", minutes, 1, _LONGEST_MINUTES)
    until, vm_id = int(call.world.clock.epoch()) + int(minutes) * 60, doc["properties"]["vmId"]
    return reply(
        {
            "consoleScreenshotBlobUri": _url(call, vm_id, SCREENSHOT, until),
            "serialConsoleLogBlobUri": _url(call, vm_id, LOG, until),
        }
    )


def _refusal(status: int, code: str, message: str) -> Response:
    """The storage service answers in XML."""
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(body, status_code=status, media_type="application/xml", headers={"x-ms-error-code": code})


@route("GET", "/bootdiagnostics/{vm}/{file}", public=True, bare=True)
async def read(call: Call) -> Response:
    """What the machine wrote to its console."""
    vm_id, file, until = call.path["vm"], call.path["file"], call.query.get("se", "")
    expected = _signature(call.world, vm_id, file, int(until)) if until.isdigit() else ""
    if not expected or not hmac.compare_digest(expected, call.query.get("sig", "")):
        return _refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
    if int(until) < call.world.clock.epoch():
        return _refusal(
            403,
            "AuthenticationFailed",
            f"Signature not valid; expired before {stamp(call.world.clock.now())}.",
        )
    if file != LOG:
        return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
    return Response(
        call.world.guests.serial_log(vm_id),
        media_type="text/plain; charset=utf-8",
        headers={"x-ms-blob-type": "AppendBlob"},
    )
