"""An Appx package is installed for a user and not provisioned for all users.

The store brings packages to whoever is logged in. Sysprep's validation names the package; nothing is generalized.
"""

from __future__ import annotations

from typing import Any

from localazure.guests.windows.failures import Blow, Line, error
from localazure.guests.windows.machine.baseline import appx
from localazure.guests.windows.machine.machine import Machine

_NAME, _VERSION = "Microsoft.Windows.Photos", "2024.11050.29009.0"


def provoke(machine: Machine) -> None:
    """Install a package for the administrator alone."""
    package = appx(_NAME, _VERSION)
    account = machine.users.get("azureuser") or next(iter(machine.users.all.values()))
    package["users"] = [machine.users.sid(account)]
    machine.document["appx"]["installed"].append(package)


def lonely(machine: Machine) -> list[dict[str, Any]]:
    """The packages that users have and no new user would get."""
    store = machine.document["appx"]
    provisioned = {one["name"].lower() for one in store["provisioned"]}
    return [
        one
        for one in store["installed"]
        if one["users"]
        and not one["framework"]
        and one["signature"] != "System"
        and one["name"].lower() not in provisioned
    ]


def strike(machine: Machine) -> Blow | None:
    """Sysprep's Appx provider validates."""
    packages = lonely(machine)
    if not packages:
        return None
    return Blow(
        (
            Line(
                "Info",
                "SYSPRP Entering SysprepGeneralizeValidate (Appx) - validating whether all apps are also provisioned.",
            ),
            *error(
                *(
                    f"SYSPRP Package {one['full']} was installed for a user, but not provisioned for all users. "
                    "This package will not function properly in the sysprep image."
                    for one in packages
                ),
                "SYSPRP Failed to remove apps for the current user: 0x80073cf2.",
                "SYSPRP Exit code of RemoveAllApps thread was 0x3cf2.",
                r"SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from "
                r"C:\Windows\System32\AppxSysprep.dll; dwRet = 0x3cf2",
                "SYSPRP SysprepSession::Validate: Error in validating actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Generalize.xml; dwRet = 0x3cf2",
            ),
        )
    )
