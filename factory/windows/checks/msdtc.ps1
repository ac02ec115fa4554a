$ErrorActionPreference = 'Stop'
$service = Get-Service -Name MSDTC -ErrorAction SilentlyContinue
$key = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\MSDTC' -ErrorAction SilentlyContinue
[PSCustomObject]@{
    installed = [bool]$service
    start_type = [string]$service.StartType
    in_progress = [int]$key.SysprepInProgress
} | ConvertTo-Json -Compress
