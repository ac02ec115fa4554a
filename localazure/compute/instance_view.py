"""What is seen of a machine from outside and by its agent: `instanceView`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.clock import stamp
from localazure.compute import machines

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World
    from localazure.guests.base import AgentReport, ExtensionStatus

AGENT_STALE_SECONDS = 300.0
"""An agent that was silent for so long is not ready (assumed: its heartbeat is expected within minutes)."""

_POWER = {
    "starting": "VM starting",
    "running": "VM running",
    "stopping": "VM stopping",
    "stopped": "VM stopped",
    "deallocating": "VM deallocating",
    "deallocated": "VM deallocated",
}


def status(
    code: str, display: str, *, level: str = "Info", message: str | None = None, time: str | None = None
) -> Any:
    """One entry of a statuses list."""
    body = {"code": code, "level": level, "displayStatus": display}
    if message is not None:
        body["message"] = message
    if time is not None:
        body["time"] = time
    return body


def build(world: World, doc: Document) -> dict[str, Any]:
    """The whole instance view."""
    power = machines.power(world, doc)
    report = world.guests.report(doc["properties"]["vmId"])
    view: dict[str, Any] = {}
    if power in ("running", "stopping"):
        if report.os_name:
            view |= {
                "computerName": report.computer_name,
                "osName": report.os_name,
                "osVersion": report.os_version,
            }
        view["vmAgent"] = _agent(world, report)
        if extensions := _extensions(report):
            view["extensions"] = extensions
    view["disks"] = [_disk(world, disk) for disk in _disks(doc)]
    if _boot_diagnostics(doc):
        view["bootDiagnostics"] = {}
    view["hyperVGeneration"] = doc.get("_generation", "V1")
    view["statuses"] = _statuses(doc, power)
    return view


def _statuses(doc: Document, power: str) -> list[Any]:
    times, state = doc.get("_times", {}), doc["properties"]["provisioningState"]
    statuses = [_provisioning(doc, state, times.get("provisioning"))]
    if doc.get("_generalized"):
        statuses.append(status("OSState/generalized", "VM generalized"))
    if power in _POWER:
        statuses.append(status(f"PowerState/{power}", _POWER[power]))
    return statuses


def _provisioning(doc: Document, state: str, time: str | None) -> Any:
    error = doc.get("_error")
    if state == "Failed" and error:
        code = f"ProvisioningState/failed/{error['code']}"
        return status(code, "Provisioning failed", level="Error", message=error["message"], time=time)
    display = {"Succeeded": "Provisioning succeeded", "Failed": "Provisioning failed"}.get(state, state)
    return status(f"ProvisioningState/{state.lower()}", display, time=time)


def agent_ready(world: World, report: AgentReport) -> bool:
    """Whether the agent says Ready, and has said anything lately."""
    seen = report.agent_seen
    fresh = seen is not None and world.clock.epoch() - seen < AGENT_STALE_SECONDS
    return report.agent_status == "Ready" and fresh


def _agent(world: World, report: AgentReport) -> dict[str, Any]:
    time = stamp(world.clock.now())
    if agent_ready(world, report):
        statuses = [
            status(
                "ProvisioningState/succeeded",
                "Ready",
                message="Guest Agent is running",
                time=time,
            )
        ]
        return {
            "vmAgentVersion": report.agent_version,
            "statuses": statuses,
            "extensionHandlers": _handlers(report),
        }
    message = (
        "VM Agent is unresponsive." if report.agent_seen else "VM status blob is found but not yet populated."
    )
    statuses = [
        status("ProvisioningState/Unavailable", "Not Ready", level="Warning", message=message, time=time)
    ]
    return {"vmAgentVersion": report.agent_version or "Unknown", "statuses": statuses}


def _handlers(report: AgentReport) -> list[dict[str, Any]]:
    by_type = {one.handler: one for one in report.extensions.values()}
    return [
        {
            "type": handler,
            "typeHandlerVersion": one.version,
            "status": status(
                "ProvisioningState/succeeded"
                if one.handler_status == "Ready"
                else "ProvisioningState/failed",
                "Ready" if one.handler_status == "Ready" else "Not Ready",
                level="Info" if one.handler_status == "Ready" else "Error",
                message=one.handler_message,
            ),
        }
        for handler, one in by_type.items()
    ]


def _extensions(report: AgentReport) -> list[dict[str, Any]]:
    return [_extension(one) for one in report.extensions.values() if "RunCommand" not in one.handler]


def _extension(one: ExtensionStatus) -> dict[str, Any]:
    good = one.status in ("success", "warning")
    return {
        "name": one.name,
        "type": one.handler,
        "typeHandlerVersion": one.version,
        "statuses": [
            status(
                "ProvisioningState/succeeded" if good else "ProvisioningState/failed",
                "Provisioning succeeded" if good else "Provisioning failed",
                level="Info" if good else "Error",
                message=one.message,
            )
        ],
    }


def _disks(doc: Document) -> list[dict[str, Any]]:
    storage = doc["properties"]["storageProfile"]
    return [storage["osDisk"], *storage["dataDisks"]]


def _disk(world: World, shown: dict[str, Any]) -> dict[str, Any]:
    doc = world.store.get(shown["managedDisk"]["id"])
    state = doc["properties"].get("provisioningState", "Unknown") if doc else "Failed"
    time = doc["properties"].get("timeCreated") if doc else None
    display = "Provisioning succeeded" if state == "Succeeded" else state
    return {
        "name": shown["name"],
        "statuses": [status(f"ProvisioningState/{state.lower()}", display, time=time)],
    }


def _boot_diagnostics(doc: Document) -> bool:
    return bool(
        ((doc["properties"].get("diagnosticsProfile") or {}).get("bootDiagnostics") or {}).get("enabled")
    )
