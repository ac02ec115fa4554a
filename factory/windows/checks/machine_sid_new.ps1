$ErrorActionPreference = 'Stop'
$builtin = Get-LocalUser | Where-Object { $_.SID.Value -like 'S-1-5-21-*-500' }
[PSCustomObject]@{ sid = ($builtin.SID.Value -replace '-500$', '') } | ConvertTo-Json -Compress
