$ErrorActionPreference = 'Stop'
$services = @('RdAgent', 'WindowsAzureGuestAgent' | ForEach-Object { Get-Service -Name $_ -ErrorAction SilentlyContinue })
[PSCustomObject]@{
    services = @($services | ForEach-Object { [PSCustomObject]@{ name = $_.Name; status = [string]$_.Status; start_type = [string]$_.StartType } })
} | ConvertTo-Json -Compress -Depth 3
