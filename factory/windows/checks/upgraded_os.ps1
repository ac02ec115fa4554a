$ErrorActionPreference = 'Stop'
$setup = Get-ItemProperty -Path 'HKLM:\SYSTEM\Setup'
[PSCustomObject]@{
    upgrade = [int]$setup.Upgrade
    clone_tag = [string]$setup.CloneTag
    sources = @(Get-ChildItem -Path 'HKLM:\SYSTEM\Setup' | Where-Object { $_.PSChildName -like 'Source OS*' } | ForEach-Object { $_.PSChildName })
} | ConvertTo-Json -Compress
