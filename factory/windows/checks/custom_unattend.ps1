$ErrorActionPreference = 'Stop'
$setup = Get-ItemProperty -Path 'HKLM:\SYSTEM\Setup'
# All places that Windows Setup searches, in its order.
$places = @(
    "$env:SystemRoot\Panther\Unattend\Unattend.xml",
    "$env:SystemRoot\Panther\Unattend\Autounattend.xml",
    "$env:SystemRoot\System32\Sysprep\Unattend.xml",
    "$env:SystemRoot\System32\Sysprep\Panther\Unattend\Unattend.xml",
    "$env:SystemDrive\Unattend.xml",
    "$env:SystemDrive\Autounattend.xml"
)
[PSCustomObject]@{
    registry = [string]$setup.UnattendFile
    files = @($places | Where-Object { Test-Path -LiteralPath $_ })
} | ConvertTo-Json -Compress
