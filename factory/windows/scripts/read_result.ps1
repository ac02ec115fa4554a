# What a task has written so far; nothing while it has not ended.
param([string]$Path, [string]$Task)
$ErrorActionPreference = 'Stop'
$found = Get-ScheduledTask -TaskName $Task -ErrorAction SilentlyContinue
$state = $null
if ($found) { $state = [string]$found.State }
$text = $null
if (Test-Path -Path $Path) { $text = (Get-Content -Path $Path) -join '' }
[PSCustomObject]@{ state = $state; result = $text } | ConvertTo-Json -Compress
