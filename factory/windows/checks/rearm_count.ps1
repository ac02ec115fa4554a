$ErrorActionPreference = 'Stop'
$service = Get-CimInstance -ClassName SoftwareLicensingService
[PSCustomObject]@{ left = [int]$service.RemainingWindowsReArmCount } | ConvertTo-Json -Compress
