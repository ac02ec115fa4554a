param([string]$Files = '')
$ErrorActionPreference = 'Stop'
$hashes = @{}
foreach ($file in @($Files -split '\|' | Where-Object { $_ })) {
    if (Test-Path -LiteralPath $file -PathType Leaf) { $hashes[$file] = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash.ToLowerInvariant() } else { $hashes[$file] = $null }
}
[PSCustomObject]@{ files = $hashes } | ConvertTo-Json -Compress -Depth 3
