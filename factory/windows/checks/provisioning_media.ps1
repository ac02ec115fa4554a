$ErrorActionPreference = 'Stop'
$cdrom = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\cdrom' -ErrorAction SilentlyContinue
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices'
$all = Get-ItemProperty -Path $policies -ErrorAction SilentlyContinue
# The class of CD and DVD drives.
$cd = Get-ItemProperty -Path "$policies\{53f56308-b6bf-11d0-94f2-00a0c91efb8b}" -ErrorAction SilentlyContinue
[PSCustomObject]@{ cdrom_start = $cdrom.Start; deny_all = [int]$all.Deny_All; deny_read = [int]$cd.Deny_Read } | ConvertTo-Json -Compress
