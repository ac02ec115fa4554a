"""Services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import Enumerated, Lazy, PSObject, Value

_STATUS = {"Stopped": 1, "StartPending": 2, "StopPending": 3, "Running": 4, "Paused": 7}
_START = {"Automatic": 2, "Manual": 3, "Disabled": 4}


def shown(machine: Machine, service: dict[str, Any]) -> PSObject:
    """A ServiceController."""

    def refresh() -> None:
        made.properties["Status"] = Enumerated(service["status"], _STATUS[service["status"]])

    made = PSObject(
        "System.ServiceProcess.ServiceController",
        {
            "Status": Enumerated(service["status"], _STATUS[service["status"]]),
            "Name": service["name"],
            "ServiceName": service["name"],
            "DisplayName": service["display"],
            "StartType": Enumerated(service["start"], _START[service["start"]]),
            "CanStop": service["status"] == "Running",
            "MachineName": ".",
            "DependentServices": [],
            "ServicesDependedOn": [],
            "RequiredServices": [],
        },
        text=service["name"],
        shown=("Status", "Name", "DisplayName"),
        methods={
            "Refresh": refresh,
            "Stop": lambda: change(machine, service, "Stopped"),
            "Start": lambda: change(machine, service, "Running"),
            "WaitForStatus": lambda wanted, span=None: refresh(),
        },
    )
    return made


def change(machine: Machine, service: dict[str, Any], status: str) -> None:
    """Start or stop a service."""
    with machine.lock:
        service["status"] = status
        machine.changed()
    if service["name"].lower() in ("winrm", "mpssvc"):
        machine.listeners_changed()


def _services(call: Call) -> Iterator[dict[str, Any]]:
    given = call.get("InputObject")
    if isinstance(given, PSObject) and given.type_name.endswith("ServiceController"):
        names = [to_string(given.get("Name"))]
    else:
        names = call.texts("Name") or call.texts("DisplayName") or ["*"]
    by = "display" if call.has("DisplayName") and not call.has("Name") else "name"
    for name in names:
        expression = wildcard(name)
        found = [one for one in call.machine.document["services"].values() if expression.fullmatch(one[by])]
        if not found and not any(mark in name for mark in "*?["):
            call.report(
                call.fail(
                    f"Cannot find any service with service name '{name}'.",
                    kind="Microsoft.PowerShell.Commands.ServiceCommandException",
                    category="ObjectNotFound",
                    identifier="NoServiceFoundForGivenName",
                    target=name,
                )
            )
        yield from sorted(found, key=lambda one: str(one["name"]).lower())


@cmdlet(
    "Get-Service",
    "Name:0:pipe:prop:a=ServiceName DisplayName Include Exclude InputObject DependentServices:switch:a=DS RequiredServices:switch",
    aliases="gsv",
)
def get_service(call: Call) -> Iterator[Value]:
    """Tell services."""
    for service in _services(call):
        yield shown(call.machine, service)


@cmdlet("Start-Service", "Name:0:prop InputObject:pipe DisplayName PassThru:switch", aliases="sasv")
def start_service(call: Call) -> Iterator[Value]:
    """Start services."""
    for service in _services(call):
        if service["start"] == "Disabled":
            call.report(
                call.fail(
                    f"Service '{service['display']} ({service['name']})' cannot be started due to the following error: Cannot start service {service['name']} on computer '.'.",
                    kind="Microsoft.PowerShell.Commands.ServiceCommandException",
                    category="OpenError",
                    identifier="CouldNotStartService",
                )
            )
            continue
        change(call.machine, service, "Running")
        if call.flag("PassThru"):
            yield shown(call.machine, service)


@cmdlet(
    "Stop-Service",
    "Name:0:prop InputObject:pipe DisplayName Force:switch NoWait:switch PassThru:switch",
    aliases="spsv",
)
def stop_service(call: Call) -> Iterator[Value]:
    """Stop services."""
    for service in _services(call):
        change(call.machine, service, "Stopped")
        if call.flag("PassThru"):
            yield shown(call.machine, service)


@cmdlet("Restart-Service", "Name:0:prop InputObject:pipe DisplayName Force:switch PassThru:switch")
def restart_service(call: Call) -> Iterator[Value]:
    """Stop and start services."""
    for service in _services(call):
        change(call.machine, service, "Stopped")
        change(call.machine, service, "Running")
        if call.flag("PassThru"):
            yield shown(call.machine, service)


@cmdlet(
    "Set-Service",
    "Name:0:prop InputObject:pipe StartupType:a=StartType Status DisplayName Description PassThru:switch Force:switch",
)
def set_service(call: Call) -> Iterator[Value]:
    """Change services."""
    for service in _services(call):
        if call.has("StartupType"):
            set_start(call.machine, service, call.text("StartupType"))
        if call.has("Status"):
            change(call.machine, service, call.text("Status").capitalize())
        if call.flag("PassThru"):
            yield shown(call.machine, service)


def set_start(machine: Machine, service: dict[str, Any], wanted: str) -> None:
    """Write how a service starts: in its record and in the registry."""
    start = next(
        name for name in ("Automatic", "Manual", "Disabled") if wanted.lower().startswith(name.lower()[:4])
    )
    with machine.lock:
        service["start"] = start
        service["autostart"] = start == "Automatic" or (start == "Manual" and service["autostart"])
        machine.registry.set(
            rf"HKLM\SYSTEM\CurrentControlSet\Services\{service['name']}", "Start", _START[start]
        )


__all__ = ["Lazy", "to_list"]
