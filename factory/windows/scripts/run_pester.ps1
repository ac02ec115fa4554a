# The recipe's Pester file, on a machine made from the image. Every release of Pester has -Path and -PassThru; what it
# tells of failed tests differs between the one that Windows brings along (3.4) and those of today (5).
param([string]$Path)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

if (-not (Get-Command -Name Invoke-Pester -ErrorAction SilentlyContinue)) { throw 'Pester is not installed' }
$result = Invoke-Pester -Path $Path -PassThru
$failed = @($result.TestResult | Where-Object { $_ -and -not $_.Passed } | ForEach-Object { "$($_.Name): $($_.FailureMessage)" })
if ($result.TotalCount -gt 0 -and -not $result.TestResult) { $failed = @($result.Failed | Where-Object { $_ } | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord)" }) }
[PSCustomObject]@{ total = [int]$result.TotalCount; failed = $failed } | ConvertTo-Json -Compress
