$ErrorActionPreference = 'Stop'
[PSCustomObject]@{ processes = @(Get-Process -Name sysprep -ErrorAction SilentlyContinue).Count } | ConvertTo-Json -Compress
