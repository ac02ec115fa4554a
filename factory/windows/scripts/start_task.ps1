# Starts a script as a scheduled task. A child of the WinRM shell would die with the connection, half-way; a task
# does not. As the administrator with the password from standard input, or as SYSTEM where no name is given.
param(
    [string]$Task,
    [string]$Script,
    [string]$Arguments = '',
    [string]$User = ''
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$line = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$Script`" $Arguments"
$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $line
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Hours 12) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
if ($User) {
    $password = [Console]::In.ReadLine()
    Register-ScheduledTask -TaskName $Task -Action $action -Settings $settings -User $User -Password $password -RunLevel Highest -Force | Out-Null
} else {
    Register-ScheduledTask -TaskName $Task -Action $action -Settings $settings -User 'SYSTEM' -RunLevel Highest -Force | Out-Null
}
Start-ScheduledTask -TaskName $Task
