"""The clean-up of Desired State Configuration looks for files that its extension left behind half."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "cleanup"
FOLDER = r"C:\Windows\System32\Configuration"


def provoke(machine: Machine) -> None:
    """Leave a pending configuration without the store that it names."""
    machine.files.make_directory(FOLDER)
    machine.files.write_text(f"{FOLDER}\\Pending.mof", "/* half of a configuration */")


def strike(machine: Machine) -> Blow | None:
    """DscCore.dll cleans up."""
    if not machine.files.is_file(f"{FOLDER}\\Pending.mof"):
        return None
    return Blow(
        error(
            "SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'C:\\Windows\\System32\\DscCore.dll,SysPrep_Cleanup'; dwRet = 0x2",
            "SYSPRP SysprepSession::Execute: Error in executing actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Cleanup.xml; dwRet = 0x2",
        )
    )
