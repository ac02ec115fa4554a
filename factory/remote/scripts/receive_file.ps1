# Takes a file from standard input, as base64, and keeps it only if it arrived whole.
param([string]$Path, [string]$Digest)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$bytes = [Convert]::FromBase64String([Console]::In.ReadToEnd())
$part = "$Path.part"
[IO.File]::WriteAllBytes($part, $bytes)
$found = (Get-FileHash -Path $part -Algorithm SHA256).Hash
if ($found -ne $Digest) {
    Remove-Item -Path $part -Force
    throw "the file arrived with SHA-256 $found, not $Digest"
}
Move-Item -Path $part -Destination $Path -Force
