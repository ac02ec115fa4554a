$ErrorActionPreference = 'Stop'
$places = @("$env:SystemRoot\Panther\Unattend\Unattend.xml", "$env:SystemRoot\Panther\Unattend\Autounattend.xml", "$env:SystemRoot\System32\Sysprep\Unattend.xml", "$env:SystemRoot\System32\Sysprep\Panther\Unattend\Unattend.xml", "$env:SystemDrive\Unattend.xml", "$env:SystemDrive\Autounattend.xml")
foreach ($place in $places) { if (Test-Path -LiteralPath $place) { Remove-Item -LiteralPath $place -Force; "removed $place" } }
$setup = Get-Item -Path 'HKLM:\SYSTEM\Setup'
if ($setup.GetValueNames() -contains 'UnattendFile') { Remove-ItemProperty -Path 'HKLM:\SYSTEM\Setup' -Name UnattendFile; 'removed UnattendFile' }
