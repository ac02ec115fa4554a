$ErrorActionPreference = 'Stop'
$state = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
[PSCustomObject]@{ image_state = $state.ImageState } | ConvertTo-Json -Compress
