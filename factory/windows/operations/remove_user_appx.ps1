# Removes the packages that are installed for users alone, and keeps the store from bringing them back.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$store = 'HKLM:\SOFTWARE\Policies\Microsoft\WindowsStore'
if (-not (Test-Path -Path $store)) { New-Item -Path $store -Force | Out-Null }
Set-ItemProperty -Path $store -Name AutoDownload -Value 2 -Type DWord
$provisioned = @(Get-AppxProvisionedPackage -Online | ForEach-Object { $_.DisplayName })
$packages = @(Get-AppxPackage -AllUsers | Where-Object { -not $_.NonRemovable -and -not $_.IsFramework -and $_.SignatureKind -ne 'System' -and $provisioned -notcontains $_.Name })
foreach ($package in $packages) {
    Remove-AppxPackage -AllUsers -Package $package.PackageFullName
    "removed $($package.PackageFullName)"
}
