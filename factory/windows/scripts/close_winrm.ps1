# The last script over WinRM: takes away the way in, by which it came itself. The listener goes last, after the
# answer: what this prints is the evidence, and the caller then looks whether the port is closed.
param(
    [string]$AdminName,
    [string]$RemoveAdmin = 'no',
    [string]$Folder,
    [string]$Binding = 'Relaxed',
    [string]$Filter = '',
    [string]$Service = ''
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | Unregister-ScheduledTask -Confirm:$false
if ($RemoveAdmin -eq 'yes') {
    $user = Get-LocalUser -Name $AdminName -ErrorAction SilentlyContinue
    if ($user) {
        $sid = $user.SID.Value
        Get-CimInstance -ClassName Win32_UserProfile | Where-Object { $_.SID -eq $sid } | Remove-CimInstance -ErrorAction SilentlyContinue
        Remove-LocalUser -Name $AdminName
    }
}
if (Test-Path -Path $Folder) { Remove-Item -Path $Folder -Recurse -Force }

# Run Command's own traces: its handler comes back with every use, and must not be in an image.
$plugins = @(Get-ChildItem -Path 'C:\Packages\Plugins' -ErrorAction SilentlyContinue | Where-Object { $_.Name -like 'Microsoft.CPlat.Core.RunCommand*' })
foreach ($plugin in $plugins) { Remove-Item -Path $plugin.FullName -Recurse -Force -ErrorAction SilentlyContinue }
$handlers = @(Get-ChildItem -Path 'HKLM:\SOFTWARE\Microsoft\Windows Azure\HandlerState' -ErrorAction SilentlyContinue | Where-Object { $_.PSChildName -like 'Microsoft.CPlat.Core.RunCommand*' })
foreach ($handler in $handlers) { Remove-Item -Path $handler.PSPath -Recurse -Force }

$thumbprints = @(Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | ForEach-Object { $_.Thumbprint })
Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | Remove-Item -Force
Set-Item -Path WSMan:\localhost\Service\Auth\CbtHardeningLevel -Value $Binding
$policies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
if ($Filter) {
    Set-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -Value ([int]$Filter) -Type DWord
} else {
    Remove-ItemProperty -Path $policies -Name LocalAccountTokenFilterPolicy -ErrorAction SilentlyContinue
}
if ($Service -eq 'Disabled') { Set-Service -Name WinRM -StartupType Disabled }

[PSCustomObject]@{
    tasks = @(Get-ScheduledTask -TaskName 'golden-*' -ErrorAction SilentlyContinue | ForEach-Object { $_.TaskName })
    users = @(Get-LocalUser | Where-Object { $_.Name -eq $AdminName -and $RemoveAdmin -eq 'yes' } | ForEach-Object { $_.Name })
    profiles = @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { $RemoveAdmin -eq 'yes' -and $_.LocalPath -like "*\$AdminName*" } | ForEach-Object { $_.LocalPath })
    folder = [bool](Test-Path -Path $Folder)
    certificates = @(Get-ChildItem -Path Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'golden-winrm' } | ForEach-Object { $_.Thumbprint })
    handlers = @(Get-ChildItem -Path 'C:\Packages\Plugins' -ErrorAction SilentlyContinue | Where-Object { $_.Name -like 'Microsoft.CPlat.Core.RunCommand*' } | ForEach-Object { $_.Name })
} | ConvertTo-Json -Compress

Remove-NetFirewallRule -Name 'golden-winrm' -ErrorAction SilentlyContinue
foreach ($listener in @(Get-ChildItem -Path WSMan:\localhost\Listener)) {
    $thumbprint = (Get-ChildItem -Path "WSMan:\localhost\Listener\$($listener.Name)" | Where-Object { $_.Name -eq 'CertificateThumbprint' }).Value
    if ($thumbprints -contains $thumbprint) { Remove-Item -Path "WSMan:\localhost\Listener\$($listener.Name)" -Recurse -Force }
}
