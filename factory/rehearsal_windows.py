"""The Windows part of a world to rehearse on: an application server with a data disk that holds content."""

import secrets
from typing import Any

from factory.rehearsal import Kind

CONTENT = r"F:\data\content.txt"
RELEASE = r"C:\app\release.txt"

_FURNISH = r"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$disk = Get-Disk | Where-Object { $_.PartitionStyle -eq 'RAW' } | Select-Object -First 1
Initialize-Disk -Number $disk.Number -PartitionStyle GPT
New-Partition -DiskNumber $disk.Number -UseMaximumSize -DriveLetter F | Out-Null
Format-Volume -DriveLetter F -FileSystem NTFS -NewFileSystemLabel appdata -Confirm:$false | Out-Null
New-Item -Path F:\data -ItemType Directory -Force | Out-Null
New-Item -Path C:\app -ItemType Directory -Force | Out-Null
Set-Content -Path F:\data\content.txt -Value (1..200 | ForEach-Object { [guid]::NewGuid().ToString() })
Set-Content -Path C:\app\release.txt -Value 'a release of the application'
(Get-FileHash -Path F:\data\content.txt -Algorithm SHA256).Hash
"""


def _password() -> dict[str, Any]:
    """A password that nobody keeps: the factory makes its own way in."""
    return {
        "adminPassword": f"Gf1-{secrets.token_urlsafe(18)}",
        "windowsConfiguration": {"provisionVMAgent": True, "enableAutomaticUpdates": False},
    }


WINDOWS = Kind(
    machine="win-app",
    os_type="Windows",
    definition="app-windows",
    publishers=("MicrosoftWindowsServer",),
    size="Standard_B2s",
    furnish=_FURNISH,
    login=_password,
)
