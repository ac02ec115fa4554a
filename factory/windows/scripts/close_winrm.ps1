# The last script over WinRM: all of the factory's own traces but the way in itself, which `finish_close` takes.
param([string]$Folder)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | Unregister-ScheduledTask -Confirm:$false
if (Test-Path -Path $Folder) { Remove-Item -Path $Folder -Recurse -Force }

# Run Command's own traces: its handler comes back with every use, and must not be in an image.
$plugins = @(Get-ChildItem -Path 'C:\Packages\Plugins' -ErrorAction SilentlyContinue | Where-Object { $_.Name -like 'Microsoft.CPlat.Core.RunCommand*' })
foreach ($plugin in $plugins) { Remove-Item -Path $plugin.FullName -Recurse -Force -ErrorAction SilentlyContinue }
$handlers = @(Get-ChildItem -Path 'HKLM:\SOFTWARE\Microsoft\Windows Azure\HandlerState' -ErrorAction SilentlyContinue | Where-Object { $_.PSChildName -like 'Microsoft.CPlat.Core.RunCommand*' })
foreach ($handler in $handlers) { Remove-Item -Path $handler.PSPath -Recurse -Force }

[PSCustomObject]@{
    tasks = @(Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | ForEach-Object { $_.TaskName })
    folder = [bool](Test-Path -Path $Folder)
    handlers = @(Get-ChildItem -Path 'C:\Packages\Plugins' -ErrorAction SilentlyContinue | Where-Object { $_.Name -like 'Microsoft.CPlat.Core.RunCommand*' } | ForEach-Object { $_.Name })
} | ConvertTo-Json -Compress
