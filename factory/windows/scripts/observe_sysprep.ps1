# One look at Sysprep: what a new session sees of it. Log lines from $From on, at most $Most of them.
param([string]$Folder, [int]$From = 0, [int]$Most = 400)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$sysprep = "$env:SystemRoot\System32\Sysprep"
$tag = Get-Item -Path "$sysprep\Sysprep_succeeded.tag" -ErrorAction SilentlyContinue
$status = Get-ItemProperty -Path 'HKLM:\SYSTEM\Setup\Status\SysprepStatus' -ErrorAction SilentlyContinue
$act = @(Get-Content -Path "$sysprep\Panther\setupact.log" -ErrorAction SilentlyContinue)
$task = Get-ScheduledTask -TaskName 'golden-sysprep' -ErrorAction SilentlyContinue
$tagTime = $null
if ($tag) { $tagTime = $tag.LastWriteTimeUtc.ToString('o') }
$taskState = $null
if ($task) { $taskState = [string]$task.State }
$exit = Get-Content -Path "$Folder\sysprep.exit" -ErrorAction SilentlyContinue

[PSCustomObject]@{
    time = (Get-Date).ToUniversalTime().ToString('o')
    boot = (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o')
    image_state = (Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState
    generalization_state = $status.GeneralizationState
    processes = @(Get-Process -Name sysprep -ErrorAction SilentlyContinue).Count
    task = $taskState
    started = [bool](Test-Path -Path "$Folder\sysprep.started")
    exit_code = $exit
    tag = $tagTime
    lines = $act.Count
    new = @($act | Select-Object -Skip $From | Select-Object -First $Most)
    errors = @(Get-Content -Path "$sysprep\Panther\setuperr.log" -ErrorAction SilentlyContinue | Select-Object -Last 60)
} | ConvertTo-Json -Compress -Depth 3
