$ErrorActionPreference = 'Stop'
$tag = Get-Item -Path "$env:SystemRoot\System32\Sysprep\Sysprep_succeeded.tag" -ErrorAction SilentlyContinue
$time = $null
if ($tag) { $time = $tag.LastWriteTimeUtc.ToString('o') }
[PSCustomObject]@{ tag = $time; now = (Get-Date).ToUniversalTime().ToString('o') } | ConvertTo-Json -Compress
