# After Sysprep: task, scripts and markers go; the administrator and the listener only later, by the last script.
param([string]$Folder, [string]$AdminName)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | Unregister-ScheduledTask -Confirm:$false
if (Test-Path -Path $Folder) { Remove-Item -Path $Folder -Recurse -Force }
[PSCustomObject]@{
    tasks = @(Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | ForEach-Object { $_.TaskName })
    folder = [bool](Test-Path -Path $Folder)
} | ConvertTo-Json -Compress
