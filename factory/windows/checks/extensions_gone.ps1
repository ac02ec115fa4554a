$ErrorActionPreference = 'Stop'
$handlers = @(Get-ChildItem -Path 'HKLM:\SOFTWARE\Microsoft\Windows Azure\HandlerState' -ErrorAction SilentlyContinue | ForEach-Object { $_.PSChildName })
$plugins = @(Get-ChildItem -Path 'C:\Packages\Plugins' -Directory -ErrorAction SilentlyContinue | ForEach-Object { $_.Name })
[PSCustomObject]@{ handlers = $handlers; plugins = $plugins } | ConvertTo-Json -Compress
