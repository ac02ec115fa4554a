"""Every probe runs, Windows' own commands stubbed: in the model's interpreter, and in PowerShell where it is.

The stubs all give one object that has every property. So what is seen is the language: that a probe parses,
runs to its end, and prints one document that its judge can judge.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from factory.guest.command import Output
from factory.guest.powershell import PowerShell
from factory.guest.units import Check
from factory.windows.generalize import all_checks
from localazure.guests.windows.host import WindowsHost
from tests.factory.windows.known import context
from tests.localazure.guests.windows.rooms import Room

STUBBED = (
    "Get-AppxPackage",
    "Get-AppxProvisionedPackage",
    "Get-ChildItem",
    "Get-CimInstance",
    "Get-Content",
    "Get-Disk",
    "Get-FileHash",
    "Get-Item",
    "Get-ItemProperty",
    "Get-LocalGroupMember",
    "Get-LocalUser",
    "Get-Process",
    "Get-ScheduledTask",
    "Get-Service",
    "Get-VMSwitch",
    "Get-Volume",
    "Get-WindowsFeature",
    "Test-Path",
)
THING = """
$Thing = [PSCustomObject]@{
    Name = 'thing'; FullName = 'thing'; PSChildName = 'thing'; Path = 'thing'; ProcessName = 'thing'
    PackageFullName = 'thing_1'; PackageUserInformation = ''; SignatureKind = 'Store'; IsFramework = $false
    NonRemovable = $false; DisplayName = 'thing'; Installed = $true; Enabled = $true; Status = 'Running'
    StartType = 'Manual'; Start = 1; State = 'Ready'; TaskName = 'thing'; FriendlyName = 'thing'
    ImageState = 'IMAGE_STATE_COMPLETE'; GeneralizationState = 7; CleanupState = 2; Upgrade = 0
    ComputerName = 'THING'; Domain = 'WORKGROUP'; PartOfDomain = $false; DomainRole = 2
    RemainingWindowsReArmCount = 5; ConversionStatus = 0; ProtectionStatus = 0; LicenseStatus = 1
    DriveLetter = 'F'; FileSystemLabel = 'data'; SCSILogicalUnit = 0; InterfaceType = 'SCSI'; Index = 2
    Number = 2; IsOffline = $false; FreeSpace = 64GB; Hash = 'AB12'; Special = $false; LocalPath = 'thing'
    SID = [PSCustomObject]@{ Value = 'S-1-5-21-1-2-3-500' }; Thumbprint = 'AA11'
    PasswordLastSet = [DateTime]::UtcNow; PasswordExpires = $null; LastWriteTimeUtc = [DateTime]::UtcNow
    PendingFileRenameOperations = @(); UnattendFile = ''; ActiveScenario = 0; SysprepInProgress = 0
    UpdateExeVolatile = 0; Deny_All = 0; CloneTag = ''; UserFlags = 0; AccountType = 512
}
$Thing | Add-Member -MemberType ScriptMethod -Name GetValueNames -Value { @('thing') }
"""
STUBS = THING + "".join(f"function {name} {{ $Thing }}\n" for name in STUBBED)


def probe_of(check: Check) -> str:
    """What the factory sends, after the stubs."""
    command = check.command(context())
    assert isinstance(command, PowerShell)
    return STUBS + command.inline


def judged(check: Check, output: Output) -> list[str]:
    """Why a probe's output could not be judged."""
    return [f"{check.name}: {text}" for text in check(output, context()) if "cannot be told" in str(text)]


async def test_in_the_models_interpreter(tmp_path: Path) -> None:
    host = WindowsHost(tmp_path / "state")
    host.pace(0.002)
    try:
        guest = await (await Room(host).boot()).ready()
        troubles = []
        for check in all_checks():
            status = await guest.command(probe_of(check))
            troubles += judged(check, Output(status.exit_code or 0, status.stdout, status.stderr))
            troubles += [f"{check.name}: {status.stderr}"] if status.exit_code else []
    finally:
        await host.shutdown()
    assert troubles == []


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="there is no PowerShell on this computer")
@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.name)
def test_in_powershell_itself(check: Check, tmp_path: Path) -> None:
    script = tmp_path / "probe.ps1"
    script.write_text(probe_of(check))
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(script)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert judged(check, Output(0, done.stdout)) == []
