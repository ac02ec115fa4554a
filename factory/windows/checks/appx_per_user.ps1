$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$provisioned = @(Get-AppxProvisionedPackage -Online | ForEach-Object { $_.DisplayName })
$packages = @(Get-AppxPackage -AllUsers | Where-Object { -not $_.NonRemovable -and -not $_.IsFramework -and $_.SignatureKind -ne 'System' })
[PSCustomObject]@{
    packages = @($packages | Where-Object { $provisioned -notcontains $_.Name -and @($_.PackageUserInformation | Where-Object { $_.InstallState -like '*Installed*' }).Count -gt 0 } | ForEach-Object { $_.PackageFullName })
} | ConvertTo-Json -Compress
