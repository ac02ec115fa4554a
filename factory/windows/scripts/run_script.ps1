# A script of the recipe's, in a PowerShell of its own, so that nothing it sets outlives it.
param([string]$Path)
$ErrorActionPreference = 'Stop'
& powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $Path
$status = $LASTEXITCODE
Remove-Item -Path $Path -Force
exit $status
