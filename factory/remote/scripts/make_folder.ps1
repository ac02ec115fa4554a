# A folder that administrators and the system alone can read.
param([string]$Path)
$ErrorActionPreference = 'Stop'
New-Item -Path $Path -ItemType Directory -Force | Out-Null
& icacls.exe $Path /inheritance:r /grant:r '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F' | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls.exe exited $LASTEXITCODE" }
