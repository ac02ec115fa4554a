$ErrorActionPreference = 'Stop'
[PSCustomObject]@{ name = $env:COMPUTERNAME } | ConvertTo-Json -Compress
