$ErrorActionPreference = 'Stop'
$active = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName').ComputerName
$wanted = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName').ComputerName
$netlogon = 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon'
$wu = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate'
$exitCode = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Updates' -ErrorAction SilentlyContinue
[PSCustomObject]@{
    component_servicing = [bool](Test-Path -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending')
    packages_pending = [bool](Test-Path -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\PackagesPending')
    windows_update = [bool](Test-Path -Path "$wu\Auto Update\RebootRequired")
    update_services = @(Get-ChildItem -Path "$wu\Services\Pending" -ErrorAction SilentlyContinue).Count
    updates_volatile = [int]$exitCode.UpdateExeVolatile
    server_manager = [bool](Test-Path -Path 'HKLM:\SOFTWARE\Microsoft\ServerManager\CurrentRebootAttempts')
    computer_name = "$active -> $wanted"
    renamed = [bool]($active -ne $wanted)
    join_domain = [bool]((Get-Item -Path $netlogon).GetValueNames() -contains 'JoinDomain')
} | ConvertTo-Json -Compress
