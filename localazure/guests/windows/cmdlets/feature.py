"""Roles and features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import PSObject, Value

_NEED_RESTART = ("hyper-v", "ad-domain-services")


def _shown(feature: dict[str, Any]) -> PSObject:
    return PSObject(
        "Microsoft.Windows.ServerManager.Commands.Feature",
        {
            "Name": feature["name"],
            "DisplayName": feature["display"],
            "Installed": feature["installed"],
            "InstallState": "Installed" if feature["installed"] else "Available",
            "FeatureType": "Role",
            "Depth": 1,
            "SubFeatures": [],
            "Path": feature["display"],
        },
        text=feature["name"],
        shown=("DisplayName", "Name", "InstallState"),
    )


def _features(call: Call) -> Iterator[dict[str, Any]]:
    for name in call.texts("Name") or ["*"]:
        found = [
            one for one in call.machine.document["features"].values() if wildcard(name).fullmatch(one["name"])
        ]
        if not found and "*" not in name:
            raise call.fail(
                f"ArgumentNotValid: The role, role service, or feature name is not valid: '{name}'. The name was not found.",
                category="InvalidArgument",
                identifier="NameDoesNotExist",
                target=name,
            )
        yield from found


@cmdlet("Get-WindowsFeature", "Name:0:pipe ComputerName")
def get_windows_feature(call: Call) -> Iterator[Value]:
    """Tell features."""
    for feature in _features(call):
        yield _shown(feature)


@cmdlet(
    "Install-WindowsFeature",
    "Name:0:pipe IncludeManagementTools:switch IncludeAllSubFeature:switch Restart:switch Source",
    aliases="Add-WindowsFeature",
)
@cmdlet(
    "Uninstall-WindowsFeature",
    "Name:0:pipe IncludeManagementTools:switch Remove:switch Restart:switch",
    aliases="Remove-WindowsFeature",
)
def install_windows_feature(call: Call) -> Iterator[Value]:
    """Install features, or remove them; it takes a while."""
    wanted = call.name == "Install-WindowsFeature"
    changed = [one for one in _features(call) if one["installed"] != wanted]
    if changed:
        call.shell.sleep(25)
    with call.machine.lock:
        for feature in changed:
            feature["installed"] = wanted
        call.machine.changed()
    restart = any(one["name"].lower() in _NEED_RESTART for one in changed)
    yield PSObject(
        "Microsoft.Windows.ServerManager.Commands.FeatureOperationResult",
        {
            "Success": True,
            "RestartNeeded": "Yes" if restart else "No",
            "FeatureResult": [_shown(one) for one in changed],
            "ExitCode": "Success" if changed else "NoChangeNeeded",
        },
        shown=("Success", "RestartNeeded", "ExitCode", "FeatureResult"),
    )


@cmdlet("Get-WindowsOptionalFeature", "FeatureName:0 Online:switch")
def get_optional_feature(call: Call) -> Iterator[Value]:
    """Tell optional features, by the same names."""
    for feature in call.machine.document["features"].values():
        if wildcard(call.text("FeatureName", "*")).fullmatch(feature["name"]):
            yield PSObject(
                "Microsoft.Dism.Commands.AdvancedFeatureObject",
                {"FeatureName": feature["name"], "State": "Enabled" if feature["installed"] else "Disabled"},
            )


@cmdlet("Get-VMSwitch", "Name:0")
def get_vm_switch(call: Call) -> Iterator[Value]:
    """Tell virtual switches, which need Hyper-V."""
    if not call.machine.document["features"]["hyper-v"]["installed"]:
        raise call.fail("Hyper-V is not installed on this computer.", category="InvalidOperation")
    for name in call.machine.document.get("switches", []):
        yield PSObject(
            "Microsoft.HyperV.PowerShell.VMSwitch", {"Name": name, "SwitchType": "Internal"}, text=name
        )
