$ErrorActionPreference = 'Stop'
$places = @("$env:SystemRoot\Panther\unattend.xml", "$env:SystemRoot\Panther\Unattend\unattend.xml", "$env:SystemRoot\System32\Sysprep\unattend.xml", "$env:SystemDrive\unattend.xml")
$found = @()
foreach ($place in $places) {
    if (Test-Path -LiteralPath $place) {
        $text = (Get-Content -Path $place) -join "`n"
        foreach ($match in [regex]::Matches($text, '<(\w*Password)>\s*(?:<Value>)?([^<]+)<')) {
            if ($match.Groups[2].Value.Trim() -and $match.Groups[2].Value -notlike '*SENSITIVE*DATA*DELETED*') { $found += "$place $($match.Groups[1].Value)" }
        }
    }
}
[PSCustomObject]@{ secrets = $found } | ConvertTo-Json -Compress
