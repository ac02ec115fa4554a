$ErrorActionPreference = 'Stop'
# Windows shows the flag as a password that was never set.
[PSCustomObject]@{
    users = @(Get-LocalUser | Where-Object { $_.Enabled -and $_.PasswordRequired -and -not $_.PasswordLastSet } | ForEach-Object { $_.Name })
} | ConvertTo-Json -Compress
