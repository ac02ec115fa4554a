$ErrorActionPreference = 'Stop'
$state = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
$ini = @(Get-Content -Path "$env:SystemRoot\Setup\State\State.ini" -ErrorAction SilentlyContinue)
[PSCustomObject]@{ registry = $state.ImageState; file = @($ini | Where-Object { $_ -like 'ImageState*' }) } | ConvertTo-Json -Compress
