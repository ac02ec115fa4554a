# One round of Windows Update, as a scheduled task of SYSTEM: over WinRM the update agent refuses to install.
param([string]$Result)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$report = @{ found = @(); installed = @(); failed = @(); reboot = $false; error = $null; finished = $false }
try {
    $session = New-Object -ComObject Microsoft.Update.Session
    $found = $session.CreateUpdateSearcher().Search("IsInstalled=0 and IsHidden=0 and Type='Software'")
    $wanted = New-Object -ComObject Microsoft.Update.UpdateColl
    foreach ($update in $found.Updates) {
        $report.found += $update.Title
        if (-not $update.EulaAccepted) { $update.AcceptEula() }
        $wanted.Add($update) | Out-Null
    }
    if ($wanted.Count -gt 0) {
        $downloader = $session.CreateUpdateDownloader()
        $downloader.Updates = $wanted
        $downloader.Download() | Out-Null
        $installer = $session.CreateUpdateInstaller()
        $installer.Updates = $wanted
        $outcome = $installer.Install()
        for ($index = 0; $index -lt $wanted.Count; $index++) {
            $code = $outcome.GetUpdateResult($index).ResultCode
            if ($code -eq 2 -or $code -eq 3) { $report.installed += $wanted.Item($index).Title } else { $report.failed += $wanted.Item($index).Title }
        }
        $report.reboot = [bool]$outcome.RebootRequired
    }
} catch {
    $report.error = $_.Exception.Message
}
$report.finished = $true
[PSCustomObject]$report | ConvertTo-Json -Compress -Depth 3 | Set-Content -Path $Result -Encoding UTF8
