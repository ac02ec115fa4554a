# Before Sysprep: nothing of an earlier run may be taken for this one's.
param([string]$Folder, [string]$Run)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$sysprep = "$env:SystemRoot\System32\Sysprep"
if (Get-Process -Name sysprep -ErrorAction SilentlyContinue) { throw 'Sysprep is already running' }
foreach ($name in 'setupact.log', 'setuperr.log') {
    $log = "$sysprep\Panther\$name"
    if (Test-Path -Path $log) { Move-Item -Path $log -Destination "$log.before-$Run" -Force }
}
if (Test-Path -Path "$sysprep\Sysprep_succeeded.tag") { Remove-Item -Path "$sysprep\Sysprep_succeeded.tag" -Force }
# The task writes these; an older one would be read as this run's end.
foreach ($name in 'sysprep.started', 'sysprep.exit') {
    if (Test-Path -Path "$Folder\$name") { Remove-Item -Path "$Folder\$name" -Force }
}
[PSCustomObject]@{
    time = (Get-Date).ToUniversalTime().ToString('o')
    local = (Get-Date).ToString('yyyy-MM-dd HH:mm:ss')
    boot = (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o')
    image_state = (Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState
} | ConvertTo-Json -Compress
