$ErrorActionPreference = 'Stop'
$products = @(Get-CimInstance -ClassName SoftwareLicensingProduct -Filter "ApplicationID='55c92734-d682-4d71-983e-d6ec3f16059f' and PartialProductKey is not null")
[PSCustomObject]@{ products = @($products | ForEach-Object { [PSCustomObject]@{ name = $_.Name; status = [int]$_.LicenseStatus } }) } | ConvertTo-Json -Compress -Depth 3
