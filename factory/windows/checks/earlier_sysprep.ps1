$ErrorActionPreference = 'Stop'
$status = Get-ItemProperty -Path 'HKLM:\SYSTEM\Setup\Status\SysprepStatus' -ErrorAction SilentlyContinue
$state = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
[PSCustomObject]@{
    image_state = $state.ImageState
    generalization = $status.GeneralizationState
    cleanup = $status.CleanupState
    running = @(Get-Process -Name sysprep -ErrorAction SilentlyContinue).Count
} | ConvertTo-Json -Compress
