$ErrorActionPreference = 'Stop'
$disks = @(Get-CimInstance -ClassName Win32_DiskDrive | Where-Object { $_.InterfaceType -eq 'SCSI' -and $_.Index -gt 1 })
[PSCustomObject]@{
    luns = @($disks | ForEach-Object { [int]$_.SCSILogicalUnit })
    offline = @(Get-Disk | Where-Object { $_.IsOffline } | ForEach-Object { [int]$_.Number })
    volumes = @(Get-Volume | Where-Object { $_.DriveLetter } | ForEach-Object { [string]$_.FileSystemLabel })
} | ConvertTo-Json -Compress
