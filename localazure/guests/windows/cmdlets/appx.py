"""Appx packages: installed for users, and provisioned for all who will come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.machine.baseline import appx
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import PSObject, Value

_PUBLISHER = "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"


def _account(machine: Machine, sid: str) -> str:
    account = machine.users.get(sid)
    return account["name"] if account else sid


def shown(machine: Machine, package: dict[str, Any]) -> PSObject:
    """An AppxPackage."""
    information = [
        PSObject(
            "Microsoft.Windows.Appx.PackageManager.Commands.AppxUserInformation",
            {
                "UserSecurityId": PSObject(
                    "UserSecurityId",
                    {"Sid": sid, "Username": _account(machine, sid)},
                    text=f"{sid} [{_account(machine, sid)}]",
                ),
                "InstallState": "Installed",
            },
            text=f"{sid} [{_account(machine, sid)}]: Installed",
        )
        for sid in package["users"]
    ]
    return PSObject(
        "Microsoft.Windows.Appx.PackageManager.Commands.AppxPackage",
        {
            "Name": package["name"],
            "Publisher": _PUBLISHER,
            "Architecture": "X64",
            "Version": package["version"],
            "PackageFullName": package["full"],
            "PackageFamilyName": package["family"],
            "InstallLocation": f"C:\\Program Files\\WindowsApps\\{package['full']}",
            "IsFramework": package["framework"],
            "SignatureKind": package["signature"],
            "NonRemovable": package["signature"] == "System",
            "IsBundle": False,
            "IsResourcePackage": False,
            "PackageUserInformation": information,
            "Status": "Ok",
        },
        text=package["full"],
    )


@cmdlet("Get-AppxPackage", "Name:0 AllUsers:switch User PackageTypeFilter Publisher")
def get_appx_package(call: Call) -> Iterator[Value]:
    """Tell installed packages: of all users, or of who asks."""
    sid = call.shell.process.token.sid
    for package in call.machine.document["appx"]["installed"]:
        if (call.flag("AllUsers") or sid in package["users"]) and wildcard(call.text("Name", "*")).fullmatch(
            package["name"]
        ):
            yield shown(call.machine, package)


@cmdlet(
    "Remove-AppxPackage",
    "Package:0:pipe:prop:a=PackageFullName AllUsers:switch User PreserveApplicationData:switch",
)
def remove_appx_package(call: Call) -> Iterator[Value]:
    """Take packages from users."""
    for one in to_list(call.get("Package")):
        name = to_string(one.get("PackageFullName")) if isinstance(one, PSObject) else to_string(one)
        installed = call.machine.document["appx"]["installed"]
        package = next((p for p in installed if p["full"].lower() == name.lower()), None)
        if package is None:
            raise call.fail(
                f"Deployment failed with HRESULT: 0x80073CF1, Package was not found. {name}",
                kind="System.IO.FileNotFoundException",
                category="WriteError",
                identifier="DeploymentError",
            )
        with call.machine.lock:
            package["users"] = (
                []
                if call.flag("AllUsers")
                else [s for s in package["users"] if s != call.shell.process.token.sid]
            )
            if not package["users"]:
                installed.remove(package)
            call.machine.changed()
    yield from ()


@cmdlet("Get-AppxProvisionedPackage", "Online:switch Path")
def get_appx_provisioned_package(call: Call) -> Iterator[Value]:
    """Tell what new users will get."""
    for package in call.machine.document["appx"]["provisioned"]:
        yield PSObject(
            "Microsoft.Dism.Commands.AppxPackageObject",
            {
                "DisplayName": package["name"],
                "PackageName": package["full"],
                "Version": package["version"],
                "Architecture": 9,
                "ResourceId": "~",
                "Regions": "",
                "Online": True,
            },
            text=package["full"],
        )


@cmdlet(
    "Remove-AppxProvisionedPackage",
    "Online:switch Path PackageName:pipe:prop AllUsers:switch",
    aliases="Remove-ProvisionedAppxPackage",
)
def remove_appx_provisioned_package(call: Call) -> Iterator[Value]:
    """New users will not get a package any more."""
    name = call.text("PackageName").lower()
    with call.machine.lock:
        store = call.machine.document["appx"]
        store["provisioned"] = [p for p in store["provisioned"] if p["full"].lower() != name]
        call.machine.changed()
    yield PSObject(
        "Microsoft.Dism.Commands.ImageObject", {"Online": True, "RestartNeeded": False, "Path": ""}
    )


@cmdlet(
    "Add-AppxPackage",
    "Path:0:pipe Register:switch DisableDevelopmentMode:switch ForceApplicationShutdown:switch",
)
def add_appx_package(call: Call) -> Iterator[Value]:
    """Install a package for who asks: its name and version are those of its file."""
    file = call.text("Path").rpartition("\\")[2]
    name, _, rest = file.partition("_")
    package = appx(name, rest.partition("_")[0] or "1.0.0.0")
    package["users"] = [call.shell.process.token.sid]
    with call.machine.lock:
        call.machine.document["appx"]["installed"].append(package)
        call.machine.changed()
    yield from ()
