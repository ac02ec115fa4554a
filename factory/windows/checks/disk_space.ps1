$ErrorActionPreference = 'Stop'
$disk = Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='C:'"
[PSCustomObject]@{ free_mib = [int]($disk.FreeSpace / 1MB) } | ConvertTo-Json -Compress
