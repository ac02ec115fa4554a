$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$features = @()
if (Get-Command -Name Get-WindowsFeature -ErrorAction SilentlyContinue) {
    $features = @(Get-WindowsFeature | Where-Object { $_.Installed } | ForEach-Object { $_.Name })
}
$switches = @()
if ($features -contains 'Hyper-V') { $switches = @(Get-VMSwitch -ErrorAction SilentlyContinue | ForEach-Object { $_.Name }) }
[PSCustomObject]@{ features = $features; switches = $switches } | ConvertTo-Json -Compress
