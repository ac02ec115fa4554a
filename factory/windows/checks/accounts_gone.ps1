$ErrorActionPreference = 'Stop'
[PSCustomObject]@{
    users = @(Get-LocalUser | ForEach-Object { [PSCustomObject]@{ name = $_.Name; enabled = [bool]$_.Enabled } })
    administrators = @(Get-LocalGroupMember -SID 'S-1-5-32-544' | ForEach-Object { ($_.Name -split '\\')[-1] })
    profiles = @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { -not $_.Special } | ForEach-Object { $_.LocalPath })
} | ConvertTo-Json -Compress -Depth 3
